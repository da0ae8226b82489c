"""One picture being optimised: the algorithm of Gatys, Ecker and Bethge (2015).

`StyleTransfer` holds the picture, the weights and the optimiser, and takes one step at
a time. Loops, progress bars, tests and sliders all stand on `run`.
"""

import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from nst.images import deprocess_image, fit_image, preprocess_image, scale_shape
from nst.memory import check_memory
from nst.objective import build_objective, kept_objective
from nst.optimizers import OPTIMIZERS, make_optimizer
from nst.paper_units import paper_factors
from nst.precision import PRECISIONS, resolve_precision
from nst.pretrained import NETWORKS, resolve_network
from nst.recipes import get_recipe
from nst.saved import read_run, write_run
from nst.scales import Pyramid, check_scales, size_at_step
from nst.settings import (
    LARGEST_SIZE,
    LayerWeights,
    Number,
    check_choice,
    check_count,
)
from nst.start import (
    check_sizes,
    read_picture,
    read_start,
    starting_picture,
    starting_shape,
)
from nst.step import Step
from nst.vgg import POOLINGS, check_layers

import numpy as np


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
        alpha: α, weight of the content. Here and wherever the default is `None`, the
            recipe decides; that of the course has α = 1.
        beta: β, weight of the style; the course's is 1000.
        layer_weights: w_l by layer name; the course's is 1/5 for each of
            `STYLE_LAYERS`. The layers named are the ones computed.
        tv_weight: Weight of the total variation, against grain; the course's is 0.
        size: Longest side of the result, in pixels.
        init: Start from `"content"` (the course's), `"style"`, `"noise"`,
            `"recolored"` (the content in the style's colours), a path or a uint8 array.
        optimizer: `"adam"` (the course's), `"sgd"`, or `"lbfgs"`, the authors'.
        learning_rate: Adam's or SGD's, in levels of 0 … 255; the course's is 20.
        seed: Of the noise; the same seed gives the same picture.
        network: See `build_feature_extractor`; likewise `weights`, `pooling` and
            `rescaled`.
        content_layer: The layer that content is compared in.
        scales: Coarse to fine: `{64: 20, 128: 12}` takes 20 steps at 64 px and 12 at
            128 px before going on at `size`; `"auto"` plans this by itself, `{}` stays
            at one size.
        precision: `"float32"`, `"bfloat16"`, or `"auto"`: the one that this processor
            computes faster.
        recipe: Name in `nst.recipes`, of the loss's formulas and of what is not given.

    Raises:
        ValueError: If a setting or a picture cannot be used.
        FileNotFoundError: If a picture is not there.
        MemoryError: If a picture of this size would not fit the memory.
        OSError: If VGG19 is insisted on and its weights cannot be had.
    """

    alpha = Number("α, weight of the content.")
    beta = Number("β, weight of the style.")
    tv_weight = Number("Weight of the total variation.")
    learning_rate = Number("Adam's or SGD's, in levels of 0 … 255.", above=0.0)

    def __init__(
        self,
        content,
        style,
        alpha: float | None = None,
        beta: float | None = None,
        layer_weights: Mapping[str, float] | None = None,
        tv_weight: float | None = None,
        size: int = 256,
        init=None,
        optimizer: str | None = None,
        learning_rate: float | None = None,
        seed: int = 0,
        network: str = "auto",
        weights: str = "imagenet",
        pooling: str | None = None,
        content_layer: str | None = None,
        scales: Mapping[int, int] | str | None = None,
        rescaled: bool | None = None,
        precision: str | None = None,
        recipe: str = "course",
    ):
        if content is None and style is None:
            raise ValueError(
                "Expected a content or a style picture, but received neither; give at "
                "least one."
            )
        source = self._source = get_recipe(recipe)

        def chosen(name, given):
            return getattr(source, name) if given is None else given

        self.alpha = chosen("alpha", alpha)
        self.beta = chosen("beta", beta)
        self.tv_weight = chosen("tv_weight", tv_weight)
        self.learning_rate = chosen("learning_rate", learning_rate)
        self.size = check_count("size", size, 1, LARGEST_SIZE)
        self.seed = check_count("seed", seed)
        self.optimizer = chosen("optimizer", optimizer)
        check_choice("optimizer", self.optimizer, OPTIMIZERS)
        check_choice("network", network, ("auto", *NETWORKS))
        self.pooling = check_choice("pooling", chosen("pooling", pooling), POOLINGS)
        self.rescaled = bool(chosen("rescaled", rescaled))
        precision = check_choice(
            "precision", chosen("precision", precision), PRECISIONS
        )
        self.scales = check_scales(chosen("scales", scales), self.size)
        self._layer_weights = LayerWeights(chosen("layer_weights", layer_weights))
        self._check_weights(content is not None, style is not None)

        init = chosen("init", init)
        start = read_start(init)
        content, style = read_picture(content, "content"), read_picture(style, "style")
        self._shape = starting_shape(start, content, style, self.size)
        self.content_layer = chosen("content_layer", content_layer)
        if content is None:
            self.content_layer = None
        self.style_layers = tuple(self._layer_weights) if style is not None else ()
        layers = [*self.style_layers, *filter(None, [self.content_layer])]
        check_layers(layers, network)
        shapes = [self._shape] if style is None else [self._shape, style.shape[:2]]
        check_sizes(shapes, min([self.size, *self.scales]), layers)
        check_memory(*self._shape)
        self._start = starting_picture(start, content, style, self._shape, self.seed)
        self._content = None if content is None else fit_image(content, self._shape)
        self._style = style

        self.network = resolve_network(network, weights)
        self.precision = resolve_precision(precision)
        build = kept_objective if weights == "imagenet" else build_objective
        self._objective = build(
            self.network,
            weights,
            self.pooling,
            self.rescaled,
            self.precision,
            self.content_layer,
            self.style_layers,
            source.tv_exponent,
        )
        self.recipe, self.weights = recipe, str(weights)
        self.init = init if isinstance(init, str) else "picture"
        self.history: dict[str, list[float]] = {}
        self.steps = self.planned = 0
        self._running = threading.Lock()
        self._pyramid = Pyramid(
            self._objective, self._start, self._content, self._style
        )
        self._optimizer = None
        self._enter_scale(size_at_step(1, self.scales, self.size))

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
            FloatingPointError: If the loss explodes or stops being finite; the best
                picture is kept.
        """
        return self._run(check_count("steps", steps, 1))

    def _run(self, steps):
        if not self._running.acquire(blocking=False):
            raise RuntimeError(
                "Expected one run at a time, but this transfer is running already; "
                "stop that run first."
            )
        try:
            self.planned = self.steps + steps
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
        weights = self._weights_at(self._scale)
        if weights != self._weights_before:
            self._optimizer.forget()
        self._weights_before = weights
        self._optimizer.learning_rate = self.learning_rate
        try:
            losses = self._optimizer.step(self._evaluate)
        except FloatingPointError as error:
            raise FloatingPointError(f"Step {self.steps + 1}: {error}") from None
        finally:
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
        targets = self._pyramid.targets(self.size)
        return self._objective.evaluate(x, targets, self._weights_at(self.size))[0]

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
            "rescaled": self.rescaled,
            "precision": self.precision,
            "content_layer": self.content_layer,
            "recipe": self.recipe,
            "scales": {str(size): steps for size, steps in self.scales.items()},
            "steps": self.steps,
        }

    def save(self, path) -> Path:
        """Write everything that is needed to go on, and `load` will.

        Args:
            path: Ends in .npz. At 512 px the file takes up to 70 MB with L-BFGS, which
                remembers its last steps, and 12 MB with Adam.

        Returns:
            The path written.

        Raises:
            ValueError: If the path ends in anything else.
            OSError: If it cannot be written.
        """
        state = {
            "planned": self.planned,
            "scale": self._scale,
            "weights_before": self._weights_before,
            "history": list(self.history),
        }
        arrays = {"start": self._start, "x": self._x}
        arrays["history"] = np.array(list(self.history.values()))
        pictures = {"content": self._content, "style": self._style}
        arrays |= {name: p for name, p in pictures.items() if p is not None}
        memory = self._optimizer.state()
        arrays |= {f"optimizer_{name}": array for name, array in memory.items()}
        return write_run(path, {"settings": self.settings(), "state": state}, arrays)

    @classmethod
    def load(cls, path) -> "StyleTransfer":
        """Go on with a saved run as if it had never been interrupted.

        Args:
            path: File that `save` wrote.

        Returns:
            The transfer, after the step it was saved at.

        Raises:
            FileNotFoundError: If there is no such file, or not its weights file.
            ValueError: If the file is damaged or something else.
        """
        saved, arrays = read_run(path)
        settings, state = saved["settings"], saved["state"]
        steps, init = settings.pop("steps"), settings.pop("init")
        settings["scales"] = {int(size): n for size, n in settings["scales"].items()}
        pictures = arrays.get("content"), arrays.get("style")
        transfer = cls(*pictures, init=arrays["start"], **settings)
        transfer.init, transfer.steps, transfer.planned = init, steps, state["planned"]
        rows = arrays["history"].tolist()
        transfer.history = dict(zip(state["history"], rows, strict=True))
        transfer._enter_scale(state["scale"])
        transfer._x = arrays["x"]
        transfer._make_optimizer()
        prefix = "optimizer_"
        transfer._optimizer.restore(
            {
                name.removeprefix(prefix): array
                for name, array in arrays.items()
                if name.startswith(prefix)
            }
        )
        transfer._weights_before = state["weights_before"]
        return transfer

    def _evaluate(self, x):
        losses, gradient = self._objective.evaluate(
            x, self._pyramid.targets(self._scale), self._weights_before
        )
        if not (np.isfinite(losses["total"]) and np.isfinite(gradient).all()):
            raise FloatingPointError(
                f"Expected a finite loss, but received {losses['total']}; a weight or "
                "the learning rate is too large. The last good picture is kept."
            )
        return losses, gradient

    def _weights_at(self, size):
        """Bring the weights as they are now into the paper's units."""
        shape = scale_shape(self._shape, size)
        layers = self.style_layers
        factors = paper_factors(self._source, self.content_layer, layers, shape)
        return {
            "alpha": self.alpha * factors["content"],
            "beta": self.beta,
            "tv_weight": self.tv_weight,
            **{name: self._layer_weights[name] * factors[name] for name in layers},
        }

    def _enter_scale(self, size):
        """Go on at another size, with its targets and an optimiser that starts anew."""
        if self._optimizer is None:
            self._x = self._pyramid.start(size)
        else:
            self._x = self._pyramid.enlarge(self._x, self._scale, size)
        self._scale = size
        self._make_optimizer()
        self._weights_before = self._weights_at(size)

    def _make_optimizer(self):
        source, options = self._source, {}
        if self.optimizer == source.optimizer:
            options = {"decay": source.decay, **source.optimizer_options}
        self._optimizer = make_optimizer(
            self.optimizer, self._x, self.learning_rate, **options
        )

    def _check_weights(self, has_content, has_style):
        weighed = has_content and self.alpha > 0
        weighed |= has_style and self.beta > 0 and any(self._layer_weights.values())
        if not weighed:
            raise ValueError(
                "Expected a weight above 0 for the content or the style, but received "
                "only zeros; raise `alpha`, or `beta` and a layer's weight."
            )
