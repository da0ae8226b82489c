"""Any picture loads as a person sees it."""

import io

import nst
from nst import images

import hypothesis
import numpy as np
import png_by_hand
import pytest
from hypothesis import strategies
from hypothesis.extra import numpy as hypothesis_numpy
from PIL import Image, ImageCms

Image.init()

# Four flat areas that no format blurs beyond recognition; [H, W, 3] = [24, 32, 3].
AREAS = np.zeros((24, 32, 3), dtype="uint8")
AREAS[:12, :16] = (200, 30, 30)
AREAS[:12, 16:] = (30, 180, 60)
AREAS[12:, :16] = (40, 60, 210)
AREAS[12:, 16:] = (240, 240, 240)
# ITU-R BT.601, in which Pillow and television turn colours to greys.
GREYS = np.uint8(np.round(AREAS @ [0.299, 0.587, 0.114]))[..., None].repeat(3, axis=-1)
BLACK_AND_WHITE = np.where(GREYS > 127, 255, 0).astype("uint8")

COLOUR_MODES = (
    "RGB", "RGBA", "RGBa", "RGBX", "P", "PA", "CMYK", "YCbCr", "LAB", "HSV",
)  # fmt: skip
DEEP_MODES = ("I", "I;16", "I;16L", "I;16B")
GREY_MODES = ("L", "LA", "F", *DEEP_MODES)
# Of eight bits; deeper greys are cut as this or that release of Pillow writes them.
SHALLOW = ("AVIF", "GIF", "ICNS", "ICO", "WEBP")


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


def assert_looks_like(image, expected, said=""):
    assert image.dtype == np.uint8
    assert image.shape == expected.shape
    np.testing.assert_allclose(middles(image), middles(expected), atol=12, err_msg=said)


# --- Every kind of file --------------------------------------------------------------


def in_mode(mode, image):
    """The picture in one of Pillow's modes."""
    picture = Image.fromarray(image)
    if mode in ("P", "PA"):
        return picture.quantize(16).convert(mode)
    if mode == "RGBa":
        return picture.convert("RGBA").convert("RGBa")
    if mode == "LAB":
        srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
        return ImageCms.profileToProfile(picture, srgb, lab, outputMode="LAB")
    if mode in DEEP_MODES:
        deep = np.array(picture.convert("L"), dtype="uint16") * 257
        if mode == "I":
            return Image.fromarray(deep.astype("int32"))
        deep = deep.astype(">u2" if mode == "I;16B" else "<u2")
        return Image.frombytes(mode, picture.size, deep.tobytes())
    return picture.convert(mode, dither=Image.Dither.NONE)


def written(picture):
    """Yield the file of every format that Pillow writes this picture in."""
    for kind in sorted(Image.SAVE):
        file = io.BytesIO()
        try:
            picture.save(file, kind)
        except (OSError, ValueError, KeyError):  # Not in this mode.
            continue
        yield kind, io.BytesIO(file.getvalue())


def is_read_by_pillow(file):
    try:
        with Image.open(file) as picture:
            picture.load()
    except (OSError, ValueError, SyntaxError):
        return False
    finally:
        file.seek(0)
    return picture.format != "EPS"


@pytest.mark.filterwarnings("ignore")  # Pillow's, about its rarer formats.
@pytest.mark.parametrize("mode", [*COLOUR_MODES, *GREY_MODES, "1"])
def test_every_format_of_every_mode_is_seen_as_it_is_or_refused(monkeypatch, mode):
    # Older releases of Pillow take what is written as SPIDER for a format's ending.
    monkeypatch.setattr(Image, "EXTENSION", Image.EXTENSION.copy())
    loaded = set()
    for kind, file in written(in_mode(mode, AREAS)):
        if not is_read_by_pillow(file):
            with pytest.raises(ValueError, match=r"^Expected a .*picture in .*; save"):
                nst.load_image(file)
            continue
        image = nst.load_image(file)
        loaded.add(kind)
        expected = GREYS if mode in GREY_MODES or kind == "SPIDER" else AREAS
        if mode == "1":
            expected = BLACK_AND_WHITE
        if kind in ("ICNS", "ICO"):  # They have sizes of their own.
            expected = images.fit_image(expected, image.shape[:2])
        if mode not in DEEP_MODES or kind not in SHALLOW:
            assert_looks_like(image, expected, kind)
    assert loaded & {"PNG", "TIFF", "WEBP"}
    if mode == "RGB":
        assert loaded >= {"BMP", "GIF", "JPEG", "JPEG2000", "PPM", "TGA"}


LOSSLESS = {
    "PNG": ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"),
    "TIFF": ("1", "L", "LA", "P", "RGB", "RGBA", "I;16", "CMYK"),
    "BMP": ("1", "L", "P", "RGB"),
    "GIF": ("1", "L", "P"),
    "PCX": ("1", "L", "P", "RGB"),
    "PPM": ("1", "L", "RGB"),
    "TGA": ("1", "L", "LA", "P", "RGB", "RGBA"),
}


@hypothesis.given(
    pair=strategies.sampled_from(
        [(kind, mode) for kind, modes in LOSSLESS.items() for mode in modes]
    ),
    height=strategies.integers(1, 40),
    width=strategies.integers(1, 40),
)
def test_a_white_file_of_any_mode_and_shape_is_white(pair, height, width):
    kind, mode = pair
    file = io.BytesIO()
    white = np.full((height, width, 3), 255, "uint8")
    in_mode(mode, white).save(file, kind)
    np.testing.assert_array_equal(nst.load_image(file), white)


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


def test_32_bit_levels_up_to_255_are_those_of_eight_bits(tmp_path):
    levels = np.array([[0, 100, 255]], dtype="int32")
    path = saved(Image.fromarray(levels), tmp_path / "whole.tiff")
    assert nst.load_image(path)[0, :, 0].tolist() == [0, 100, 255]


def test_fractions_from_0_to_1_are_seen_as_black_to_white(tmp_path):
    levels = np.array([[0.0, 0.5, 1.0]], dtype="float32")
    path = saved(Image.fromarray(levels), tmp_path / "fractions.tiff")
    assert nst.load_image(path)[0, :, 0].tolist() == [0, 128, 255]


@pytest.mark.parametrize(
    "colours",
    [png_by_hand.GREY, png_by_hand.RGB, png_by_hand.GREY_ALPHA, png_by_hand.RGBA],
    ids=["grey", "rgb", "grey-alpha", "rgba"],
)
def test_sixteen_bits_a_channel_become_eight(colours):
    channels = {0: 1, 2: 3, 4: 2, 6: 4}[colours]
    levels = np.full((2, 3, channels), 51 * 257, dtype=">u2")
    levels[..., 0] = 102 * 257
    if colours in (png_by_hand.GREY_ALPHA, png_by_hand.RGBA):
        levels[..., -1] = 65535
    rows = [row.tobytes() for row in levels]
    image = nst.load_image(io.BytesIO(png_by_hand.png(3, 2, 16, colours, rows)))
    seen = [102] * 3 if channels < 3 else [102, 51, 51]
    np.testing.assert_array_equal(image, np.broadcast_to(seen, (2, 3, 3)))


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


@pytest.mark.parametrize("ending", ["gif", "png", "webp", "tiff"])
def test_of_an_animation_the_first_frame_is_taken(tmp_path, ending):
    frames = [Image.new("RGB", (8, 6), colour) for colour in ("red", "lime", "blue")]
    path = tmp_path / f"moving.{ending}"
    frames[0].save(path, save_all=True, append_images=frames[1:])
    with Image.open(path) as several:
        assert several.n_frames == 3
    image = nst.load_image(path)
    assert image.shape == (6, 8, 3)
    np.testing.assert_allclose(image[3, 4], [255, 0, 0], atol=3)


@pytest.fixture
def swapped_profile():
    """A colour profile in which what is called red is green, and green is red."""
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    places = [srgb.index(b"rXYZ"), srgb.index(b"gXYZ")]
    swapped = bytearray(srgb)
    for place, name in zip(places, [b"gXYZ", b"rXYZ"], strict=True):
        swapped[place : place + 4] = name
    return bytes(swapped)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P"])
def test_a_colour_profile_says_how_the_colours_look(tmp_path, swapped_profile, mode):
    stored = in_mode(mode, np.ascontiguousarray(AREAS[..., [1, 0, 2]]))
    path = saved(stored, tmp_path / "wide.png", icc_profile=swapped_profile)
    assert_looks_like(nst.load_image(path), AREAS)


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("of", ["no colours", "other colours"])
def test_a_profile_that_cannot_be_used_is_ignored(tmp_path, mode, of):
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    profile = {"no colours": b"no profile", "other colours": lab}[of]
    picture = in_mode(mode, AREAS)
    path = saved(picture, tmp_path / "odd.tiff", icc_profile=profile)
    assert_looks_like(nst.load_image(path), GREYS if mode == "L" else AREAS)


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
def test_one_pixel_and_one_line_load_as_they_are(tmp_path, generator, shape):
    line = generator.integers(0, 256, shape, dtype="uint8")
    path = saved(Image.fromarray(line), tmp_path / "line.png")
    np.testing.assert_array_equal(nst.load_image(path), line)


@pytest.mark.parametrize(
    ("shape", "small"),
    [((1, 4000, 3), (1, 100, 3)), ((4000, 1, 3), (100, 1, 3))],
)
def test_a_line_that_is_scaled_down_stays_a_line(tmp_path, shape, small):
    path = saved(Image.fromarray(np.full(shape, 77, "uint8")), tmp_path / "line.png")
    image = nst.load_image(path, max_size=100)
    np.testing.assert_array_equal(image, np.full(small, 77))


@pytest.mark.parametrize("ending", ["png", "jpg"])
def test_max_size_bounds_the_longest_side_and_keeps_the_proportions(tmp_path, ending):
    large = Image.fromarray(AREAS).resize((800, 600))
    path = saved(large, tmp_path / f"large.{ending}")
    image = nst.load_image(path, max_size=120)
    assert image.shape == (90, 120, 3)
    np.testing.assert_allclose(middles(image), middles(AREAS), atol=12)


def test_max_size_leaves_smaller_pictures_alone(tmp_path):
    path = saved(Image.fromarray(AREAS), tmp_path / "small.png")
    np.testing.assert_array_equal(nst.load_image(path, max_size=100), AREAS)


@pytest.mark.parametrize(
    "max_size", [0, -5, 1.5, float("nan"), float("inf"), "64", True], ids=repr
)
def test_a_max_size_that_is_no_count_is_refused(tmp_path, max_size):
    path = saved(Image.fromarray(AREAS), tmp_path / "small.png")
    with pytest.raises(ValueError, match=r"^Expected `max_size` as .* received"):
        nst.load_image(path, max_size=max_size)


def test_an_open_file_loads_like_its_path(tmp_path):
    path = saved(Image.fromarray(AREAS), tmp_path / "picture.png")
    np.testing.assert_array_equal(
        nst.load_image(io.BytesIO(path.read_bytes())), nst.load_image(path)
    )


@pytest.mark.parametrize(
    "name",
    [
        "Ölbild.png",
        "浮世絵.png",
        "my holiday photo.png",
        "a'b&c.png",
        "50%#.png",
        "🌊.png",
    ],
)
def test_any_name_loads_and_saves(tmp_path, name):
    path = nst.save_image(AREAS, tmp_path / name)
    np.testing.assert_array_equal(nst.load_image(str(path)), AREAS)
