"""A picture goes into VGG's input space and comes back unchanged."""

import nst

import numpy as np
import pytest


def test_preprocessing_and_back_keeps_every_level_of_every_channel():
    levels = np.arange(256, dtype="uint8").reshape(16, 16)
    for order in ((0, 1, 2), (2, 0, 1), (1, 2, 0)):
        channels = [np.rot90(levels, turns) for turns in order]
        image = np.ascontiguousarray(np.stack(channels, axis=-1))
        back = nst.deprocess_image(nst.preprocess_image(image))
        np.testing.assert_array_equal(back, image)


def test_preprocessing_turns_rgb_to_bgr_and_subtracts_the_mean_of_imagenet():
    image = np.array([[[10, 20, 30]]], dtype="uint8")
    x = nst.preprocess_image(image)
    assert (x.shape, x.dtype) == ((1, 1, 1, 3), np.float32)
    np.testing.assert_allclose(
        x[0, 0, 0], [30 - 103.939, 20 - 116.779, 10 - 123.68], rtol=1e-6
    )


def test_preprocessing_agrees_with_keras(content):
    from keras.applications.vgg19 import preprocess_input

    expected = preprocess_input(content.astype("float32")[None])
    np.testing.assert_allclose(nst.preprocess_image(content), expected, atol=1e-4)


def test_deprocessing_rounds_and_clips():
    x = np.array([[[-500.0, 0.0, 500.0]]], dtype="float32")
    # 0 + 116.779 is nearer to 117; BGR becomes RGB.
    assert nst.deprocess_image(x).ravel().tolist() == [255, 117, 0]


def test_deprocessing_leaves_its_tensor_as_it_is(content):
    x = nst.preprocess_image(content)
    before = x.copy()
    nst.deprocess_image(x)
    np.testing.assert_array_equal(x, before)


@pytest.mark.parametrize("shape", [(3,), (4, 4), (4, 4, 4), (2, 4, 4, 3)])
def test_deprocessing_says_which_shape_it_expects(shape):
    with pytest.raises(ValueError, match=r"^Expected one picture of shape.*received"):
        nst.deprocess_image(np.zeros(shape))


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((4, 4, 3)),
        np.zeros((4, 4), "uint8"),
        np.zeros((4, 4, 4), "uint8"),
        np.zeros((1, 4, 4, 3), "uint8"),
        np.zeros((0, 4, 3), "uint8"),
        "picture",
    ],
    ids=["float", "grey", "rgba", "batch", "empty", "text"],
)
def test_what_is_no_picture_is_named(image):
    with pytest.raises(ValueError, match=r"^Expected `image` as a uint8 array"):
        nst.preprocess_image(image)
