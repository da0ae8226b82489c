"""What is no picture, or far too large a one, is refused with one sentence."""

import io
import re
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import nst

import hypothesis
import numpy as np
import png_by_hand
import pytest
from hypothesis import strategies
from PIL import Image, ImageCms

Image.init()

WHOLE = ["jpg", "png", "gif", "bmp", "tiff", "webp", "jp2", "ppm", "tga", "avif"]


def turned():
    """What a camera notes that was held upright; writing some files changes it."""
    exif = Image.Exif()
    exif[0x0112] = 6
    return exif


def written(image, ending, **options):
    """The bytes of a file."""
    kind = Image.registered_extensions().get(f".{ending}")
    if kind not in Image.SAVE:
        pytest.skip(f"this Pillow does not write {ending}")
    file = io.BytesIO()
    Image.fromarray(image).save(file, kind, **options)
    return file.getvalue()


def refusal(path, kind=ValueError):
    """The sentence with which a file is refused; every sentence names the file."""
    with pytest.raises(kind) as caught:
        nst.load_image(path)
    sentence = str(caught.value)
    assert sentence.startswith("Expected ")
    assert sentence.endswith(".")
    assert ";" in sentence
    assert caught.value.__suppress_context__
    return sentence


def test_a_missing_file_is_named(tmp_path):
    path = tmp_path / "nowhere.jpg"
    assert str(path) in refusal(path, FileNotFoundError)


@pytest.mark.parametrize("name", ["folder", "folder.jpg"])
def test_a_folder_is_called_a_folder(tmp_path, name):
    folder = tmp_path / name
    folder.mkdir()
    assert f"'{folder}', but it is a folder" in refusal(folder)


def test_a_file_without_read_permission_is_called_unreadable(ordinary_user, content):
    path = ordinary_user / "locked.png"
    path.write_bytes(written(content, "png"))
    path.chmod(0)
    assert "Permission denied" in refusal(path)


def test_an_empty_file_is_no_picture(tmp_path):
    path = tmp_path / "empty.jpg"
    path.touch()
    assert "contents are none that Pillow can read" in refusal(path)


def test_text_named_jpg_is_no_picture(tmp_path):
    path = tmp_path / "text.jpg"
    path.write_text("This is not a picture. " * 100, encoding="utf-8")
    assert "contents are none that Pillow can read" in refusal(path)


def test_heic_is_named_as_what_cannot_be_read(tmp_path):
    path = tmp_path / "phone.heic"
    path.write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(range(256)))
    assert "HEIC" in refusal(path)


def test_a_drawing_that_is_a_program_is_not_run(tmp_path):
    """Where Ghostscript is installed, this one would never end."""
    path = tmp_path / "drawing.eps"
    path.write_text(
        "%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n{} loop\n",
        encoding="ascii",
    )
    assert "EPS is a program" in refusal(path)


@pytest.mark.parametrize("path", [None, 5, ["a.png"], np.zeros(3)])
def test_what_is_no_path_is_named(path):
    with pytest.raises(ValueError, match=r"^Expected the path of a picture.*received"):
        nst.load_image(path)


# --- Cut off, damaged ----------------------------------------------------------------


@pytest.mark.parametrize("ending", WHOLE)
@pytest.mark.parametrize("share", [0.5, 0.9])
def test_a_file_that_breaks_off_is_refused(tmp_path, generator, ending, share):
    noise = generator.integers(0, 256, (40, 60, 3), dtype="uint8")
    data = written(noise, ending)
    path = tmp_path / f"half.{ending}"
    path.write_bytes(data[: int(share * len(data))])
    assert str(path) in refusal(path)


@pytest.mark.parametrize("ending", WHOLE)
@hypothesis.given(share=strategies.floats(0, 1, exclude_max=True))
def test_a_file_cut_anywhere_is_a_picture_or_a_sentence(content, ending, share):
    data = written(content, ending)
    try:
        image = nst.load_image(io.BytesIO(data[: int(share * len(data))]))
    except ValueError as error:
        assert re.match(r"Expected a .*; save it (again )?as JPEG or PNG\.", str(error))
    else:
        assert image.shape == content.shape


@pytest.mark.parametrize("ending", ["jpg", "png", "webp", "tiff", "gif", "avif"])
def test_damaged_bytes_are_a_picture_or_a_sentence(generator, content, ending):
    """Bytes are changed at random, most of them in the header; nothing may crash."""
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    options = (
        {} if ending == "gif" else {"exif": turned(), "icc_profile": srgb.tobytes()}
    )
    whole = written(content, ending, **options)
    refused = 0
    for trial in range(80):
        damaged = bytearray(whole)
        reach = len(whole) if trial % 4 == 0 else min(len(whole), 200)
        for place in generator.integers(0, reach, 4):
            damaged[place] = generator.integers(0, 256)
        try:
            image = nst.load_image(io.BytesIO(bytes(damaged)))
        except ValueError as error:
            assert str(error).startswith("Expected ")
            refused += 1
        else:
            assert (image.dtype, image.ndim) == (np.uint8, 3)
    assert refused > 0


# --- Far too large -------------------------------------------------------------------


@pytest.mark.parametrize("factor", [1.5, 3])
def test_a_picture_above_the_limit_of_pillow_is_refused_before_it_unfolds(
    tmp_path, monkeypatch, content, factor
):
    """Pillow warns above its limit and raises above twice of it; both are refused."""
    path = tmp_path / "large.png"
    path.write_bytes(written(content, "png"))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", int(content[..., 0].size / factor))
    monkeypatch.setattr(Image.Image, "load", lambda *_: pytest.fail("it was unfolded"))
    assert "megapixels" in refusal(path)


MEASURED = """
import pathlib, re, sys, time, types

nst = sys.modules["nst"] = types.ModuleType("nst")
nst.__path__ = [sys.argv[1]]
from nst import images

def peak():
    status = pathlib.Path("/proc/self/status").read_text(encoding="ascii")
    return 1024 * int(re.search(r"VmHWM:\\s+(\\d+)", status)[1])

before, began = peak(), time.process_time()
try:
    print(images.load_image(sys.argv[2]).shape)
except ValueError as error:
    print(error)
print(peak() - before, time.process_time() - began)
"""


def measured(path):
    """What is said of a file, and how many bytes and seconds of a processor it took.

    In a program of its own and without TensorFlow, whose memory would hide it.
    """
    if not Path("/proc/self/status").exists():
        pytest.skip("this system does not tell how much memory a program has had")
    command = [sys.executable, "-c", MEASURED, str(Path(nst.__file__).parent), path]
    lines = subprocess.check_output(command, encoding="utf-8").splitlines()
    return lines[0], *map(float, lines[1].split())


def png_bomb():
    """200 kB that unfold to 40,000 × 40,000 pixels of one bit each."""
    rows = (bytes(5000) for _ in range(40_000))
    return png_by_hand.png(40_000, 40_000, 1, png_by_hand.GREY, rows)


def gif_bomb():
    """35 bytes that promise 4,295 megapixels."""
    size = struct.pack("<HH", 65535, 65535)
    frame = b"," + bytes(4) + size + b"\0\x02\x02\x4c\x01\0;"
    return b"GIF89a" + size + b"\x80\0\0" + bytes(6) + frame


def bmp_bomb():
    """A small file whose header promises 5,000 megapixels."""
    whole = bytearray(written(np.zeros((7, 9, 3), "uint8"), "bmp"))
    whole[18:26] = struct.pack("<ii", 100_000, 50_000)
    return bytes(whole)


@pytest.mark.parametrize("bomb", [png_bomb, gif_bomb, bmp_bomb])
def test_a_decompression_bomb_takes_neither_memory_nor_time(tmp_path, bomb):
    path = tmp_path / "bomb"
    path.write_bytes(bomb())
    assert path.stat().st_size < 1_000_000
    said, grown, seconds = measured(path)
    assert re.match(r"Expected a picture of at most \d+ megapixels, but .* more;", said)
    assert grown < 50e6
    assert seconds < 2


def test_a_text_that_unfolds_beside_the_picture_is_refused(tmp_path):
    """200 kB of compressed text of 200 MB, in a picture of six pixels."""
    packer = zlib.compressobj()
    text = b"".join(packer.compress(bytes(1_000_000)) for _ in range(200))
    chunk = png_by_hand.chunk(b"zTXt", b"note\0\0" + text + packer.flush())
    rows = [bytes(9)] * 2
    path = tmp_path / "bomb.png"
    path.write_bytes(png_by_hand.png(3, 2, 8, png_by_hand.RGB, rows, chunk))
    said, grown, _ = measured(path)
    assert said.startswith("Expected a whole picture in ")
    assert grown < 50e6


@pytest.mark.parametrize(
    ("mode", "ending", "options"),
    [("RGB", "jpg", {"exif": turned()}), ("RGBA", "png", {}), ("I;16", "png", {})],
    ids=["turned", "transparent", "deep"],
)
def test_a_photograph_takes_at_most_24_bytes_a_pixel(tmp_path, mode, ending, options):
    """So that the largest that is let in, of 89 megapixels, takes about 2 GB."""
    path = tmp_path / f"large.{ending}"
    Image.new(mode, (4000, 3000)).save(path, **options)
    said, grown, _ = measured(path)
    assert said == ("(4000, 3000, 3)" if options else "(3000, 4000, 3)")
    assert grown / 12e6 < 24
