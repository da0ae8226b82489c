"""Make the README's gallery: every sample photograph after every sample painting.

    python img/gallery.py

Each picture is what `python -m nst --network vgg16 --content FILE --style FILE` makes
of the two.
"""

from pathlib import Path

import nst

import numpy as np
from PIL import Image

HERE = Path(__file__).resolve().parent
SIZE = 256
WIDTH, GAP = 200, 6
CONTENTS = ("astronaut", "summer_palace", "chelsea")
STYLES = ("great_wave", "poppies", "auvers", "composition_viii")


def paint(content: Path, style: Path) -> np.ndarray:
    """Repaint a photograph with the default setting of `python -m nst`."""
    transfer = nst.StyleTransfer(
        content, style, size=SIZE, network="vgg16", recipe="fast"
    )
    for _ in transfer.run(nst.recipes.RECIPES["fast"].steps):
        pass
    return transfer.image


def scaled(image: np.ndarray) -> Image.Image:
    """Scale a picture to the width of a column."""
    height = round(WIDTH * image.shape[0] / image.shape[1])
    return Image.fromarray(image).resize((WIDTH, height), Image.Resampling.LANCZOS)


def in_rows(rows: list[list[Image.Image | None]]) -> Image.Image:
    """Put pictures on a white sheet, those of a row side by side and centred."""
    heights = [max(p.height for p in row if p) for row in rows]
    width = len(rows[0]) * (WIDTH + GAP) - GAP
    sheet = Image.new("RGB", (width, sum(heights) + GAP * len(rows) - GAP), "white")
    top = 0
    for row, height in zip(rows, heights, strict=True):
        for column, picture in enumerate(row):
            if picture:
                middle = top + (height - picture.height) // 2
                sheet.paste(picture, (column * (WIDTH + GAP), middle))
        top += height + GAP
    return sheet


def main() -> None:
    """Paint all pairs and write the sheet."""
    styles = [HERE / "style" / f"{name}.jpg" for name in STYLES]
    rows = [[None, *(scaled(nst.load_image(style, 512)) for style in styles)]]
    for name in CONTENTS:
        content = HERE / "content" / f"{name}.jpg"
        row = [scaled(nst.load_image(content, 512))]
        for style in styles:
            row.append(scaled(paint(content, style)))
            print(f"{name} after {style.stem}", flush=True)
        rows.append(row)
    in_rows(rows).save(HERE / "gallery.jpg", quality=88)


if __name__ == "__main__":
    main()
