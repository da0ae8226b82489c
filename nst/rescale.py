"""A network whose filters all answer equally loudly: mean activation 1.

Gatys, Ecker and Bethge, 2016, "Image Style Transfer Using Convolutional Neural
Networks", section 2, scale each filter so that its mean activation over pictures and
positions is 1. Only rectified linear units stand between the layers, and
relu(a·x) = a·relu(x) for a > 0, so the next layer's kernel can take the factor back:
every feature map is the original one divided by its mean, and nothing else changes.

The means depend on the pictures. The paper does not say which it took; here they are
the bundled photographs.
"""

from nst.images import SAMPLES, load_image, preprocess_image

import keras
import numpy as np

PHOTOGRAPHS = SAMPLES / "content"
SIZE = 256
# A filter is divided by this share of its layer's mean at least. One of VGG16's
# block2_conv1 hardly answers to the photographs, with a mean of 0.008 where the layer's
# is 190; divided by that, it made a bundled painting's style loss 10⁹ times as large.
LEAST = 0.01


def mean_activations(model: keras.Model) -> dict[str, np.ndarray]:
    """Average each filter's answers to the bundled photographs.

    Args:
        model: Chain of convolutional and pooling layers.

    Returns:
        Mean over pictures and positions, `(C,)`, by layer name, from the picture
        upwards.
    """
    convolutions = [
        layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)
    ]
    every_layer = keras.Model(model.input, {c.name: c.output for c in convolutions})
    sums = {c.name: np.zeros(c.filters) for c in convolutions}
    positions = dict.fromkeys(sums, 0)
    for path in sorted(PHOTOGRAPHS.glob("*.jpg")):
        x = preprocess_image(load_image(path, SIZE))
        for name, features in every_layer(x).items():
            f = features.numpy().reshape(-1, features.shape[-1])  # (h·w, C)
            sums[name] += f.sum(axis=0, dtype="float64")
            positions[name] += len(f)
    return {name: sums[name] / positions[name] for name in sums}


def rescale(model: keras.Model) -> None:
    """Divide each filter's kernel and bias so that its mean activation is 1.

    Args:
        model: Chain of convolutional and pooling layers; its weights are changed.
    """
    before = np.ones(3)
    for name, mean in mean_activations(model).items():
        divisor = np.maximum(mean, LEAST * mean.mean())
        convolution = model.get_layer(name)
        kernel, bias = convolution.get_weights()  # (3, 3, in, out), (out,)
        # What comes in has been divided in the layer before.
        kernel = kernel * before[:, None] / divisor
        convolution.set_weights([kernel, bias / divisor])
        before = divisor
