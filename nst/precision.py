"""How exactly the network computes: float32, or bfloat16 where that is faster.

bfloat16 has float32's range and 8 of its 24 significant bits. Processors with
instructions for it (AVX-512 BF16, AMX) compute a convolution nearly twice as fast with
it, or faster still; all others are slower, or cannot do it. Kalamkar et al., 2019, "A
Study of BFLOAT16 for Deep Learning Training", https://arxiv.org/abs/1905.12322.

All layers but the first make use of it. The first one, which sees the pixels, the
losses, and the optimiser compute in float32.
"""

import functools
import time
import warnings
from collections.abc import Callable

import tensorflow as tf

PRECISIONS = ("auto", "float32", "bfloat16")


def resolve_precision(precision: str) -> str:
    """Say which precision is used here, and warn where it is not the one asked for.

    Examples:
        >>> resolve_precision("float32")
        'float32'

    Args:
        precision: `"float32"`, `"bfloat16"`, or `"auto"`: the one that this machine
            computes faster.

    Returns:
        `"float32"` or `"bfloat16"`.

    Raises:
        ValueError: If it is another one.
    """
    if precision not in PRECISIONS:
        raise ValueError(
            f"Expected precision as one of {PRECISIONS}, but received {precision!r}; "
            "choose one of these."
        )
    if precision == "auto":
        return faster_precision()
    # A run that is loaded here may have begun on another machine.
    if precision == "bfloat16" and not can_compute_bfloat16():
        warnings.warn(
            "This processor cannot compute in bfloat16, so float32 is used instead; "
            "pass precision='auto' to choose without this warning.",
            stacklevel=2,
        )
        return "float32"
    return precision


@functools.cache
def can_compute_bfloat16() -> bool:
    """Try one of VGG's convolutions in bfloat16, once in each process."""
    try:
        convolution("bfloat16")()
    except tf.errors.OpError:
        return False
    return True


@functools.cache
def faster_precision() -> str:
    """Try both, once; it takes some tenths of a second.

    Returns:
        `"bfloat16"` where the processor computes it clearly faster; else, and where a
        GPU does the work, `"float32"`.
    """
    if tf.config.list_physical_devices("GPU") or not can_compute_bfloat16():
        return "float32"
    seconds: dict[str, list[float]] = {"float32": [], "bfloat16": []}
    for _ in range(3):
        for precision, measured in seconds.items():
            measured.append(processor_seconds(convolution(precision)))
    share = min(seconds["bfloat16"]) / min(seconds["float32"])
    # Measured: at most 0.6 where the processor has the instructions, 2 to 20 elsewhere.
    return "bfloat16" if share < 0.8 else "float32"


def convolution(precision: str) -> Callable[[], None]:
    """Make a function that computes one of VGG's convolutions, 256 channels to 256.

    Args:
        precision: `"float32"` or `"bfloat16"`.

    Returns:
        Function without arguments. It raises a `tf.errors.OpError` where the processor
        cannot compute it.
    """
    x = tf.ones((1, 32, 32, 256), precision)  # (1, h, w, in)
    kernel = tf.ones((3, 3, 256, 256), precision)  # (3, 3, out, in)

    def convolve():
        tf.nn.conv2d_transpose(x, kernel, x.shape, strides=1, padding="SAME").numpy()

    return convolve


def processor_seconds(compute: Callable[[], None], times: int = 6) -> float:
    """Measure what a computation costs, from its second time on.

    Unlike the time of a clock on the wall, it hardly changes when other programs are at
    work. Other threads of this one do count: NumPy's spin for a while after a product
    of matrices.

    Args:
        compute: Called `times` times, and once before.
        times: Enough for a clock that advances in steps of 16 ms, as Windows' does.

    Returns:
        Seconds of all cores together.
    """
    compute()
    began = time.process_time()
    for _ in range(times):
        compute()
    return time.process_time() - began
