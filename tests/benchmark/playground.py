"""What the playground costs a run: steps a second with its page, and without.

    python tests/benchmark/playground.py [--size 128] [--steps 150] [--rounds 3]

Bare loops and runs through the playground take turns, so that a machine that is busy
for a while slows both. The playground makes its pictures and curves and sends them as
to a page; drawing that page is the browser's work.
"""

import argparse
import statistics
import time

from nst.images import SAMPLES
from nst.playground import Playground
from nst.transfer import StyleTransfer

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


def with_playground(size, steps):
    """Measure steps a second behind the page, from the second step to the last."""
    ui = Playground(CONTENT, STYLE, network="vgg16", size=size, steps=steps + 1)
    ui.run_button.click()
    ui.wait_for_step(1)
    began = time.perf_counter()
    ui.wait_for_step(steps + 1)
    pace = steps / (time.perf_counter() - began)
    ui.wait()
    ui.close()
    return pace


def reactions(size):
    """Measure how many steps a slider takes to act, and Stop to stop, and how long."""
    ui = Playground(CONTENT, STYLE, network="vgg16", size=size, steps=100_000)
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
    more = ui.transfer.steps - taken
    ui.close()
    return acted, more, clicked


def main():
    """Print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--steps", type=int, default=150)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    bare(options.size, 3)
    paces = {bare: [], with_playground: []}
    for _ in range(options.rounds):
        for measure, measured in paces.items():
            measured.append(measure(options.size, options.steps))
            print(f"{measure.__name__}: {measured[-1]:.2f} steps a second", flush=True)
    share = statistics.median(paces[with_playground]) / statistics.median(paces[bare])
    print(f"with the playground, {100 * share:.0f} % of the bare loop's pace")
    acted, more, clicked = reactions(options.size)
    print(f"a slider acted on the {acted}. step begun or taken after it moved")
    print(f"Stop returned in {1000 * clicked:.1f} ms; {more} further steps were ended")


if __name__ == "__main__":
    main()
