"""The three tasks of the course, each in one call: transfer, content alone, style alone.

The default is the fastest setting that gives a good picture, the recipe "fast": L-BFGS,
coarse to fine, from the photograph in the painting's colours.
"""

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from nst.images import SAMPLES, save_image
from nst.recipes import get_recipe
from nst.saved import ENDING
from nst.settings import check_choice, check_count
from nst.start import STARTS
from nst.step import Step
from nst.transfer import StyleTransfer

import numpy as np
from tqdm import tqdm

MODES = ("style_transfer", "content", "style")
# A photograph is repainted sooner than noise becomes a picture.
STEPS, STEPS_FROM_NOISE = 50, 120
# After a power cut, no more than these seconds of a run are lost.
SAVE_EVERY = 60.0


def main(
    content_path,
    style_path,
    mode: str = "style_transfer",
    steps: int | None = None,
    **settings,
) -> np.ndarray:
    """Make one picture, write it to `img/results`, and show it in a notebook.

    Examples:
        >>> content = "img/content/astronaut.jpg"
        >>> style = "img/style/great_wave.jpg"
        >>> main(content, style, mode="style_transfer")  # doctest: +SKIP
        >>> main("noise", content, mode="content")  # doctest: +SKIP
        >>> main("noise", style, mode="style")  # doctest: +SKIP

    Args:
        content_path: Photograph. In the other two modes, the picture to start from, or
            `"noise"`.
        style_path: Painting. In mode `"content"`, the picture whose content is rebuilt;
            in mode `"style"`, the one whose texture is.
        mode: `"style_transfer"`, `"content"` or `"style"`.
        steps: How many; 50 by default, 120 from noise, or as many as the recipe says.
        **settings: Of `StyleTransfer`, such as `size`, `beta` or `network`; the recipe
            is `"fast"` unless another one is named.

    Returns:
        The picture, uint8 `[H, W, 3]`; also written to
        `img/results/<content>_<style>.png`, with its settings.

    Raises:
        ValueError: If the mode, a setting or a picture cannot be used.
        FileNotFoundError: If a picture is not there.
    """
    if steps is not None:
        check_count("steps", steps, 1)
    transfer = prepare(content_path, style_path, mode, **settings)
    path = results_folder() / f"{_stem(content_path)}_{_stem(style_path)}.png"
    paint(transfer, steps or default_steps(transfer), path)
    print(f"{path.name}: painted with {transfer.network.upper()}, {transfer.size} px")
    _show(path)
    return transfer.image


def prepare(content_path, style_path, mode="style_transfer", **settings):
    """Make the `StyleTransfer` that a mode stands for, without running it."""
    check_choice("mode", mode, MODES)
    content_path, style_path = _find(content_path), _find(style_path)
    settings.setdefault("recipe", "fast")
    if mode == "style_transfer":
        if content_path == "noise":
            raise ValueError(
                "Expected a photograph as content, but received 'noise'; pass "
                "init='noise' to start from noise, or mode='style' for a texture."
            )
        return StyleTransfer(content_path, style_path, **settings)
    settings.setdefault("init", content_path)
    if mode == "content":
        return StyleTransfer(style_path, None, **settings)
    return StyleTransfer(None, style_path, **settings)


def default_steps(transfer: StyleTransfer) -> int:
    """Tell how many steps the recipe takes, or a run usually to look finished."""
    steps = get_recipe(transfer.recipe).steps or STEPS
    return max(steps, STEPS_FROM_NOISE) if transfer.init == "noise" else steps


def task_of(transfer: StyleTransfer) -> str:
    """Tell which of the three tasks a transfer does."""
    if transfer.content_layer is None:
        return "style"
    return "style_transfer" if transfer.style_layers else "content"


def paint(transfer: StyleTransfer, steps: int, path: Path) -> None:
    """Run with a progress bar, and lose nothing whatever ends it.

    The picture is written in the end, also after an interrupt or an error. While it
    runs, `transfer.save` keeps everything once a minute beside the picture, in a file
    that ends in .npz; it stays if the end was not reached, and `StyleTransfer.load`
    goes on from there.

    Args:
        transfer: What to run.
        steps: How many.
        path: Of the picture.
    """
    saved_run, saved_at = Path(path).with_suffix(ENDING), time.monotonic()
    try:
        for _ in with_progress(transfer, steps):
            if time.monotonic() - saved_at > SAVE_EVERY:
                transfer.save(saved_run)
                saved_at = time.monotonic()
    finally:
        save_image(
            transfer.image, path, transfer.settings() | {"mode": task_of(transfer)}
        )
        if transfer.steps < transfer.planned:
            transfer.save(saved_run)
        else:
            saved_run.unlink(missing_ok=True)


def with_progress(transfer: StyleTransfer, steps: int) -> Iterator[Step]:
    """Run with a bar that tells the time left, measured from the first steps on."""
    steps = check_count("steps", steps, 1)
    work = transfer.work(steps)
    with tqdm(
        total=sum(work),
        file=sys.stdout,
        bar_format="{percentage:3.0f} % |{bar:30}| {elapsed}, {remaining} left{postfix}",
    ) as bar:
        for step, share in zip(transfer.run(steps), work, strict=True):
            bar.update(share)
            bar.set_postfix_str(
                f"step {step.number}/{transfer.planned}, "
                f"{step.size} px, loss {step.losses['total']:.3g}",
                refresh=False,
            )
            yield step


def results_folder() -> Path:
    """Tell where results go: the project's own folder, seen from anywhere inside it."""
    project = SAMPLES.parent
    if project == Path.cwd() or project not in Path.cwd().parents:
        return Path("img", "results")
    return SAMPLES / "results"


def _find(path):
    """Let the paths of the README work from a notebook's folder, too."""
    if not isinstance(path, str | os.PathLike) or path in STARTS or Path(path).exists():
        return path
    from_project = SAMPLES.parent / path
    return from_project if from_project.exists() else path


def _stem(path) -> str:
    return Path(path).stem if isinstance(path, str | os.PathLike) else "picture"


def _show(path) -> None:
    if "IPython" in sys.modules:
        from IPython import display, get_ipython

        if get_ipython() is not None:
            display.display(display.Image(filename=path))
