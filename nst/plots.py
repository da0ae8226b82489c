"""Static matplotlib pictures that more than one lesson uses.

`show_…` makes a figure with pyplot, for the end of a notebook's cell; `draw_…` draws on
axes that are given.
"""

import math
from collections.abc import Iterable, Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np

# Told apart without colour too: each curve has its own dashes.
DASHES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 3)))
# Width of one at font size 8, in inches.
LETTER = 0.068


def show_images(
    images: Sequence[np.ndarray],
    captions: Sequence[str] = (),
    columns: int = 4,
    width: float = 3.0,
    title: str = "",
) -> None:
    """Show pictures in a grid, each with its caption.

    Args:
        images: uint8 arrays `[H, W, 3]`, or `[H, W]` for one channel in grey: uint8
            from black at 0 to white at 255, floats from their lowest to their highest.
        captions: One for each picture, or none.
        columns: Pictures in a row, at most.
        width: Of a picture, in inches.
        title: Above all of them.
    """
    columns = min(columns, len(images))
    rows = math.ceil(len(images) / columns)
    tallest = max(image.shape[0] / image.shape[1] for image in images)
    figure, axes = plt.subplots(
        rows,
        columns,
        figsize=(width * columns, rows * (width * tallest + 0.45)),
        squeeze=False,
        layout="constrained",
    )
    for axis in axes.flat:
        axis.axis("off")
    for axis, image in zip(axes.flat, images, strict=False):
        levels = {"vmin": 0, "vmax": 255} if image.dtype == np.uint8 else {}
        axis.imshow(image, cmap="gray", **levels)
    for axis, caption in zip(axes.flat, captions, strict=False):
        axis.set_title(caption, fontsize=10)
    if title:
        figure.suptitle(title)
    plt.show()


def show_losses(
    history: Mapping[str, Sequence[float]], changes: Iterable[tuple[int, str]] = ()
) -> None:
    """Show the losses of a run over its steps, on a log scale.

    Args:
        history: `StyleTransfer.history`.
        changes: Pairs of a step and what was changed there.
    """
    _, axis = plt.subplots(figsize=(8, 3.6), layout="constrained")
    draw_losses(axis, history, changes)
    plt.show()


def draw_losses(
    axis,
    history: Mapping[str, Sequence[float]],
    changes: Iterable[tuple[int, str]] = (),
) -> None:
    """Draw each weighted term of the loss over the steps, on a log scale.

    Args:
        axis: Matplotlib axes.
        history: Lists of losses by name, as in `StyleTransfer.history`; terms that are
            0 throughout are left out.
        changes: Pairs of a step and what was changed there, marked by a line.
    """
    thick = {"total": 2.5, "content": 1.8, "style": 1.8}
    shown = [name for name, losses in history.items() if any(losses)]
    for number, name in enumerate(shown):
        losses = np.array(history[name], dtype=float)
        losses[losses <= 0] = np.nan
        axis.plot(
            np.arange(1, len(losses) + 1),
            losses,
            label=name,
            linewidth=thick.get(name, 1.0),
            linestyle=DASHES[number % len(DASHES)],
        )
    axis.set_yscale("log")
    changes = list(changes)
    if changes:
        # Room above the curves, so that the words cover none.
        letters = 2 + max(len(what) for _, what in changes)
        inches = axis.get_window_extent().height / axis.figure.dpi
        room = min(0.6, letters * LETTER / inches)
        low, high = np.log10(axis.get_ylim())
        axis.set_ylim(10**low, 10 ** (low + (high - low) / (1 - room)))
    for step, what in changes:
        axis.axvline(step, color="gray", linewidth=0.8)
        axis.text(
            step,
            0.98,
            f" {what}",
            transform=axis.get_xaxis_transform(),
            rotation=90,
            va="top",
            fontsize=8,
        )
    axis.set_xlabel("step")
    axis.set_ylabel("loss")
    axis.grid(alpha=0.3)
    if shown:
        axis.legend(fontsize=8, loc="upper left", bbox_to_anchor=(1, 1))
