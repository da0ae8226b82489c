"""The pictures of one run: few enough to keep, and what becomes of them.

Kept as JPEG, which a browser shows as it is: at 512 px a picture takes about 0.2 MB,
a tenth of its pixels in memory.
"""

import bisect
import io
import threading
from pathlib import Path

from nst.images import write_whole

import numpy as np
from PIL import Image

# An animation of ten seconds, and at 512 px about 25 MB.
MOST = 120
MILLISECONDS, LAST_MILLISECONDS = 80, 2000
ANIMATIONS = {".gif": "GIF", ".webp": "WEBP"}


def encode(image: np.ndarray) -> bytes:
    """Make the bytes of a JPEG that keeps the colours' sharpness.

    Args:
        image: uint8 array `[H, W, 3]`.

    Returns:
        The file's contents.
    """
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=95, subsampling=0)
    return file.getvalue()


class Frames:
    """Every `stride`-th picture of a run, and the latest.

    When `most` are kept, every second one goes and the stride doubles, so that the
    memory is bounded and what remains is evenly spaced however long the run.

    Examples:
        >>> frames = Frames(most=4)
        >>> for step in range(10):
        ...     frames.add(step, np.zeros((8, 8, 3), "uint8"))
        >>> frames.steps
        [0, 4, 8, 9]

    Args:
        most: How many pictures to keep.
    """

    def __init__(self, most: int = MOST) -> None:
        self.most, self.stride = most, 1
        self._kept: dict[int, bytes] = {}
        self._lock = threading.Lock()

    @property
    def steps(self) -> list[int]:
        """The steps after which the pictures were taken, 0 for the start."""
        with self._lock:
            return list(self._kept)

    def add(self, step: int, image: np.ndarray) -> None:
        """Keep a picture; the steps must come in order.

        Args:
            step: Its number.
            image: uint8 array `[H, W, 3]`.
        """
        frame = encode(image)
        with self._lock:
            latest = next(reversed(self._kept), 0)
            if latest % self.stride:
                del self._kept[latest]
            self._kept[step] = frame
            while len(self._kept) > self.most:
                self.stride *= 2
                self._kept = {
                    number: kept
                    for number, kept in self._kept.items()
                    if number % self.stride == 0 or number == step
                }

    def at(self, step: int) -> tuple[int, bytes]:
        """Find the last picture that was kept up to a step.

        Args:
            step: Its number.

        Returns:
            The number of the step after which it was taken, and its JPEG.
        """
        with self._lock:
            steps = list(self._kept)
            number = steps[max(0, bisect.bisect_right(steps, step) - 1)]
            return number, self._kept[number]

    def strip(self, count: int) -> dict[int, np.ndarray]:
        """Choose a few pictures, evenly from the first to the last.

        Args:
            count: How many, at most.

        Returns:
            uint8 arrays `[H, W, 3]` by step.
        """
        steps = self.steps
        chosen = np.linspace(0, len(steps) - 1, min(count, len(steps))).round()
        return {steps[int(i)]: np.array(self._open(steps[int(i)])) for i in chosen}

    def save(self, path) -> Path:
        """Write the run as an animation that starts again by itself.

        Args:
            path: Ends in .gif, or in .webp for a smaller file with all colours.

        Returns:
            The path written.

        Raises:
            ValueError: If the ending is another one.
        """
        path = Path(path)
        if path.suffix.lower() not in ANIMATIONS:
            raise ValueError(
                "Expected a file name that ends in .gif or .webp, but received "
                f"'{path.name}'; add one of these endings."
            )
        first, *others = [self._open(step) for step in self.steps]
        write_whole(
            path,
            lambda file: first.save(
                file,
                ANIMATIONS[path.suffix.lower()],
                save_all=True,
                append_images=others,
                duration=[MILLISECONDS] * len(others) + [LAST_MILLISECONDS],
                loop=0,
            ),
        )
        return path

    def _open(self, step):
        return Image.open(io.BytesIO(self.at(step)[1]))
