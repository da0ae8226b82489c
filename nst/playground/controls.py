"""The kinds of control on the page, each as wide as its group lets it be."""

import math

import ipywidgets as widgets
import traitlets

FITTING = {"description_width": "initial"}


class _Steady:
    """A slider that keeps the value it was given, which the page rounds to its steps.

    The page sends the rounded value back as if a hand had moved the slider. A hand
    moves it by a whole step at least.
    """

    def set_state(self, sync_data) -> None:
        """Take what the page sends, except for the present value, rounded."""
        sent = dict(sync_data)
        if "value" in sent:
            moved = self._place(sent["value"]) - self._place(self.value)
            if abs(moved) < self.step / 2:
                del sent["value"]
        super().set_state(sent)


class Slider(_Steady, widgets.FloatSlider):
    """A slider from 0 to `most`, or further if the value lies there."""

    def __init__(self, description: str, value: float, most: float, step: float):
        if value > 0:
            step = value / max(1, round(value / step))
        options = {"min": 0, "max": max(most, value), "step": step}
        super().__init__(value, **options, **_slider(description))

    def _place(self, value):
        return value


class LogSlider(_Steady, widgets.FloatLogSlider):
    """A slider from 10^least to 10^most, or further if the value lies there."""

    def __init__(self, description: str, value: float, least: int, most: int):
        exponent = math.log10(value)
        # A whole number of steps below the value, which the page would round.
        least = exponent - 0.1 * max(0, round(10 * (exponent - least)))
        options = {"min": least, "max": max(most, exponent), "step": 0.1}
        super().__init__(value, **options, **_slider(description))

    def _place(self, value):
        return math.log10(value)


class Picture(widgets.Image):
    """An image with an accessible name: its `tooltip`, in words."""

    # The page shows a tooltip where there is a description, and that is empty.
    description = traitlets.Unicode("").tag(sync=True)


def text() -> widgets.HTML:
    """Make a line that says something."""
    return widgets.HTML().add_class("nst-say")


def button(description: str, icon: str = "", kind: str = "") -> widgets.Button:
    """Make a button that is as wide as its words."""
    width = widgets.Layout(width="auto")
    return widgets.Button(
        description=description, icon=icon, button_style=kind, layout=width
    )


def whole_number(description: str, value: int, least: int, most: int):
    """Make a field for a whole number."""
    options = {"min": least, "max": most}
    return widgets.BoundedIntText(value, **options, **_options(description))


def choice(description: str, options, value) -> widgets.Dropdown:
    """Make a list to choose from."""
    return widgets.Dropdown(options=options, value=value, **_options(description))


def row(*children, wrap: bool = False) -> widgets.Box:
    """Put controls beside each other."""
    layout = widgets.Layout(flex_flow="row wrap" if wrap else "row nowrap")
    return widgets.Box(children, layout=layout)


class Group(widgets.VBox):
    """Controls below each other in a frame, with a heading."""

    def __init__(self, title: str, *children):
        super().__init__([widgets.HTML(f"<h4>{title}</h4>"), *children])
        self.add_class("nst-group")


def close(widget: widgets.Widget) -> None:
    """Take a widget away with everything in it, its layout and its style."""
    for child in getattr(widget, "children", ()):
        close(child)
    for part in (widget.layout, getattr(widget, "style", None), widget):
        if part is not None:
            widgets.Widget.close(part)


def _options(description):
    """Say what all controls with a label share."""
    return {
        "description": description,
        "style": {"description_width": "10em"},
        "layout": widgets.Layout(width="auto"),
    }


def _slider(description):
    return {**_options(description), "readout_format": ".3"}
