"""PyTorch's L-BFGS as in its tutorial: one scale, clamped, channels last.

Needs PyTorch and h5py, and nothing else of this project.
"""

import time

import h5py
import numpy as np
import torch
from torch.nn import functional

# (convolutions, deepest in use) of each block of VGG16.
BLOCKS = (2, 2, 3, 3, 1)
MEAN = torch.tensor([103.939, 116.779, 123.68]).view(1, 3, 1, 1)
LAYOUT = torch.channels_last


def load(path):
    """Read the kernels and biases of a Keras weights file, from the picture upwards."""
    with h5py.File(path, "r") as file:
        layers = file["layers"]
        names = [name for name in layers if name.startswith("conv2d")]
        names.sort(key=lambda name: int(name.partition("_")[2] or 0))
        arrays = [
            [torch.tensor(np.float32(layers[name]["vars"][which])) for which in "01"]
            for name in names
        ]
    return [
        (kernel.permute(3, 2, 0, 1).contiguous(memory_format=LAYOUT), bias)
        for kernel, bias in arrays
    ]


def features(x, layers):
    """Compute feature maps {(block, convolution): [1, C, h, w]} of RGB in [0, 1]."""
    x = (x.flip(1) * 255 - MEAN).contiguous(memory_format=LAYOUT)
    found, rest = {}, iter(layers)
    for block, count in enumerate(BLOCKS, start=1):
        if block > 1:
            x = functional.max_pool2d(x, 2)
        for number in range(1, count + 1):
            kernel, bias = next(rest)
            x = functional.relu(functional.conv2d(x, kernel, bias, padding=1))
            found[block, number] = x
    return found


def gram(f):
    """Divide the Gram matrix of feature maps by their number of positions."""
    f = f[0].flatten(1)
    return f @ f.T / f.shape[1]


def tensor(image):
    """Turn a uint8 picture into a tensor of [0, 1]."""
    # Its L-BFGS takes no other layout; `features` changes it.
    return (torch.tensor(image).permute(2, 0, 1)[None].float() / 255).contiguous()


def pytorch(content, style, weights, steps):
    """Run it; give the seconds and the picture of each evaluation."""
    layers = load(weights)
    began = time.perf_counter()
    with torch.no_grad():
        target = features(tensor(content), layers)[4, 2]
        of_style = features(tensor(style), layers)
        grams = {block: gram(of_style[block, 1]) for block in (1, 2, 3, 4, 5)}
    x = tensor(content).requires_grad_()
    optimizer = torch.optim.LBFGS([x])
    pictures = []

    def closure():
        with torch.no_grad():
            x.clamp_(0, 1)
        optimizer.zero_grad()
        found = features(x, layers)
        loss = 0.5 * ((found[4, 2] - target) ** 2).sum()
        for block, gram_of_style in grams.items():
            f = found[block, 1]
            squares = ((gram(f) - gram_of_style) ** 2).sum()
            loss = loss + 1e3 * 0.2 * squares / (4 * f.shape[1] ** 2)
        loss.backward()
        pictures.append((time.perf_counter() - began, x.detach().clone()))
        return loss

    while len(pictures) < steps:
        optimizer.step(closure)
    for seconds, picture in pictures:
        shown = (picture[0] * 255).round().permute(1, 2, 0)
        yield seconds, lambda shown=shown: np.uint8(shown.numpy())
