"""Any size, and any word on the command line, is used or refused with one sentence."""

import re
import tracemalloc

import nst
from nst import transfer
from nst.__main__ import main
from nst.settings import LARGEST_SIZE

import pytest

SENTENCE = r"Expected .+, but received .+; .+\."


@pytest.fixture
def nothing_is_built(monkeypatch):
    monkeypatch.setattr(
        transfer, "resolve_network", lambda *_: pytest.fail("a network was looked for")
    )


@pytest.mark.parametrize("size", [16, 17, 100, 333, 1000])
def test_a_size_that_fits_is_used(content, size):
    made = nst.StyleTransfer(content, content, size=size, network="vgg16")
    assert made.image.shape == (size, size, 3)


@pytest.mark.usefixtures("nothing_is_built")
@pytest.mark.parametrize("size", [1, 2, 15, 8193, 10_000, 65_536, 99_999, 100_000])
def test_a_size_that_never_fits_is_refused(content, style, size):
    with pytest.raises(ValueError, match=rf"^{SENTENCE}$") as caught:
        nst.StyleTransfer(content, style, size=size)
    assert re.search(rf"\b{size};", str(caught.value))


@pytest.mark.usefixtures("nothing_is_built")
@pytest.mark.parametrize("size", [1000, 2000])
def test_a_size_beyond_the_memory_is_refused(content, style, monkeypatch, size):
    monkeypatch.setattr("nst.memory.memory_free", lambda: 1_000_000_000)
    with pytest.raises(MemoryError, match=rf"^{SENTENCE}$") as caught:
        nst.StyleTransfer(content, style, size=size)
    assert f"received {size};" in str(caught.value)


@pytest.mark.usefixtures("nothing_is_built")
def test_what_does_not_fit_is_refused_before_it_takes_memory(
    content, style, monkeypatch
):
    monkeypatch.setattr("nst.memory.memory_free", lambda: 1_000_000_000)
    tracemalloc.start()
    try:
        with pytest.raises(MemoryError):
            nst.StyleTransfer(content, style, size=LARGEST_SIZE, init="noise")
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.usefixtures("nothing_is_built")
@pytest.mark.parametrize(
    ("words", "named"),
    [
        ("--size 0", "`size`"),
        ("--size -64", "`size`"),
        ("--size 100000", "`size`"),
        ("--steps 0", "`steps`"),
        ("--steps -1", "`steps`"),
        ("--alpha nan", "`alpha`"),
        ("--alpha inf", "`alpha`"),
        ("--beta -1", "`beta`"),
        ("--alpha 0 --beta 0", "only zeros"),
        ("--tv-weight -0.1", "`tv_weight`"),
        ("--learning-rate 0", "`learning_rate`"),
        ("--learning-rate inf", "`learning_rate`"),
        ("--seed -1", "`seed`"),
        ("--layer-weights block1_conv1=nan", r"`layer_weights\[block1_conv1\]`"),
        ("--layer-weights block9_conv9=1", "`layer_weights`"),
        ("--layer-weights block1_conv1=0 --alpha 0", "only zeros"),
    ],
)
def test_a_bad_number_on_the_command_line_is_one_sentence(capsys, words, named):
    assert main(words.split()) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert re.fullmatch(rf"error: {SENTENCE}\n", said.err)
    assert re.search(named, said.err)


@pytest.mark.usefixtures("nothing_is_built")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--size big", "--size: invalid int value: 'big'"),
        ("--steps 2.5", "--steps: invalid int value: '2.5'"),
        ("--alpha much", "--alpha: invalid float value: 'much'"),
        ("--layer-weights block1_conv1=x", "but received 'block1_conv1=x'"),
        ("--betta 3", "unrecognized arguments: --betta 3"),
        ("--mode paint", "invalid choice: 'paint'"),
    ],
)
def test_a_word_that_is_no_option_is_named_in_the_last_line(capsys, words, said):
    with pytest.raises(SystemExit) as ended:
        main(words.split())
    assert ended.value.code == 2
    assert said in capsys.readouterr().err.splitlines()[-1]
