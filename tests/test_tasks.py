"""The three calls of the course, on the bundled weights, small."""

import shutil

import nst
from nst import images, tasks, transfer

import numpy as np
import pytest

CONTENT = "img/content/astronaut.jpg"
STYLE = "img/style/great_wave.jpg"
SMALL = {"size": 64, "network": "vgg16", "steps": 20}
MODES = {
    "style_transfer": (CONTENT, STYLE, "astronaut_great_wave.png"),
    "content": ("noise", CONTENT, "noise_astronaut.png"),
    "style": ("noise", STYLE, "noise_great_wave.png"),
}


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A copy of the project's pictures, so that no test writes among the real ones."""
    for name in ("content", "style"):
        shutil.copytree(images.SAMPLES / name, tmp_path / "img" / name)
    (tmp_path / "notebooks" / "solutions").mkdir(parents=True)
    monkeypatch.setattr(tasks, "SAMPLES", tmp_path / "img")
    monkeypatch.chdir(tmp_path)
    return tmp_path


# About half of what was measured.
@pytest.mark.parametrize(
    ("mode", "factor"), [("style_transfer", 10), ("content", 5), ("style", 6)]
)
def test_each_mode_lowers_its_loss_by_a_stated_factor(project, mode, factor):
    content, style, name = MODES[mode]
    image = nst.main(content, style, mode, **SMALL)
    judge = tasks.prepare(content, style, mode, size=64, network="vgg16")
    assert judge.losses(image)["total"] < judge.losses()["total"] / factor
    np.testing.assert_array_equal(
        nst.load_image(project / "img" / "results" / name), image
    )


@pytest.mark.parametrize(
    ("mode", "terms"),
    [("style_transfer", {"content", "style"}), ("content", {"content"}),
     ("style", {"style"})],
)  # fmt: skip
def test_a_mode_weighs_the_terms_it_is_named_after(project, mode, terms):
    content, style, _ = MODES[mode]
    losses = tasks.prepare(
        content, style, mode, size=64, network="vgg16", init="noise"
    ).losses()
    assert {name for name in ("content", "style") if losses[name] > 0} == terms


def test_the_settings_are_kept_with_the_picture(project):
    nst.main(CONTENT, STYLE, beta=500, **SMALL)
    kept = images.read_settings("img/results/astronaut_great_wave.png")
    assert kept["mode"] == "style_transfer"
    assert (kept["network"], kept["size"], kept["steps"]) == ("vgg16", 64, 20)
    assert (kept["alpha"], kept["beta"]) == (1.0, 500.0)


def test_the_network_in_use_is_said(project, capsys):
    nst.main(CONTENT, STYLE, size=64, network="vgg16", steps=1)
    assert (
        "astronaut_great_wave.png: painted with VGG16, 64 px" in capsys.readouterr()[0]
    )


def test_the_bar_counts_the_steps(project, capsys):
    nst.main(CONTENT, STYLE, size=64, network="vgg16", steps=3)
    output = capsys.readouterr()
    assert "100 %" in output.out
    assert "step 3/3, 64 px" in output.out
    assert output.err == ""


@pytest.mark.parametrize("folder", ["notebooks", "notebooks/solutions"])
def test_the_same_call_works_from_the_folder_of_the_notebooks(
    project, monkeypatch, folder
):
    monkeypatch.chdir(project / folder)
    nst.main(CONTENT, STYLE, size=64, network="vgg16", steps=1)
    assert (project / "img" / "results" / "astronaut_great_wave.png").is_file()
    assert not (project / folder / "img").exists()


def test_elsewhere_results_go_below_the_folder_one_is_in(
    project, monkeypatch, tmp_path_factory
):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    monkeypatch.chdir(elsewhere)
    nst.main(CONTENT, STYLE, size=64, network="vgg16", steps=1)
    assert (elsewhere / "img" / "results" / "astronaut_great_wave.png").is_file()


def test_a_file_where_one_is_comes_before_the_sample_of_that_name(project, monkeypatch):
    own = project / "notebooks" / CONTENT
    own.parent.mkdir(parents=True)
    nst.save_image(np.full((64, 64, 3), 9, "uint8"), own)
    monkeypatch.chdir(project / "notebooks")
    settings = {"size": 64, "network": "vgg16", "init": "content"}
    assert tasks.prepare(CONTENT, STYLE, **settings).image.max() < 20


def test_in_a_notebook_the_picture_is_shown(project, monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.get_ipython", object)
    monkeypatch.setattr("IPython.display.display", shown.append)
    nst.main(CONTENT, STYLE, size=64, network="vgg16", steps=1)
    (picture,) = shown
    written = project / "img" / "results" / "astronaut_great_wave.png"
    assert picture.data == written.read_bytes()


def test_noise_is_given_more_steps_than_a_photograph(project):
    from_noise, from_content = (
        tasks.prepare(CONTENT, STYLE, size=64, network="vgg16", init=init)
        for init in ("noise", "content")
    )
    assert tasks.default_steps(from_noise) > tasks.default_steps(from_content)


@pytest.fixture
def nothing_is_built(monkeypatch):
    monkeypatch.setattr(
        transfer, "resolve_network", lambda *_: pytest.fail("a network was looked for")
    )


@pytest.mark.usefixtures("nothing_is_built")
@pytest.mark.parametrize("mode", ["transfer", "", None, 1])
def test_an_unknown_mode_is_answered_with_the_modes(project, mode):
    with pytest.raises(
        ValueError, match=r"`mode` as one of 'style_transfer', 'content', 'style', but"
    ):
        nst.main(CONTENT, STYLE, mode)


@pytest.mark.usefixtures("nothing_is_built")
@pytest.mark.parametrize("steps", [0, -1, 2.5, "5", float("nan")])
def test_bad_steps_are_named_before_a_network_is_built(project, steps):
    with pytest.raises(ValueError, match="`steps` as a whole number of at least 1"):
        nst.main(CONTENT, STYLE, steps=steps)


@pytest.mark.usefixtures("nothing_is_built")
def test_noise_is_no_photograph_to_repaint(project):
    with pytest.raises(
        ValueError, match="a photograph as content, but received 'noise'"
    ):
        nst.main("noise", STYLE)


@pytest.mark.usefixtures("nothing_is_built")
@pytest.mark.parametrize("mode", MODES)
def test_a_picture_that_is_not_there_is_named(project, mode):
    with pytest.raises(FileNotFoundError, match=r"picture at 'nowhere\.jpg'"):
        nst.main("nowhere.jpg", "nowhere.jpg", mode)


@pytest.mark.usefixtures("nothing_is_built")
def test_what_is_no_path_is_refused(project):
    with pytest.raises(ValueError, match=r"^Expected the path of a picture"):
        nst.main(5, STYLE)


def test_an_unknown_setting_is_named(project):
    with pytest.raises(TypeError, match="'betta'"):
        nst.main(CONTENT, STYLE, betta=1.0)
