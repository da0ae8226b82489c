"""The network that sees: VGG's layers by name, as a model that ends at the last in use.

VGG16 and VGG19 are Simonyan and Zisserman's (2014, https://arxiv.org/abs/1409.1556).
The paper's layer convA_B is Keras' `blockA_convB`, taken after its ReLU. Where the
weights come from is told in `pretrained`.
"""

from collections.abc import Iterable

from nst.precision import resolve_precision
from nst.pretrained import load_weights, resolve_network
from nst.rescale import rescale

import keras
import numpy as np
import tensorflow as tf

CONTENT_LAYER = "block4_conv2"
STYLE_LAYERS = (
    "block1_conv1",
    "block2_conv1",
    "block3_conv1",
    "block4_conv1",
    "block5_conv1",
)
CONVOLUTIONS_PER_BLOCK = {"vgg16": (2, 2, 3, 3, 3), "vgg19": (2, 2, 4, 4, 4)}
CHANNELS_PER_BLOCK = (64, 128, 256, 512, 512)
POOLINGS = {"max": keras.layers.MaxPooling2D, "avg": keras.layers.AveragePooling2D}


def layer_names(network: str) -> list[str]:
    """Name the convolutional layers of a network, from the picture upwards.

    Examples:
        >>> layer_names("vgg16")[:3]
        ['block1_conv1', 'block1_conv2', 'block2_conv1']

    Args:
        network: `"vgg16"` or `"vgg19"`; for `"auto"`, the layers that both have.

    Returns:
        List of Keras' layer names.
    """
    counts = CONVOLUTIONS_PER_BLOCK["vgg16" if network == "auto" else network]
    return [
        f"block{block}_conv{number}"
        for block, count in enumerate(counts, start=1)
        for number in range(1, count + 1)
    ]


def check_layers(layers: Iterable[str], network: str) -> list[str]:
    """Return the layers as a list if the network has them all; else say which not."""
    layers = [layers] if isinstance(layers, str) else list(layers)
    if not layers:
        raise ValueError(
            "Expected at least one layer, but received none; name one such as "
            f"'{CONTENT_LAYER}'."
        )
    known = layer_names(network)
    for layer in layers:
        if layer not in known:
            raise ValueError(
                f"Expected a convolutional layer of {network}, but received {layer!r}; "
                f"choose from {', '.join(known)}."
            )
    return layers


def smallest_side(layers: Iterable[str]) -> int:
    """Tell how many pixels a picture's shorter side needs to reach these layers.

    Each block but the first halves the picture once.

    Examples:
        >>> smallest_side(["block1_conv1", "block5_conv1"])
        16
    """
    return 2 ** (max(int(layer[len("block")]) for layer in layers) - 1)


def feature_shape(layer: str, shape: tuple[int, int]) -> tuple[int, int, int]:
    """Tell the shape of a layer's feature maps.

    Examples:
        >>> feature_shape("block4_conv2", (171, 256))
        (21, 32, 512)

    Args:
        layer: Name such as `"block4_conv2"`.
        shape: Height and width of the picture, in pixels.

    Returns:
        Height, width and channels.
    """
    block = int(layer[len("block")])
    height, width = (side // 2 ** (block - 1) for side in shape)
    return height, width, CHANNELS_PER_BLOCK[block - 1]


class Convolution(keras.layers.Conv2D):
    """A 3×3 convolution that a CPU computes faster than TensorFlow's own.

    TensorFlow hands a forward convolution's kernel to oneDNN in the order it lies in
    memory, and oneDNN then reads it in strides; before a backward convolution it puts
    the kernel in order first. A convolution of stride 1 is also the backward pass of
    the one with the kernel turned by 180° and its channels exchanged, so both ways
    are computed as backward passes here.
    """

    def build(self, input_shape):
        super().build(input_shape)
        self._turned = tf.Variable(self._turn_kernel(), trainable=False)
        assign = self.kernel.assign

        def assign_both(kernel):
            assign(kernel)
            self._turned.assign(self._turn_kernel())

        # Whatever loads weights, a layer or a model or a file, ends here.
        self.kernel.assign = assign_both

    def _turn_kernel(self):
        turned = self.kernel.numpy()[::-1, ::-1].swapaxes(2, 3)  # (3, 3, out, in)
        return np.ascontiguousarray(turned)

    def convolution_op(self, inputs, kernel):
        return _same_convolution(inputs, tf.convert_to_tensor(kernel), self._turned)


@tf.custom_gradient
def _same_convolution(x, kernel, turned):
    shape = tf.shape(x)  # (1, h, w, in)
    out_shape = tf.concat([shape[:3], [turned.shape[2]]], axis=0)
    y = tf.nn.conv2d_transpose(x, turned, out_shape, strides=1, padding="SAME")

    def gradient(upstream):
        dx = tf.nn.conv2d_transpose(upstream, kernel, shape, strides=1, padding="SAME")
        return dx, None, None

    y.set_shape([*x.shape[:3].as_list(), turned.shape[2]])
    return y, gradient


def build_feature_extractor(
    layers: Iterable[str],
    network: str = "auto",
    weights: str = "imagenet",
    pooling: str = "max",
    rescaled: bool = False,
    precision: str = "float32",
) -> keras.Model:
    """Build a model from a picture to its feature maps in the given layers.

    Nothing above the deepest of the layers is built, and nothing can be trained.

    Args:
        layers: Names such as `"block4_conv2"`.
        network: `"vgg19"`, `"vgg16"` (bundled), or `"auto"`: VGG19 where it is cached
            or can be downloaded, otherwise VGG16 with a warning.
        weights: `"imagenet"`, `"random"` (with a warning), or the path of a Keras
            weights file.
        pooling: `"max"` as VGG was trained, or `"avg"`, which the paper found "slightly
            more appealing".
        rescaled: Bring each filter's mean activation to 1, see `nst.rescale`.
        precision: `"float32"`, `"bfloat16"`, or `"auto"`, see `nst.precision`.

    Returns:
        `keras.Model` from float32 `[1, h, w, 3]` in VGG's input space (see
        `preprocess_image`) to float32 `{layer name: [1, h', w', C]}`, after the ReLU.
        Its name is the network's that was really used.

    Raises:
        ValueError: If a layer, network, pooling or precision is unknown or a weights
            file does not fit.
        OSError: If VGG19 is insisted on and cannot be had.
    """
    if pooling not in POOLINGS:
        raise ValueError(
            f"Expected pooling 'max' or 'avg', but received {pooling!r}; choose one."
        )
    precision = resolve_precision(precision)
    network = resolve_network(network, weights)
    layers = check_layers(layers, network)
    trained = load_weights(network, weights)

    x = inputs = keras.Input((None, None, 3))
    features = {}
    for layer in trained.layers[1:]:
        if isinstance(layer, keras.layers.Conv2D):
            # bfloat16 cannot tell a pixel's 200 from 200.4, so the first is exact.
            config = layer.get_config()
            config["dtype"] = "float32" if x is inputs else precision
            # Drawing kernels at random, only to replace them, takes a second.
            config["kernel_initializer"] = "zeros"
            convolution = Convolution.from_config(config)
            convolution.build(x.shape)
            convolution.set_weights(layer.get_weights())
            x = convolution(x)
        else:
            x = POOLINGS[pooling](pool_size=2, name=layer.name, dtype=precision)(x)
        if layer.name in layers:
            features[layer.name] = x
            if precision != "float32":
                features[layer.name] = keras.layers.Identity(dtype="float32")(x)
        if len(features) == len(set(layers)):
            break
    model = keras.Model(inputs, features, name=network)
    model.trainable = False
    if rescaled:
        rescale(model)
    return model
