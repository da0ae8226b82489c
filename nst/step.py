"""What each step of a transfer tells: its losses, and the picture it made."""

import functools
from dataclasses import dataclass

from nst.images import deprocess_image, fit_image

import numpy as np


@dataclass(frozen=True)
class Step:
    """What one step of a transfer left behind.

    Attributes:
        number: 1 for the first step of the run.
        losses: The weighted terms of the loss at the picture this step started from:
            `"total"` = `"content"` + `"style"` + `"tv"`, and each style layer's share
            of `"style"`.
        size: Longest side of the picture being optimised; smaller than the result's
            while the run is still coarse.
        seconds: How long the step took.
        x: The picture in VGG's input space, `[1, h, w, 3]`.
        shape: Height and width of the result.
    """

    number: int
    losses: dict[str, float]
    size: int
    seconds: float
    x: np.ndarray
    shape: tuple[int, int]

    @functools.cached_property
    def image(self) -> np.ndarray:
        """The picture after this step, at its final size: uint8 `[H, W, 3]`."""
        return fit_image(deprocess_image(self.x), self.shape)
