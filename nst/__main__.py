"""The command line: `python -m nst` repaints a photograph, `show` and `check` tell."""

import argparse
import sys
import warnings
from pathlib import Path

from nst.check import check, device
from nst.images import SAMPLES, check_file_name, read_settings
from nst.optimizers import OPTIMIZERS
from nst.paper_units import table
from nst.precision import PRECISIONS
from nst.recipes import RECIPES
from nst.saved import ENDING
from nst.settings import check_count
from nst.tasks import MODES, default_steps, paint, prepare, results_folder
from nst.transfer import StyleTransfer
from nst.vgg import POOLINGS

CONTENT = SAMPLES / "content" / "astronaut.jpg"
STYLE = SAMPLES / "style" / "great_wave.jpg"


def main(arguments: list[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: Words after `python -m nst`; those of this process by default.

    Returns:
        0; 2 where something was wrong, which is then said in one sentence; or 130, as
        is usual, where it was interrupted before there was a picture.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    words = sys.argv[1:] if arguments is None else arguments
    try:
        if words[:1] == ["check"]:
            check()
        elif words[:1] == ["show"]:
            show(words[1:])
        elif words[:1] == ["recipes"]:
            show_recipes()
        else:
            stylize(parser().parse_args(words))
    except KeyboardInterrupt:
        print("Stopped before the first step; nothing was written.")
        return 130
    except (ValueError, OSError, MemoryError, ArithmeticError) as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    return 0


def parser() -> argparse.ArgumentParser:
    """Make the parser of the main job's options."""
    parser = argparse.ArgumentParser(
        prog="python -m nst",
        description="Repaint a photograph in the style of a painting "
        "(Gatys, Ecker and Bethge, 2015). Without options: the sample pair.",
        epilog="Also: 'python -m nst show FILE' prints the settings kept in a result; "
        "'python -m nst recipes' compares the named settings; 'python -m nst check' "
        "tells what is installed and how fast it is here.",
        argument_default=argparse.SUPPRESS,
    )
    add = parser.add_argument
    add("--content", help="photograph, or 'noise'")
    add("--style", help="painting")
    add("--mode", choices=MODES, help="(style_transfer)")
    add("--resume", metavar="FILE", help="go on with the .npz file of a stopped run")
    add(
        "--recipe", choices=RECIPES, metavar="NAME", help=f"{', '.join(RECIPES)} (fast)"
    )
    add("--size", type=int, help="longest side in pixels (256)")
    add("--steps", type=int, default=None, help="how many (the recipe's)")
    add("--alpha", type=float, help="weight of the content (1)")
    add("--beta", type=float, help="weight of the style (1000)")
    add(
        "--layer-weights",
        type=layer_weight,
        nargs="+",
        metavar="LAYER=WEIGHT",
        help="style layers in use (block1_conv1=0.2 ... block5_conv1=0.2)",
    )
    add("--tv-weight", type=float, help="weight of the total variation (0)")
    add("--init", help="content, style, noise or a picture to start from")
    add("--optimizer", choices=OPTIMIZERS, help="(lbfgs)")
    add("--learning-rate", type=float, help="of Adam or SGD, in levels of 255 (20)")
    add("--one-scale", action="store_true", help="every step at the final size")
    add("--seed", type=int, help="of the noise (0)")
    add("--network", choices=("auto", "vgg19", "vgg16"), help="(auto)")
    add("--weights", help="imagenet, random or a weights file")
    add("--pooling", choices=POOLINGS, help="(max)")
    add("--precision", choices=PRECISIONS, help="of the convolutions (auto)")
    add("--rescaled", action="store_true", help="mean activations brought to 1")
    add("--output", default=None, help="file to write (img/results/…)")
    return parser


def layer_weight(word: str) -> tuple[str, float]:
    """Read `LAYER=WEIGHT`."""
    layer, _, weight = word.partition("=")
    try:
        return layer, float(weight)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"expected LAYER=WEIGHT such as block1_conv1=0.5, but received {word!r}"
        ) from None


def stylize(options: argparse.Namespace) -> None:
    """Make one picture, or go on with one, and say what was done."""
    settings = vars(options)
    steps, path = settings.pop("steps"), settings.pop("output")
    if steps is not None:
        check_count("steps", steps, 1)
    if path is not None:
        check_file_name(path)
    if "resume" in settings:
        transfer, path_by_default = resume(settings)
    else:
        transfer, path_by_default = begin(settings)
    path = Path(path or path_by_default)
    steps = steps or max(0, transfer.planned - transfer.steps)
    steps = steps or default_steps(transfer)
    height, width = transfer.image.shape[:2]
    print(f"{transfer.network.upper()}, {width} × {height} px, {device()}")
    before = transfer.losses(transfer.start)
    try:
        paint(transfer, steps, path)
    except KeyboardInterrupt:
        print(
            f"\nStopped after {transfer.steps} of {transfer.planned} steps. To go on:"
        )
        print(f"python -m nst --resume {path.with_suffix(ENDING)}")
    after = transfer.losses()
    for name in ("total", "content", "style"):
        print(f"{name:>8} loss: {before[name]:9.3g} before, {after[name]:9.3g} after")
    print(f"Written to {path}")


def begin(settings: dict) -> tuple[StyleTransfer, Path]:
    """Make the transfer that the options describe, and name its picture."""
    content, style = settings.pop("content", CONTENT), settings.pop("style", STYLE)
    if settings.pop("one_scale", False):
        settings["scales"] = {}
    if "layer_weights" in settings:
        settings["layer_weights"] = dict(settings["layer_weights"])
    transfer = prepare(content, style, **settings)
    return transfer, results_folder() / f"{Path(content).stem}_{Path(style).stem}.png"


def resume(settings: dict) -> tuple[StyleTransfer, Path]:
    """Load the transfer of a stopped run; it knows its pictures and settings."""
    file = settings.pop("resume")
    if settings:
        raise ValueError(
            "Expected --resume alone or with --steps or --output, but received "
            f"{', '.join(settings)} too; a stopped run keeps its settings."
        )
    return StyleTransfer.load(file), Path(file).with_suffix(".png")


def show(words: list[str]) -> None:
    """Print the settings kept in a picture."""
    if len(words) != 1:
        raise ValueError(
            f"Expected 'show FILE' with one file, but received {len(words)}; give the "
            "PNG file that a run wrote."
        )
    for name, value in read_settings(words[0]).items():
        print(f"{name}: {value}")


def show_recipes() -> None:
    """Print all recipes in the paper's units, and where each is from."""
    print(table())
    for name, recipe in RECIPES.items():
        print(f"\n{name}: {recipe.source} {recipe.differs}".rstrip())


if __name__ == "__main__":
    # A person is told what it is, not which line of code noticed it.
    warnings.formatwarning = lambda message, *_, **__: f"Note: {message}\n"
    sys.exit(main())
