"""The command line: `python -m nst` repaints a photograph, `show` and `check` tell."""

import argparse
import sys
from pathlib import Path

from nst.check import check, device
from nst.images import SAMPLES, check_file_name, read_settings, save_image
from nst.settings import check_count
from nst.tasks import (
    MODES,
    default_steps,
    prepare,
    results_folder,
    run_with_progress,
)

CONTENT = SAMPLES / "content" / "astronaut.jpg"
STYLE = SAMPLES / "style" / "great_wave.jpg"


def main(arguments: list[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: Words after `python -m nst`; those of this process by default.

    Returns:
        0, or 2 where something was wrong; it is then said in one sentence.
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
        else:
            stylize(parser().parse_args(words))
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
        "'python -m nst check' tells what is installed and how fast it is here.",
        argument_default=argparse.SUPPRESS,
    )
    add = parser.add_argument
    add("--content", default=str(CONTENT), help="photograph, or 'noise'")
    add("--style", default=str(STYLE), help="painting")
    add("--mode", default="style_transfer", choices=MODES)
    add("--size", type=int, help="longest side in pixels (256)")
    add("--steps", type=int, default=None, help="how many (60; from noise 120)")
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
    add("--optimizer", choices=("adam", "lbfgs"), help="(lbfgs)")
    add("--learning-rate", type=float, help="of Adam, in levels of 255 (20)")
    add("--one-scale", action="store_true", help="every step at the final size")
    add("--seed", type=int, help="of the noise (0)")
    add("--network", choices=("auto", "vgg19", "vgg16"), help="(auto)")
    add("--weights", help="imagenet, random or a weights file")
    add("--pooling", choices=("max", "avg"), help="(max)")
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
    """Make one picture and say what was done."""
    settings = vars(options)
    content, style = settings.pop("content"), settings.pop("style")
    mode, steps = settings.pop("mode"), settings.pop("steps")
    path = settings.pop("output")
    if settings.pop("one_scale", False):
        settings["scales"] = None
    if "layer_weights" in settings:
        settings["layer_weights"] = dict(settings["layer_weights"])
    if path is None:
        name = f"{Path(content).stem}_{Path(style).stem}.png"
        path = results_folder() / name
    check_file_name(path)
    if steps is not None:
        check_count("steps", steps, 1)

    transfer = prepare(content, style, mode, **settings)
    steps = steps or default_steps(transfer)
    height, width = transfer.image.shape[:2]
    print(f"{transfer.network.upper()}, {width} × {height} px, {device()}")
    before = transfer.losses(transfer.start)
    try:
        run_with_progress(transfer, steps)
    except KeyboardInterrupt:
        print(f"\nStopped after {transfer.steps} of {steps} steps.")
    finally:
        save_image(transfer.image, path, transfer.settings() | {"mode": mode})
    after = transfer.losses()
    for name in ("total", "content", "style"):
        print(f"{name:>8} loss: {before[name]:9.3g} before, {after[name]:9.3g} after")
    print(f"Written to {path}")


def show(words: list[str]) -> None:
    """Print the settings kept in a picture."""
    if len(words) != 1:
        raise ValueError(
            f"Expected 'show FILE' with one file, but received {len(words)}; give the "
            "PNG file that a run wrote."
        )
    for name, value in read_settings(words[0]).items():
        print(f"{name}: {value}")


if __name__ == "__main__":
    sys.exit(main())
