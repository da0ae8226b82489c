"""What each setting may be, and the one sentence said when it is something else."""

import math
import numbers
from collections.abc import Mapping, MutableMapping

from nst.vgg import layer_names

LARGEST_SIZE = 8192
# TensorFlow computes in single precision; beyond this, all is infinite.
LARGEST_NUMBER = 3.4e38


def check_number(name: str, value, above: float = -math.inf, least: float = 0.0):
    """Return `value` as a finite float of at least `least` and more than `above`.

    Examples:
        >>> check_number("alpha", "much")
        Traceback (most recent call last):
        ValueError: Expected `alpha` as a number of at least 0, but received 'much'; ...
    """
    limit = f"of at least {least:g}" if above == -math.inf else f"above {above:g}"
    good = (
        isinstance(value, numbers.Real)
        and not isinstance(value, bool)
        and least <= value <= LARGEST_NUMBER
        and value > above
    )
    if not good:
        raise ValueError(
            f"Expected `{name}` as a number {limit}, but received {value!r}; "
            "give a finite number in that range."
        )
    return float(value)


def check_count(name: str, value, least: int = 0, most: int | None = None) -> int:
    """Return `value` as a whole number between `least` and `most`."""
    whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    if not whole or value < least or (most is not None and value > most):
        limit = f"of at least {least}" if most is None else f"from {least} to {most}"
        raise ValueError(
            f"Expected `{name}` as a whole number {limit}, but received {value!r}; "
            "give one in that range."
        )
    return int(value)


def check_choice(name: str, value, choices) -> str:
    """Return `value` if it is one of the choices."""
    if not isinstance(value, str) or value not in choices:
        names = ", ".join(repr(choice) for choice in choices)
        raise ValueError(
            f"Expected `{name}` as one of {names}, but received {value!r}; choose one "
            "of these."
        )
    return value


class Number:
    """An attribute that takes a number of the range stated, and nothing else.

    So a wrong value is refused where it is set, while a run goes on with the old one.

    Args:
        doc: What the number means.
        above: As in `check_number`.
        least: Likewise.
    """

    def __init__(self, doc: str, above: float = -math.inf, least: float = 0.0):
        self.__doc__ = doc
        self._limits = {"above": above, "least": least}

    def __set_name__(self, owner, name):
        self._name = name

    def __get__(self, instance, owner=None):
        return self if instance is None else instance.__dict__[self._name]

    def __set__(self, instance, value):
        number = check_number(self._name, value, **self._limits)
        instance.__dict__[self._name] = number


class LayerWeights(MutableMapping):
    """The weights w_l by layer name; each can be set while a transfer runs.

    The layers themselves are fixed when the transfer is made, because the network
    ends at the deepest of them. A weight of 0 silences a layer.

    Examples:
        >>> weights = LayerWeights({"block1_conv1": 0.5})
        >>> weights["block1_conv1"] = 0
        >>> weights
        {'block1_conv1': 0.0}

    Raises:
        ValueError: If a weight is negative or no number, or the layer is not there.
    """

    def __init__(self, weights, network: str = "vgg19"):
        if not isinstance(weights, Mapping):
            raise ValueError(
                "Expected `layer_weights` as {layer: weight}, but received "
                f"{weights!r}; for example {{'block1_conv1': 0.2}}."
            )
        known = layer_names(network)
        self._weights = {}
        for layer, weight in weights.items():
            check_choice("layer_weights", layer, known)
            self._weights[layer] = check_number(f"layer_weights[{layer}]", weight)

    def __getitem__(self, layer):
        return self._weights[layer]

    def __setitem__(self, layer, weight):
        check_choice("layer_weights", layer, list(self))
        self._weights[layer] = check_number(f"layer_weights[{layer}]", weight)

    def __delitem__(self, layer):
        raise TypeError(
            f"Expected the layers to stay as they are, but {layer!r} was to be "
            "removed; set its weight to 0 to silence it."
        )

    def __iter__(self):
        return iter(self._weights)

    def __len__(self):
        return len(self._weights)

    def __repr__(self):
        return repr(self._weights)
