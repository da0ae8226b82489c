"""VGG's input space, there and back.

VGG was trained on BGR pictures whose ImageNet mean had been subtracted and whose
values were not scaled (Simonyan and Zisserman, 2014, section 2.1).
"""

from nst.images.arrays import check_image

import numpy as np

IMAGENET_MEAN_BGR = np.array([103.939, 116.779, 123.68], dtype="float32")
# The range of displayable pixels, seen from VGG's input space.
LOWEST = -IMAGENET_MEAN_BGR
HIGHEST = 255.0 - IMAGENET_MEAN_BGR


def preprocess_image(image: np.ndarray) -> np.ndarray:
    """Bring a picture into the space that VGG was trained in.

    RGB becomes BGR, the ImageNet mean of each channel is subtracted, nothing is scaled.

    Examples:
        >>> black = np.zeros((1, 1, 3), dtype="uint8")
        >>> preprocess_image(black)
        array([[[[-103.939, -116.779, -123.68 ]]]], dtype=float32)

    Args:
        image: uint8 array of shape `(height, width, 3)`, RGB.

    Returns:
        float32 array of shape `(1, height, width, 3)`, BGR around 0.

    Raises:
        ValueError: If the array is no uint8 RGB picture.
    """
    image = check_image(image, "image")
    return image[None, ..., ::-1].astype("float32") - IMAGENET_MEAN_BGR


def deprocess_image(x) -> np.ndarray:
    """Bring a tensor from VGG's input space back to a picture.

    The inverse of `preprocess_image`: the mean is added, BGR becomes RGB, and values
    are rounded and clipped to 0 … 255. The tensor itself is left as it is.

    Examples:
        >>> picture = np.arange(12, dtype="uint8").reshape(2, 2, 3)
        >>> bool((deprocess_image(preprocess_image(picture)) == picture).all())
        True

    Args:
        x: float tensor or array of shape `(1, height, width, 3)` or
            `(height, width, 3)`.

    Returns:
        uint8 array of shape `(height, width, 3)`, RGB.

    Raises:
        ValueError: If the shape is another one.
    """
    x = np.asarray(x)
    if x.shape[-1:] != (3,) or x.ndim not in (3, 4) or (x.ndim == 4 and len(x) != 1):
        raise ValueError(
            "Expected one picture of shape (1, height, width, 3), but received shape "
            f"{x.shape}; pass a single picture in VGG's input space."
        )
    x = x.reshape(x.shape[-3:]) + IMAGENET_MEAN_BGR
    return np.uint8(np.clip(np.round(x), 0, 255)[..., ::-1])
