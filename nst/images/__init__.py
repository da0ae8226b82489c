"""Pictures: from a file to a uint8 RGB array, to VGG's input space, and back.

Every array that a person sees is uint8 RGB; every tensor that the network sees is in
VGG's input space. Read the modules in this order: `arrays` (checked and scaled),
`reading` (a file as a person sees it), `vgg_space` (what the network was trained on),
`writing` (whole files, with the settings that made them).
"""

from nst.images.arrays import check_image, fit_image, resize_image, scale_shape
from nst.images.reading import SAMPLES, load_image
from nst.images.vgg_space import (
    HIGHEST,
    IMAGENET_MEAN_BGR,
    LOWEST,
    deprocess_image,
    preprocess_image,
)
from nst.images.writing import (
    check_file_name,
    read_settings,
    save_image,
    write_whole,
)

__all__ = [
    "HIGHEST",
    "IMAGENET_MEAN_BGR",
    "LOWEST",
    "SAMPLES",
    "check_file_name",
    "check_image",
    "deprocess_image",
    "fit_image",
    "load_image",
    "preprocess_image",
    "read_settings",
    "resize_image",
    "save_image",
    "scale_shape",
    "write_whole",
]
