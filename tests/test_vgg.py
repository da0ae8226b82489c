"""The layers are those of the paper, after the ReLU, computed as Keras computes them."""

import warnings

import nst
from nst import vgg
from nst.pretrained import VGG16_FILE

import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf

# Simonyan and Zisserman, 2014, table 1, columns D and E: channels of each convolution.
VGG16_CHANNELS = 2 * [64] + 2 * [128] + 3 * [256] + 6 * [512]
VGG19_CHANNELS = 2 * [64] + 2 * [128] + 4 * [256] + 8 * [512]


def assert_close(actual, expected, share=1e-3):
    """Compare relative to the largest activation of the layer."""
    expected = np.asarray(expected)
    assert np.abs(expected).max() > 0
    np.testing.assert_allclose(actual, expected, atol=share * np.abs(expected).max())


def convolve_by_numpy(x, kernel, bias):
    """A 3×3 convolution with a border of zeros: [h, w, in] -> [h, w, out]."""
    height, width, _ = x.shape
    padded = np.pad(x, ((1, 1), (1, 1), (0, 0)))
    y = np.broadcast_to(bias, (height, width, len(bias))).astype("float64")
    for row in range(3):
        for column in range(3):
            window = padded[row : row + height, column : column + width]
            y = y + window @ kernel[row, column]
    return y


def bundled_weights(number):
    """Kernel and bias of a convolution, read from the file itself."""
    name = "conv2d" if number == 0 else f"conv2d_{number}"
    with h5py.File(VGG16_FILE, "r") as file:
        variables = file["layers"][name]["vars"]
        return np.float64(variables["0"][()]), np.float64(variables["1"][()])


@pytest.fixture(scope="module")
def x(content):
    return nst.preprocess_image(content)[:, :32, :48]


@pytest.fixture(scope="module")
def plain_vgg16():
    return keras.applications.VGG16(include_top=False, weights=str(VGG16_FILE))


def random_weights(model):
    """He-normal kernels and biases that are not zero, so that a lost bias shows."""
    generator = np.random.default_rng(1)
    return [
        generator.normal(
            0, np.sqrt(2 / np.prod(w.shape[:3])) if w.ndim == 4 else 0.5, w.shape
        ).astype("float32")
        for w in model.get_weights()
    ]


def outputs(model, x, names):
    features = keras.Model(
        model.input, [model.get_layer(name).output for name in names]
    )
    return dict(zip(names, features(x), strict=True))


def test_the_names_follow_the_table_of_vgg():
    assert len(vgg.layer_names("vgg16")) == 13
    assert len(vgg.layer_names("vgg19")) == 16
    assert vgg.layer_names("vgg19")[8:12] == [f"block4_conv{n}" for n in (1, 2, 3, 4)]


def test_the_layers_of_the_paper_are_the_default():
    assert nst.CONTENT_LAYER == "block4_conv2"
    assert nst.STYLE_LAYERS == tuple(f"block{block}_conv1" for block in range(1, 6))


def test_layers_for_auto_are_in_both_networks():
    both = set(vgg.layer_names("vgg16")) & set(vgg.layer_names("vgg19"))
    assert set(vgg.layer_names("auto")) == both


@pytest.fixture(scope="module")
def every_layer():
    """Both networks whole; VGG19 with random weights, as its file is not bundled."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {
            "vgg16": nst.build_feature_extractor(vgg.layer_names("vgg16"), "vgg16"),
            "vgg19": nst.build_feature_extractor(
                vgg.layer_names("vgg19"), "vgg19", "random"
            ),
        }


@pytest.mark.parametrize(
    ("network", "channels"), [("vgg16", VGG16_CHANNELS), ("vgg19", VGG19_CHANNELS)]
)
def test_each_layer_has_the_channels_and_the_size_of_the_table(
    network, channels, every_layer
):
    names = vgg.layer_names(network)
    features = every_layer[network](np.zeros((1, 48, 32, 3), "float32"))
    for name, count in zip(names, channels, strict=True):
        halved = 2 ** (int(name[len("block")]) - 1)
        assert features[name].shape == (1, 48 // halved, 32 // halved, count)


def test_the_first_layers_agree_with_convolutions_in_numpy(x):
    layers = ["block1_conv1", "block1_conv2", "block2_conv1"]
    features = nst.build_feature_extractor(layers, "vgg16")(x)
    y = x[0].astype("float64")
    for number, layer in enumerate(layers):
        if layer == "block2_conv1":  # 2×2 max pooling
            height, width, channels = y.shape
            y = y.reshape(height // 2, 2, width // 2, 2, channels).max(axis=(1, 3))
        y = np.maximum(convolve_by_numpy(y, *bundled_weights(number)), 0)
        assert_close(features[layer][0], y, share=1e-5)


def test_every_layer_of_vgg16_agrees_with_plain_keras(x, plain_vgg16, every_layer):
    names = vgg.layer_names("vgg16")
    features = every_layer["vgg16"](x)
    for name, expected in outputs(plain_vgg16, x, names).items():
        assert_close(features[name], expected)


def test_every_layer_of_vgg19_agrees_with_plain_keras(x, every_layer):
    names, model = vgg.layer_names("vgg19"), every_layer["vgg19"]
    plain = keras.applications.VGG19(include_top=False, weights=None)
    kept = random_weights(plain)
    plain.set_weights(kept)
    model.set_weights(kept[: len(model.get_weights())])
    features = model(x)
    for name, expected in outputs(plain, x, names).items():
        assert_close(features[name], expected)


def test_the_gradient_agrees_with_plain_keras(x, plain_vgg16):
    def gradient(features):
        at = tf.constant(x)
        with tf.GradientTape() as tape:
            tape.watch(at)
            loss = tf.reduce_mean(tf.square(features(at)))
        return tape.gradient(loss, at)

    extractor = nst.build_feature_extractor(["block3_conv1"], "vgg16")
    plain = keras.Model(plain_vgg16.input, plain_vgg16.get_layer("block3_conv1").output)
    assert_close(gradient(lambda at: extractor(at)["block3_conv1"]), gradient(plain))


def test_no_activation_is_below_zero(x, every_layer):
    for activations in every_layer["vgg16"](x).values():
        assert activations.numpy().min() == 0


def test_nothing_above_the_deepest_layer_is_built():
    model = nst.build_feature_extractor(["block2_conv1", "block1_conv2"], "vgg16")
    assert [layer.name for layer in model.layers[1:]] == [
        "block1_conv1",
        "block1_conv2",
        "block1_pool",
        "block2_conv1",
    ]


def test_nothing_can_be_trained():
    model = nst.build_feature_extractor(["block1_conv2"], "vgg16")
    assert model.trainable_weights == []


def test_the_model_is_called_after_the_network_in_use():
    assert nst.build_feature_extractor(["block1_conv1"], "vgg16").name == "vgg16"


def test_average_pooling_takes_the_mean(x):
    layers = ["block1_conv2", "block2_conv1"]
    features = nst.build_feature_extractor(layers, "vgg16", pooling="avg")(x)
    y = features["block1_conv2"][0].numpy().astype("float64")
    y = y.reshape(y.shape[0] // 2, 2, y.shape[1] // 2, 2, -1).mean(axis=(1, 3))
    expected = np.maximum(convolve_by_numpy(y, *bundled_weights(2)), 0)
    assert_close(features["block2_conv1"][0], expected, share=1e-5)


LOADERS = {
    "set_weights of the model": lambda model, plain, _: model.set_weights(
        plain.get_weights()[: len(model.get_weights())]
    ),
    "set_weights of each layer": lambda model, plain, _: [
        layer.set_weights(plain.get_layer(layer.name).get_weights())
        for layer in model.layers[1:]
    ],
    "load_weights": lambda model, _, path: model.load_weights(path),
    "assigning to a kernel": lambda model, plain, _: [
        variable.assign(value)
        for variable, value in zip(model.weights, plain.get_weights(), strict=False)
    ],
}


@pytest.fixture(scope="module")
def other_vgg16():
    """Plain Keras up to block2_conv1, with weights that nobody trained."""
    plain = keras.applications.VGG16(include_top=False, weights=None)
    plain = keras.Model(plain.input, plain.get_layer("block2_conv1").output)
    plain.set_weights(random_weights(plain))
    return plain


# Keras' own way of reading a variable, under NumPy 2.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize("load", LOADERS.values(), ids=LOADERS)
def test_other_weights_act_however_they_are_loaded(tmp_path, x, load, other_vgg16):
    model = nst.build_feature_extractor(["block2_conv1"], "vgg16")
    compiled = tf.function(lambda x: model(x))
    before = compiled(x)["block2_conv1"].numpy()
    path = tmp_path / "other.weights.h5"
    same = nst.build_feature_extractor(["block2_conv1"], "vgg16")
    same.set_weights(other_vgg16.get_weights())
    same.save_weights(path)
    load(model, other_vgg16, path)
    expected = other_vgg16(x).numpy()
    assert np.abs(expected - before).max() > 1
    assert_close(model(x)["block2_conv1"], expected)
    assert_close(compiled(x)["block2_conv1"], expected)


def test_an_unknown_layer_is_answered_with_the_layers_of_the_network():
    with pytest.raises(
        ValueError, match=r"layer of vgg16, but received 'block3_conv4'; choose.*conv3"
    ):
        nst.build_feature_extractor(["block3_conv4"], "vgg16")


def test_no_layer_at_all_is_refused():
    with pytest.raises(ValueError, match="at least one layer, but received none"):
        nst.build_feature_extractor([], "vgg16")


def test_one_layer_may_be_given_by_its_name():
    model = nst.build_feature_extractor("block1_conv1", "vgg16")
    assert list(model.output) == ["block1_conv1"]


@pytest.mark.parametrize("network", ["resnet", "VGG16", "", None])
def test_an_unknown_network_is_answered_with_the_networks(network):
    with pytest.raises(
        ValueError, match=r"network 'auto', 'vgg19' or 'vgg16', but rec"
    ):
        nst.build_feature_extractor(["block1_conv1"], network)


@pytest.mark.parametrize("pooling", ["mean", "", None])
def test_an_unknown_pooling_is_answered_with_the_poolings(pooling):
    with pytest.raises(ValueError, match="pooling 'max' or 'avg', but received"):
        nst.build_feature_extractor(["block1_conv1"], "vgg16", pooling=pooling)


def test_random_weights_warn():
    with pytest.warns(
        UserWarning, match=r"weights of this vgg19 are random.*no result"
    ):
        nst.build_feature_extractor(["block1_conv1"], "auto", "random")


@pytest.mark.filterwarnings("ignore:The weights of this")
def test_random_weights_are_the_same_every_time():
    first, second = (
        nst.build_feature_extractor(["block2_conv1"], "vgg16", "random").get_weights()
        for _ in range(2)
    )
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.filterwarnings("ignore:The weights of this")
def test_random_kernels_have_the_spread_of_he_and_others():
    model = nst.build_feature_extractor(["block3_conv1"], "vgg16", "random")
    kernel = model.get_layer("block3_conv1").get_weights()[0]
    assert kernel.std() == pytest.approx(np.sqrt(2 / (9 * 128)), rel=0.02)
    assert kernel.mean() == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize(
    ("layers", "side"),
    [
        (["block1_conv2"], 1),
        (["block4_conv2", "block1_conv1"], 8),
        (["block5_conv1"], 16),
    ],
)
def test_the_smallest_side_is_what_the_poolings_leave_a_pixel_of(layers, side):
    assert vgg.smallest_side(layers) == side
    model = nst.build_feature_extractor(layers, "vgg16")
    features = model(np.zeros((1, side, side, 3), "float32"))
    assert features[layers[0]].shape[1:3] == (1, 1)
