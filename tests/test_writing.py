"""Files are written whole or not at all, with the settings that made them."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import nst
from nst import images

import numpy as np
import pytest
from PIL import Image, PngImagePlugin


def test_settings_come_back_from_the_file(tmp_path, content):
    settings = {"alpha": 1.5, "network": "vgg16", "style": "浮世絵.jpg", "scales": {}}
    path = nst.save_image(content, tmp_path / "picture.png", settings)
    assert images.read_settings(path) == settings


def test_a_png_without_settings_says_so(tmp_path, content):
    path = nst.save_image(content, tmp_path / "picture.png")
    with pytest.raises(ValueError, match="carries no settings"):
        images.read_settings(path)


@pytest.mark.parametrize("text", ["5", "[1]", "alpha: 1", "null"])
def test_settings_that_are_no_table_are_no_settings(tmp_path, content, text):
    fields = PngImagePlugin.PngInfo()
    fields.add_itxt(images.writing.SETTINGS_FIELD, text)
    path = tmp_path / "picture.png"
    Image.fromarray(content).save(path, pnginfo=fields)
    with pytest.raises(ValueError, match="carries no settings"):
        images.read_settings(path)


def test_settings_of_no_picture_are_refused(tmp_path):
    path = tmp_path / "text.png"
    path.write_text("no picture", encoding="utf-8")
    with pytest.raises(ValueError, match="contents are none that Pillow can read"):
        images.read_settings(path)


def test_missing_folders_are_made(tmp_path, content):
    path = nst.save_image(content, tmp_path / "new" / "folder" / "picture.png")
    np.testing.assert_array_equal(nst.load_image(path), content)


@pytest.mark.parametrize("name", ["picture", "picture.txt", "picture.psd", ".png"])
def test_a_name_that_stands_for_no_format_is_refused(tmp_path, name, content):
    with pytest.raises(ValueError, match=r"ends in \.png or \.jpg"):
        nst.save_image(content, tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_named(tmp_path, content):
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match=r"^Expected to write '.*picture.png'.*; choose"):
        nst.save_image(content, tmp_path / "file" / "picture.png")


def test_a_folder_without_write_permission_is_named(ordinary_user, content):
    path = nst.save_image(content, ordinary_user / "picture.png")
    ordinary_user.chmod(0o555)
    with pytest.raises(OSError, match=r"Permission denied\); choose another name"):
        nst.save_image(content[::-1].copy(), path)
    np.testing.assert_array_equal(nst.load_image(path), content)


def test_a_writer_that_fails_leaves_the_earlier_file(tmp_path, content):
    path = nst.save_image(content, tmp_path / "picture.png")

    def fail(file):
        file.write(b"half a pic")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        images.write_whole(path, fail)
    np.testing.assert_array_equal(nst.load_image(path), content)
    assert list(tmp_path.iterdir()) == [path]


ENDLESS_SAVES = """
import sys, types, numpy as np
from pathlib import Path

nst = sys.modules["nst"] = types.ModuleType("nst")
nst.__path__ = [sys.argv[1]]
from nst import images
picture = np.random.default_rng(0).integers(0, 256, (300, 400, 3), dtype="uint8")
for number in range(10**9):
    images.save_image(picture, Path(sys.argv[2]), {"number": number})
    if number == 0:
        print("saved once", flush=True)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no kill -9 here")
def test_being_killed_while_saving_never_breaks_the_file(tmp_path, generator):
    """Only `images` is loaded, without TensorFlow, so that many starts are cheap."""
    path = tmp_path / "picture.png"
    package = Path(nst.__file__).parent
    command = [sys.executable, "-c", ENDLESS_SAVES, str(package), str(path)]
    numbers = []
    for _ in range(20):
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, encoding="utf-8"
        ) as process:
            assert process.stdout.readline() == "saved once\n"
            time.sleep(generator.uniform(0, 0.06))
            process.kill()
        assert nst.load_image(path).shape == (300, 400, 3)
        numbers.append(images.read_settings(path)["number"])
    assert [found.name for found in tmp_path.glob("*.png")] == ["picture.png"]
    assert max(numbers) > 0
