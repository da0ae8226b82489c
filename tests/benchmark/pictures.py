"""The sample pictures and weights that every contender gets."""

from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
WEIGHTS = ROOT / "nst" / "weights" / "vgg16_imagenet_float16.weights.h5"
PAIRS = (
    ("astronaut", "great_wave"),
    ("summer_palace", "auvers"),
    ("chelsea", "composition_viii"),
)


def picture(name: str, size: int) -> np.ndarray:
    """Read a sample picture, its longest side scaled to `size`: uint8 RGB."""
    (path,) = (ROOT / "img").glob(f"*/{name}.jpg")
    image = Image.open(path).convert("RGB")
    scale = size / max(image.size)
    shape = [round(side * scale) for side in image.size]
    return np.array(image.resize(shape, Image.Resampling.LANCZOS))
