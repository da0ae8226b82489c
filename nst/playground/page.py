"""What a person sees and touches: controls, pictures and words around one run."""

import base64
import html
from collections.abc import Callable, Mapping
from pathlib import Path

from nst.playground import report
from nst.playground.controls import Group, Picture, button, row, text
from nst.playground.keeping import Keeping
from nst.playground.pictures import PicturePicker
from nst.playground.run import Run
from nst.playground.setup import Setup
from nst.playground.steering import Steering
from nst.playground.viewer import Viewer
from nst.plots import show_images
from nst.transfer import StyleTransfer

import ipywidgets as widgets
from IPython import display

STYLESHEET = Path(__file__).with_name("page.css").read_text(encoding="utf-8")


class Page(widgets.VBox):
    """The controls, and what is shown of a run; what they do is the `Playground`'s.

    Args:
        content: Path, uint8 array `[H, W, 3]`, or `None` for the first sample.
        style: Likewise.
        settings: Of `StyleTransfer`: where the controls stand at first.
        steps: How many to take.
        steer: Called with the name and the value of a slider that is moved.

    Attributes:
        run: The latest `Run`, or `None`.
    """

    run: Run | None = None

    def __init__(
        self,
        content,
        style,
        settings: Mapping,
        steps: int,
        steer: Callable[[str, float], None],
    ) -> None:
        self.run_button = button("Run", "play", "primary")
        self.pause_button = button("Pause", "pause")
        self.stop_button = button("Stop", "stop")
        self.reset_button = button("Reset", "undo")
        self.status, self.note, self.shares = text(), text(), text()
        self.curves = Picture(format="png").add_class("nst-curves")
        self.viewer = Viewer()
        self.picture, self.timeline = self.viewer.picture, self.viewer.timeline
        self.steering, self.setup = Steering(settings, steer), Setup(settings, steps)
        self.pickers = {
            kind: PicturePicker(kind, given, self)
            for kind, given in (("content", content), ("style", style))
        }
        self.uploads = {kind: picker.upload for kind, picker in self.pickers.items()}
        self.keeping = Keeping(self)
        self.save_button = self.keeping.save_button
        self.name_controls()
        super().__init__(self._arrange())

    @property
    def transfer(self) -> StyleTransfer | None:
        """The transfer of the latest run, once it is built."""
        return self.run and self.run.session.transfer

    @property
    def changes(self) -> list[tuple[int, str, float]]:
        """What was changed in the latest run: `(step, name, value)`."""
        return list(self.run.session.changes) if self.run else []

    def name_controls(self) -> None:
        """Make each control an attribute that is called as its setting."""
        controls = self.steering.controls | self.setup.controls
        controls |= {kind: picker.chosen for kind, picker in self.pickers.items()}
        controls["steps"] = self.setup.steps
        for name, control in controls.items():
            setattr(self, name, control)

    def settings(self) -> dict:
        """Tell where the controls stand, as settings of `StyleTransfer`."""
        return self.steering.settings() | self.setup.settings()

    def say(self, words: str) -> None:
        """Tell what was done."""
        self.note.value = html.escape(words)

    def say_error(self, error) -> None:
        """Tell what could not be done."""
        words = html.escape(str(error))
        self.note.value = f'<span role="alert"><b>⚠ Error:</b> {words}</span>'

    def show_state(self) -> None:
        """Tell how the run stands, and enable the buttons that do something."""
        run = self.run
        session = run and run.session
        state = session.state if session else "ready"
        active = session is not None and session.active
        self.learning_rate.disabled = self.optimizer.value == "lbfgs"
        self.run_button.disabled = active
        self.stop_button.disabled = not active
        self.pause_button.disabled = state not in ("running", "paused")
        self.pause_button.description = "Resume" if state == "paused" else "Pause"
        self.pause_button.icon = "play" if state == "paused" else "pause"
        if session is None:
            self.status.value = "Ready: press Run, then move a slider."
        else:
            self.status.value = report.status(session)
            if session.error:
                self.say_error(session.error)

    def show_losses(self, curves: bytes = b"", words: str = "") -> None:
        """Show the curves, a PNG, and in words which of them wins."""
        # Without bytes a browser would show the sign of a broken picture.
        self.curves.layout.visibility = "visible" if curves else "hidden"
        self.curves.value, self.shares.value = curves, words
        self.curves.tooltip = f"The losses over the steps. {words}"

    def as_html(self) -> str:
        """Write the status and the picture as plain HTML."""
        picture = base64.b64encode(self.picture.value).decode()
        return (
            f"<p>{self.status.value}</p>"
            f'<img width="448" alt="{self.picture.tooltip}" '
            f'src="data:image/jpeg;base64,{picture}">'
        )

    def show_run(self, pictures: int = 6) -> None:
        """Show the run so far as plain pictures, which a saved notebook keeps.

        Args:
            pictures: How many, from the first to the last.
        """
        if not (self.run and self.run.step):
            print("Nothing has run yet: press Run above, then run this cell again.")
            return
        strip = self.run.frames.strip(pictures)
        captions = [f"step {step}" if step else "start" for step in strip]
        title = f"{self.transfer.network.upper()}, {self.transfer.size} px"
        show_images(list(strip.values()), captions, 6, 2.0, title)
        curves = report.draw_curves(self.transfer.history, self.changes)
        display.display(display.Image(curves, alt="The losses over the steps"))

    def as_python(self) -> str:
        """Write the Python that repeats the latest run without widgets.

        Raises:
            ValueError: If there was no run.
        """
        return self.keeping.as_python()

    def _arrange(self):
        buttons = [self.run_button, self.pause_button]
        buttons += [self.stop_button, self.reset_button]
        groups = [
            *(self.viewer, self.steering),
            Group("Losses", self.curves, self.shares),
            Group("Pictures: a change starts the run anew", *self.pickers.values()),
            *(self.setup, self.keeping),
        ]
        return [
            widgets.HTML(f"<style>{STYLESHEET}</style>"),
            row(*buttons, wrap=True),
            *(self.status, self.note),
            widgets.Box(groups).add_class("nst-columns"),
        ]
