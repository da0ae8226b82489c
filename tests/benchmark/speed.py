"""Seconds until a picture is as good as TensorFlow's tutorial gets it in 150 steps.

    python tests/benchmark/speed.py --sizes 256 512 --out bench

The same weights, pictures and loss for all; each contender runs in a process of its
own, one after the other; a judge that is not the library's code measures every uint8
picture. Prints a table and draws loss against seconds. PyTorch is an extra of this
benchmark alone (`pip install -e ".[benchmark]"`); `--torch` names a Python that has it.
"""

import argparse
import math
import os
import statistics
import subprocess
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import matplotlib.pyplot as plt
import numpy as np
from judge import Judge, network
from pictures import PAIRS, picture
from PIL import Image

HERE = Path(__file__).resolve().parent
STEPS = {
    "tutorial": 150,
    "default": 50,
    "float32": 50,
    "lbfgs": 40,
    "adam": 100,
    "pytorch": 60,
}
LABELS = {
    "tutorial": "TensorFlow's tutorial (Adam)",
    "default": "nst, default",
    "float32": "nst, default in float32",
    "lbfgs": "nst, L-BFGS at one scale",
    "adam": "nst, plain Adam",
    "pytorch": "PyTorch's L-BFGS",
}


def run(name, pair, size, folder, python):
    """Run a contender unless its file is there; return its seconds and pictures."""
    path = folder / f"{name}_{'_'.join(pair)}_{size}.npz"
    if not path.exists():
        words = [python, HERE / "run_one.py", name, *pair, size, STEPS[name], path]
        subprocess.run([str(word) for word in words], check=True)
    with np.load(path) as file:
        return file["seconds"], file["pictures"]


def judged(pair, size, folder, torch, names):
    """Return {contender: (seconds, losses, pictures)}."""
    judge = Judge(network(), *(picture(name, size) for name in pair))
    results = {}
    for name in names:
        python = torch if name == "pytorch" else sys.executable
        seconds, pictures = run(name, pair, size, folder, python)
        results[name] = seconds, [judge(image) for image in pictures], pictures
    return results


def time_to(reference, seconds, losses):
    """Return the seconds and number of the first step at or under the reference.

    Infinitely many seconds, and the last step, where none is.
    """
    for number, (second, loss) in enumerate(zip(seconds, losses, strict=True), 1):
        if loss <= reference:
            return second, number
    return math.inf, len(losses)


def main():
    """Run everything, print the table, draw the curves."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[256, 512])
    parser.add_argument("--out", type=Path, default=Path("bench"))
    parser.add_argument("--torch", default=sys.executable)
    parser.add_argument("--contenders", nargs="+", choices=STEPS, default=list(STEPS))
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for size in options.sizes:
        taken = {name: [] for name in options.contenders}
        figure, axes = plt.subplots(
            1, len(PAIRS), figsize=(12, 4.2), layout="constrained"
        )
        for axis, pair in zip(axes, PAIRS, strict=True):
            results = judged(pair, size, options.out, options.torch, options.contenders)
            reference = results["tutorial"][1][-1]
            print(f"{' × '.join(pair)}, {size} px: reference loss {reference:.4g}")
            axis.axhline(reference, color="gray", linewidth=0.8)
            shown = []
            for name, (seconds, losses, pictures) in results.items():
                second, number = time_to(reference, seconds, losses)
                taken[name].append(second)
                print(
                    f"  {LABELS[name]:30} {second:7.1f} s, {number:3d} steps "
                    f"({seconds[-1] / len(seconds):.3f} s a step over all)",
                    flush=True,
                )
                axis.plot(seconds, losses, label=LABELS[name])
                shown.append(pictures[number - 1])
            Image.fromarray(np.hstack(shown)).save(
                options.out / f"pictures_{'_'.join(pair)}_{size}.png"
            )
            axis.set(xscale="log", yscale="log", xlabel="seconds", ylabel="loss")
            axis.set_title(" × ".join(pair))
        lines, names = axes[0].get_legend_handles_labels()
        figure.legend(lines, names, loc="outside lower center", ncols=3)
        figure.suptitle(f"VGG16, {size} px; gray: where the tutorial is in the end")
        figure.savefig(options.out / f"speed_{size}.png", dpi=100)
        median = {name: statistics.median(times) for name, times in taken.items()}
        for other in filter(taken.get, ("tutorial", "pytorch")):
            ratios = [
                theirs / ours
                for theirs, ours in zip(taken[other], taken["default"], strict=True)
            ]
            print(
                f"{size} px: the default is {statistics.median(ratios):.1f} times as "
                f"fast as {LABELS[other]} (median of {len(ratios)} pairs; seconds "
                f"{median['default']:.1f} against {median[other]:.1f})"
            )


if __name__ == "__main__":
    main()
