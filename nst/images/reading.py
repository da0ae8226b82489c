"""Pictures read from files as a person sees them, or refused with one sentence."""

import io
import numbers
import os
import warnings
from pathlib import Path

from nst.images.arrays import resize_image

import numpy as np
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

_PACKAGE = Path(__file__).resolve().parents[1]
SAMPLES = next(
    (
        folder
        for folder in (_PACKAGE / "img", _PACKAGE.parent / "img")
        if folder.is_dir()
    ),
    Path("img"),
)


def load_image(path, max_size: int | None = None) -> np.ndarray:
    """Read a picture as a person sees it.

    The camera's rotation and colour profile are applied, transparency is laid on white,
    grey, palette, CMYK and 16-bit pictures become RGB, and of an animation the first
    frame is taken.

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
    if max_size is not None:
        _check_max_size(max_size)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as picture:
                if picture.format == "EPS":
                    raise ValueError("EPS is a program, which is not run here")
                if max_size is not None:
                    # A JPEG decoder can shrink while it reads: faster, less memory.
                    picture.draft(None, (2 * max_size, 2 * max_size))
                ImageOps.exif_transpose(picture, in_place=True)
                rgb = _to_rgb(picture)
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


def _check_max_size(max_size) -> None:
    whole = isinstance(max_size, numbers.Integral) and not isinstance(max_size, bool)
    if not whole or max_size < 1:
        raise ValueError(
            "Expected `max_size` as a whole number of at least 1, or None, but received "
            f"{max_size!r}; give the longest side in pixels."
        )


def _to_rgb(picture: Image.Image) -> Image.Image:
    profile = picture.info.get("icc_profile")
    if picture.mode.startswith("I") or picture.mode == "F":
        picture = _to_eight_bits(picture)
    if picture.mode in ("LA", "La", "PA", "RGBA", "RGBa") or (
        "transparency" in picture.info
    ):
        picture = picture.convert("RGBA")
        white = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(white, picture)
    if picture.mode not in ("L", "CMYK", "LAB"):
        picture = picture.convert("RGB")
    return _to_srgb(picture, profile) if profile else picture.convert("RGB")


def _to_eight_bits(picture: Image.Image) -> Image.Image:
    levels = np.asarray(picture, dtype="float32")
    # Pillow hands some 16-bit files out as 32-bit integers; fractions have no common
    # range but 0 … 1.
    if picture.mode.startswith("I;16") or levels.max() > 255:
        white = 65535
    else:
        white = 1 if picture.mode == "F" and levels.max() <= 1 else 255
    levels = np.clip(np.round(levels * (255 / white)), 0, 255)
    return Image.fromarray(levels.astype("uint8"))


def _to_srgb(picture: Image.Image, profile: bytes) -> Image.Image:
    """Show the colours that the file's own profile means by its numbers."""
    try:
        return ImageCms.profileToProfile(
            picture,
            ImageCms.ImageCmsProfile(io.BytesIO(profile)),
            ImageCms.createProfile("sRGB"),
            outputMode="RGB",
        )
    # Damaged, or meant for other colours than the file's: viewers then ignore it.
    except Exception:
        return picture.convert("RGB")
