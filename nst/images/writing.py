"""Pictures in files: written whole or not at all, with the settings that made them."""

import json
import os
import tempfile
from pathlib import Path

from nst.images.arrays import check_image
from nst.images.reading import load_image

import numpy as np
from PIL import Image, PngImagePlugin

SETTINGS_FIELD = "nst"


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
        FileNotFoundError: If there is no such file.
        ValueError: If the file is no picture or carries no settings.
    """
    load_image(path)
    with Image.open(path) as picture:
        text = getattr(picture, "text", {}).get(SETTINGS_FIELD, "")
    try:
        settings = json.loads(text)
    except ValueError:
        settings = None
    if not isinstance(settings, dict):
        raise ValueError(
            f"Expected a PNG file saved by nst, but '{path}' carries no settings; "
            "give the file that was written by the run."
        )
    return settings


def check_file_name(path) -> str:
    """Return the format that a file name stands for; say which would if none."""
    kind = Image.registered_extensions().get(Path(path).suffix.lower())
    if kind not in Image.SAVE:
        raise ValueError(
            f"Expected a file name that ends in .png or .jpg, but received '{path}'; "
            "add one of these endings."
        )
    return kind
