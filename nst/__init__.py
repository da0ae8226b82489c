"""Neural style transfer as Gatys, Ecker and Bethge described it (2015).

The paper: "A Neural Algorithm of Artistic Style", https://arxiv.org/abs/1508.06576.

Read the modules in this order: `images` (files to tensors and back), `vgg` (the
network that sees), `losses` (the paper's equations), `transfer` (the loop).
"""

import contextlib
import os

# oneDNN's convolutions are the fastest a CPU has. TensorFlow leaves them off on
# processors without AVX-512 and reads this variable when it is imported.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
# What TensorFlow's C++ writes to the console (missing GPUs, CPU features) helps
# nobody; its errors still arrive as Python exceptions.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


# Keras reads it, too; where nothing is said, it might take another from its own file.
os.environ["KERAS_BACKEND"] = os.environ.get("KERAS_BACKEND") or "tensorflow"


def _check_backend(backend):
    if backend != "tensorflow":
        raise ImportError(
            f"Expected Keras on TensorFlow, but received the backend {backend!r}; set "
            "the environment variable KERAS_BACKEND=tensorflow and start Python again."
        )


@contextlib.contextmanager
def _silent_console():
    """Drop what is written to the console from C++, past Python's `sys.stderr`.

    While it is being imported, TensorFlow greets even at the level set above.
    """
    try:
        console = os.dup(2)
    except OSError:  # There is none, as under Windows' pythonw.
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(console, 2)
        os.close(console)
        os.close(nowhere)


# Asked twice: Keras would stumble over a missing backend before it can be asked, and
# it may have been imported earlier, with another one.
_check_backend(os.environ["KERAS_BACKEND"])
with _silent_console():
    import keras
_check_backend(keras.config.backend())

from nst.images import deprocess_image, load_image, preprocess_image, save_image
from nst.losses import (
    content_loss,
    gram_matrix,
    style_loss,
    total_loss,
    total_variation_loss,
)
from nst.step import Step
from nst.tasks import main
from nst.transfer import StyleTransfer
from nst.vgg import CONTENT_LAYER, STYLE_LAYERS, build_feature_extractor

__all__ = [
    "CONTENT_LAYER",
    "STYLE_LAYERS",
    "Step",
    "StyleTransfer",
    "build_feature_extractor",
    "content_loss",
    "deprocess_image",
    "gram_matrix",
    "load_image",
    "main",
    "preprocess_image",
    "save_image",
    "style_loss",
    "total_loss",
    "total_variation_loss",
]
