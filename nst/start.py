"""Where a run begins: the pictures given, the picture it starts from, and its sizes.

Coarse to fine: Gatys et al., 2017, "Controlling Perceptual Factors in Neural Style
Transfer", section 6, https://arxiv.org/abs/1611.07865, first paint a small picture,
because the network's field of view then spans more of it, and refine an enlarged one.
"""

from collections.abc import Iterable, Mapping

from nst.images import check_image, fit_image, load_image, resize_image
from nst.settings import check_count
from nst.vgg import smallest_side

import numpy as np

STARTS = ("content", "style", "noise")
SMALLEST_SCALE = 64


def read_picture(source, name: str) -> np.ndarray | None:
    """Return the uint8 RGB picture that a path, an array or `None` stands for."""
    if source is None:
        return None
    return check_image(source, name) if hasattr(source, "shape") else load_image(source)


def starting_picture(init, content, style, size: int, seed: int) -> np.ndarray:
    """Make the picture that a run starts from, at its final size.

    Args:
        init: `"content"`, `"style"`, `"noise"`, a path or a uint8 array.
        content: uint8 picture whose proportions are taken, or `None`.
        style: uint8 picture; its proportions are taken where no other are given.
        size: Longest side, in pixels.
        seed: Of the noise.

    Returns:
        uint8 array `[H, W, 3]`.

    Raises:
        ValueError: If there is no such picture.
    """
    named = isinstance(init, str) and init in STARTS
    given = None if named else read_picture(init, "init")
    model = next(p for p in (content, given, style) if p is not None)
    shape = resize_image(model, size).shape[:2]
    if named and init == "noise":
        noise = np.random.default_rng(seed).normal(128, 32, (*shape, 3))
        return np.uint8(np.clip(noise, 0, 255))
    picture = {"content": content, "style": style}[init] if named else given
    if picture is None:
        raise ValueError(
            f"Expected a picture to start from, but received init={init!r} and no such "
            "picture; give one or start from 'noise'."
        )
    return fit_image(picture, shape)


def check_scales(scales, size: int) -> dict[int, int]:
    """Return `{size: steps}` of the smaller pictures that come first, smallest first.

    Examples:
        >>> check_scales("auto", 256)
        {64: 16, 128: 10}

    Args:
        scales: `{size: steps}`, `"auto"`, or `None` for one size only.
        size: The final one, in pixels.

    Raises:
        ValueError: If it is none of these, or a scale is larger than the final size.
    """
    if scales is None:
        return {}
    if isinstance(scales, str) and scales == "auto":
        scales = {size // 4: 16, size // 2: 10}
        return {side: steps for side, steps in scales.items() if side >= SMALLEST_SCALE}
    if not isinstance(scales, Mapping):
        raise ValueError(
            "Expected `scales` as {size: steps}, 'auto' or None, but received "
            f"{scales!r}; for example {{64: 16, 128: 10}}."
        )
    scales = {
        check_count("scales", side, 1, size): check_count("scales", steps, 1)
        for side, steps in scales.items()
    }
    return dict(sorted(scales.items()))


def size_at_step(number: int, scales: Mapping[int, int], size: int) -> int:
    """Tell at which size the step of this number is taken.

    Examples:
        >>> [size_at_step(number, {64: 2}, 256) for number in (1, 2, 3)]
        [64, 64, 256]
    """
    for side, steps in scales.items():
        if number <= steps:
            return side
        number -= steps
    return size


def check_sizes(pictures: Iterable[np.ndarray], size: int, layers) -> None:
    """Say which picture is too small or too narrow for the network, if one is.

    Raises:
        ValueError: If a picture, scaled to `size`, does not reach the deepest layer.
    """
    least = smallest_side(layers)
    for picture in pictures:
        height, width = resize_image(picture, size).shape[:2]
        if min(height, width) < least:
            raise ValueError(
                f"Expected pictures whose shorter side is at least {least} pixels, but "
                f"received one of {width} × {height} at size {size}; choose a larger "
                "size or a less narrow picture."
            )
