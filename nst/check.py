"""What a teacher asks before the lesson: what is installed, how fast, how much memory."""

import platform
import statistics
from importlib.metadata import version

from nst.download import vgg19_file
from nst.images import SAMPLES
from nst.memory import memory_free, peak_memory
from nst.pretrained import VGG16_FILE
from nst.transfer import StyleTransfer

import psutil
import tensorflow as tf

PACKAGES = (
    "tensorflow",
    "keras",
    "numpy",
    "matplotlib",
    "ipywidgets",
    "pillow",
)
SIZES = (128, 256, 512)


def check() -> None:
    """Print what is installed, which weights are there, and what a step costs here."""
    print(f"Python {platform.python_version()} on {platform.system()}")
    print(", ".join(f"{package} {version(package)}" for package in PACKAGES))
    print(f"Computes on {device()}, {memory_free() / 1e9:.1f} GB of memory free")
    print(f"VGG16 bundled: {'yes' if VGG16_FILE.is_file() else 'MISSING'}")
    print(f"VGG19 cached: {'yes' if vgg19_file().is_file() else 'no'}")
    print()
    print("One step with VGG16, and this program's peak memory:")
    for size in SIZES:
        transfer = StyleTransfer(
            SAMPLES / "content" / "astronaut.jpg",
            SAMPLES / "style" / "great_wave.jpg",
            size=size,
            network="vgg16",
        )
        # The first steps also prepare the network for this size.
        seconds = [step.seconds for step in transfer.run(6)][2:]
        print(
            f"  {size:4d} px: {statistics.median(seconds):5.2f} s, "
            f"{peak_memory() / 1e9:.2f} GB",
            flush=True,
        )


def device() -> str:
    """Name what TensorFlow computes on."""
    gpus = tf.config.list_physical_devices("GPU")
    cores = psutil.cpu_count(logical=False) or psutil.cpu_count()
    return f"{len(gpus)} GPU" if gpus else f"CPU, {cores} cores"
