"""The picture of a run, and the time line over all its frames."""

import threading

from nst.playground.controls import FITTING, Group, Picture, button, row, text
from nst.playground.frames import Frames

import ipywidgets as widgets

# The end of the time line, in per cent of the run.
LATEST = 100


class Viewer(Group):
    """A picture that follows a run while its time line stands at the end.

    Only a hand or the player moves the time line, and its range is always the same. So
    nothing that the page sends back late can be taken for a hand.
    """

    def __init__(self) -> None:
        self.picture = Picture(format="jpeg").add_class("nst-picture")
        self.caption = text()
        self.timeline = widgets.IntSlider(
            LATEST,
            description="Time line, % of the run",
            style=FITTING,
            layout=widgets.Layout(flex="1 1 280px", width="auto"),
        )
        # Its own buttons have no words.
        self.player = widgets.Play(LATEST, layout=widgets.Layout(display="none"))
        self.play_button = button("Play", "play")
        self._frames, self._lock = Frames(), threading.RLock()
        controls = row(self.timeline, self.play_button, self.player, wrap=True)
        super().__init__("Picture", self.picture, self.caption, controls)
        # Not by `widgets.link`, which fails where two threads move one end at a time.
        self.player.observe(self._follow_player, "value")
        self.timeline.observe(self._scrub, "value")
        self.play_button.on_click(lambda _: self._play())
        self.player.observe(self._name_button, "playing")

    def watch(self, frames: Frames) -> None:
        """Show other frames from now on, and follow them."""
        with self._lock:
            self._frames, self.player.playing = frames, False
            self.timeline.value = LATEST
            self._show()

    def follow(self) -> None:
        """Show the latest frame, unless the time line stands elsewhere."""
        if self.timeline.value == LATEST:
            self._show()

    def _show(self):
        with self._lock:
            if not self._frames.steps:
                return
            step = round(self._frames.steps[-1] * self.timeline.value / LATEST)
            number, picture = self._frames.at(step)
            words = f"Picture after step {number}" if number else "Picture at the start"
            self.caption.value = words
            # One message, not two.
            with self.picture.hold_sync():
                self.picture.value, self.picture.tooltip = picture, words

    def _scrub(self, change):
        self.player.value = change.new
        self._show()

    def _follow_player(self, change):
        # What the page sends after it was told to hold comes too late.
        if self.player.playing:
            self.timeline.value = change.new

    def _play(self):
        self.player.value = self.timeline.value
        self.player.playing = not self.player.playing

    def _name_button(self, change):
        self.play_button.description = "Hold" if change.new else "Play"
        self.play_button.icon = "pause" if change.new else "play"
