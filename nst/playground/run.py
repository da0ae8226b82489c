"""One run as a page sees it: its pictures and curves, and what is kept of it.

The steps are a `Session`'s, on one thread. Another thread looks at them a few times a
second and makes what a page shows, so no step ever waits for a picture.
"""

import atexit
import threading
import time
import weakref
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from nst.images import SAMPLES, load_image, save_image
from nst.playground.frames import Frames
from nst.playground.report import balance, draw_curves, repeat_in_python
from nst.playground.session import Session
from nst.pretrained import choose_network
from nst.tasks import results_folder
from nst.transfer import StyleTransfer

import numpy as np

# Where the browser works on the same two cores, these cost a run of 128 px less than a
# tenth of its pace: so many pictures, and this share of the time to draw the curves.
LOOKS_PER_SECOND = 3
DRAWING_SHARE, DRAWING_PAUSE = 0.03, 1.0
LAST_RESULT = "last result"


class Source(NamedTuple):
    """A picture, and what a person and Python call it.

    Attributes:
        name: What a person calls it.
        picture: Its path, or itself as uint8 `[H, W, 3]`.
        code: How Python calls it.
    """

    name: str
    picture: Path | np.ndarray
    code: str

    @classmethod
    def of(cls, path: Path) -> "Source":
        """Describe a file: a sample wherever it lies, any other by its path."""
        code = repr(str(path))
        if path.parent.parent == SAMPLES:
            code = f'nst.images.SAMPLES / "{path.parent.name}" / "{path.name}"'
        return cls(path.stem, path, code)

    def load(self) -> np.ndarray:
        """Read it: uint8 `[H, W, 3]`."""
        picture = self.picture
        return picture if hasattr(picture, "shape") else load_image(picture)


class Run:
    """A session, its frames, its curves, and the thread that makes them.

    Args:
        content: Source of the photograph.
        style: Source of the painting.
        settings: Of `StyleTransfer`. `init` may also be `"last result"`.
        steps: How many to take.
        before: The run before this one; it has to end first.

    Attributes:
        session: The `Session`.
        frames: The pictures kept.
        step: The latest step looked at, or `None`.
        curves: PNG of the losses, or nothing yet.
        balance: What the curves show, in words.
    """

    def __init__(
        self,
        content: Source,
        style: Source,
        settings: Mapping,
        steps: int,
        before: "Run | None" = None,
    ) -> None:
        self.content, self.style = content, style
        self.frames, self.step = Frames(), None
        self.curves, self.balance = b"", ""
        self._settings, self._before = dict(settings), before
        self._threads: list[threading.Thread] = []
        self._drawn, self._draw_at = None, 0.0
        self.session = Session(self._build, steps)

    @property
    def result(self) -> np.ndarray | None:
        """The latest picture of this run, or of one before: uint8 `[H, W, 3]`."""
        if self.session.transfer is not None:
            return self.session.transfer.image
        return self._before and self._before.result

    def start(self, show: Callable[["Run"], None]) -> None:
        """Begin behind the page, and return at once.

        Args:
            show: Called a few times a second, and once more when the run has ended.
        """
        self._begin("nst-run", self.session.work)
        self._begin("nst-page", self._watch, show)

    def take_place(self, show: Callable[["Run"], None]) -> None:
        """Begin, and show it on the calling thread until its end or an interrupt.

        Args:
            show: As in `start`.
        """
        self._begin("nst-run", self.session.work)
        try:
            self._watch(show)
        except KeyboardInterrupt:
            self.session.stop()
            self._watch(show)
        self.wait()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it has ended and its end was shown, and the run before likewise.

        Args:
            timeout: Seconds; `None` for as long as it takes.

        Returns:
            Whether it has.
        """
        end = None if timeout is None else time.monotonic() + timeout
        before = self._before
        if before is not None and not before.wait(timeout):
            return False
        for thread in self._threads:
            thread.join(end and max(0.0, end - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def save_picture(self) -> Path:
        """Write the latest picture as PNG, with all that is needed to repeat it."""
        last, session = self.session.last, self.session
        settings = session.settings | {
            "content": self.content.name,
            "style": self.style.name,
            "steps": last.number,
            "changes": session.changes,
        }
        return save_image(last.image, self._free_path(".png"), settings)

    def save_animation(self, ending: str) -> Path:
        """Write the frames as `".gif"` or `".webp"`."""
        return self.frames.save(self._free_path(ending))

    def as_python(self) -> str:
        """Write the Python that repeats it without widgets, its changes included."""
        session = self.session
        return repeat_in_python(
            self.content.code,
            self.style.code,
            session.settings,
            session.changes,
            session.taken,
        )

    def _begin(self, name, work, *arguments):
        # Python waits for threads that are no daemons before `atexit` could stop them.
        thread = threading.Thread(target=work, args=arguments, name=name, daemon=True)
        _begun.add(self)
        self._threads.append(thread)
        thread.start()

    def _build(self):
        """Make the transfer, on the session's thread: it may take seconds."""
        settings, before = self._settings, self._before
        if before is not None:
            before.wait()
        # The page tells in words which network is used; it needs no warning.
        settings["network"], _ = choose_network(
            settings["network"], settings["weights"]
        )
        if isinstance(settings["init"], str) and settings["init"] == LAST_RESULT:
            settings["init"] = before and before.result
            if settings["init"] is None:
                raise ValueError(
                    "Expected the result of a run before to start from, but there is "
                    "none; choose another start."
                )
        transfer = StyleTransfer(self.content.picture, self.style.picture, **settings)
        # Only the picture was needed; holding on would keep every run in memory.
        self._before = None
        return transfer

    def _watch(self, show):
        try:
            while not self.session.wait(1 / LOOKS_PER_SECOND):
                self._look()
                if time.monotonic() >= self._draw_at:
                    self._draw()
                show(self)
            self._look()
            self._draw()
        # A thread's traceback would reach nobody: the page tells it.
        except Exception as error:
            self.session.stop()
            self.session.wait()
            self.session.error = str(error) or type(error).__name__
        finally:
            show(self)

    def _look(self):
        """Keep the pictures of the new steps that are due, and of the latest."""
        session, frames = self.session, self.frames
        if session.start_image is not None and not frames.steps:
            frames.add(0, session.start_image)
        step = None
        while session.fresh:
            step = session.fresh.popleft()
            if step.number % frames.stride == 0 or not session.fresh:
                frames.add(step.number, step.image)
        self.step = step or self.step

    def _draw(self):
        if self.step is not self._drawn:
            began, self._drawn = time.thread_time(), self.step
            history, changes = self.session.transfer.history, self.session.changes
            self.curves = draw_curves(history, changes)
            self.balance = balance(self.step, changes)
            pause = max(DRAWING_PAUSE, (time.thread_time() - began) / DRAWING_SHARE)
            self._draw_at = time.monotonic() + pause

    def _free_path(self, ending):
        stem = f"{self.content.name}_{self.style.name}_playground"
        number, path = 1, results_folder() / f"{stem}{ending}"
        while path.exists():
            number += 1
            path = path.with_name(f"{stem}_{number}{ending}")
        return path


_begun: weakref.WeakSet[Run] = weakref.WeakSet()


@atexit.register
def _end_with_python() -> None:
    """Let every thread end: one that computes while Python is taken down aborts it."""
    for run in list(_begun):
        run.session.stop()
    for run in list(_begun):
        run.wait()
