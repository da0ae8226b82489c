"""The steps of one run, which can be steered, paused and stopped from any thread.

No widgets and no drawing here. Whoever watches asks the session for its state and takes
the steps that are new; the session never waits for anyone who watches.
"""

import threading
from collections import deque
from collections.abc import Callable
from contextlib import closing

# More steps than anyone waits for: the end is `Session.steps`, which may change.
LONGEST = 1_000_000
# Steps kept for a watcher that is late. Each holds a picture.
FRESH = 64


class Session:
    """One run of a transfer: waiting, building, running, paused, and then its end.

    Whatever ends it (its last step, `stop`, an error), `transfer` keeps the picture so
    far. A session runs once; the next run is a new session.

    Examples:
        >>> session = Session(lambda: nst.StyleTransfer("a.jpg", "b.jpg"), steps=80)
        ... # doctest: +SKIP
        >>> threading.Thread(target=session.work).start()  # doctest: +SKIP
        >>> session.change("beta", 1e5)  # doctest: +SKIP
        >>> session.wait()  # doctest: +SKIP

    Args:
        build: Makes the transfer. Called by the session, because it takes seconds.
        steps: How many to take; may be set while it runs.

    Attributes:
        state: `"waiting"`, `"building"`, `"running"`, `"paused"`, and at the end
            `"finished"`, `"stopped"` or `"failed"`.
        error: What went wrong, in a sentence, or "".
        transfer: The `StyleTransfer`, once it is built.
        start_image: The picture before the first step, uint8 `[H, W, 3]`.
        settings: The transfer's settings before its first step.
        changes: `(step, name, value)` of everything changed since, where `step` is the
            first that was taken with the new value.
        fresh: Steps that nobody has looked at yet, oldest first.
        last: The last step, or `None`.
        pace: Seconds that each of the last few steps took.
    """

    def __init__(self, build: Callable, steps: int) -> None:
        self.steps = steps
        self.state, self.error = "waiting", ""
        self.transfer = self.start_image = self.last = None
        self.settings: dict = {}
        self.changes: list[tuple[int, str, float]] = []
        self.fresh: deque = deque(maxlen=FRESH)
        self.pace: deque = deque(maxlen=10)
        self._build = build
        self._asked: dict[str, float] = {}
        self._lock = threading.Lock()
        self._go, self._stop, self._ended = (threading.Event() for _ in range(3))
        self._go.set()

    @property
    def active(self) -> bool:
        """Whether it has not ended and was not told to."""
        return not (self._stop.is_set() or self._ended.is_set())

    @property
    def taken(self) -> int:
        """How many steps were taken."""
        return self.last.number if self.last else 0

    def pause(self) -> None:
        """Take no further step until `resume` or `stop`."""
        with self._lock:
            if self.state == "running" and not self._stop.is_set():
                self.state = "paused"
                self._go.clear()

    def resume(self) -> None:
        """Go on after `pause`."""
        with self._lock:
            if self.state == "paused":
                self.state = "running"
                self._go.set()

    def stop(self) -> None:
        """End after the step that is being taken; return at once."""
        with self._lock:
            self._stop.set()
            self._go.set()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it has ended.

        Args:
            timeout: Seconds; `None` for as long as it takes.

        Returns:
            Whether it has ended.
        """
        return self._ended.wait(timeout)

    def wait_for_step(self, number: int) -> bool:
        """Wait until a step is taken, or it has ended before.

        Args:
            number: Of the step.

        Returns:
            Whether the step was taken.
        """
        while self.taken < number and not self.wait(0.005):
            pass
        return self.taken >= number

    def change(self, name: str, value: float) -> None:
        """Let every step from the next one on use another weight or learning rate.

        Args:
            name: `"alpha"`, `"beta"`, `"tv_weight"`, `"learning_rate"` or a layer's.
            value: The new value.
        """
        with self._lock:
            self._asked[name] = value

    def work(self) -> None:
        """Build and run on the calling thread, until the end."""
        end = "failed"
        try:
            if not self._stop.is_set():
                self._enter("building")
                self.transfer = self._build()
                self._apply_changes(first=True)
                self.settings = self.transfer.settings()
                self.start_image = self.transfer.image
                self._enter("running")
                self._take_steps()
            end = "stopped" if self._stop.is_set() else "finished"
        except MemoryError as error:
            self.error = str(error) or "The memory is full; choose a smaller size."
        # Whatever it is, a thread's traceback would reach nobody: tell it on the page.
        except Exception as error:
            self.error = str(error) or type(error).__name__
        finally:
            self._enter(end)
            self._ended.set()

    def _take_steps(self):
        with closing(self.transfer.run(LONGEST)) as run:
            while True:
                self._go.wait()
                if self._stop.is_set() or self.transfer.steps >= self.steps:
                    return
                self._apply_changes()
                self.last = next(run)
                self.fresh.append(self.last)
                self.pace.append(self.last.seconds)

    def _apply_changes(self, first=False):
        with self._lock:
            asked, self._asked = self._asked, {}
        for name, value in asked.items():
            if name in self.transfer.layer_weights:
                self.transfer.layer_weights[name] = value
            else:
                setattr(self.transfer, name, value)
            if not first:
                self.changes.append((self.transfer.steps + 1, name, value))

    def _enter(self, state):
        with self._lock:
            self.state = state
