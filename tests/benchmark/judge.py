"""A loss that is not the library's own code: VGG16 from Keras, the paper's formulas.

Every contender's pictures are judged by it, as they would be shown: uint8 RGB.
"""

import keras
import numpy as np
import tensorflow as tf
from pictures import WEIGHTS

STYLE = [f"block{block}_conv1" for block in (1, 2, 3, 4, 5)]
CONTENT = "block4_conv2"
ALPHA, BETA = 1.0, 1e3


def to_vgg(x):
    """Bring pixels of 0 … 255, RGB, into VGG's input space."""
    return x[..., ::-1] - tf.constant([103.939, 116.779, 123.68])


def network() -> keras.Model:
    """Load VGG16 as Keras has it, with its feature maps in `STYLE` and `CONTENT`."""
    vgg = keras.applications.VGG16(include_top=False, weights=str(WEIGHTS))
    return keras.Model(
        vgg.input, [vgg.get_layer(name).output for name in [*STYLE, CONTENT]]
    )


def gram(features):
    """Divide the Gram matrix of feature maps by their number of positions."""
    positions = features.shape[1] * features.shape[2]
    return tf.einsum("bijc,bijd->cd", features, features) / positions


class Judge:
    """The paper's total loss of a picture, for one pair at one size."""

    def __init__(self, model: keras.Model, content: np.ndarray, style: np.ndarray):
        self.model = model
        self.target = self._features(content)[-1]
        self.grams = [gram(f) for f in self._features(style)[:-1]]

    def _features(self, image):
        return self.model(to_vgg(tf.cast(image[None], tf.float32)))

    def loss(self, features):
        """Weigh feature maps of `STYLE` and `CONTENT` against the targets."""
        content = 0.5 * tf.reduce_sum((features[-1] - self.target) ** 2)
        style = 0.0
        for f, target in zip(features[:-1], self.grams, strict=True):
            squares = tf.reduce_sum((gram(f) - target) ** 2)
            style += 0.2 * squares / (4 * f.shape[-1] ** 2)
        return ALPHA * content + BETA * style

    def __call__(self, image: np.ndarray) -> float:
        """Judge a uint8 picture."""
        return float(self.loss(self._features(image)))
