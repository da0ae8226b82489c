"""Seconds a step, GFLOP/s and peak memory against the size of the picture.

    python tests/benchmark/sizes.py

In float32, and in bfloat16 where that is faster on this machine. Each size runs in a process of its own: L-BFGS at one scale, VGG16, a square picture.
The last line is a matrix multiplication on the same cores, for comparison.
"""

import statistics
import subprocess
import sys
import time
from pathlib import Path

SIZES = (128, 256, 512, 1024)
# Multiplications and additions of VGG16's convolutions up to block5_conv1, forward,
# for a pixel of the picture: 2 · 9 · Σ in · out / 4^(block - 1).
FORWARD = 18 * (
    (3 * 64 + 64 * 64)
    + (64 * 128 + 128 * 128) / 4
    + (128 * 256 + 2 * 256 * 256) / 16
    + (256 * 512 + 2 * 512 * 512) / 64
    + 512 * 512 / 256
)


def measure(size: int, precision: str) -> None:
    """Print one size's line."""
    from nst import StyleTransfer
    from nst.memory import peak_memory

    samples = Path(__file__).resolve().parents[2] / "img"
    transfer = StyleTransfer(
        samples / "content" / "astronaut.jpg",
        samples / "style" / "great_wave.jpg",
        size=size,
        optimizer="lbfgs",
        network="vgg16",
        precision=precision,
    )
    # With 14 steps L-BFGS' memory is full.
    seconds = statistics.median(step.seconds for step in transfer.run(14))
    # The backward pass to the pixels costs as much as the forward one.
    flops = 2 * FORWARD * size**2 / seconds
    print(
        f"{precision:8} {size:5d} px: {seconds:6.3f} s a step, {flops / 1e9:4.0f} GFLOP/s, "
        f"{peak_memory() / 1e9:.2f} GB",
        flush=True,
    )


def multiply(side: int = 4096) -> None:
    """Print what a matrix multiplication reaches."""
    import tensorflow as tf

    a = tf.random.normal((side, side))
    seconds = []
    for _ in range(8):
        began = time.perf_counter()
        tf.matmul(a, a).numpy()
        seconds.append(time.perf_counter() - began)
    speed = 2 * side**3 / statistics.median(seconds) / 1e9
    print(f"matrix multiplication: {speed:.0f} GFLOP/s")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        measure(int(sys.argv[1]), sys.argv[2])
    else:
        from nst.precision import faster_precision

        for name in sorted({"float32", faster_precision()}, reverse=True):
            for one in SIZES:
                words = [sys.executable, __file__, str(one), name]
                subprocess.run(words, check=True)
        multiply()
