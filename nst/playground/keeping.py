"""What a person may keep of a run: its picture, its animation, its Python."""

from nst.playground.controls import FITTING, Group, button, choice, row
from nst.playground.frames import ANIMATIONS

import ipywidgets as widgets


class Keeping(Group):
    """Buttons that save the latest run of a `Page`, which is told what was done."""

    def __init__(self, page) -> None:
        self._page = page
        self.save_button = button("Save picture (PNG)", "download")
        self.animation = choice("Animation as", list(ANIMATIONS), ".gif")
        self.save_run_button = button("Save run", "film")
        self.python_button = button("Show as Python", "code")
        self.python = widgets.Textarea(
            placeholder="The Python that repeats this run, to copy from here.",
            description="Python",
            rows=6,
            style=FITTING,
            layout=widgets.Layout(width="auto"),
        )
        self.save_button.on_click(lambda _: self._keep(self._save_picture))
        self.save_run_button.on_click(lambda _: self._keep(self._save_run))
        self.python_button.on_click(lambda _: self._keep(self._write_python))
        super().__init__(
            "Keep",
            row(self.save_button),
            row(self.animation, self.save_run_button),
            row(self.python_button),
            self.python,
        )

    def as_python(self) -> str:
        """Write the Python that repeats the latest run.

        Raises:
            ValueError: If nothing has run.
        """
        return self._run().as_python()

    def _run(self):
        run = self._page.run
        if run is None or run.step is None:
            raise ValueError(
                "Expected a run to keep, but nothing has run yet; press Run first."
            )
        return run

    def _keep(self, keep):
        try:
            self._page.say(keep())
        except (OSError, ValueError) as error:
            self._page.say_error(error)

    def _save_picture(self):
        return f"Saved {self._run().save_picture()}, with its settings."

    def _save_run(self):
        return f"Saved {self._run().save_animation(self.animation.value)}."

    def _write_python(self):
        self.python.value = self.as_python()
        return "The Python in the box repeats this run; copy it from there."
