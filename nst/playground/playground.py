"""What the controls do: run, pause, stop, steer, and build anew.

Callbacks may come on any thread: of the notebook's choice when a control is used, of
the run when it has something to show.
"""

import sys
import threading

from nst.images import resize_image
from nst.playground.controls import close
from nst.playground.frames import Frames
from nst.playground.page import Page
from nst.playground.run import Run
from nst.playground.setup import complete
from nst.recipes import get_recipe

from IPython import display


class Playground(Page):
    """A page on which a style transfer runs and is steered.

    As the last expression of a cell it shows itself. The sliders act on the step after;
    what needs the network or the pictures anew (recipe, size, pictures, layers,
    optimiser) starts the run again and says so. There is one playground at a time:
    making another closes the one before.

    Examples:
        >>> ui = Playground(network="vgg16")  # doctest: +SKIP
        >>> ui.run_button.click()  # doctest: +SKIP
        >>> ui.beta.value = 1e5  # doctest: +SKIP
        >>> ui.wait()  # doctest: +SKIP
        >>> ui.show_run()  # doctest: +SKIP

    Every control is a widget and an attribute, called as the setting of
    `StyleTransfer`: `alpha`, `beta`, `layer_weights[name]`, `tv_weight`,
    `learning_rate`, `content`, `style`, `recipe`, `init`, `size`, `seed`,
    `content_layer`, `optimizer`, `network`; and so are `steps`, `run_button`,
    `pause_button`, `stop_button`, `reset_button`, `timeline`, `picture`, `curves`.
    Another recipe makes other sliders.

    Args:
        content: Photograph, a path or a uint8 array `[H, W, 3]`; by default the first
            sample.
        style: Painting, likewise.
        network: `"auto"`, `"vgg19"` or `"vgg16"`.
        size: Longest side of the picture, in pixels.
        steps: How many to take.
        **settings: Others of `StyleTransfer`: where the controls stand at first.

    Raises:
        TypeError: If there is no such setting.
        ValueError: If a picture or a setting cannot be used.
        FileNotFoundError: If a picture is not there.
    """

    _latest = _before = None

    def __init__(
        self,
        content=None,
        style=None,
        network: str = "auto",
        size: int = 192,
        steps: int = 200,
        **settings,
    ) -> None:
        self._settings = complete(network=network, size=size, **settings)
        if Playground._latest is not None:
            Playground._latest.close()
        super().__init__(content, style, self._settings, steps, self._steer)
        self._lock, self._following_recipe = threading.RLock(), False
        self._connect()
        self.show_losses()
        self._preview()
        self.show_state()
        Playground._latest = self

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the run has ended and the page shows its end.

        Args:
            timeout: Seconds; `None` for as long as it takes.

        Returns:
            Whether it has ended.
        """
        run = self.run or self._before
        return run is None or run.wait(timeout)

    def wait_for_step(self, number: int) -> bool:
        """Wait until the run has taken a step, or has ended before it.

        Args:
            number: Of the step.

        Returns:
            Whether the step was taken.
        """
        return self.run is not None and self.run.session.wait_for_step(number)

    def close(self) -> None:
        """Stop the run, wait for its step, and take the page away."""
        self._stop()
        self.wait()
        close(self)
        if Playground._latest is self:
            Playground._latest = None

    def run_here(self) -> None:
        """Run while the cell that calls this waits, for pages no thread can update.

        Google Colab is one. An interrupt ends the run, and the picture so far stays.
        """
        self._stop()
        self.wait()
        handle = display.display(display.HTML(""), display_id=True)

        def show(run):
            self._show(run)
            handle.update(display.HTML(self.as_html()))

        self._new_run().take_place(show)

    def _connect(self):
        self.run_button.on_click(lambda _: self._press_run())
        self.pause_button.on_click(lambda _: self._pause())
        self.stop_button.on_click(lambda _: self._stop())
        self.reset_button.on_click(lambda _: self._reset())
        self.recipe.observe(self._follow_recipe, "value")
        rebuilt = [self.content, self.style, self.init, self.size, self.seed]
        rebuilt += [self.content_layer, self.optimizer, self.network]
        for control in rebuilt:
            control.observe(self._rebuild, "value")
        self.steps.observe(self._change_steps, "value")

    def _press_run(self):
        if "google.colab" in sys.modules:
            self.say(
                "Google Colab shows nothing that happens behind a page: run "
                "ui.run_here() in the next cell, and interrupt that cell to stop."
            )
            return
        with self._lock:
            if not self._is_active():
                self.say("")
                self._begin()

    def _pause(self):
        with self._lock:
            if self.run is not None:
                session = self.run.session
                session.resume() if session.state == "paused" else session.pause()
                self.show_state()

    def _stop(self):
        # Python itself may call this, on any thread: no lock.
        run = self.run
        if run is not None:
            run.session.stop()
            self.show_state()

    def _reset(self):
        self._stop()
        with self._lock:
            self._before, self.run = self.run or self._before, None
            self.steering.reset()
            self.show_losses()
            self._preview()
            self.show_state()
        self.say("Reset: the sliders and the picture are as at the beginning.")

    def _steer(self, name, value):
        with self._lock:
            if self._is_active():
                self.run.session.change(name, value)

    def _change_steps(self, change):
        with self._lock:
            if self._is_active():
                self.run.session.steps = change.new

    def _follow_recipe(self, change):
        """Bring every control to where the recipe has it; its layers may be others."""
        with self._lock:
            recipe = get_recipe(change.new).settings()
            self._settings |= recipe
            self._following_recipe = True
            self.steering.place(recipe)
            self.setup.place(recipe)
            self.name_controls()
            self._following_recipe = False
            self._rebuild(change)

    def _rebuild(self, change):
        with self._lock:
            if self._following_recipe:
                return
            what = change.owner.description
            self.show_state()
            if self.run is None:
                self._preview()
            elif self._is_active():
                self.say(f"{what} changed: built anew, the run began again.")
                self.run.session.stop()
                self._begin()
            else:
                self.say(f"{what} changed: the next run is built with it.")

    def _begin(self):
        with self._lock:
            self._new_run().start(self._show)
            self.show_state()

    def _new_run(self):
        with self._lock:
            self.run = Run(
                self.pickers["content"].source,
                self.pickers["style"].source,
                self._settings | self.settings(),
                self.steps.value,
                self.run or self._before,
            )
            self.viewer.watch(self.run.frames)
            self.show_losses()
            return self.run

    def _is_active(self):
        return self.run is not None and self.run.session.active

    def _show(self, run):
        """Bring a run to the page, unless another has taken its place."""
        with self._lock:
            if run is not self.run:
                return
            self.viewer.follow()
            self.show_losses(run.curves, run.balance)
            self.show_state()

    def _preview(self):
        """Show the picture that the next run starts from, or else its content."""
        kind = "style" if self.init.value == "style" else "content"
        picture = self.pickers[kind].source.load()
        frames = Frames()
        frames.add(0, resize_image(picture, self.size.value))
        self.viewer.watch(frames)
