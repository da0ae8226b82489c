"""Where VGG's weights come from: Keras' download, the bundled file, a path, or chance.

VGG19 is the paper's network. Its ImageNet weights are Keras' own download, kept in the
Keras home as Keras keeps them. VGG16's lie beside this module in half precision
(`weights/PROVENANCE.md`), for rooms without a network.
"""

import functools
import hashlib
import os
import socket
import tempfile
import threading
import urllib.error
import urllib.request
import warnings
from pathlib import Path

import h5py
import keras
import numpy as np

NETWORKS = {"vgg19": keras.applications.VGG19, "vgg16": keras.applications.VGG16}

VGG16_FILE = (
    Path(__file__).resolve().parent / "weights" / "vgg16_imagenet_float16.weights.h5"
)
VGG16_SHA256 = "e0d5c6e28ee016970bbf0a16cfae3a870a81772668597dbf7a1617d8a0983218"

VGG19_NAME = "vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5"
VGG19_URL = (
    "https://storage.googleapis.com/tensorflow/keras-applications/vgg19/" + VGG19_NAME
)
VGG19_MD5 = "253f8cb515780f3b799900260a226db6"

# A firewall that swallows packets answers nothing, ever. Wait this many seconds.
PATIENCE = 8.0


def vgg19_file() -> Path:
    """Tell where Keras keeps VGG19's weights on this machine."""
    home = os.environ.get("KERAS_HOME")
    return (Path(home) if home else Path.home() / ".keras") / "models" / VGG19_NAME


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


def get_vgg19() -> Path:
    """Fetch VGG19's ImageNet weights into the Keras home, unless they are there.

    The file appears there whole or not at all, also when two programs fetch it at
    once.

    Returns:
        Path of the file.

    Raises:
        OSError: If they cannot be fetched, or nothing answers for `PATIENCE` seconds.
    """
    path = vgg19_file()
    by_hand = f"put the file from {VGG19_URL} at {path}, or use network='vgg16'"
    patience = socket.getdefaulttimeout()
    try:
        if path.is_file() and _hash(path, "md5") == VGG19_MD5:
            return path
        _wait_for_an_answer()
        path.parent.mkdir(parents=True, exist_ok=True)
        socket.setdefaulttimeout(PATIENCE)
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            part = keras.utils.get_file(
                VGG19_NAME,
                origin=VGG19_URL,
                file_hash=VGG19_MD5,
                cache_dir=folder,
                cache_subdir="",
            )
            Path(part).replace(path)
    # Keras raises a bare Exception where a download fails.
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise OSError(
            f"Expected to download VGG19's weights, but received: {reason}; {by_hand}."
        ) from None
    finally:
        socket.setdefaulttimeout(patience)
    return path


def _wait_for_an_answer() -> None:
    """Raise what is in the way of the download, after `PATIENCE` seconds at most."""
    outcome = [TimeoutError(f"no answer within {PATIENCE:.0f} seconds")]

    def knock():
        try:
            with urllib.request.urlopen(VGG19_URL, timeout=PATIENCE) as reply:
                reply.read(1)
            outcome[0] = None
        # A proxy may answer anything; urllib then raises more than OSError.
        except Exception as error:
            outcome[0] = error
            if isinstance(error, urllib.error.HTTPError):
                error.close()

    # Looking up a name obeys no time limit, so it is left behind in a thread.
    thread = threading.Thread(target=knock, daemon=True)
    thread.start()
    thread.join(PATIENCE + 0.5)
    if outcome[0] is not None:
        raise outcome[0]


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
    if _hash(_existing(VGG16_FILE), "sha256") != VGG16_SHA256:
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


def _hash(path: Path, algorithm: str) -> str:
    digest = hashlib.new(algorithm, usedforsecurity=False)
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
