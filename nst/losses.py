"""The equations of "A Neural Algorithm of Artistic Style", and nothing else.

Gatys, Ecker and Bethge, 2015, https://arxiv.org/abs/1508.06576, section "Methods".
In the paper's symbols: F and P are the feature maps of the generated picture and of
the photograph in one layer, G and A the Gram matrices of the generated picture and
of the painting, N the number of channels and M = h · w the number of positions.

Feature maps have no unit: they are the activations of VGG for pixels of 0 … 255.
"""

from collections.abc import Mapping

import tensorflow as tf


def _positions_by_channels(features) -> tf.Tensor:
    """Lay the feature maps of one picture out as F: a row each position."""
    features = tf.convert_to_tensor(features)
    shape = features.shape
    if shape.rank not in (3, 4) or (shape.rank == 4 and shape[0] not in (1, None)):
        raise ValueError(
            "Expected the feature maps of one picture, [h, w, C] or [1, h, w, C], but "
            f"received shape {shape}; pass one picture's features of one layer."
        )
    return tf.reshape(features, (-1, shape[-1]))  # (h·w, C)


@tf.custom_gradient
def _channel_products(f: tf.Tensor) -> tuple:
    products = tf.matmul(f, f, transpose_a=True)  # (C, C)

    def gradient(upstream):
        # f takes part twice. Both parts in one product: half the work that the tape
        # would do, which does not know that they are each other's transpose.
        return tf.matmul(f, upstream + tf.transpose(upstream))  # (h·w, C)

    return products, gradient


def gram_matrix(features) -> tf.Tensor:
    """Correlate every channel with every other: G_ij = Σ_k F_ik F_jk.

    The sum runs over all positions k, so where something is in the picture does not
    matter, only what occurs together. Paper: equation 3.

    Examples:
        >>> one_position = tf.constant([[[1.0, 2.0]]])
        >>> gram_matrix(one_position).numpy().tolist()
        [[1.0, 2.0], [2.0, 4.0]]

    Args:
        features: Feature maps of one layer, `[h, w, C]` or `[1, h, w, C]`.

    Returns:
        Tensor of shape `(C, C)`: symmetric, not divided by anything.

    Raises:
        ValueError: If the shape is another one.
    """
    return _channel_products(_positions_by_channels(features))


def content_loss(generated, target) -> tf.Tensor:
    """Compare what is where: L_content = ½ Σ (F − P)².

    Paper: equation 1.

    Examples:
        >>> float(content_loss(tf.fill((1, 2, 2, 1), 3.0), tf.zeros((1, 2, 2, 1))))
        18.0

    Args:
        generated: F, `[h, w, C]` or `[1, h, w, C]`.
        target: P, of the same shape.

    Returns:
        Scalar tensor; 0 if and only if the two are equal.

    Raises:
        ValueError: If the shapes differ.
    """
    generated, target = tf.convert_to_tensor(generated), tf.convert_to_tensor(target)
    if not generated.shape.is_compatible_with(target.shape):
        raise ValueError(
            "Expected feature maps of one shape, but received "
            f"{generated.shape} and {target.shape}; take both from the same layer, "
            "for pictures of the same size."
        )
    return 0.5 * tf.reduce_sum(tf.square(generated - target))


def mean_gram_matrix(features) -> tf.Tensor:
    """Divide the Gram matrix by its number of positions: G / M.

    So it means the same for pictures of any size.

    Args:
        features: Feature maps of one layer, `[h, w, C]` or `[1, h, w, C]`.

    Returns:
        Tensor of shape `(C, C)`.
    """
    f = _positions_by_channels(features)
    return _channel_products(f) / tf.cast(tf.shape(f)[0], f.dtype)


def style_loss_from_gram(generated, mean_gram) -> tf.Tensor:
    """Compare feature maps with a style's Gram matrix that is already known.

    E_l = 1 / (4 N²) Σ (G / M_G − A / M_A)². For pictures of the same size, M_G = M_A,
    this is the paper's equation 4, E_l = 1 / (4 N² M²) Σ (G − A)².

    Args:
        generated: F, feature maps of one layer, `[h, w, C]` or `[1, h, w, C]`.
        mean_gram: A / M_A, `[C, C]`, from `mean_gram_matrix`.

    Returns:
        Scalar tensor E_l.
    """
    difference = mean_gram_matrix(generated) - mean_gram
    channels = tf.cast(tf.shape(difference)[0], difference.dtype)
    return tf.reduce_sum(tf.square(difference)) / (4.0 * channels**2)


def style_loss(generated, target) -> tf.Tensor:
    """Compare which channels occur together: E_l of one layer.

    Paper: equation 4, in the form that also holds for pictures of different sizes
    (see `style_loss_from_gram`).

    Examples:
        >>> x = tf.random.normal((1, 4, 4, 8))
        >>> shuffled = tf.reshape(tf.random.shuffle(tf.reshape(x, (16, 8))), x.shape)
        >>> bool(style_loss(shuffled, x) < 1e-6)
        True

    Args:
        generated: F, `[h, w, C]` or `[1, h, w, C]`.
        target: The painting's feature maps of the same layer; h and w may differ.

    Returns:
        Scalar tensor E_l; 0 where the Gram matrices agree.

    Raises:
        ValueError: If the number of channels differs.
    """
    generated, target = tf.convert_to_tensor(generated), tf.convert_to_tensor(target)
    if generated.shape[-1] != target.shape[-1]:
        raise ValueError(
            "Expected feature maps with the same number of channels, but received "
            f"shapes {generated.shape} and {target.shape}; take both from one layer."
        )
    return style_loss_from_gram(generated, mean_gram_matrix(target))


def total_variation_loss(image, exponent: float | None = None) -> tf.Tensor:
    """Add up the differences between neighbouring pixels: Σ |right| + Σ |below|.

    Not in the paper. Mahendran and Vedaldi, 2015, https://arxiv.org/abs/1412.0035,
    section 2, use it to keep a generated picture from becoming grainy, as
    Σ (right² + below²)^(exponent/2); without an exponent this is the plain form of
    `tf.image.total_variation`.

    Examples:
        >>> picture = tf.constant([[[1.0], [4.0]], [[1.0], [2.0]]])
        >>> float(total_variation_loss(picture))
        6.0
        >>> float(total_variation_loss(picture, exponent=2.0))
        9.0

    Args:
        image: Picture in pixel units, `[h, w, C]` or `[1, h, w, C]`.
        exponent: Of Mahendran and Vedaldi's form, where it is meant; they call it β.
            Its last row and column have no neighbour and are left out.

    Returns:
        Scalar tensor; 0 for a picture of one colour.
    """
    image = tf.convert_to_tensor(image)
    if exponent is None:
        return tf.reduce_sum(tf.image.total_variation(image))
    corner = image[..., :-1, :-1, :]
    right = tf.square(image[..., :-1, 1:, :] - corner)
    below = tf.square(image[..., 1:, :-1, :] - corner)
    squares = right + below
    # Below an exponent of 2, the power's slope at 0 is infinite, and 0 · ∞ no number.
    even = squares == 0
    powers = tf.where(even, tf.ones_like(squares), squares) ** (exponent / 2)
    return tf.reduce_sum(tf.where(even, tf.zeros_like(squares), powers))


def total_loss(content, style: Mapping, alpha, beta, layer_weights: Mapping):
    """Weigh what to keep against how to paint it: L = α L_content + β Σ w_l E_l.

    Paper: equations 5 and 7.

    Examples:
        >>> total_loss(2.0, {"block1_conv1": 3.0}, 1.0, 10.0, {"block1_conv1": 0.5})
        17.0

    Args:
        content: L_content.
        style: E_l of each style layer, by its name.
        alpha: Weight of the content.
        beta: Weight of the style.
        layer_weights: w_l of each style layer, by its name.

    Returns:
        The total loss, of the type of its terms.
    """
    return alpha * content + beta * sum(
        layer_weights[layer] * style[layer] for layer in style
    )
