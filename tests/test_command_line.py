"""`python -m nst`: what a person types, what is written, and what is said."""

import os
import re
import signal
import subprocess
import sys

import nst
from nst.__main__ import main
from nst.images import read_settings
from nst.transfer import StyleTransfer

import numpy as np
import pytest
from conftest import CONTENT_PATH, STYLE_PATH

PAIR = ["--content", str(CONTENT_PATH), "--style", str(STYLE_PATH)]
SMALL = ["--size", "64", "--network", "vgg16", "--steps", "2"]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """An empty folder, so that results go there."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_picture_is_written_below_the_folder_one_is_in(folder, capsys):
    assert main([*PAIR, *SMALL]) == 0
    path = folder / "img" / "results" / "astronaut_great_wave.png"
    assert nst.load_image(path).shape == (64, 64, 3)
    assert "VGG16, 64 × 64 px" in capsys.readouterr().out


def test_the_losses_before_and_after_are_told(capsys):
    main([*PAIR, *SMALL, "--steps", "8"])
    line = next(
        line for line in capsys.readouterr().out.splitlines() if "total loss" in line
    )
    before, after = (float(word) for word in line.split() if word[0].isdigit())
    assert after < before / 2


def test_every_option_reaches_the_transfer(folder):
    words = "--alpha 2 --beta 50 --tv-weight 3 --seed 9 --pooling avg --rescaled"
    words += " --precision float32"
    words += " --optimizer adam --learning-rate 5 --init noise --one-scale"
    words += " --layer-weights block1_conv1=0.5 block2_conv1=2"
    assert main([*PAIR, *SMALL, *words.split(), "--output", "a.png"]) == 0
    expected = {
        "alpha": 2.0,
        "beta": 50.0,
        "tv_weight": 3.0,
        "seed": 9,
        "pooling": "avg",
        "rescaled": True,
        "precision": "float32",
        "optimizer": "adam",
        "learning_rate": 5.0,
        "init": "noise",
        "scales": {},
        "layer_weights": {"block1_conv1": 0.5, "block2_conv1": 2.0},
        "mode": "style_transfer",
        "steps": 2,
    }
    assert read_settings(folder / "a.png").items() >= expected.items()


def test_a_recipe_is_chosen_by_its_name(folder):
    assert main([*PAIR, *SMALL, "--recipe", "tensorflow", "--output", "a.png"]) == 0
    kept = read_settings(folder / "a.png")
    assert (kept["recipe"], kept["content_layer"]) == ("tensorflow", "block5_conv2")


def test_show_prints_what_made_a_picture(capsys):
    main([*PAIR, *SMALL, "--output", "a.png"])
    assert main(["show", "a.png"]) == 0
    assert "network: vgg16" in capsys.readouterr().out


def test_recipes_are_listed_with_their_sources(capsys):
    assert main(["recipes"]) == 0
    said = capsys.readouterr().out
    assert "arxiv.org/abs/1508.06576" in said
    assert "keras" in said


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--content", "gone.jpg"], "Expected a picture at 'gone.jpg'"),
        (["--size", "0"], "Expected `size`"),
        (["--steps", "0"], "Expected `steps`"),
        (["--beta", "nan"], "Expected `beta`"),
        (["--output", "a.xyz"], "ends in .png or .jpg"),
        (["--resume", "gone.npz"], "Expected a saved run at 'gone.npz'"),
        (["show"], "Expected 'show FILE'"),
        (["--weights", "gone.h5"], "there is no file 'gone.h5'"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_wrong_is_said_in_one_sentence(capsys, folder, words, sentence):
    assert main(words) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: Expected")
    assert sentence in error
    assert error.count("\n") == 1
    assert list(folder.iterdir()) == []


def test_an_exploding_run_is_told_and_its_best_picture_kept(capsys, folder):
    words = ["--optimizer", "adam", "--learning-rate", "1e6", "--one-scale"]
    assert main([*PAIR, *SMALL, *words, "--steps", "9", "--output", "a.png"]) == 2
    assert "choose a smaller one" in capsys.readouterr().err
    settings = {"size": 64, "network": "vgg16", "recipe": "fast"}
    start = StyleTransfer(CONTENT_PATH, STYLE_PATH, **settings).start
    np.testing.assert_array_equal(nst.load_image(folder / "a.png"), start)


# --- Going on ------------------------------------------------------------------------


def test_a_stopped_run_is_resumed_to_the_picture_of_a_whole_one(folder, capsys):
    main([*PAIR, *SMALL, "--steps", "30", "--output", "whole.png"])
    stopped = StyleTransfer(
        CONTENT_PATH, STYLE_PATH, size=64, network="vgg16", recipe="fast"
    )
    for step in stopped.run(30):
        if step.number == 12:
            break
    stopped.save("stopped.npz")
    assert main(["--resume", "stopped.npz"]) == 0
    np.testing.assert_array_equal(
        nst.load_image(folder / "stopped.png"), nst.load_image(folder / "whole.png")
    )
    assert not (folder / "stopped.npz").exists()


def test_a_finished_run_goes_on_for_the_steps_asked_for(folder):
    saved = StyleTransfer(CONTENT_PATH, STYLE_PATH, size=64, network="vgg16")
    list(saved.run(2))
    saved.save("two.npz")
    assert main(["--resume", "two.npz", "--steps", "3", "--output", "five.png"]) == 0
    assert read_settings(folder / "five.png")["steps"] == 5


def test_a_resumed_run_keeps_its_settings(capsys):
    assert main(["--resume", "a.npz", "--beta", "5"]) == 2
    assert "received beta too" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT to a child here")
def test_ctrl_c_leaves_the_picture_and_says_how_to_go_on(folder):
    # Tests that run in the background of a shell ignore Ctrl-C, as would the program.
    ignored = signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(
        [sys.executable, "-m", "nst", *PAIR, *SMALL, "--steps", "100000"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
        encoding="utf-8",
    )
    signal.signal(signal.SIGINT, ignored)
    with process:
        said = ""
        # The bar is not drawn anew for every step.
        while not re.search(r"step (\d\d|[3-9])\d*/", said) and process.poll() is None:
            said += process.stdout.read(1)
        process.send_signal(signal.SIGINT)
        said += process.stdout.read()
    assert process.returncode == 0, said
    assert "Traceback" not in said
    picture = folder / "img" / "results" / "astronaut_great_wave.png"
    assert nst.load_image(picture).shape == (64, 64, 3)
    assert f"--resume {picture.with_suffix('.npz').relative_to(folder)}" in said
    assert StyleTransfer.load(picture.with_suffix(".npz")).steps >= 3


def test_ctrl_c_before_the_first_step_ends_with_a_sentence(monkeypatch, capsys, folder):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(StyleTransfer, "__init__", interrupted)
    assert main([*PAIR, *SMALL]) == 130
    assert "nothing was written" in capsys.readouterr().out
    assert list(folder.iterdir()) == []


def test_a_warning_is_a_note_without_a_line_of_code():
    done = subprocess.run(
        [sys.executable, "-m", "nst", *PAIR, *SMALL, "--weights", "random"],
        stderr=subprocess.PIPE,
        encoding="utf-8",
        check=True,
    )
    assert "Note: The weights of this" in done.stderr
    assert "Warning" not in done.stderr
