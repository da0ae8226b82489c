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
    return fit_image(image, scale_shape(image.shape[:2], size))


def scale_shape(shape: tuple[int, int], size: int) -> tuple[int, int]:
    """Tell the height and width of a picture whose longest side measures `size`.

    Examples:
        >>> scale_shape((300, 400), 200)
        (150, 200)
    """
    height, width = (max(1, round(side * size / max(shape))) for side in shape)
    return height, width


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
