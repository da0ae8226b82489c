"""Coarse to fine: a transfer at several sizes, the smaller ones first.

Gatys et al., 2017, "Controlling Perceptual Factors in Neural Style Transfer", section 6,
https://arxiv.org/abs/1611.07865, first paint a small picture, because the network's
field of view then spans more of it, and refine an enlarged one.
"""

from collections.abc import Mapping

from nst.images import (
    deprocess_image,
    fit_image,
    preprocess_image,
    resize_image,
    scale_shape,
)
from nst.objective import Objective, Targets
from nst.settings import check_count

import numpy as np
import tensorflow as tf

# At 64 px the largest strokes are painted over what a face is made of.
SMALLEST_SCALE = 128


def check_scales(scales, size: int) -> dict[int, int]:
    """Return `{size: steps}` of the smaller pictures that come first, smallest first.

    Examples:
        >>> check_scales("auto", 512)
        {128: 16, 256: 12}

    Args:
        scales: `{size: steps}`, `"auto"`, or `None` for one size only.
        size: The final one, in pixels.

    Raises:
        ValueError: If it is none of these, or a scale is larger than the final size.
    """
    if scales is None:
        return {}
    if isinstance(scales, str) and scales == "auto":
        scales = {size // 4: 16, size // 2: 12}
        return {side: steps for side, steps in scales.items() if side >= SMALLEST_SCALE}
    if not isinstance(scales, Mapping):
        raise ValueError(
            "Expected `scales` as {size: steps}, 'auto' or None, but received "
            f"{scales!r}; for example {{128: 12}}."
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


class Pyramid:
    """A transfer's pictures at every size: where to start, and what to compare with.

    Each size is its longest side, in pixels; pictures go in as uint8 `[H, W, 3]` and
    come out in VGG's input space, float32 `[1, h, w, 3]`.

    Args:
        objective: Computes the targets.
        start: The picture that the run starts from, at its final size.
        content: Photograph of the same size, or `None`.
        style: Painting of any size, or `None`.
    """

    def __init__(
        self,
        objective: Objective,
        start: np.ndarray,
        content: np.ndarray | None,
        style: np.ndarray | None,
    ):
        self._objective = objective
        self._start, self._content, self._style = start, content, style
        self._targets: dict[int, Targets] = {}

    def start(self, size: int) -> np.ndarray:
        """Scale the picture that the run starts from."""
        return self._fit(self._start, size)

    def targets(self, size: int) -> Targets:
        """Compute what the picture is compared with, once for each size."""
        if size not in self._targets:
            content = style = None
            if self._content is not None:
                content = self._fit(self._content, size)
            if self._style is not None:
                style = preprocess_image(resize_image(self._style, size))
            self._targets[size] = self._objective.targets(content, style)
        return self._targets[size]

    def enlarge(self, x: np.ndarray, before: int, size: int) -> np.ndarray:
        """Enlarge what was changed, not the picture: the start keeps its detail.

        Args:
            x: The picture so far, `[1, h, w, 3]`.
            before: Its size.
            size: The new one.
        """
        start = self.start(size)
        change = x - self.start(before)
        enlarged = tf.image.resize(change, start.shape[1:3], method="bicubic").numpy()
        return preprocess_image(deprocess_image(start + enlarged))

    def _fit(self, image, size):
        # The proportions are those of the final picture, to the pixel.
        shape = scale_shape(self._start.shape[:2], size)
        return preprocess_image(fit_image(image, shape))
