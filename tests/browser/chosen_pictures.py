"""Keeps the pictures that the README and the documentation show: ``python -m tests.browser.chosen_pictures FROM TO``."""

import re
import sys
from pathlib import Path

from PIL import Image

PROJECT = Path(__file__).parents[2]
_COLORS = 256


def in_few_colors(picture: Image.Image) -> Image.Image:
    """Return the picture in its most frequent colors, which are exact: of a page, only shades of its letters go."""
    counted = picture.getcolors(picture.width * picture.height)
    assert counted is not None
    most = [color for _, color in sorted(counted, key=lambda it: it[0], reverse=True)[:_COLORS]]
    palette = Image.new("P", (1, 1))
    palette.putpalette([channel for color in most for channel in color])  # type: ignore[union-attr]
    return picture.quantize(palette=palette, dither=Image.Dither.NONE)


def choose(taken: Path, kept: Path) -> None:
    """Write each picture that a page shows in fewer colors, which is a third of the size; remove those that none shows."""
    pages = [PROJECT / "README.md", *(PROJECT / "docs").rglob("*.md")]
    shown = {it for page in pages for it in re.findall(r"pictures/([\w-]+\.png)", page.read_text())}
    kept.mkdir(exist_ok=True)
    for name in sorted(shown):
        with Image.open(taken / name) as picture:
            in_few_colors(picture.convert("RGB")).save(kept / name, optimize=True)
    for file in kept.iterdir():
        if file.name not in shown:
            file.unlink()


if __name__ == "__main__":
    choose(Path(sys.argv[1]), Path(sys.argv[2]))
