"""What long use leaves behind: memory, threads, files and graphs.

    python tests/benchmark/long_use.py [--steps 500] [--runs 20]

First one long run at 128 px, then many runs of the playground at 64 px, all in one
process, as a class would use one kernel for an afternoon.
"""

import argparse
import gc
import time

from nst.images import SAMPLES
from nst.playground import Playground
from nst.transfer import StyleTransfer

import psutil

CONTENT = SAMPLES / "content" / "astronaut.jpg"
STYLE = SAMPLES / "style" / "great_wave.jpg"
PROCESS = psutil.Process()


def held(graphs):
    """Tell what the process holds; `graphs` are those of the run's step."""
    gc.collect()
    memory = PROCESS.memory_info().rss / 1e6
    threads, files = PROCESS.num_threads(), len(PROCESS.open_files())
    return f"{memory:.0f} MB, {threads} threads, {files} files, graphs traced: {graphs}"


def long_run(steps, size):
    """Print what is held after steps of one run."""
    transfer = StyleTransfer(CONTENT, STYLE, network="vgg16", size=size)
    began = time.perf_counter()
    for step in transfer.run(steps):
        if step.number == 20 or step.number % 100 == 0:
            print(f"step {step.number}: {held(transfer.trace_count)}", flush=True)
    print(f"{steps} steps in {time.perf_counter() - began:.0f} s")


def many_runs(runs, size, steps):
    """Print what is held after runs of a playground; every fifth is a new page."""
    for run in range(1, runs + 1):
        if run % 5 == 1:
            ui = Playground(CONTENT, STYLE, network="vgg16", size=size, steps=steps)
        ui.run_button.click()
        ui.wait()
        if run == 1 or run % 5 == 0:
            print(f"run {run}: {held(ui.transfer.trace_count)}", flush=True)
    ui.close()
    print(f"closed: {held('-')}")


def main():
    """Measure both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--runs", type=int, default=20)
    options = parser.parse_args()
    long_run(options.steps, size=128)
    many_runs(options.runs, size=64, steps=30)


if __name__ == "__main__":
    main()
