"""What is minimised: the paper's total loss of a picture, and its gradient.

Gatys, Ecker and Bethge, 2015, equations 1 to 7. Everything that changes during a run
(the picture, its size, the targets, α, β, every w_l) is an argument, so TensorFlow
traces the function once and never again.
"""

import functools
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from nst.losses import (
    content_loss,
    mean_gram_matrix,
    style_loss_from_gram,
    total_variation_loss,
)
from nst.vgg import build_feature_extractor

import keras
import numpy as np
import tensorflow as tf

PICTURE = tf.TensorSpec((1, None, None, 3), tf.float32)
NUMBER = tf.TensorSpec((), tf.float32)


class Targets(NamedTuple):
    """What a picture is compared with; empty where there is nothing to compare."""

    content: dict  # {layer: P, (1, h, w, C)}
    style: dict  # {layer: A / M, (C, C)}


class Objective:
    """L_total = α L_content + β Σ w_l E_l + tv_weight · total variation.

    Args:
        extractor: Model from a picture to its feature maps, with at least these layers.
        content_layer: The layer of P, or `None` for no content term.
        style_layers: The layers of A; none for no style term.
        tv_exponent: See `nst.losses.total_variation_loss`.
    """

    def __init__(
        self,
        extractor: keras.Model,
        content_layer: str | None,
        style_layers: Iterable[str],
        tv_exponent: float | None = None,
    ):
        self.extractor, self.tv_exponent = extractor, tv_exponent
        self.content_layers = [content_layer] if content_layer else []
        self.style_layers = list(style_layers)
        channels = {name: x.shape[-1] for name, x in extractor.output.items()}

        targets = Targets(
            {
                layer: tf.TensorSpec((1, None, None, channels[layer]))
                for layer in self.content_layers
            },
            {
                layer: tf.TensorSpec((channels[layer], channels[layer]))
                for layer in self.style_layers
            },
        )
        names = ["alpha", "beta", "tv_weight", *self.style_layers]
        self._loss_and_gradient = tf.function(
            self._differentiate,
            autograph=False,  # There is no Python loop to translate; tracing is faster.
            input_signature=[PICTURE, targets, {name: NUMBER for name in names}],
        )

    @property
    def trace_count(self) -> int:
        """How often TensorFlow has traced the loss: once, whatever is changed."""
        return self._loss_and_gradient.experimental_get_tracing_count()

    def targets(self, content: np.ndarray | None, style: np.ndarray | None) -> Targets:
        """Compute P and A / M once, so that no step has to.

        Args:
            content: Photograph in VGG's input space, `[1, h, w, 3]`, or `None`.
            style: Painting in VGG's input space; its size may differ, or `None`.

        Returns:
            `Targets` for `evaluate`.
        """
        kept, grams = {}, {}
        if self.content_layers:
            features = self.extractor(content, training=False)
            kept = {layer: features[layer] for layer in self.content_layers}
        if self.style_layers:
            features = self.extractor(style, training=False)
            grams = {
                layer: mean_gram_matrix(features[layer]) for layer in self.style_layers
            }
        return Targets(kept, grams)

    def evaluate(
        self, x, targets: Targets, weights: Mapping[str, float]
    ) -> tuple[dict[str, float], np.ndarray]:
        """Compute every term of the loss at a picture, and the gradient.

        Args:
            x: Picture in VGG's input space, `[1, h, w, 3]`.
            targets: From `targets`, for the same size.
            weights: `"alpha"`, `"beta"`, `"tv_weight"` and each style layer's w_l.

        Returns:
            The weighted terms, `"total"` = `"content"` + `"style"` + `"tv"` with each
            style layer's share of `"style"`; and ∂L_total/∂x, `[1, h, w, 3]`.
        """
        weights = {name: tf.constant(w, tf.float32) for name, w in weights.items()}
        terms, gradient = self._loss_and_gradient(x, targets, weights)
        return {name: float(term) for name, term in terms.items()}, gradient.numpy()

    def _differentiate(self, x, targets, weights):
        with tf.GradientTape() as tape:
            tape.watch(x)
            terms = self._terms(x, targets, weights)
        return terms, tape.gradient(terms["total"], x)

    def _terms(self, x, targets, weights):
        features = self.extractor(x, training=False)
        content = tf.zeros(())
        for layer, target in targets.content.items():
            content += weights["alpha"] * content_loss(features[layer], target)
        layers = {
            layer: weights["beta"]
            * weights[layer]
            * style_loss_from_gram(features[layer], mean_gram)
            for layer, mean_gram in targets.style.items()
        }
        style = tf.add_n(list(layers.values())) if layers else tf.zeros(())
        tv = weights["tv_weight"] * total_variation_loss(x, self.tv_exponent)
        total = content + style + tv
        return {"total": total, "content": content, "style": style, "tv": tv, **layers}


def build_objective(
    network: str,
    weights: str,
    pooling: str,
    rescaled: bool,
    precision: str,
    content_layer: str | None,
    style_layers: tuple[str, ...],
    tv_exponent: float | None,
) -> Objective:
    """Build the network up to the deepest layer in use, and the loss on top of it.

    Args:
        network: As in `build_feature_extractor`.
        weights: Likewise.
        pooling: Likewise.
        rescaled: Likewise.
        precision: Likewise.
        content_layer: The layer of P, or `None` for no content term.
        style_layers: The layers of A; none for no style term.
        tv_exponent: See `nst.losses.total_variation_loss`.
    """
    layers = [*style_layers, *filter(None, [content_layer])]
    extractor = build_feature_extractor(
        layers, network, weights, pooling, rescaled, precision
    )
    return Objective(extractor, content_layer, style_layers, tv_exponent)


# The last few networks: a second run with the same layers starts at once.
kept_objective = functools.lru_cache(maxsize=4)(build_objective)
