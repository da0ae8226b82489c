"""The sliders that act on the next step: the weights and the learning rate."""

import functools
from collections.abc import Callable, Mapping

from nst.playground.controls import (
    Group,
    LogSlider,
    Slider,
    button,
    close,
    row,
    text,
)
from nst.settings import check_number

import ipywidgets as widgets


class Steering(Group):
    """α and β with their ratio, the style layers' weights, and what else can be steered.

    Args:
        settings: Of `StyleTransfer`: where the sliders stand at first.
        steer: Called with the name and the value of what is moved.

    Attributes:
        controls: Sliders by the name of the setting; one for each style layer in
            `"layer_weights"`.

    Raises:
        ValueError: If a slider cannot stand where the settings have it.
    """

    def __init__(self, settings: Mapping, steer: Callable[[str, float], None]) -> None:
        super().__init__("Steer: acts on the next step")
        self._steer = steer
        self.place(settings)

    def place(self, settings: Mapping) -> None:
        """Make the sliders anew, where these settings have them."""
        alpha, beta, learning_rate = (
            check_number(name, settings[name], above=0.0)
            for name in ("alpha", "beta", "learning_rate")
        )
        tv_weight = check_number("tv_weight", settings["tv_weight"])
        layers = {
            name: Slider(name, check_number(name, weight), 1, 0.01)
            for name, weight in settings["layer_weights"].items()
        }
        self.controls = {
            "alpha": LogSlider("Content weight α", alpha, -3, 3),
            "beta": LogSlider("Style weight β", beta, 0, 7),
            "tv_weight": Slider("Total variation", tv_weight, 5000, 50),
            "learning_rate": LogSlider("Learning rate", learning_rate, -1, 2),
            "layer_weights": layers,
        }
        for name, slider in self._sliders().items():
            slider.observe(functools.partial(self._move, name), "value")
        self._first, self.ratio = self._values(), text()
        self.equal_button = button("All layers equal")
        equal = dict.fromkeys(layers, 1 / len(layers))
        self.equal_button.on_click(lambda _: self._set(equal))
        self.only_buttons = {name: button("Only this") for name in layers}
        for name, only in self.only_buttons.items():
            alone = {layer: float(layer == name) for layer in layers}
            only.tooltip = f"Only {name}"
            only.on_click(lambda _, alone=alone: self._set(alone))
        heading, *before = self.children
        self.children = [heading, *self._arrange()]
        for child in before:
            close(child)
        self._show_ratio()

    def settings(self) -> dict:
        """Tell where the sliders stand."""
        values = self._values()
        layers = {name: values.pop(name) for name in self.controls["layer_weights"]}
        return values | {"layer_weights": layers}

    def reset(self) -> None:
        """Bring the sliders back to where they were made."""
        self._set(self._first)

    def _arrange(self):
        rows = []
        for name, slider in self.controls["layer_weights"].items():
            slider.style.description_width, slider.layout.flex = "initial", "1 1 auto"
            rows.append(row(slider, self.only_buttons[name]))
        return [
            *(self.controls["alpha"], self.controls["beta"], self.ratio),
            widgets.HTML("Style layers' weights w, from fine to coarse texture:"),
            *(*rows, row(self.equal_button)),
            *(self.controls["tv_weight"], self.controls["learning_rate"]),
        ]

    def _sliders(self):
        sliders = dict(self.controls)
        return sliders | sliders.pop("layer_weights")

    def _values(self):
        return {name: slider.value for name, slider in self._sliders().items()}

    def _set(self, values):
        for name, value in values.items():
            self._sliders()[name].value = value

    def _move(self, name, change):
        if name in ("alpha", "beta"):
            self._show_ratio()
        self._steer(name, change.new)

    def _show_ratio(self):
        ratio = self.controls["alpha"].value / self.controls["beta"].value
        self.ratio.value = f"Ratio α/β = {ratio:.2g}: content against style"
