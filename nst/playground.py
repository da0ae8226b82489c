"""The playground: steer a running style transfer with sliders, in a notebook.

The only module that imports ipywidgets. The run itself is a `Session` on a thread of
its own; another thread looks at it a few times a second and brings what it sees to the
page. So no step ever waits for the page, and the page never waits for a step.
"""

import base64
import functools
import html
import inspect
import io
import math
import sys
import threading
from pathlib import Path

from nst import report
from nst.frames import Frames, encode
from nst.images import SAMPLES, load_image, resize_image
from nst.plots import show_images
from nst.recipes import RECIPES, get_recipe
from nst.run import LAST_RESULT, Run, Source
from nst.start import STARTS
from nst.transfer import StyleTransfer
from nst.vgg import STYLE_LAYERS, layer_names

import ipywidgets as widgets
import matplotlib.pyplot as plt
from IPython import display

SIZES = (64, 96, 128, 192, 256, 384, 512)
THUMBNAIL = 128
# The end of the time line, in per cent of the run: whoever is here follows the run.
LATEST = 100
GIVEN_START = "the given picture"
DEFAULTS = {
    name: parameter.default
    for name, parameter in inspect.signature(StyleTransfer).parameters.items()
    if parameter.default is not parameter.empty
}
STYLESHEET = """<style>
.nst-columns { display: grid; gap: 12px;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 380px), 1fr)); }
.nst-group { border: 1px solid var(--jp-border-color2, #bdbdbd); border-radius: 4px;
  padding: 8px 12px; box-sizing: border-box; min-width: 0; }
.nst-group h4 { margin: 0; }
.nst-group .widget-readout { min-width: 44px; }
.nst-picture.jupyter-widgets, .nst-curves.jupyter-widgets { margin: 2px 0; }
.nst-picture { width: 100%; max-width: 448px; height: auto; aspect-ratio: 1;
  object-fit: contain; align-self: center; }
.nst-curves { width: 100%; height: auto; aspect-ratio: 5.6 / 3.8; }
.nst-say { line-height: 1.4; white-space: normal; }
</style>"""


class Playground(widgets.VBox):
    """A page on which a style transfer runs and is steered.

    As the last expression of a cell it shows itself. The sliders act on the step after;
    what needs the network or the pictures anew (size, pictures, layers, optimiser)
    starts the run again and says so. There is one playground at a time: making another
    closes the one before.

    Examples:
        >>> ui = Playground(network="vgg16")  # doctest: +SKIP
        >>> ui.run_button.click()  # doctest: +SKIP
        >>> ui.beta.value = 1e5  # doctest: +SKIP
        >>> ui.wait()  # doctest: +SKIP
        >>> ui.show_run()  # doctest: +SKIP

    Every control is a widget and an attribute: `alpha`, `beta`, `layer_weights[name]`,
    `tv_weight`, `learning_rate`, `content`, `style`, `uploads[kind]`, `start`, `size`,
    `steps`, `seed`, `content_layer`, `optimizer`, `network`, `run_button`,
    `pause_button`, `stop_button`, `reset_button`, `timeline`, `picture`, `curves`.

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

    _latest = _run = _before = None

    def __init__(
        self,
        content=None,
        style=None,
        network: str = "auto",
        size: int = 192,
        steps: int = 200,
        **settings,
    ) -> None:
        inspect.signature(StyleTransfer).bind(content, style, **settings)
        if Playground._latest is not None:
            Playground._latest.close()
        recipe = settings.get("recipe", DEFAULTS["recipe"])
        self._settings = DEFAULTS | get_recipe(recipe).settings() | settings
        self._following_recipe = False
        self._lock = threading.RLock()
        self._frames = Frames()
        self._make_run_controls(steps)
        self._make_sliders()
        self._make_choices(network, size)
        self._sources, self.uploads = {}, {}
        self.content, content_box = self._make_picker("content", content)
        self.style, style_box = self._make_picker("style", style)
        self._make_keepers()
        super().__init__(self._arrange(content_box, style_box))
        self._connect()
        self._show_ratio()
        self._show_curves(b"")
        self._preview()
        self._show_state()
        Playground._latest = self

    @property
    def transfer(self) -> StyleTransfer | None:
        """The transfer of the latest run, once it is built."""
        return self._run and self._run.session.transfer

    @property
    def changes(self) -> list[tuple[int, str, float]]:
        """What was changed in the latest run: `(step, name, value)`."""
        return list(self._run.session.changes) if self._run else []

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the run has ended and the page shows its end.

        Args:
            timeout: Seconds; `None` for as long as it takes.

        Returns:
            Whether it has ended.
        """
        run = self._run or self._before
        return run is None or run.wait(timeout)

    def wait_for_step(self, number: int) -> bool:
        """Wait until the run has taken a step, or has ended before it.

        Args:
            number: Of the step.

        Returns:
            Whether the step was taken.
        """
        session = self._run and self._run.session
        while session and session.taken < number and not session.wait(0.005):
            pass
        return session is not None and session.taken >= number

    def close(self) -> None:
        """Stop the run, wait for its step, and take the page away."""
        if self._run is not None:
            self._run.session.stop()
        self.wait()
        for part in _parts(self):
            part.close()
        super().close()

    def show_run(self, pictures: int = 6) -> None:
        """Show the run so far as plain pictures, which a saved notebook keeps.

        Args:
            pictures: How many, from the first to the last.
        """
        if not self._has_run():
            print("Nothing has run yet: press Run above, then run this cell again.")
            return
        strip = self._run.frames.strip(pictures)
        captions = [f"step {step}" if step else "start" for step in strip]
        title = f"{self.transfer.network.upper()}, {self.transfer.size} px"
        show_images(list(strip.values()), captions, 6, 2.0, title)
        figure = plt.figure(figsize=(9, 4.5))
        report.draw_run(figure, self.transfer.history, self.changes)
        plt.show()

    def as_python(self) -> str:
        """Write the Python that repeats the latest run without widgets.

        Raises:
            ValueError: If there was no run.
        """
        if not self._has_run():
            raise ValueError(
                "Expected a run to repeat, but there was none; press Run first."
            )
        return self._run.as_python()

    def run_here(self) -> None:
        """Run in the cell that calls this, for pages that no thread can update.

        Google Colab is one. An interrupt ends the run, and the picture so far stays.
        """
        self._stop()
        self.wait()
        handle = display.display(display.HTML(""), display_id=True)

        def show(run):
            self._show(run)
            picture = base64.b64encode(self.picture.value).decode()
            handle.update(
                display.HTML(
                    f"<p>{self.status.value}</p>"
                    f'<img width="448" src="data:image/jpeg;base64,{picture}">'
                )
            )

        self._new_run().take_place(show)

    # The page: what is on it.

    def _make_run_controls(self, steps):
        self.run_button = _button("Run", "play", "primary")
        self.pause_button = _button("Pause", "pause")
        self.stop_button = _button("Stop", "stop")
        self.reset_button = _button("Reset", "undo")
        self.status, self.note = _text(), _text()
        self.picture = widgets.Image(format="jpeg").add_class("nst-picture")
        self.curves = widgets.Image(format="png").add_class("nst-curves")
        self.shares = _text()
        self.timeline = widgets.IntSlider(
            LATEST, description="Time line, % of the run", style=_FITTING
        )
        self.play = widgets.Play(LATEST, show_repeat=False)
        self.steps = _whole_number("Steps", steps, 1, 100_000)

    def _make_sliders(self):
        given = self._settings
        self.alpha = _log_slider("Content weight α", given["alpha"], -3, 3)
        self.beta = _log_slider("Style weight β", given["beta"], 0, 7)
        self.ratio = _text()
        self.learning_rate = _log_slider("Learning rate", given["learning_rate"], -1, 2)
        self.learning_rate.disabled = given["optimizer"] == "lbfgs"
        self.tv_weight = _slider("Total variation", given["tv_weight"], 5000, 50)
        weights = given["layer_weights"]
        if weights is None:
            weights = dict.fromkeys(STYLE_LAYERS, 1 / len(STYLE_LAYERS))
        self.layer_weights = {
            name: _slider(name, weight, 1, 0.01) for name, weight in weights.items()
        }
        self.equal_button = _button("All layers equal")
        self.only_buttons = {name: _button("Only this") for name in weights}
        self._steered = {
            "alpha": self.alpha,
            "beta": self.beta,
            "tv_weight": self.tv_weight,
            "learning_rate": self.learning_rate,
            **self.layer_weights,
        }
        self._at_first = {name: w.value for name, w in self._steered.items()}

    def _make_choices(self, network, size):
        given = self._settings
        init = given["init"]
        self.recipe = _choice("Recipe", list(RECIPES), given["recipe"])
        starts = [*STARTS, LAST_RESULT]
        if not isinstance(init, str) or init not in starts:
            starts, init = [*starts, GIVEN_START], GIVEN_START
        self.start = _choice("Start from", starts, init)
        self.size = _choice("Size in pixels", sorted({*SIZES, size}), size)
        self.seed = _whole_number("Seed of the noise", given["seed"], 0, 2**31 - 1)
        layers = layer_names("auto")
        self.content_layer = _choice("Content layer", layers, given["content_layer"])
        optimizers = [
            ("Adam", "adam"),
            ("Gradient descent", "sgd"),
            ("L-BFGS, the paper's", "lbfgs"),
        ]
        self.optimizer = _choice("Optimiser", optimizers, given["optimizer"])
        networks = [
            ("VGG19, else VGG16", "auto"),
            ("VGG19, the paper's", "vgg19"),
            ("VGG16, bundled", "vgg16"),
        ]
        self.network = _choice("Network", networks, network)

    def _make_picker(self, kind, given):
        """Make a thumbnail, a list of pictures and an upload for one of the two."""
        files = sorted((SAMPLES / kind).glob("*.*"))
        sources = {path.stem: Source.of(path) for path in files}
        label = next(iter(sources), None)
        if hasattr(given, "shape"):
            label = f"given {kind}"
            sources[label] = Source(label, given, kind)
        elif given is not None:
            label = Path(given).stem
            sources[label] = Source.of(Path(given))
        self._sources[kind] = sources
        name = {"content": "Content", "style": "Style"}[kind]
        picker = _choice(name, list(sources), label)
        picker.style = _FITTING
        upload = widgets.FileUpload(
            accept="image/*", description="Upload your own", layout=_auto()
        )
        thumbnail = widgets.Image(format="jpeg", height=THUMBNAIL)

        def show(_=None):
            image = sources[picker.value].load()
            thumbnail.value = encode(resize_image(image, THUMBNAIL))

        def take(change):
            for file in change.new:
                self._take_upload(kind, picker, file)
            upload.value = ()

        show()
        picker.observe(show, "value")
        upload.observe(take, "value")
        self.uploads[kind] = upload
        controls = widgets.VBox([picker, upload])
        controls.layout.flex = "1 1 150px"
        return picker, _row(thumbnail, controls, wrap=True)

    def _make_keepers(self):
        self.save_button = _button("Save picture (PNG)", "download")
        self.animation = _choice("Animation as", [".gif", ".webp"], ".gif")
        self.save_run_button = _button("Save run", "film")
        self.python_button = _button("Show as Python", "code")
        self.python = widgets.Textarea(
            placeholder="The Python that repeats this run, to copy from here.",
            description="Python",
            rows=6,
            style=_FITTING,
            layout=_auto(),
        )

    def _arrange_sliders(self):
        rows = []
        for name, slider in self.layer_weights.items():
            slider.style, slider.layout.flex = _FITTING, "1 1 auto"
            rows.append(_row(slider, self.only_buttons[name]))
        return _group(
            "Steer: acts on the next step",
            *(self.alpha, self.beta, self.ratio),
            widgets.HTML("Style layers' weights w, from fine to coarse texture:"),
            *(*rows, _row(self.equal_button)),
            *(self.tv_weight, self.learning_rate),
        )

    def _arrange(self, content_box, style_box):
        self.timeline.layout = widgets.Layout(flex="1 1 200px", width="auto")
        self._steer_group = self._arrange_sliders()
        groups = [
            _group("Picture", self.picture, _row(self.timeline, self.play, wrap=True)),
            self._steer_group,
            _group("Losses", self.curves, self.shares),
            _group("Pictures: a change starts anew", content_box, style_box),
            _group(
                "Set up: a change starts anew, except of the steps",
                *(self.recipe, self.steps, self.start, self.seed, self.size),
                *(self.content_layer, self.optimizer, self.network),
            ),
            _group(
                "Keep",
                _row(self.save_button),
                _row(self.animation, self.save_run_button),
                _row(self.python_button),
                self.python,
            ),
        ]
        buttons = [self.run_button, self.pause_button]
        buttons += [self.stop_button, self.reset_button]
        return [
            widgets.HTML(STYLESHEET),
            _row(*buttons, wrap=True),
            *(self.status, self.note),
            widgets.Box(groups).add_class("nst-columns"),
        ]

    def _connect(self):
        self.run_button.on_click(lambda _: self._press_run())
        self.pause_button.on_click(lambda _: self._pause())
        self.stop_button.on_click(lambda _: self._stop())
        self.reset_button.on_click(lambda _: self._reset())
        self.save_button.on_click(lambda _: self._keep(self._save_picture))
        self.save_run_button.on_click(lambda _: self._keep(self._save_run))
        self.python_button.on_click(lambda _: self._keep(self._write_python))
        self._connect_sliders()
        self.recipe.observe(self._follow_recipe, "value")
        rebuilt = [self.content, self.style, self.start, self.size, self.seed]
        rebuilt += [self.content_layer, self.optimizer, self.network]
        for widget in rebuilt:
            widget.observe(self._rebuild, "value")
        self.steps.observe(self._change_steps, "value")
        self.timeline.observe(lambda _: self._show_frame(), "value")
        widgets.link((self.play, "value"), (self.timeline, "value"))

    def _connect_sliders(self):
        self.equal_button.on_click(lambda _: self._weigh_equally())
        for name, button in self.only_buttons.items():
            button.on_click(lambda _, name=name: self._weigh_only(name))
        for name, slider in self._steered.items():
            slider.observe(functools.partial(self._steer, name), "value")

    # What happens when a control is used. Callbacks may come on any thread.

    def _press_run(self):
        if "google.colab" in sys.modules:
            self._say(
                "Google Colab shows nothing that happens behind a page: run "
                "ui.run_here() in the next cell, and interrupt that cell to stop."
            )
        elif not self._is_active():
            self._say("")
            self._begin()

    def _pause(self):
        if self._run is not None:
            session = self._run.session
            session.resume() if session.state == "paused" else session.pause()
            self._show_state()

    def _stop(self):
        if self._run is not None:
            self._run.session.stop()
            self._show_state()

    def _reset(self):
        self._stop()
        with self._lock:
            self._before, self._run = self._run or self._before, None
            for name, widget in self._steered.items():
                widget.value = self._at_first[name]
            self.shares.value = ""
            self._show_curves(b"")
            self._preview()
            self._show_state()
        self._say("Reset: the sliders and the picture are as at the beginning.")

    def _steer(self, name, change):
        if name in ("alpha", "beta"):
            self._show_ratio()
        with self._lock:
            if self._is_active():
                self._run.session.change(name, change.new)

    def _weigh_equally(self):
        for slider in self.layer_weights.values():
            slider.value = 1 / len(self.layer_weights)

    def _weigh_only(self, name):
        for layer, slider in self.layer_weights.items():
            slider.value = 1.0 if layer == name else 0.0

    def _change_steps(self, change):
        with self._lock:
            if self._run is not None:
                self._run.session.steps = change.new

    def _follow_recipe(self, change):
        """Bring every control to where the recipe has it; its layers may be others."""
        settings = get_recipe(change.new).settings()
        self._settings |= settings | {"recipe": change.new}
        self._following_recipe = True
        self._make_sliders()
        self._steer_group.children = self._arrange_sliders().children
        self._connect_sliders()
        self._show_ratio()
        self.start.value, self.optimizer.value = settings["init"], settings["optimizer"]
        self.content_layer.value = settings["content_layer"]
        self._following_recipe = False
        self._rebuild(change)

    def _rebuild(self, change):
        if self._following_recipe:
            return
        what = change.owner.description
        self.learning_rate.disabled = self.optimizer.value == "lbfgs"
        with self._lock:
            if self._run is None:
                self._preview()
            elif self._is_active():
                self._say(f"{what} changed: built anew, the run began again.")
                self._run.session.stop()
                self._begin()
            else:
                self._say(f"{what} changed: the next run is built with it.")

    def _take_upload(self, kind, picker, file):
        label = file["name"]
        data = io.BytesIO(bytes(file["content"]))
        data.name = label
        try:
            image = load_image(data)
        except (ValueError, OSError) as error:
            self._say_error(error)
            return
        self._sources[kind][label] = Source(Path(label).stem, image, repr(label))
        picker.options = [*(name for name in picker.options if name != label), label]
        picker.value = label
        self._say(f"{label} is used from memory; no copy is written.")

    # The run.

    def _begin(self):
        with self._lock:
            self._new_run().start(self._show)
            self._show_state()

    def _new_run(self):
        with self._lock:
            layer_weights = {n: w.value for n, w in self.layer_weights.items()}
            settings = self._settings | {"layer_weights": layer_weights}
            for name in ("alpha", "beta", "tv_weight", "learning_rate", "size", "seed"):
                settings[name] = getattr(self, name).value
            for name in ("content_layer", "optimizer", "network"):
                settings[name] = getattr(self, name).value
            if self.start.value != GIVEN_START:
                settings["init"] = self.start.value
            self._run = Run(
                self._sources["content"][self.content.value],
                self._sources["style"][self.style.value],
                settings,
                self.steps.value,
                self._run or self._before,
            )
            self._frames = self._run.frames
            self.timeline.value = LATEST
            return self._run

    def _is_active(self):
        return self._run is not None and self._run.session.active

    def _has_run(self):
        return self._run is not None and self._run.session.taken > 0

    # What the page shows.

    def _show(self, run):
        """Bring a run to the page, unless another has taken its place."""
        with self._lock:
            if run is not self._run:
                return
            if self.timeline.value == LATEST:
                self._show_frame()
            if run.step is not None:
                self.shares.value = report.balance(run.step, run.session.changes)
            self._show_curves(run.curves)
            self._show_state()

    def _show_frame(self):
        """Show the picture that the time line points at."""
        with self._lock:
            if steps := self._frames.steps:
                step = round(steps[-1] * self.timeline.value / LATEST)
                self.picture.value = self._frames.at(step)[1]

    def _show_curves(self, picture):
        # Without bytes a browser would show the sign of a broken picture.
        self.curves.layout.visibility = "visible" if picture else "hidden"
        self.curves.value = picture

    def _show_state(self):
        with self._lock:
            session = self._run and self._run.session
            state = session.state if session else "ready"
            active = self._is_active()
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
                    self._say_error(session.error)

    def _show_ratio(self):
        ratio = self.alpha.value / self.beta.value
        self.ratio.value = f"Ratio α/β = {ratio:.2g}: content against style"

    def _say(self, words):
        self.note.value = html.escape(words)

    def _say_error(self, error):
        words = html.escape(str(error))
        self.note.value = f'<span role="alert"><b>⚠ Error:</b> {words}</span>'

    def _preview(self):
        """Show the picture that the next run starts from, or else its content."""
        kind = "style" if self.start.value == "style" else "content"
        picture = self._sources[kind][getattr(self, kind).value].load()
        with self._lock:
            self._frames = Frames()
            self._frames.add(0, resize_image(picture, self.size.value))
            self.timeline.value = LATEST
            self._show_frame()

    # What is kept.

    def _keep(self, how):
        if not self._has_run():
            self._say("There is nothing to keep yet: press Run first.")
            return
        try:
            self._say(how(self._run))
        except (OSError, ValueError) as error:
            self._say_error(error)

    def _save_picture(self, run):
        return f"Saved {run.save_picture()}, with its settings."

    def _save_run(self, run):
        return f"Saved {run.save_animation(self.animation.value)}."

    def _write_python(self, run):
        self.python.value = run.as_python()
        return "The Python in the box repeats this run; copy it from there."


_LABEL = {"description_width": "10em"}
_FITTING = {"description_width": "initial"}


def _auto():
    return widgets.Layout(width="auto")


def _text():
    return widgets.HTML().add_class("nst-say")


def _button(description, icon="", kind=""):
    return widgets.Button(
        description=description, icon=icon, button_style=kind, layout=_auto()
    )


def _slider(description, value, most, step):
    return widgets.FloatSlider(
        value,
        min=0,
        max=max(most, value),
        step=step,
        description=description,
        readout_format=".2f" if most <= 1 else ".0f",
        style=_LABEL,
        layout=_auto(),
    )


def _log_slider(description, value, least, most):
    """Make a slider from 10^least to 10^most, or further if the value lies there."""
    exponent = math.log10(value) if value > 0 else least
    return widgets.FloatLogSlider(
        value,
        min=min(least, exponent),
        max=max(most, exponent),
        step=0.1,
        description=description,
        readout_format=".3g",
        style=_LABEL,
        layout=_auto(),
    )


def _whole_number(description, value, least, most):
    return widgets.BoundedIntText(
        value,
        min=least,
        max=most,
        description=description,
        style=_LABEL,
        layout=_auto(),
    )


def _choice(description, options, value):
    return widgets.Dropdown(
        options=options,
        value=value,
        description=description,
        style=_LABEL,
        layout=_auto(),
    )


def _row(*children, wrap=False):
    layout = widgets.Layout(flex_flow="row wrap" if wrap else "row nowrap")
    return widgets.Box(children, layout=layout)


def _group(title, *children):
    heading = widgets.HTML(f"<h4>{title}</h4>")
    return widgets.VBox([heading, *children]).add_class("nst-group")


def _parts(widget):
    for part in getattr(widget, "children", ()):
        yield part
        yield from _parts(part)
