"""The three tasks of the course, each in one call: transfer, content alone, style alone.

The default is the fastest setting that gives a good picture: L-BFGS, coarse to fine.
"""

import os
import sys
from pathlib import Path

from nst.images import SAMPLES, save_image
from nst.settings import check_choice, check_count
from nst.start import STARTS
from nst.transfer import StyleTransfer

import numpy as np
from tqdm import tqdm

MODES = ("style_transfer", "content", "style")
FASTEST = {"optimizer": "lbfgs", "scales": "auto"}
# A photograph is repainted sooner than noise becomes a picture.
STEPS, STEPS_FROM_NOISE = 60, 120


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
        steps: How many; 60 by default, 120 from noise.
        **settings: Of `StyleTransfer`, such as `size`, `beta` or `network`.

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
    try:
        run_with_progress(transfer, steps or default_steps(transfer))
    finally:
        # Also where an interrupt ended the run.
        save_image(transfer.image, path, transfer.settings() | {"mode": mode})
    print(f"{path.name}: painted with {transfer.network.upper()}, {transfer.size} px")
    _show(path)
    return transfer.image


def prepare(content_path, style_path, mode="style_transfer", **settings):
    """Make the `StyleTransfer` that a mode stands for, without running it."""
    check_choice("mode", mode, MODES)
    content_path, style_path = _find(content_path), _find(style_path)
    settings = FASTEST | settings
    if mode == "style_transfer":
        start = settings.pop("init", "content")
        if content_path == "noise":
            raise ValueError(
                "Expected a photograph as content, but received 'noise'; pass "
                "init='noise' to start from noise, or mode='style' for a texture."
            )
        return StyleTransfer(content_path, style_path, init=start, **settings)
    start = settings.pop("init", content_path)
    if mode == "content":
        return StyleTransfer(style_path, None, init=start, **settings)
    return StyleTransfer(None, style_path, init=start, **settings)


def default_steps(transfer: StyleTransfer) -> int:
    """Tell how many steps a run usually takes to look finished."""
    return STEPS_FROM_NOISE if transfer.init == "noise" else STEPS


def run_with_progress(transfer: StyleTransfer, steps: int) -> None:
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
                f"step {step.number}/{transfer.steps - step.number + steps}, "
                f"{step.size} px, loss {step.losses['total']:.3g}",
                refresh=False,
            )


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
