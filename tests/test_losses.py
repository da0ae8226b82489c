"""The paper's equations against sums written out by hand and in plain NumPy."""

import nst
from nst import losses

import hypothesis
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import strategies

# (h, w, C), odd on purpose: nothing is square and no two numbers agree.
SHAPES = [(3, 5, 2), (1, 1, 4), (7, 2, 3), (1, 9, 1)]


def gram_by_loops(features):
    """G_ij = Σ_k F_ik F_jk, a sum over every position, one product at a time."""
    height, width, channels = features.shape
    gram = np.zeros((channels, channels))
    for i in range(channels):
        for j in range(channels):
            for row in range(height):
                for column in range(width):
                    gram[i, j] += features[row, column, i] * features[row, column, j]
    return gram


def style_loss_by_loops(generated, target):
    """E_l = 1 / (4 N²) Σ (G / M_G − A / M_A)²."""
    channels = generated.shape[-1]
    g = gram_by_loops(generated) / (generated.shape[0] * generated.shape[1])
    a = gram_by_loops(target) / (target.shape[0] * target.shape[1])
    return ((g - a) ** 2).sum() / (4 * channels**2)


def normal(generator, *shape):
    return generator.normal(size=shape).astype("float32")


def test_gram_of_two_positions_agrees_with_the_sum_by_hand():
    # Positions (1, 2) and (3, 4): 1·1 + 3·3, 1·2 + 3·4, 2·2 + 4·4.
    features = np.array([[[1, 2], [3, 4]]], dtype="float32")
    assert nst.gram_matrix(features).numpy().tolist() == [[10, 14], [14, 20]]


@pytest.mark.parametrize("shape", SHAPES)
def test_gram_agrees_with_plain_loops(generator, shape):
    features = normal(generator, *shape)
    np.testing.assert_allclose(
        nst.gram_matrix(features), gram_by_loops(features), rtol=1e-5, atol=1e-6
    )


def test_gram_is_the_same_with_and_without_the_axis_of_the_batch(generator):
    features = normal(generator, 3, 5, 2)
    np.testing.assert_array_equal(
        nst.gram_matrix(features), nst.gram_matrix(features[None])
    )


@hypothesis.given(
    height=strategies.integers(1, 6),
    width=strategies.integers(1, 6),
    channels=strategies.integers(1, 5),
    seed=strategies.integers(0, 1000),
)
def test_gram_is_unchanged_by_shuffling_positions(height, width, channels, seed):
    generator = np.random.default_rng(seed)
    positions = normal(generator, height * width, channels)
    shuffled = generator.permutation(positions)
    np.testing.assert_allclose(
        nst.gram_matrix(shuffled.reshape(height, width, channels)),
        nst.gram_matrix(positions.reshape(height, width, channels)),
        rtol=1e-4,
        atol=1e-5,
    )


def test_gram_changes_when_channels_are_shuffled_apart_from_each_other():
    together = np.array([[[1, 1], [0, 0]]], dtype="float32")
    apart = np.array([[[1, 0], [0, 1]]], dtype="float32")
    assert nst.gram_matrix(together)[0, 1] == 1
    assert nst.gram_matrix(apart)[0, 1] == 0


def test_gram_is_symmetric(generator):
    gram = nst.gram_matrix(normal(generator, 6, 5, 4)).numpy()
    np.testing.assert_array_equal(gram, gram.T)


def test_gram_has_no_negative_eigenvalue(generator):
    # Fewer positions than channels: some eigenvalues are 0, none may fall below.
    gram = nst.gram_matrix(normal(generator, 2, 2, 7)).numpy()
    assert np.linalg.eigvalsh(gram.astype("float64")).min() > -1e-5


def test_content_loss_of_tiny_maps_agrees_with_the_sum_by_hand():
    # ½ ((1 − 0)² + (2 − 4)²)
    generated = np.array([[[1.0], [2.0]]], dtype="float32")
    target = np.array([[[0.0], [4.0]]], dtype="float32")
    assert nst.content_loss(generated, target).numpy() == 2.5


@pytest.mark.parametrize("shape", SHAPES)
def test_content_loss_agrees_with_numpy(generator, shape):
    generated, target = normal(generator, *shape), normal(generator, *shape)
    expected = 0.5 * np.sum((generated.astype("float64") - target) ** 2)
    assert float(nst.content_loss(generated, target)) == pytest.approx(
        expected, rel=1e-5
    )


def test_style_loss_of_one_position_agrees_with_the_sum_by_hand():
    # N = 2, M = 1, G = [[1, 2], [2, 4]], A = 0: (1 + 4 + 4 + 16) / (4 · 2² · 1²)
    generated = np.array([[[1, 2]]], dtype="float32")
    target = np.zeros((1, 1, 2), dtype="float32")
    assert nst.style_loss(generated, target).numpy() == 25 / 16


def test_style_loss_of_equal_sizes_is_equation_4_of_the_paper(generator):
    generated, target = normal(generator, 3, 5, 2), normal(generator, 3, 5, 2)
    difference = gram_by_loops(generated) - gram_by_loops(target)
    expected = np.sum(difference**2) / (4 * 2**2 * 15**2)
    assert float(nst.style_loss(generated, target)) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("shape", SHAPES)
def test_style_loss_of_different_sizes_agrees_with_numpy(generator, shape):
    generated, target = normal(generator, *shape), normal(generator, 4, 3, shape[-1])
    assert float(nst.style_loss(generated, target)) == pytest.approx(
        style_loss_by_loops(generated, target), rel=1e-4
    )


def test_style_loss_does_not_see_how_often_a_texture_is_repeated(generator):
    texture = normal(generator, 2, 3, 4)
    repeated = np.tile(texture, (3, 2, 1))
    other = normal(generator, 5, 5, 4)
    assert float(nst.style_loss(repeated, other)) == pytest.approx(
        float(nst.style_loss(texture, other)), rel=1e-5
    )
    assert nst.style_loss(repeated, texture) < 1e-12


def test_style_loss_from_a_known_gram_is_the_same(generator):
    generated, target = normal(generator, 3, 5, 2), normal(generator, 4, 4, 2)
    known = losses.mean_gram_matrix(target)
    np.testing.assert_allclose(known, gram_by_loops(target) / 16, rtol=1e-5)
    assert losses.style_loss_from_gram(generated, known) == nst.style_loss(
        generated, target
    )


@pytest.mark.parametrize("loss", [nst.content_loss, nst.style_loss])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_loss_is_zero_at_its_target(generator, loss, shape):
    target = normal(generator, *shape)
    assert loss(target, target).numpy() == 0


@pytest.mark.parametrize("shape", [(4, 3, 3), (1, 6, 2), (5, 1, 1)])
def test_total_variation_agrees_with_numpy(generator, shape):
    image = normal(generator, *shape).astype("float64")
    expected = (
        np.abs(np.diff(image, axis=0)).sum() + np.abs(np.diff(image, axis=1)).sum()
    )
    for same in (image, image[None]):
        assert float(nst.total_variation_loss(same)) == pytest.approx(
            expected, rel=1e-6
        )


@pytest.mark.parametrize("exponent", [1.0, 1.5, 2.0, 2.5])
@pytest.mark.parametrize("shape", [(4, 3, 3), (2, 6, 2)])
def test_total_variation_with_an_exponent_agrees_with_plain_loops(
    generator, shape, exponent
):
    image = normal(generator, *shape).astype("float64")
    expected = 0.0
    for row in range(shape[0] - 1):
        for column in range(shape[1] - 1):
            for channel in range(shape[2]):
                here = image[row, column, channel]
                right = image[row, column + 1, channel] - here
                below = image[row + 1, column, channel] - here
                expected += (right**2 + below**2) ** (exponent / 2)
    for same in (image, image[None]):
        loss = float(nst.total_variation_loss(same, exponent))
        assert loss == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("exponent", [None, 1.0, 1.5, 2.0, 2.5])
def test_total_variation_of_one_colour_is_zero_and_so_is_its_slope(exponent):
    even = np.full((1, 4, 6, 3), 17.0, "float32")
    assert nst.total_variation_loss(even, exponent).numpy() == 0
    slope = gradient(lambda x: nst.total_variation_loss(x, exponent), even)
    np.testing.assert_array_equal(slope, 0)


@pytest.mark.parametrize("exponent", [1.0, 1.5, 2.5])
def test_a_single_dot_on_even_ground_has_a_finite_slope(exponent):
    picture = np.zeros((1, 5, 5, 1), "float32")
    picture[0, 2, 2] = 3.0
    slope = gradient(lambda x: nst.total_variation_loss(x, exponent), picture)
    assert np.isfinite(slope).all()
    assert slope[0, 2, 2, 0] > 0


def test_total_loss_weighs_its_terms_as_in_equation_7():
    # 2 · 3 + 10 · (0.25 · 4 + 0.75 · 8)
    style = {"block1_conv1": 4.0, "block2_conv1": 8.0}
    weights = {"block1_conv1": 0.25, "block2_conv1": 0.75}
    assert nst.total_loss(3.0, style, 2.0, 10.0, weights) == 76


def gradient(loss, at):
    """∂loss/∂at, by the tape."""
    at = tf.constant(at)
    with tf.GradientTape() as tape:
        tape.watch(at)
        value = loss(at)
    return tape.gradient(value, at).numpy()


def slope_by_differences(loss, at, direction, width=1e-3):
    """The slope of a loss along a direction, in double precision."""
    at, direction = at.astype("float64"), direction.astype("float64")
    ahead, behind = at + width * direction, at - width * direction
    return (float(loss(ahead)) - float(loss(behind))) / (2 * width)


def test_gradient_of_the_content_loss_is_equation_2_of_the_paper(generator):
    f, p = normal(generator, 3, 5, 2), normal(generator, 3, 5, 2)
    np.testing.assert_allclose(
        gradient(lambda x: nst.content_loss(x, p), f), f - p, rtol=1e-6
    )


def test_gradient_of_the_style_loss_is_equation_6_of_the_paper(generator):
    generated, target = normal(generator, 3, 5, 4), normal(generator, 3, 5, 4)
    f = generated.reshape(15, 4).T.astype("float64")  # N × M, as in the paper
    g, a = f @ f.T, gram_by_loops(target)
    expected = ((f.T @ (g - a)).T / (4**2 * 15**2)).T.reshape(3, 5, 4)
    np.testing.assert_allclose(
        gradient(lambda x: nst.style_loss(x, target), generated), expected, rtol=1e-4
    )


@pytest.mark.parametrize("loss", [nst.content_loss, nst.style_loss])
def test_gradient_behind_a_relu_is_zero_where_the_map_is_not_above_zero(
    generator, loss
):
    """Equations 2 and 6: "0 if F < 0", which is what the ReLU's own gradient does."""
    before, target = normal(generator, 3, 5, 2), normal(generator, 3, 5, 2)
    behind = gradient(lambda x: loss(tf.nn.relu(x), target), before)
    at_the_map = gradient(lambda f: loss(f, target), np.maximum(before, 0))
    np.testing.assert_allclose(behind, np.where(before > 0, at_the_map, 0), rtol=1e-6)


@pytest.mark.parametrize(
    "loss",
    [
        nst.content_loss,
        nst.style_loss,
        lambda x, _: nst.total_variation_loss(x),
        lambda x, _: nst.total_variation_loss(x, 1.5),
        lambda x, _: nst.total_variation_loss(x, 2.5),
    ],
    ids=["content", "style", "total_variation", "exponent 1.5", "exponent 2.5"],
)
def test_gradient_is_the_slope_that_finite_differences_find(generator, loss):
    at, target = normal(generator, 3, 5, 2), normal(generator, 3, 5, 2)
    direction = normal(generator, 3, 5, 2)
    expected = slope_by_differences(
        lambda x: loss(x, target.astype("float64")), at, direction
    )
    slope = np.sum(gradient(lambda x: loss(x, target), at) * direction)
    assert slope == pytest.approx(expected, rel=1e-3)


def test_gradient_of_any_function_of_the_gram_matrix_is_right(generator):
    """The loss's upstream gradient is symmetric; a function's need not be."""
    at, weights = normal(generator, 3, 5, 3), normal(generator, 3, 3)
    f = at.reshape(15, 3).astype("float64")
    expected = (f @ (weights + weights.T)).reshape(3, 5, 3)
    np.testing.assert_allclose(
        gradient(lambda x: tf.reduce_sum(nst.gram_matrix(x) * weights), at),
        expected,
        rtol=1e-4,
        atol=1e-5,
    )


@pytest.mark.parametrize("shape", [(4,), (4, 4), (2, 4, 4, 3), (1, 1, 4, 4, 3)])
def test_gram_says_which_shape_it_expects(shape):
    with pytest.raises(
        ValueError, match=r"^Expected the feature maps of one picture.*;"
    ):
        nst.gram_matrix(np.zeros(shape, dtype="float32"))


def test_content_loss_says_that_shapes_must_agree():
    with pytest.raises(
        ValueError, match=r"one shape, but received \(2, 2, 3\) and \(2, 3, 3\)"
    ):
        nst.content_loss(np.zeros((2, 2, 3)), np.zeros((2, 3, 3)))


def test_style_loss_says_that_channels_must_agree():
    with pytest.raises(
        ValueError, match=r"number of channels.*\(2, 2, 3\).*\(2, 2, 4\)"
    ):
        nst.style_loss(np.zeros((2, 2, 3)), np.zeros((2, 2, 4)))
