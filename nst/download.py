"""The download of VGG19's ImageNet weights, which are Keras' own.

They are kept in the Keras home, as Keras keeps them. School networks refuse a download
in many ways, some of them by silence: each ends in one sentence, and in time.
"""

import hashlib
import os
import socket
import tempfile
import threading
import urllib.error
import urllib.request
from pathlib import Path

import keras

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
        if path.is_file() and file_hash(path, "md5") == VGG19_MD5:
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


def file_hash(path: Path, algorithm: str) -> str:
    """Compute a file's hash, in hexadecimal; `algorithm` is a name of hashlib's."""
    digest = hashlib.new(algorithm, usedforsecurity=False)
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
