"""A network whose filters all answer equally loudly: mean activation 1.

Gatys, Ecker and Bethge, 2016, "Image Style Transfer Using Convolutional Neural
Networks", section 2, scale each filter so that its mean activation over pictures and
positions is 1. Only rectified linear units stand between the layers, and
relu(a·x) = a·relu(x) for a > 0, so the next layer's kernel can take the factor back:
every feature map is the original one divided by its mean, and nothing else changes.

The means depend on the pictures. The paper's are ImageNet's; here they are those of the
bundled photographs.
"""

from nst.images import SAMPLES, load_image, preprocess_image

import keras
import numpy as np

PHOTOGRAPHS = SAMPLES / "content"
SIZE = 256


class MeanActivations:
    """The bundled photographs on their way through a network, layer by layer.

    Attributes:
        means: Mean activation of each channel in the original network, by layer name.
    """

    def __init__(self) -> None:
        paths = sorted(PHOTOGRAPHS.glob("*.jpg"))
        pictures = [preprocess_image(load_image(path, SIZE)) for path in paths]
        self._features = pictures  # each (1, h, w, C)
        self._factor = np.ones(3, "float32")
        self.means: dict[str, np.ndarray] = {}

    def bring_to_one(self, convolution: keras.layers.Conv2D) -> None:
        """Divide a layer's kernel and bias by its mean activations.

        A filter that answers to none of the photographs is left as it is.

        Args:
            convolution: Layer with its original weights; they are changed.
        """
        kernel, bias = convolution.get_weights()
        # What comes in was divided by this in the layer before.
        kernel = kernel * self._factor[:, None]  # (3, 3, in, out)
        convolution.set_weights([kernel, bias])
        self.pass_through(convolution)
        positions = sum(np.prod(f.shape[1:3]) for f in self._features)
        sums = [np.sum(f, axis=(0, 1, 2), dtype="float64") for f in self._features]
        mean = np.float32(sum(sums) / positions)  # (C,)
        self.means[convolution.name] = mean
        self._factor = np.where(mean > 0, mean, 1)
        convolution.set_weights([kernel / self._factor, bias / self._factor])
        self._features = [f / self._factor for f in self._features]

    def pass_through(self, layer: keras.layers.Layer) -> None:
        """Take the photographs through a layer."""
        self._features = [layer(f).numpy() for f in self._features]
