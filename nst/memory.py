"""How much memory a run needs, and whether this machine has it."""

import sys

import psutil

# Measured with VGG16 from 128 to 512 px, see tests/benchmark/sizes.py: what a run
# adds to the process for each pixel of the picture.
BYTES_PER_PIXEL = 2600


def memory_free() -> int:
    """Tell how many bytes of memory a program can still have."""
    return psutil.virtual_memory().available


def peak_memory() -> int:
    """Tell how many bytes this program has had at its largest."""
    if sys.platform == "win32":
        return psutil.Process().memory_info().peak_wset
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def check_memory(height: int, width: int) -> None:
    """Say before the first step if a picture would not fit, and which size would.

    Args:
        height: Of the picture, in pixels.
        width: Likewise.

    Raises:
        MemoryError: If the run would need more memory than is free.
    """
    free, needed = memory_free(), height * width * BYTES_PER_PIXEL
    if needed > free:
        fits = int(max(height, width) * (free / needed) ** 0.5)
        raise MemoryError(
            f"Expected a size of at most about {fits} px for the {free / 1e9:.1f} GB "
            f"of memory that are free, but received {max(height, width)}; choose a "
            "smaller size or close other programs."
        )
