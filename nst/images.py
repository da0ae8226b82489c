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
    name = getattr(path, "name", path) if hasattr(path, "read") else os.fspath(path)
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
        what = "a folder" if Path(name).is_dir() else f"unreadable ({error.strerror})"
        raise ValueError(
            f"Expected a picture at '{name}', but it is {what}; give a file that you "
            "may read."
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
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise ValueError(
            f"Expected a whole picture in '{name}', but it breaks off or is damaged "
            f"({error}); save or copy it again."
        ) from None
    if max_size is not None and max(rgb.size) > max_size:
        return resize_image(np.asarray(rgb), max_size)
    return np.array(rgb)


def _to_rgb(picture: Image.Image) -> Image.Image:
    if picture.mode.startswith("I") or picture.mode == "F":
        levels = np.asarray(picture, dtype="float64")
        # 16-bit files reach 65535; Pillow hands some of them out as 32-bit integers.
        scale = 255 / 65535 if levels.max(initial=0) > 255 else 1
        picture = Image.fromarray(np.uint8(np.clip(levels * scale + 0.5, 0, 255)))
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
    shape = max(1, round(width * scale)), max(1, round(height * scale))
    if shape == (width, height):
        return image
    return np.array(Image.fromarray(image).resize(shape, Image.Resampling.LANCZOS))


def preprocess_image(image: np.ndarray) -> np.ndarray:
    """Bring a picture into the space that VGG was trained in.

    RGB becomes BGR, the ImageNet mean of each channel is subtracted, nothing is scaled.

    Examples:
        >>> white = np.full((1, 1, 3), 255, dtype="uint8")
        >>> preprocess_image(white).ravel().tolist()
        [151.06100463867188, 138.2209930419922, 131.32000732421875]

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
    extensions = Image.registered_extensions()
    if path.suffix.lower() not in extensions:
        raise ValueError(
            f"Expected a file name that ends in .png or .jpg, but received '{path}'; "
            "add one of these endings."
        )
    kind = extensions[path.suffix.lower()]
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
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=path.suffix)
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        part.chmod(0o644)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def read_settings(path) -> dict:
    """Read the settings that `save_image` kept in a PNG file.

    Raises:
        ValueError: If the file is no picture or carries no settings.
    """
    load_image(path)
    with Image.open(path) as picture:
        text = getattr(picture, "text", {}).get(SETTINGS_FIELD)
    if text is None:
        raise ValueError(
            f"Expected a PNG file saved by nst, but '{path}' carries no settings; "
            "give the file that was written by the run."
        )
    return json.loads(text)


def check_image(image, name: str) -> np.ndarray:
    """Return `image` if it is a uint8 RGB picture; say what it is if not."""
    image = np.asarray(image)
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[-1] != 3:
        raise ValueError(
            f"Expected `{name}` as a uint8 array of shape (height, width, 3), but "
            f"received {image.dtype} of shape {image.shape}; load it with load_image."
        )
    return image
