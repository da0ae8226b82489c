"""Where VGG's weights come from: Keras' download, the bundled file, a path, or chance.

VGG19 is the paper's network; `download` fetches its ImageNet weights. VGG16's lie beside
this module in half precision (`weights/PROVENANCE.md`), for rooms without a network.
"""

import functools
import os
import warnings
from pathlib import Path

from nst.download import file_hash, get_vgg19

import h5py
import keras
import numpy as np

NETWORKS = {"vgg19": keras.applications.VGG19, "vgg16": keras.applications.VGG16}

VGG16_FILE = (
    Path(__file__).resolve().parent / "weights" / "vgg16_imagenet_float16.weights.h5"
)
VGG16_SHA256 = "e0d5c6e28ee016970bbf0a16cfae3a870a81772668597dbf7a1617d8a0983218"


def resolve_network(network: str, weights: str = "imagenet") -> str:
    """Decide which network `"auto"` means here, and warn where that is not VGG19.

    Args:
        network: `"auto"`, `"vgg19"` or `"vgg16"`.
        weights: `"imagenet"`, `"random"` or the path of a weights file.

    Returns:
        `"vgg19"` or `"vgg16"`.

    Raises:
        ValueError: If the network is unknown.
    """
    network, failure = choose_network(network, weights)
    if failure is not None:
        warnings.warn(
            f"VGG19's weights cannot be had here ({failure}), so the bundled VGG16 is "
            "used instead; pass network='vgg16' to choose it without this warning.",
            stacklevel=2,
        )
    return network


def choose_network(network: str, weights: str = "imagenet") -> tuple[str, str | None]:
    """Decide likewise, without a warning.

    Args:
        network: As in `resolve_network`.
        weights: Likewise.

    Returns:
        `"vgg19"` or `"vgg16"`, and why VGG19 cannot be had where `"auto"` wanted it.

    Raises:
        ValueError: If the network is unknown.
    """
    if network in NETWORKS:
        return network, None
    if network != "auto":
        raise ValueError(
            f"Expected network 'auto', 'vgg19' or 'vgg16', but received {network!r}; "
            "choose one of them."
        )
    if weights == "random":
        return "vgg19", None
    if weights != "imagenet":
        return _network_in(weights), None
    failure = _failure_to_get_vgg19()
    return "vgg19" if failure is None else "vgg16", failure


def load_weights(network: str, weights: str = "imagenet") -> keras.Model:
    """Load the convolutional part of VGG.

    Args:
        network: `"vgg19"` or `"vgg16"`.
        weights: `"imagenet"`, `"random"` or the path of a Keras weights file.

    Returns:
        `keras.Model`, with its layers from the picture upwards.

    Raises:
        ValueError: If the file is damaged or belongs to another network.
        OSError: If VGG19's weights cannot be had.
    """
    if weights == "random":
        warnings.warn(
            f"The weights of this {network} are random: good for a test or a lesson, "
            "but no result of the paper.",
            stacklevel=3,
        )
        return _random(NETWORKS[network](include_top=False, weights=None))
    if weights == "imagenet" and network == "vgg19":
        path = get_vgg19()
    elif weights == "imagenet":
        path = _checked_vgg16()
    else:
        path = _existing(weights)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return NETWORKS[network](include_top=False, weights=str(path))
    # What Keras raises for a damaged file depends on the format and the damage.
    except Exception:
        raise ValueError(
            f"Expected the weights of {network} without its top, but '{path}' is "
            "damaged or belongs to another network; give the matching file."
        ) from None


@functools.cache
def _failure_to_get_vgg19() -> str | None:
    """Try once in each process; a room without a network stays one."""
    try:
        get_vgg19()
    except OSError as error:
        return str(error).partition("received: ")[2].partition(";")[0]
    return None


def _random(model: keras.Model) -> keras.Model:
    """Draw He-normal kernels (He et al., 2015), the same ones every time."""
    generator = np.random.default_rng(0)
    for layer in model.layers:
        if isinstance(layer, keras.layers.Conv2D):
            shape = layer.kernel.shape  # (3, 3, in, out)
            deviation = np.sqrt(2 / np.prod(shape[:3]))
            kernel = deviation * generator.standard_normal(shape, dtype="float32")
            layer.set_weights([kernel, np.zeros(shape[3], dtype="float32")])
    return model


def _checked_vgg16() -> Path:
    if file_hash(_existing(VGG16_FILE), "sha256") != VGG16_SHA256:
        raise ValueError(
            f"Expected the bundled VGG16 weights in '{VGG16_FILE.name}', but the file "
            "is cut off or changed; fetch the project again."
        )
    return VGG16_FILE


def _existing(path) -> Path:
    if not isinstance(path, str | os.PathLike) or not Path(path).is_file():
        raise FileNotFoundError(
            "Expected weights 'imagenet', 'random' or the path of a weights file, but "
            f"there is no file '{path}'; check the path."
        )
    return Path(path)


def _network_in(path) -> str:
    """Tell VGG19's weights from VGG16's by the number of their kernels, 16 or 13."""
    shapes = []
    try:
        with h5py.File(_existing(path), "r") as file:
            file.visititems(lambda _, item: shapes.append(getattr(item, "shape", ())))
    except OSError as error:
        if isinstance(error, FileNotFoundError):
            raise
        raise ValueError(
            f"Expected a Keras weights file, but '{path}' is damaged or something "
            "else; give a file that ends in .h5 and was saved by Keras."
        ) from None
    kernels = sum(len(shape) == 4 for shape in shapes)
    return "vgg19" if kernels == 16 else "vgg16"
