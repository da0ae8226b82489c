"""What the playground costs a run: steps a second with its page, and without.

    python tests/benchmark/playground.py [--size 128] [--steps 150] [--rounds 3]
    python tests/benchmark/playground.py --page     # shown by Chromium in JupyterLab

Bare loops and runs through the playground take turns, so that a machine that is busy
for a while slows both. Without `--page` the playground makes its pictures and curves
and sends them to nobody; with it, a browser on the same machine draws them.
"""

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

from nst.images import SAMPLES
from nst.playground import Playground
from nst.transfer import StyleTransfer

import nbformat

HERE = Path(__file__).resolve()
CONTENT = SAMPLES / "content" / "astronaut.jpg"
STYLE = SAMPLES / "style" / "great_wave.jpg"


def bare(size, steps):
    """Measure steps a second of `for step in transfer.run(steps): pass`."""
    transfer = StyleTransfer(CONTENT, STYLE, size=size, network="vgg16")
    next(transfer.run(1))
    began = time.perf_counter()
    for _ in transfer.run(steps):
        pass
    return steps / (time.perf_counter() - began)


def opened(size, steps):
    """Make a playground, for a page to show."""
    return Playground(CONTENT, STYLE, network="vgg16", size=size, steps=steps + 1)


def steered(ui, steps):
    """Measure steps a second behind a page, from the second step to the last."""
    ui.run_button.click()
    ui.wait_for_step(1)
    began = time.perf_counter()
    ui.wait_for_step(steps + 1)
    pace = steps / (time.perf_counter() - began)
    ui.wait()
    return pace


def reactions(ui):
    """Measure how many steps a slider takes to act, and Stop to stop, and how long."""
    ui.steps.value = 100_000
    ui.run_button.click()
    ui.wait_for_step(10)
    taken = ui.transfer.steps
    ui.beta.value *= 10
    ui.wait_for_step(taken + 5)
    acted = ui.changes[0][0] - taken
    taken, began = ui.transfer.steps, time.perf_counter()
    ui.stop_button.click()
    clicked = time.perf_counter() - began
    ui.wait()
    return acted, ui.transfer.steps - taken, clicked


def compare(ui, size, steps, rounds):
    """Take turns, and print what was measured."""
    bare(size, 3)
    paces = {"bare loop": [], "with the playground": []}
    for _ in range(rounds):
        paces["bare loop"].append(bare(size, steps))
        paces["with the playground"].append(steered(ui, steps))
    for name, measured in paces.items():
        told = ", ".join(f"{pace:.2f}" for pace in measured)
        print(f"{name}: {told} steps a second", flush=True)
    loop, playground = map(statistics.median, paces.values())
    print(f"with the playground, {100 * playground / loop:.0f} % of the bare loop")
    acted, more, clicked = reactions(ui)
    print(f"a slider acted on the {acted}. step begun or taken after it moved")
    print(f"Stop returned in {1000 * clicked:.1f} ms; {more} further steps were ended")


def with_page(options):
    """Let JupyterLab and Chromium show the playground while it is measured."""
    sys.path.append(str(HERE.parents[1]))
    from lab import choose, launched, open_notebook, serving

    arguments = options.size, options.steps
    cells = [
        f"import sys; sys.path.insert(0, {str(HERE.parent)!r}); import playground",
        f"ui = playground.opened{arguments}; ui",
        f"playground.compare(ui, {options.size}, {options.steps}, {options.rounds})",
    ]
    notebook = nbformat.v4.new_notebook(cells=[*map(nbformat.v4.new_code_cell, cells)])
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(notebook, Path(folder)) as address,
        launched() as browser,
    ):
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        open_notebook(page, address)
        choose(page, "Run", "Run All Cells")
        page.locator(".nst-picture").scroll_into_view_if_needed()
        told = page.get_by_text("further steps were ended")
        told.wait_for(timeout=3_600_000)
        print(told.inner_text())


def main():
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--steps", type=int, default=150)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--page", action="store_true")
    options = parser.parse_args()
    if options.page:
        with_page(options)
    else:
        ui = opened(options.size, options.steps)
        compare(ui, options.size, options.steps, options.rounds)
        ui.close()


if __name__ == "__main__":
    main()
