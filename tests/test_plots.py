"""A plot of losses that can be read."""

from nst.plots import draw_losses

import numpy as np
import pytest
from matplotlib.figure import Figure

RISING = {"total": np.geomspace(1e3, 1e9, 50), "content": np.geomspace(1e2, 1e6, 50)}


@pytest.mark.parametrize("size", [(4.6, 4.6), (8, 3.6)])
@pytest.mark.parametrize("what", ["β = 10", "block3_conv1 = 0", "256 px"])
def test_the_words_of_a_change_cover_no_curve(size, what):
    figure = Figure(figsize=size, layout="constrained")
    axis = figure.subplots()
    draw_losses(axis, RISING, [(25, what), (49, what)])
    figure.canvas.draw()
    highest = axis.transData.transform((50, RISING["total"][-1]))[1]
    for words in axis.texts:
        assert words.get_window_extent().y0 > highest


def test_nothing_is_left_free_where_nothing_was_changed():
    axis = Figure().subplots()
    draw_losses(axis, RISING)
    assert axis.get_ylim()[1] < 10 * RISING["total"][-1]
