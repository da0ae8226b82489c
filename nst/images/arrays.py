"""Pictures as uint8 arrays: checked, and scaled."""

import numpy as np
from PIL import Image


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
