"""One picture being optimised: the algorithm of Gatys, Ecker and Bethge (2015).

`StyleTransfer` holds the picture, the weights and the optimiser, and takes one step at
a time. Loops, progress bars, tests and sliders all stand on `run`.
"""

import functools
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from nst.images import deprocess_image, fit_image, preprocess_image, resize_image
from nst.memory import check_memory
from nst.objective import Targets, build_objective, pretrained_objective
from nst.optimizers import LBFGS, Adam
from nst.pretrained import NETWORKS, resolve_network
from nst.settings import (
    LARGEST_SIZE,
    LayerWeights,
    check_choice,
    check_count,
    check_number,
)
from nst.start import (
    check_scales,
    check_sizes,
    read_picture,
    size_at_step,
    starting_picture,
)
from nst.vgg import CONTENT_LAYER, POOLINGS, STYLE_LAYERS, check_layers

import numpy as np
import tensorflow as tf


@dataclass(frozen=True)
class Step:
    """What one step of a transfer left behind.

    Attributes:
        number: 1 for the first step of the run.
        losses: The weighted terms of the loss at the picture this step started from:
            `"total"` = `"content"` + `"style"` + `"tv"`, and each style layer's share
            of `"style"`.
        size: Longest side of the picture being optimised; smaller than the result's
            while the run is still coarse.
        seconds: How long the step took.
        x: The picture in VGG's input space, `[1, h, w, 3]`.
        shape: Height and width of the result.
    """

    number: int
    losses: dict[str, float]
    size: int
    seconds: float
    x: np.ndarray
    shape: tuple[int, int]

    @functools.cached_property
    def image(self) -> np.ndarray:
        """The picture after this step, at its final size: uint8 `[H, W, 3]`."""
        return fit_image(deprocess_image(self.x), self.shape)


class StyleTransfer:
    """Repaint a photograph in the style of a painting.

    The picture is a variable; its feature maps are compared with the photograph's and
    their Gram matrices with the painting's; the gradient says how to change the pixels.

    Examples:
        >>> transfer = StyleTransfer("photo.jpg", "painting.jpg")  # doctest: +SKIP
        >>> for step in transfer.run(80):  # doctest: +SKIP
        ...     print(step.number, step.losses["total"])

    `alpha`, `beta`, `tv_weight`, `learning_rate` and every entry of `layer_weights` may
    be set while it runs, from any thread: the next step uses them and nothing is traced
    again.

    Args:
        content: Photograph, a path or a uint8 array `[H, W, 3]`; `None` for a texture.
        style: Painting, likewise; `None` to rebuild the content alone.
        alpha: α, weight of the content.
        beta: β, weight of the style.
        layer_weights: w_l by layer name; 1/5 for each of `STYLE_LAYERS` by default.
            The layers named are the ones computed.
        tv_weight: Weight of the total variation, against grain.
        size: Longest side of the result, in pixels.
        init: Start from `"content"`, `"style"`, `"noise"`, a path or a uint8 array.
        optimizer: `"adam"`, or `"lbfgs"` as in the paper.
        learning_rate: Adam's, in levels of 0 … 255.
        seed: Of the noise; the same seed gives the same picture.
        network: See `build_feature_extractor`; likewise `weights` and `pooling`.
        content_layer: The layer that content is compared in.
        scales: Coarse to fine: `{64: 20, 128: 12}` takes 20 steps at 64 px and 12 at
            128 px before going on at `size`; `"auto"` plans this by itself.

    Raises:
        ValueError: If a setting or a picture cannot be used.
        FileNotFoundError: If a picture is not there.
        MemoryError: If a picture of this size would not fit the memory.
        OSError: If VGG19 is insisted on and its weights cannot be had.
    """

    def __init__(
        self,
        content,
        style,
        alpha: float = 1.0,
        beta: float = 1e3,
        layer_weights: Mapping[str, float] | None = None,
        tv_weight: float = 0.0,
        size: int = 256,
        init="content",
        optimizer: str = "adam",
        learning_rate: float = 20.0,
        seed: int = 0,
        network: str = "auto",
        weights: str = "imagenet",
        pooling: str = "max",
        content_layer: str = CONTENT_LAYER,
        scales: Mapping[int, int] | str | None = None,
    ):
        if content is None and style is None:
            raise ValueError(
                "Expected a content or a style picture, but received neither; give at "
                "least one."
            )
        self.alpha, self.beta, self.tv_weight = alpha, beta, tv_weight
        self._optimizer = None
        self.learning_rate = learning_rate
        self.size = check_count("size", size, 1, LARGEST_SIZE)
        self.seed = check_count("seed", seed)
        check_choice("optimizer", optimizer, ("adam", "lbfgs"))
        check_choice("network", network, ("auto", *NETWORKS))
        check_choice("pooling", pooling, POOLINGS)
        self.scales = check_scales(scales, self.size)
        if layer_weights is None:
            layer_weights = dict.fromkeys(STYLE_LAYERS, 1 / len(STYLE_LAYERS))
        self._layer_weights = LayerWeights(layer_weights)
        self._check_weights(content is not None, style is not None)

        self._content = read_picture(content, "content")
        self._style = read_picture(style, "style")
        self._start = starting_picture(
            init, self._content, self._style, self.size, self.seed
        )
        self._shape = self._start.shape[:2]
        if self._content is not None:
            self._content = fit_image(self._content, self._shape)

        self.content_layer = content_layer if content is not None else None
        style_layers = tuple(self._layer_weights) if style is not None else ()
        layers = [*style_layers, *filter(None, [self.content_layer])]
        check_layers(layers, network)
        pictures = [p for p in (self._start, self._style) if p is not None]
        check_sizes(pictures, min([self.size, *self.scales]), layers)
        check_memory(*self._shape)

        self.network = resolve_network(network, weights)
        parts = pooling, self.content_layer, style_layers
        if weights == "imagenet":
            self._objective = pretrained_objective(self.network, *parts)
        else:
            self._objective = build_objective(self.network, weights, *parts)
        self.optimizer, self.weights, self.pooling = optimizer, str(weights), pooling
        self.init = init if isinstance(init, str) else "picture"
        self.history: dict[str, list[float]] = {}
        self.steps = 0
        self._running = threading.Lock()
        self._targets: dict[int, Targets] = {}
        self._enter_scale(size_at_step(1, self.scales, self.size))

    @property
    def alpha(self) -> float:
        """α, weight of the content."""
        return self._alpha

    @alpha.setter
    def alpha(self, value: float):
        self._alpha = check_number("alpha", value)

    @property
    def beta(self) -> float:
        """β, weight of the style."""
        return self._beta

    @beta.setter
    def beta(self, value: float):
        self._beta = check_number("beta", value)

    @property
    def tv_weight(self) -> float:
        """Weight of the total variation."""
        return self._tv_weight

    @tv_weight.setter
    def tv_weight(self, value: float):
        self._tv_weight = check_number("tv_weight", value)

    @property
    def learning_rate(self) -> float:
        """Adam's learning rate, in levels of 0 … 255."""
        return self._learning_rate

    @learning_rate.setter
    def learning_rate(self, value: float):
        self._learning_rate = check_number("learning_rate", value, above=0.0)

    @property
    def layer_weights(self) -> LayerWeights:
        """w_l by layer name; each entry may be set."""
        return self._layer_weights

    @layer_weights.setter
    def layer_weights(self, weights: Mapping[str, float]):
        self._layer_weights.update(LayerWeights(weights))

    @property
    def image(self) -> np.ndarray:
        """The picture so far, at its final size: uint8 `[H, W, 3]`."""
        return fit_image(deprocess_image(self._x), self._shape)

    @property
    def start(self) -> np.ndarray:
        """The picture that the run started from, at its final size."""
        return self._start

    @property
    def trace_count(self) -> int:
        """How often TensorFlow has traced the loss: once, whatever is changed."""
        return self._objective.trace_count

    def run(self, steps: int) -> Iterator[Step]:
        """Take steps, one for each `next`.

        Leaving the loop, an exception or an interrupt keeps the picture so far in
        `image`; calling `run` again goes on from it.

        Args:
            steps: How many.

        Yields:
            A `Step` after each.

        Raises:
            ValueError: If `steps` is no positive whole number.
            RuntimeError: If this transfer is running already.
            FloatingPointError: If the loss stops being finite.
        """
        return self._run(check_count("steps", steps, 1))

    def _run(self, steps):
        if not self._running.acquire(blocking=False):
            raise RuntimeError(
                "Expected one run at a time, but this transfer is running already; "
                "stop that run first."
            )
        try:
            for _ in range(steps):
                began = time.perf_counter()
                losses = self._step()
                yield Step(
                    self.steps,
                    losses,
                    self._scale,
                    time.perf_counter() - began,
                    self._x,
                    self._shape,
                )
        finally:
            self._running.release()

    def _step(self):
        size = size_at_step(self.steps + 1, self.scales, self.size)
        if size != self._scale:
            self._enter_scale(size)
        weights = self._weights_now()
        if weights != self._weights_before:
            self._optimizer.forget()
        self._weights_before = weights
        self._optimizer.learning_rate = self._learning_rate
        losses = self._optimizer.step(self._evaluate)
        self._x = self._optimizer.x
        self.steps += 1
        for name, loss in losses.items():
            self.history.setdefault(name, []).append(loss)
        return losses

    def losses(self, image: np.ndarray | None = None) -> dict[str, float]:
        """Evaluate a picture at the final size, with the weights as they are now.

        Args:
            image: uint8 array `[H, W, 3]`; the picture so far by default.

        Returns:
            The terms of the loss, as in `Step.losses`.
        """
        x = preprocess_image(self.image if image is None else image)
        targets = self._targets_at(self.size)
        return self._objective.evaluate(x, targets, self._weights_now())[0]

    def work(self, steps: int) -> list[float]:
        """Weigh the next steps: a full-size step is 1, a coarse one its share of pixels.

        The seconds a step takes follow these weights, so a progress bar that counts
        them tells the time left from the first steps on.
        """
        numbers = range(self.steps + 1, self.steps + steps + 1)
        return [
            (size_at_step(number, self.scales, self.size) / self.size) ** 2
            for number in numbers
        ]

    def settings(self) -> dict:
        """Tell everything needed to make this picture again, as plain JSON types."""
        return {
            "alpha": self.alpha,
            "beta": self.beta,
            "layer_weights": dict(self.layer_weights),
            "tv_weight": self.tv_weight,
            "size": self.size,
            "init": self.init,
            "optimizer": self.optimizer,
            "learning_rate": self.learning_rate,
            "seed": self.seed,
            "network": self.network,
            "weights": self.weights,
            "pooling": self.pooling,
            "content_layer": self.content_layer,
            "scales": {str(size): steps for size, steps in self.scales.items()},
            "steps": self.steps,
        }

    def _evaluate(self, x):
        losses, gradient = self._objective.evaluate(
            x, self._targets_at(self._scale), self._weights_before
        )
        if not (np.isfinite(losses["total"]) and np.isfinite(gradient).all()):
            raise FloatingPointError(
                f"Expected a finite loss, but received {losses['total']} in step "
                f"{self.steps + 1}; a weight or the learning rate is too large. The "
                "last good picture is kept."
            )
        return losses, gradient

    def _weights_now(self):
        return {
            "alpha": self._alpha,
            "beta": self._beta,
            "tv_weight": self._tv_weight,
            **{
                name: self._layer_weights[name] for name in self._objective.style_layers
            },
        }

    def _enter_scale(self, size):
        """Go on at another size, with its targets and an optimiser that starts anew."""
        shape = resize_image(self._start, size).shape[:2]
        start = preprocess_image(fit_image(self._start, shape))
        if self._optimizer is None:
            self._x = start
        else:
            # Enlarge what was changed, not the picture: the start keeps its detail.
            change = self._x - self._x_start
            enlarged = tf.image.resize(change, shape, method="bicubic").numpy()
            self._x = preprocess_image(deprocess_image(start + enlarged))
        self._scale, self._x_start = size, start
        if self.optimizer == "lbfgs":
            self._optimizer = LBFGS(self._x)
        else:
            self._optimizer = Adam(self._x, self._learning_rate)
        self._weights_before = self._weights_now()

    def _targets_at(self, size):
        """Compute the targets for a size once, when they are first needed."""
        if size not in self._targets:
            content = style = None
            if self._content is not None:
                shape = resize_image(self._start, size).shape[:2]
                content = preprocess_image(fit_image(self._content, shape))
            if self._style is not None:
                style = preprocess_image(resize_image(self._style, size))
            self._targets[size] = self._objective.targets(content, style)
        return self._targets[size]

    def _check_weights(self, has_content, has_style):
        weighed = has_content and self.alpha > 0
        weighed |= has_style and self.beta > 0 and any(self._layer_weights.values())
        if not weighed:
            raise ValueError(
                "Expected a weight above 0 for the content or the style, but received "
                "only zeros; raise `alpha`, or `beta` and a layer's weight."
            )
