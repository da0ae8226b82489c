"""Any picture loads as a person sees it or is refused with a sentence."""

import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import nst
from nst import images

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies
from hypothesis.extra import numpy as hypothesis_numpy
from PIL import Image

# Four flat areas that no format blurs beyond recognition; [H, W, 3] = [24, 32, 3].
AREAS = np.zeros((24, 32, 3), dtype="uint8")
AREAS[:12, :16] = (200, 30, 30)
AREAS[:12, 16:] = (30, 180, 60)
AREAS[12:, :16] = (40, 60, 210)
AREAS[12:, 16:] = (240, 240, 240)


def saved(picture, path, **options):
    picture.save(path, **options)
    return path


def middles(image):
    """The colour in the middle of each quarter: [4, 3]."""
    rows, columns = image.shape[0] // 4, image.shape[1] // 4
    return np.array(
        [
            image[row, column].astype(int)
            for row in (rows, 3 * rows)
            for column in (columns, 3 * columns)
        ]
    )


def assert_looks_like(image, expected, tolerance=12):
    assert image.dtype == np.uint8
    assert image.shape == expected.shape
    np.testing.assert_allclose(middles(image), middles(expected), atol=tolerance)


def grey(image):
    return np.repeat(np.array(Image.fromarray(image).convert("L"))[..., None], 3, -1)


# --- VGG's input space ---------------------------------------------------------------


def test_preprocessing_and_back_keeps_every_level_of_every_channel():
    levels = np.arange(256, dtype="uint8").reshape(16, 16)
    for order in ((0, 1, 2), (2, 0, 1), (1, 2, 0)):
        channels = [np.rot90(levels, turns) for turns in order]
        image = np.ascontiguousarray(np.stack(channels, axis=-1))
        back = nst.deprocess_image(nst.preprocess_image(image))
        np.testing.assert_array_equal(back, image)


def test_preprocessing_turns_rgb_to_bgr_and_subtracts_the_mean_of_imagenet():
    image = np.array([[[10, 20, 30]]], dtype="uint8")
    x = nst.preprocess_image(image)
    assert (x.shape, x.dtype) == ((1, 1, 1, 3), np.float32)
    np.testing.assert_allclose(
        x[0, 0, 0], [30 - 103.939, 20 - 116.779, 10 - 123.68], rtol=1e-6
    )


def test_preprocessing_agrees_with_keras(content):
    from keras.applications.vgg19 import preprocess_input

    expected = preprocess_input(content.astype("float32")[None])
    np.testing.assert_allclose(nst.preprocess_image(content), expected, atol=1e-4)


def test_deprocessing_rounds_and_clips():
    x = np.array([[[-500.0, 0.0, 500.0]]], dtype="float32")
    # 0 + 116.779 is nearer to 117; BGR becomes RGB.
    assert nst.deprocess_image(x).ravel().tolist() == [255, 117, 0]


def test_deprocessing_leaves_its_tensor_as_it_is(content):
    x = nst.preprocess_image(content)
    before = x.copy()
    nst.deprocess_image(x)
    np.testing.assert_array_equal(x, before)


@pytest.mark.parametrize("shape", [(3,), (4, 4), (4, 4, 4), (2, 4, 4, 3)])
def test_deprocessing_says_which_shape_it_expects(shape):
    with pytest.raises(ValueError, match=r"^Expected one picture of shape.*received"):
        nst.deprocess_image(np.zeros(shape))


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((4, 4, 3)),
        np.zeros((4, 4), "uint8"),
        np.zeros((4, 4, 4), "uint8"),
        np.zeros((1, 4, 4, 3), "uint8"),
        np.zeros((0, 4, 3), "uint8"),
        "picture",
    ],
    ids=["float", "grey", "rgba", "batch", "empty", "text"],
)
def test_what_is_no_picture_is_named(image):
    with pytest.raises(ValueError, match=r"^Expected `image` as a uint8 array"):
        nst.preprocess_image(image)


# --- Every kind of file --------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "ending"),
    [
        ("RGB", "png"), ("RGB", "jpg"), ("RGB", "bmp"), ("RGB", "tiff"),
        ("RGB", "webp"), ("RGB", "gif"), ("RGB", "ppm"), ("RGB", "tga"),
        ("RGB", "jp2"),
        ("RGBA", "png"), ("RGBA", "webp"), ("RGBA", "tiff"),
        ("RGBX", "tiff"), ("RGBX", "jpg"),
        ("P", "png"), ("P", "gif"), ("P", "bmp"), ("PA", "tiff"),
        ("CMYK", "jpg"), ("CMYK", "tiff"),
        ("YCbCr", "jpg"), ("YCbCr", "tiff"),
    ],
)  # fmt: skip
def test_a_colour_file_is_seen_in_its_colours(tmp_path, mode, ending):
    picture = Image.fromarray(AREAS)
    if mode in ("P", "PA"):
        picture = picture.quantize(16)
    path = saved(picture.convert(mode), tmp_path / f"picture.{ending}")
    image = nst.load_image(path)
    assert_looks_like(image, AREAS, tolerance=40 if ending == "gif" else 12)


@pytest.mark.parametrize(
    ("mode", "ending"),
    [
        ("L", "png"), ("L", "jpg"), ("L", "tiff"), ("LA", "png"), ("LA", "tiff"),
        ("I", "tiff"), ("F", "tiff"),
    ],
)  # fmt: skip
def test_a_grey_file_is_seen_in_its_greys(tmp_path, mode, ending):
    path = saved(Image.fromarray(AREAS).convert(mode), tmp_path / f"picture.{ending}")
    assert_looks_like(nst.load_image(path), grey(AREAS))


def test_a_black_and_white_file_is_black_and_white(tmp_path):
    bits = Image.fromarray(np.array([[0, 255], [255, 0]], dtype="uint8")).convert("1")
    image = nst.load_image(saved(bits, tmp_path / "picture.png"))
    assert image.tolist() == [[[0] * 3, [255] * 3], [[255] * 3, [0] * 3]]


@pytest.mark.parametrize("ending", ["png", "tiff"])
def test_sixteen_bits_become_the_nearest_of_eight(tmp_path, ending):
    levels = np.linspace(0, 65535, 400).astype("uint16").reshape(20, 20)
    path = saved(Image.fromarray(levels), tmp_path / f"deep.{ending}")
    expected = np.round(levels / 257).astype(int)
    for channel in range(3):
        np.testing.assert_allclose(
            nst.load_image(path)[..., channel].astype(int), expected, atol=1
        )


def test_a_dark_sixteen_bit_file_stays_dark(tmp_path):
    levels = np.full((8, 8), 200, dtype="uint16")  # 200 of 65535
    path = saved(Image.fromarray(levels), tmp_path / "night.png")
    assert nst.load_image(path).max() <= 1


def test_fractions_from_0_to_1_are_seen_as_black_to_white(tmp_path):
    levels = np.array([[0.0, 0.5, 1.0]], dtype="float32")
    path = saved(Image.fromarray(levels), tmp_path / "fractions.tiff")
    assert nst.load_image(path)[0, :, 0].tolist() == [0, 128, 255]


@pytest.mark.parametrize("kind", ["RGBA", "LA", "P", "RGB", "L"])
def test_transparency_is_laid_on_white(tmp_path, kind):
    """Left half black, right half see-through black."""
    black = Image.new("RGBA", (4, 2), (0, 0, 0, 255))
    black.paste((0, 0, 0, 0), (2, 0, 4, 2))
    options = {}
    if kind == "P":
        indices = np.array([[0, 0, 1, 1]] * 2, dtype="uint8")
        black = Image.fromarray(indices).convert("P")
        black.putpalette([0, 0, 0, 0, 0, 0])
        options = {"transparency": bytes([255, 0])}
    elif kind == "RGB":
        black = Image.fromarray(np.uint8([[[0] * 3] * 2 + [[9] * 3] * 2] * 2))
        options = {"transparency": (9, 9, 9)}
    elif kind == "L":
        black = Image.fromarray(np.uint8([[0, 0, 9, 9]] * 2))
        options = {"transparency": 9}
    else:
        black = black.convert(kind)
    image = nst.load_image(saved(black, tmp_path / "picture.png", **options))
    assert image[:, :2].max() == 0
    assert image[:, 2:].min() == 255


def test_half_transparent_red_on_white_is_pink(tmp_path):
    path = saved(Image.new("RGBA", (2, 2), (255, 0, 0, 128)), tmp_path / "pink.png")
    np.testing.assert_allclose(nst.load_image(path)[0, 0], [255, 127, 127], atol=1)


# The turn each EXIF orientation asks for, by the EXIF standard, in NumPy's words.
TURNS = {
    1: lambda seen: seen,
    2: np.fliplr,
    3: lambda seen: np.rot90(seen, 2),
    4: np.flipud,
    5: lambda seen: seen.swapaxes(0, 1),
    6: lambda seen: np.rot90(seen, 1),
    7: lambda seen: np.rot90(seen, 2).swapaxes(0, 1),
    8: lambda seen: np.rot90(seen, -1),
}


@pytest.mark.parametrize("ending", ["jpg", "png", "tiff", "webp"])
@pytest.mark.parametrize("orientation", TURNS)
def test_a_turned_camera_is_turned_back(tmp_path, orientation, ending):
    stored = np.ascontiguousarray(TURNS[orientation](AREAS))
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = saved(Image.fromarray(stored), tmp_path / f"photo.{ending}", exif=exif)
    assert_looks_like(nst.load_image(path), AREAS)


def test_of_an_animation_the_first_frame_is_taken(tmp_path):
    frames = [Image.new("RGB", (8, 6), colour) for colour in ("red", "lime", "blue")]
    path = tmp_path / "moving.gif"
    frames[0].save(path, save_all=True, append_images=frames[1:])
    image = nst.load_image(path)
    assert image.shape == (6, 8, 3)
    assert image[3, 4].tolist() == [255, 0, 0]


@hypothesis.given(
    image=hypothesis_numpy.arrays(
        "uint8",
        strategies.tuples(
            strategies.integers(1, 40), strategies.integers(1, 40), strategies.just(3)
        ),
    )
)
def test_a_png_of_any_shape_comes_back_bit_for_bit(tmp_path_factory, image):
    path = tmp_path_factory.mktemp("any") / "picture.png"
    nst.save_image(image, path)
    np.testing.assert_array_equal(nst.load_image(path), image)


@hypothesis.given(
    height=strategies.integers(1, 60),
    width=strategies.integers(1, 60),
    size=strategies.integers(1, 80),
)
def test_a_picture_of_any_shape_is_scaled_in_proportion(height, width, size):
    image = np.zeros((height, width, 3), "uint8")
    scaled = images.resize_image(image, size)
    assert max(scaled.shape[:2]) == size
    expected = max(1, min(height, width) * size / max(height, width))
    assert min(scaled.shape[:2]) == pytest.approx(expected, abs=0.5 + 1e-9)


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 4000, 3), (4000, 1, 3)])
def test_one_pixel_and_one_line_load_as_they_are(tmp_path, shape):
    path = saved(Image.fromarray(np.full(shape, 77, "uint8")), tmp_path / "line.png")
    assert nst.load_image(path).shape == shape


@pytest.mark.parametrize("ending", ["png", "jpg"])
def test_max_size_bounds_the_longest_side_and_keeps_the_proportions(tmp_path, ending):
    large = Image.fromarray(AREAS).resize((400, 300))
    path = saved(large, tmp_path / f"large.{ending}")
    image = nst.load_image(path, max_size=100)
    assert image.shape == (75, 100, 3)
    np.testing.assert_allclose(middles(image), middles(AREAS), atol=12)


def test_max_size_leaves_smaller_pictures_alone(tmp_path):
    path = saved(Image.fromarray(AREAS), tmp_path / "small.png")
    np.testing.assert_array_equal(nst.load_image(path, max_size=100), AREAS)


@pytest.mark.parametrize("max_size", [0, -5, float("nan")])
def test_a_max_size_below_one_is_refused(tmp_path, max_size):
    path = saved(Image.fromarray(AREAS), tmp_path / "small.png")
    with pytest.raises(ValueError, match=r"^Expected `max_size` as .* received"):
        nst.load_image(path, max_size=max_size)


def test_an_open_file_loads_like_its_path(tmp_path):
    path = saved(Image.fromarray(AREAS), tmp_path / "picture.png")
    np.testing.assert_array_equal(
        nst.load_image(io.BytesIO(path.read_bytes())), nst.load_image(path)
    )


@pytest.mark.parametrize(
    "name", ["Ölbild.png", "浮世絵.png", "my holiday photo.png", "a'b&c.png", "🌊.png"]
)
def test_any_name_loads_and_saves(tmp_path, name):
    path = nst.save_image(AREAS, tmp_path / name)
    np.testing.assert_array_equal(nst.load_image(str(path)), AREAS)


# --- What is refused -----------------------------------------------------------------


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


def test_a_folder_is_called_a_folder(tmp_path):
    assert "Is a directory" in refusal(tmp_path) or os.name == "nt"


def test_a_file_without_read_permission_is_called_unreadable(tmp_path):
    if not hasattr(os, "geteuid"):
        pytest.skip("this system has no such permissions")
    path = saved(Image.fromarray(AREAS), tmp_path / "locked.png")
    path.chmod(0)
    me = os.geteuid()
    if me == 0:  # Nothing is forbidden to root: be somebody else for this.
        os.seteuid(65534)
    try:
        assert "Permission denied" in refusal(path)
    finally:
        os.seteuid(me)


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


@pytest.mark.parametrize("ending", ["jpg", "png", "gif", "bmp", "tiff", "webp"])
@pytest.mark.parametrize("share", [0.5, 0.9])
def test_a_file_that_breaks_off_is_refused(tmp_path, generator, ending, share):
    noise = generator.integers(0, 256, (40, 60, 3), dtype="uint8")
    path = saved(Image.fromarray(noise), tmp_path / f"whole.{ending}")
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    assert str(path) in refusal(path)


@pytest.mark.parametrize("ending", ["jpg", "png", "webp", "tiff", "gif", "avif"])
def test_damaged_bytes_are_a_picture_or_a_sentence(generator, ending):
    """Bytes are changed at random, most of them in the header; nothing may crash."""
    file = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    options = {} if ending == "gif" else {"exif": exif}
    kind = Image.registered_extensions()[f".{ending}"]
    if kind not in Image.SAVE:
        pytest.skip(f"this Pillow writes no {kind}")
    Image.fromarray(AREAS).save(file, kind, **options)
    whole = file.getvalue()
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


@pytest.mark.parametrize("factor", [1.5, 3])
def test_a_decompression_bomb_is_refused_before_it_unfolds(
    tmp_path, monkeypatch, factor
):
    """Pillow warns above its limit and raises above twice of it; both are refused."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", int(AREAS[..., 0].size / factor))
    path = saved(Image.fromarray(AREAS), tmp_path / "bomb.png")
    monkeypatch.setattr(Image.Image, "load", lambda *_: pytest.fail("it was unfolded"))
    assert "megapixels" in refusal(path)


@pytest.mark.parametrize("path", [None, 5, ["a.png"], np.zeros(3)])
def test_what_is_no_path_is_named(path):
    with pytest.raises(ValueError, match=r"^Expected the path of a picture.*received"):
        nst.load_image(path)


# --- Writing -------------------------------------------------------------------------


def test_settings_come_back_from_the_file(tmp_path):
    settings = {"alpha": 1.5, "network": "vgg16", "style": "浮世絵.jpg", "scales": {}}
    path = nst.save_image(AREAS, tmp_path / "picture.png", settings)
    assert images.read_settings(path) == settings


def test_a_png_without_settings_says_so(tmp_path):
    path = nst.save_image(AREAS, tmp_path / "picture.png")
    with pytest.raises(ValueError, match="carries no settings"):
        images.read_settings(path)


def test_missing_folders_are_made(tmp_path):
    path = nst.save_image(AREAS, tmp_path / "new" / "folder" / "picture.png")
    np.testing.assert_array_equal(nst.load_image(path), AREAS)


@pytest.mark.parametrize("name", ["picture", "picture.txt", "picture.psd", ".png"])
def test_a_name_that_stands_for_no_format_is_refused(tmp_path, name):
    with pytest.raises(ValueError, match=r"ends in \.png or \.jpg"):
        nst.save_image(AREAS, tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match=r"^Expected to write '.*picture.png'.*; choose"):
        nst.save_image(AREAS, tmp_path / "file" / "picture.png")


def test_a_writer_that_fails_leaves_the_earlier_file(tmp_path):
    path = nst.save_image(AREAS, tmp_path / "picture.png")

    def fail(file):
        file.write(b"half a pic")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        images.write_whole(path, fail)
    np.testing.assert_array_equal(nst.load_image(path), AREAS)
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
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout.readline() == "saved once\n"
            time.sleep(generator.uniform(0, 0.06))
            process.kill()
        assert nst.load_image(path).shape == (300, 400, 3)
        numbers.append(images.read_settings(path)["number"])
    assert [found.name for found in tmp_path.glob("*.png")] == ["picture.png"]
    assert max(numbers) > 0
