"""How exactly the network computes: float32, or bfloat16 where that is faster.

bfloat16 has float32's range and 8 of its 24 significant bits. Processors with
instructions for it (AVX-512 BF16, AMX) compute a convolution two and more times as fast
with it; all others are slower, or cannot do it. Kalamkar et al., 2019, "A Study of
BFLOAT16 for Deep Learning Training", https://arxiv.org/abs/1905.12322.

Only the convolutions between the first and the last make use of it. The first one,
which sees the pixels, the losses, and the optimiser compute in float32.
"""

import functools
import time

import tensorflow as tf

PRECISIONS = ("auto", "float32", "bfloat16")


def resolve_precision(precision: str) -> str:
    """Say which precision is meant: `"auto"` is the faster one on this machine.

    Examples:
        >>> resolve_precision("float32")
        'float32'

    Args:
        precision: `"auto"`, `"float32"` or `"bfloat16"`.

    Raises:
        ValueError: If it is another one.
    """
    if precision not in PRECISIONS:
        raise ValueError(
            f"Expected precision as one of {PRECISIONS}, but received {precision!r}; "
            "choose one of these."
        )
    return faster_precision() if precision == "auto" else precision


@functools.cache
def faster_precision() -> str:
    """Try both, once; it takes about a tenth of a second."""
    try:
        share = work_of_convolution("bfloat16") / work_of_convolution("float32")
    except tf.errors.OpError:
        return "float32"
    # Measured: at most 0.6 where the processor has the instructions, 2 to 20 elsewhere.
    return "bfloat16" if share < 0.8 else "float32"


def work_of_convolution(precision: str) -> float:
    """Measure what one of VGG's convolutions costs.

    Args:
        precision: `"float32"` or `"bfloat16"`.

    Returns:
        Seconds of all cores together. Unlike those of a clock, they stay the same when
        other programs are at work.

    Raises:
        tf.errors.OpError: If this processor cannot compute it.
    """
    x = tf.ones((1, 32, 32, 256), precision)
    kernel = tf.ones((3, 3, 256, 256), precision)

    def convolve():
        tf.nn.conv2d_transpose(x, kernel, x.shape, strides=1, padding="SAME").numpy()

    convolve()  # The first time, it also chooses how.
    began = time.process_time()
    for _ in range(6):
        convolve()
    return time.process_time() - began
