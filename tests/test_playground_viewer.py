"""The picture and its time line: following a run, or standing where a hand left it."""

from nst.playground.frames import Frames
from nst.playground.viewer import LATEST, Viewer

import numpy as np
import pytest


def grow(frames, upto):
    """Add the pictures up to a step, each of its own grey."""
    for step in range(frames.steps[-1] + 1 if frames.steps else 0, upto + 1):
        frames.add(step, np.full((8, 8, 3), 10 * step, "uint8"))


@pytest.fixture
def viewer():
    """A viewer of a run that has taken ten steps."""
    viewer, viewer.run = Viewer(), Frames()
    grow(viewer.run, 10)
    viewer.watch(viewer.run)
    return viewer


def shows(viewer, step):
    number, picture = viewer.run.at(step)
    words = f"Picture after step {number}" if number else "Picture at the start"
    assert number == step
    assert viewer.picture.value == picture
    assert viewer.picture.tooltip == viewer.caption.value == words


def test_at_its_end_the_time_line_follows_the_run(viewer):
    shows(viewer, 10)
    grow(viewer.run, 12)
    viewer.follow()
    shows(viewer, 12)


@pytest.mark.parametrize(("place", "step"), [(0, 0), (50, 5), (LATEST - 1, 10)])
def test_anywhere_else_it_keeps_its_picture(viewer, place, step):
    viewer.timeline.value = place
    grow(viewer.run, 12)
    viewer.follow()
    shows(viewer, step)


def test_back_at_its_end_it_catches_up_and_follows_again(viewer):
    viewer.timeline.value = 50
    grow(viewer.run, 12)
    viewer.timeline.value = LATEST
    shows(viewer, 12)
    grow(viewer.run, 13)
    viewer.follow()
    shows(viewer, 13)


def test_following_moves_neither_the_time_line_nor_the_player(viewer):
    moved = []
    for part in (viewer.timeline, viewer.player):
        part.observe(moved.append, "value")
    for step in (11, 12, 13):
        grow(viewer.run, step)
        viewer.follow()
    assert moved == []


def test_the_player_and_the_time_line_move_each_other(viewer):
    viewer.play_button.click()
    viewer.player.value = 20
    assert viewer.timeline.value == 20
    shows(viewer, 2)
    viewer.timeline.value = 70
    assert viewer.player.value == 70
    shows(viewer, 7)


def test_play_begins_where_the_time_line_stands_and_hold_ends_it(viewer):
    viewer.timeline.value = 40
    viewer.play_button.click()
    assert (viewer.player.playing, viewer.player.value) == (True, 40)
    assert viewer.play_button.description == "Hold"
    viewer.play_button.click()
    assert not viewer.player.playing
    assert viewer.play_button.description == "Play"


def test_another_run_is_followed_even_if_the_player_still_sends(viewer):
    viewer.play_button.click()
    viewer.player.value = 20
    viewer.run = Frames()
    viewer.watch(viewer.run)
    viewer.player.value = 21
    assert viewer.timeline.value == LATEST
    grow(viewer.run, 1)
    viewer.follow()
    shows(viewer, 1)


def test_another_run_is_followed_wherever_the_time_line_stood(viewer):
    viewer.timeline.value = 30
    viewer.run = Frames()
    viewer.watch(viewer.run)
    assert viewer.timeline.value == viewer.player.value == LATEST
    grow(viewer.run, 1)
    viewer.follow()
    shows(viewer, 1)
