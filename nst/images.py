"""Pictures: from a file to a uint8 RGB array, to VGG's input space, and back.

VGG was trained on BGR pictures whose ImageNet mean had been subtracted and whose
values were not scaled (Simonyan and Zisserman, 2014, section 2.1). Every tensor that
the network sees is in that space; every array that a person sees is uint8 RGB.
"""

import json
import os
import tempfile
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, PngImagePlugin, UnidentifiedImageError

IMAGENET_MEAN_BGR = np.array([103.939, 116.779, 123.68], dtype="float32")
# The range of displayable pixels, seen from VGG's input space.
LOWEST = -IMAGENET_MEAN_BGR
HIGHEST = 255.0 - IMAGENET_MEAN_BGR

_HERE = Path(__file__).resolve().parent
SAMPLES = next(
    (folder for folder in (_HERE / "img", _HERE.parent / "img") if folder.is_dir()),
    Path("img"),
)
SETTINGS_FIELD = "nst"


def load_image(path, max_size: int | None = None) -> np.ndarray:
    """Read a picture as a person sees it.

    The camera's rotation is applied, transparency is laid on white, grey, palette,
    CMYK and 16-bit pictures become RGB, and of an animation the first frame is taken.

    Args:
        path: Path of the file, or an open binary file.
        max_size: Longest side of the result in pixels; larger pictures are scaled
            down, smaller ones left alone. `None` keeps the size.

    Returns:
        uint8 array of shape `(height, width, 3)`, RGB.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it cannot be read as a picture.
    """
    name = _name_of(path)
    if max_size is not None and not max_size >= 1:
        raise ValueError(
            f"Expected `max_size` as a number of at least 1, but received {max_size}; "
            "give the longest side in pixels."
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as picture:
                if max_size is not None:
                    # A JPEG decoder can shrink while it reads: faster, less memory.
                    picture.draft(None, (2 * max_size, 2 * max_size))
                rgb = _to_rgb(ImageOps.exif_transpose(picture))
    except FileNotFoundError:
        raise FileNotFoundError(
            f"Expected a picture at '{name}', but there is no such file; check the "
            f"name and the folder you are in ({Path.cwd().name}/)."
        ) from None
    except (IsADirectoryError, PermissionError) as error:
        # Windows says the same of a folder and of a locked file.
        raise ValueError(
            f"Expected a picture at '{name}', but it is a folder or may not be read "
            f"({error.strerror}); give a file that you may read."
        ) from None
    except UnidentifiedImageError:
        raise ValueError(
            f"Expected a picture in '{name}', but its contents are none that Pillow "
            "can read (HEIC from a phone is not); save it as JPEG or PNG."
        ) from None
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise ValueError(
            f"Expected a picture of at most {Image.MAX_IMAGE_PIXELS / 1e6:.0f} "
            f"megapixels, but '{name}' has more; scale it down first."
        ) from None
    # What Pillow raises for a damaged file depends on the format and the damage.
    except Exception as error:
        raise ValueError(
            f"Expected a whole picture in '{name}', but it breaks off, is damaged or "
            f"of a rare kind ({error}); save it again as JPEG or PNG."
        ) from None
    if max_size is not None and max(rgb.size) > max_size:
        return resize_image(np.asarray(rgb), max_size)
    return np.array(rgb)


def _name_of(path) -> str:
    if hasattr(path, "read"):
        return getattr(path, "name", "the open file")
    try:
        return os.fsdecode(path)
    except TypeError:
        raise ValueError(
            f"Expected the path of a picture, but received {path!r}; give the path as "
            "text, such as 'img/content/astronaut.jpg'."
        ) from None


def _to_rgb(picture: Image.Image) -> Image.Image:
    if picture.mode.startswith("I") or picture.mode == "F":
        levels = np.asarray(picture, dtype="float32")
        # Pillow hands some 16-bit files out as 32-bit integers; fractions have no
        # common range but 0 … 1.
        if picture.mode.startswith("I;16") or levels.max() > 255:
            white = 65535
        else:
            white = 1 if picture.mode == "F" and levels.max() <= 1 else 255
        levels = np.clip(np.round(levels * (255 / white)), 0, 255)
        picture = Image.fromarray(levels.astype("uint8"))
    if picture.mode in ("LA", "La", "PA", "RGBA", "RGBa") or (
        "transparency" in picture.info
    ):
        picture = picture.convert("RGBA")
        white = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(white, picture)
    return picture.convert("RGB")


def resize_image(image: np.ndarray, size: int) -> np.ndarray:
    """Scale a picture until its longest side measures `size` pixels.

    Args:
        image: uint8 array of shape `(height, width, 3)`.
        size: Longest side of the result, in pixels.

    Returns:
        uint8 array of the same proportions.
    """
    height, width = image.shape[:2]
    scale = size / max(height, width)
    return fit_image(
        image, (max(1, round(height * scale)), max(1, round(width * scale)))
    )


def fit_image(image: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Scale a picture to exactly this height and width.

    Args:
        image: uint8 array of shape `(height, width, 3)`.
        shape: Height and width of the result.

    Returns:
        uint8 array `[*shape, 3]`.
    """
    if image.shape[:2] == tuple(shape):
        return image
    size = shape[1], shape[0]
    return np.array(Image.fromarray(image).resize(size, Image.Resampling.LANCZOS))


def preprocess_image(image: np.ndarray) -> np.ndarray:
    """Bring a picture into the space that VGG was trained in.

    RGB becomes BGR, the ImageNet mean of each channel is subtracted, nothing is scaled.

    Examples:
        >>> black = np.zeros((1, 1, 3), dtype="uint8")
        >>> preprocess_image(black)
        array([[[[-103.939, -116.779, -123.68 ]]]], dtype=float32)

    Args:
        image: uint8 array of shape `(height, width, 3)`, RGB.

    Returns:
        float32 array of shape `(1, height, width, 3)`, BGR around 0.

    Raises:
        ValueError: If the array is no uint8 RGB picture.
    """
    image = check_image(image, "image")
    return image[None, ..., ::-1].astype("float32") - IMAGENET_MEAN_BGR


def deprocess_image(x) -> np.ndarray:
    """Bring a tensor from VGG's input space back to a picture.

    The inverse of `preprocess_image`: the mean is added, BGR becomes RGB, and values
    are rounded and clipped to 0 … 255. The tensor itself is left as it is.

    Examples:
        >>> picture = np.arange(12, dtype="uint8").reshape(2, 2, 3)
        >>> bool((deprocess_image(preprocess_image(picture)) == picture).all())
        True

    Args:
        x: float tensor or array of shape `(1, height, width, 3)` or
            `(height, width, 3)`.

    Returns:
        uint8 array of shape `(height, width, 3)`, RGB.

    Raises:
        ValueError: If the shape is another one.
    """
    x = np.asarray(x)
    if x.shape[-1:] != (3,) or x.ndim not in (3, 4) or (x.ndim == 4 and len(x) != 1):
        raise ValueError(
            "Expected one picture of shape (1, height, width, 3), but received shape "
            f"{x.shape}; pass a single picture in VGG's input space."
        )
    x = x.reshape(x.shape[-3:]) + IMAGENET_MEAN_BGR
    return np.uint8(np.clip(np.round(x), 0, 255)[..., ::-1])


def save_image(image: np.ndarray, path, settings: dict | None = None) -> Path:
    """Write a picture whole or not at all.

    Args:
        image: uint8 array of shape `(height, width, 3)`, RGB.
        path: Where to; the ending chooses the format. Missing folders are made.
        settings: What made the picture, kept in a text field of a PNG file.

    Returns:
        The path written.

    Raises:
        ValueError: If the array is no picture or the ending names no format.
    """
    picture = Image.fromarray(check_image(image, "image"))
    path = Path(path)
    kind = check_file_name(path)
    options = {"quality": 95} if kind == "JPEG" else {}
    if kind == "PNG" and settings is not None:
        fields = PngImagePlugin.PngInfo()
        fields.add_itxt(SETTINGS_FIELD, json.dumps(settings, ensure_ascii=False))
        options["pnginfo"] = fields
    write_whole(path, lambda file: picture.save(file, kind, **options))
    return path


def write_whole(path: Path, write) -> None:
    """Let `write(file)` fill a new file, and only then put it in the old one's place.

    A crash in between leaves the earlier file as it was.
    """
    part = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, part = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
        with os.fdopen(handle, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        Path(part).chmod(0o644)
        Path(part).replace(path)
    except BaseException as error:
        if part:
            Path(part).unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno:
            raise OSError(
                f"Expected to write '{path}', but it cannot be done "
                f"({error.strerror}); choose another name or folder."
            ) from None
        raise


def read_settings(path) -> dict:
    """Read the settings that `save_image` kept in a PNG file.

    Raises:
        ValueError: If the file is no picture or carries no settings.
    """
    load_image(path)
    with Image.open(path) as picture:
        text = getattr(picture, "text", {}).get(SETTINGS_FIELD, "")
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        raise ValueError(
            f"Expected a PNG file saved by nst, but '{path}' carries no settings; "
            "give the file that was written by the run."
        ) from None


def check_file_name(path) -> str:
    """Return the format that a file name stands for; say which would if none."""
    kind = Image.registered_extensions().get(Path(path).suffix.lower())
    if kind not in Image.SAVE:
        raise ValueError(
            f"Expected a file name that ends in .png or .jpg, but received '{path}'; "
            "add one of these endings."
        )
    return kind


def check_image(image, name: str) -> np.ndarray:
    """Return `image` if it is a uint8 RGB picture; say what it is if not."""
    image = np.asarray(image)
    is_rgb = image.ndim == 3 and image.shape[-1] == 3 and image.size > 0
    if image.dtype != np.uint8 or not is_rgb:
        raise ValueError(
            f"Expected `{name}` as a uint8 array of shape (height, width, 3), but "
            f"received {image.dtype} of shape {image.shape}; load it with load_image."
        )
    return image
