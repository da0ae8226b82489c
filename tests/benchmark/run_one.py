"""Run one contender on one pair, in a process of its own, and keep all it made.

python run_one.py tutorial astronaut great_wave 256 150 out.npz
"""

import sys

import numpy as np
from pictures import WEIGHTS, picture


def main(name, content, style, size, steps, path):
    """Write each step's seconds and picture to a file."""
    content, style = picture(content, int(size)), picture(style, int(size))
    if name == "pytorch":
        from pytorch import pytorch

        steps = pytorch(content, style, WEIGHTS, int(steps))
    else:
        import contenders

        steps = getattr(contenders, name)(content, style, int(size), int(steps))
    seconds, pictures = zip(*[(when, shown()) for when, shown in steps], strict=True)
    np.savez(path, seconds=np.array(seconds), pictures=np.array(pictures))


if __name__ == "__main__":
    main(*sys.argv[1:])
