"""What a run is built with: recipe, start, size, layers, optimiser, network."""

import inspect
from collections.abc import Mapping

from nst.playground.controls import Group, choice, whole_number
from nst.playground.run import LAST_RESULT
from nst.recipes import RECIPES, get_recipe
from nst.start import STARTS
from nst.transfer import StyleTransfer
from nst.vgg import layer_names

SIZES = (64, 96, 128, 192, 256, 384, 512)
GIVEN_START = "the given picture"
OPTIMIZERS = [
    ("Adam", "adam"),
    ("Gradient descent", "sgd"),
    ("L-BFGS, the authors'", "lbfgs"),
]
NETWORKS = [
    ("VGG19, else VGG16", "auto"),
    ("VGG19, the paper's", "vgg19"),
    ("VGG16, bundled", "vgg16"),
]


def complete(**settings) -> dict:
    """Add what `StyleTransfer` and the recipe decide where nothing is given.

    Raises:
        TypeError: If there is no such setting.
        ValueError: If there is no such recipe.
    """
    bound = inspect.signature(StyleTransfer).bind(None, None, **settings)
    bound.apply_defaults()
    given = {n: v for n, v in bound.arguments.items() if n not in ("content", "style")}
    recipe = get_recipe(given["recipe"]).settings()
    return given | {name: v for name, v in recipe.items() if given[name] is None}


class Setup(Group):
    """Choices that need the run built anew, by setting in `controls`; and its steps."""

    def __init__(self, settings: Mapping, steps: int) -> None:
        self._given = init = settings["init"]
        starts = [*STARTS, LAST_RESULT]
        if not isinstance(init, str) or init not in starts:
            starts, init = [*starts, GIVEN_START], GIVEN_START
        size, seed = settings["size"], settings["seed"]
        layers, layer = layer_names("auto"), settings["content_layer"]
        self.steps = whole_number("Steps", steps, 1, 100_000)
        self.controls = {
            "recipe": choice("Recipe", list(RECIPES), settings["recipe"]),
            "init": choice("Start from", starts, init),
            "seed": whole_number("Seed of the noise", seed, 0, 2**31 - 1),
            "size": choice("Size in pixels", sorted({*SIZES, size}), size),
            "content_layer": choice("Content layer", layers, layer),
            "optimizer": choice("Optimiser", OPTIMIZERS, settings["optimizer"]),
            "network": choice("Network", NETWORKS, settings["network"]),
        }
        title = "Set up: a change starts anew, except in Steps"
        super().__init__(title, self.steps, *self.controls.values())

    def settings(self) -> dict:
        """Tell what is chosen."""
        chosen = {name: control.value for name, control in self.controls.items()}
        given = {"init": self._given} if chosen["init"] == GIVEN_START else {}
        return chosen | given

    def place(self, settings: Mapping) -> None:
        """Choose what these settings say, where they say it."""
        for name in settings.keys() & self.controls.keys():
            self.controls[name].value = settings[name]
