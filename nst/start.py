"""Where a run begins: the pictures given, and the picture it starts from."""

from collections.abc import Iterable

from nst.images import check_image, fit_image, load_image, scale_shape
from nst.vgg import smallest_side

import numpy as np

STARTS = ("content", "style", "noise", "recolored")


def read_picture(source, name: str) -> np.ndarray | None:
    """Return the uint8 RGB picture that a path, an array or `None` stands for."""
    if source is None:
        return None
    return check_image(source, name) if hasattr(source, "shape") else load_image(source)


def read_start(init) -> str | np.ndarray:
    """Return the uint8 picture that `init` gives, or its name if it is a named start."""
    is_name = isinstance(init, str) and init in STARTS
    return init if is_name else read_picture(init, "init")


def starting_shape(start, content, style, size: int) -> tuple[int, int]:
    """Tell the height and width of the result, before anything of its size is made.

    Args:
        start: From `read_start`.
        content: uint8 picture whose proportions are taken, or `None`.
        style: uint8 picture; its proportions are taken where no other are given.
        size: Longest side, in pixels.
    """
    given = None if isinstance(start, str) else start
    model = next(p for p in (content, given, style) if p is not None)
    return scale_shape(model.shape[:2], size)


def starting_picture(start, content, style, shape, seed: int) -> np.ndarray:
    """Make the picture that a run starts from, at its final size.

    Args:
        start: From `read_start`: `"content"`, `"style"`, `"noise"`, `"recolored"` (the
            content in the style's colours), or a uint8 picture.
        content: uint8 picture, or `None`.
        style: Likewise.
        shape: Height and width of the result.
        seed: Of the noise.

    Returns:
        uint8 array `[H, W, 3]`.

    Raises:
        ValueError: If there is no such picture.
    """
    if not isinstance(start, str):
        return fit_image(start, shape)
    if start == "noise":
        noise = np.random.default_rng(seed).normal(128, 32, (*shape, 3))
        return np.uint8(np.clip(noise, 0, 255))
    if start == "recolored" and content is not None and style is not None:
        return recolor(fit_image(content, shape), style)
    picture = {"content": content, "style": style}.get(start)
    if picture is None:
        raise ValueError(
            f"Expected a picture to start from, but received init={start!r} and no "
            "such picture; give one or start from 'noise'."
        )
    return fit_image(picture, shape)


def recolor(image: np.ndarray, colors: np.ndarray) -> np.ndarray:
    """Give a picture another one's mean colour, and spread of colours.

    Gatys et al., 2016, "Preserving Color in Neural Artistic Style Transfer",
    https://arxiv.org/abs/1606.05897, section 4.1: the linear map that takes one
    covariance of the RGB values to the other. The symmetric one moves them least.

    Args:
        image: uint8 picture `[H, W, 3]`.
        colors: uint8 picture of any size.

    Returns:
        uint8 array `[H, W, 3]`.
    """
    here, there = (p.reshape(-1, 3).astype("float64") for p in (image, colors))
    # A picture of one colour has no spread; a hundredth of a level does no harm.
    spread = [np.cov(p, rowvar=False) + 1e-4 * np.eye(3) for p in (here, there)]
    root = _root(spread[0])
    back = np.linalg.inv(root)
    map_ = back @ _root(root @ spread[1] @ root) @ back
    moved = (here - here.mean(axis=0)) @ map_ + there.mean(axis=0)
    return np.uint8(np.clip(np.round(moved), 0, 255)).reshape(image.shape)


def _root(matrix):
    """Take the symmetric square root."""
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T


def check_sizes(shapes: Iterable[tuple[int, int]], size: int, layers) -> None:
    """Say which picture is too small or too narrow for the network, if one is.

    Raises:
        ValueError: If a picture, scaled to `size`, does not reach the deepest layer.
    """
    least = smallest_side(layers)
    for shape in shapes:
        height, width = scale_shape(shape, size)
        if min(height, width) < least:
            raise ValueError(
                f"Expected pictures whose shorter side is at least {least} pixels, but "
                f"received one of {width} × {height} at size {size}; choose a larger "
                "size or a less narrow picture."
            )
