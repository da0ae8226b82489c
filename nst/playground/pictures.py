"""Choosing a picture: from the samples, from what was given, or by an upload."""

import io
from pathlib import Path

from nst.images import SAMPLES, load_image, resize_image
from nst.playground.controls import Picture, choice
from nst.playground.frames import encode
from nst.playground.run import Source

import ipywidgets as widgets

THUMBNAIL = 128


class PicturePicker(widgets.Box):
    """A thumbnail, the list of pictures it is chosen from, and an upload.

    An upload is kept in memory; nothing is written.

    Args:
        kind: `"content"` or `"style"`.
        given: Path or uint8 array `[H, W, 3]`; `None` for the first sample.
        page: The `Page`, which is told about an upload.
    """

    def __init__(self, kind: str, given, page) -> None:
        files = sorted((SAMPLES / kind).glob("*.*"))
        self._sources = {path.stem: Source.of(path) for path in files}
        label = next(iter(self._sources), None)
        if hasattr(given, "shape"):
            label = f"given {kind}"
            self._sources[label] = Source(label, given, kind)
        elif given is not None:
            label = Path(given).stem
            self._sources[label] = Source.of(Path(given))
        self._kind, self._page = kind.capitalize(), page
        self.chosen = choice(self._kind, list(self._sources), label)
        self.chosen.style.description_width = "initial"
        self.upload = widgets.FileUpload(
            accept="image/*",
            description=f"Upload {kind}",
            layout=widgets.Layout(width="auto"),
        )
        self._thumbnail = Picture(format="jpeg", height=THUMBNAIL)
        controls = widgets.VBox([self.chosen, self.upload])
        controls.layout.flex = "1 1 150px"
        super().__init__([self._thumbnail, controls])
        self.layout.flex_flow = "row wrap"
        self.add_class("nst-pictures")
        self._show()
        self.chosen.observe(lambda _: self._show(), "value")
        self.upload.observe(self._take, "value")

    @property
    def source(self) -> Source:
        """The picture chosen."""
        return self._sources[self.chosen.value]

    def _show(self):
        image = resize_image(self.source.load(), THUMBNAIL)
        self._thumbnail.value = encode(image)
        self._thumbnail.tooltip = f"{self._kind} picture: {self.chosen.value}"

    def _take(self, change):
        for file in change.new:
            data = io.BytesIO(bytes(file["content"]))
            data.name = name = file["name"]
            try:
                image = load_image(data)
            except (ValueError, OSError) as error:
                self._page.say_error(error)
                continue
            label, number = name, 1
            while label in self._sources:
                number += 1
                label = f"{name} ({number})"
            self._sources[label] = Source(Path(name).stem, image, repr(name))
            # A list that is given anew chooses its first entry by itself.
            self.chosen.options = [label, *self.chosen.options]
            self._page.say(f"{name} is used from memory; no copy is written.")
        self.upload.value = ()
