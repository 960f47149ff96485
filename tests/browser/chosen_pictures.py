"""Keeps the pictures that the README and the documentation show: ``python -m tests.browser.chosen_pictures FROM TO``."""

import re
import sys
from pathlib import Path

import numpy as np
from PIL import Image

PROJECT = Path(__file__).parents[2]
_COLORS = 256


def in_few_colors(picture: Image.Image) -> Image.Image:
    """Return the picture in its most frequent colors, which stay as they are: of a page, only shades of letters go."""
    pixels = np.asarray(picture.convert("RGB")).reshape(-1, 3)
    colors, inverse, counts = np.unique(pixels, axis=0, return_inverse=True, return_counts=True)
    kept = colors[np.argsort(-counts)[:_COLORS]]
    distance = ((colors[:, None].astype(int) - kept[None].astype(int)) ** 2).sum(axis=2)
    few = Image.fromarray(distance.argmin(axis=1)[inverse].astype(np.uint8).reshape(picture.size[::-1]), mode="P")
    few.putpalette(kept.flatten().tolist())
    return few


def choose(taken: Path, kept: Path) -> None:
    """Write each picture that a page shows in fewer colors, which is a third of the size; remove those that none shows."""
    pages = [PROJECT / "README.md", *(PROJECT / "docs").rglob("*.md")]
    shown = {it for page in pages for it in re.findall(r"pictures/([\w-]+\.png)", page.read_text())}
    kept.mkdir(exist_ok=True)
    for name in sorted(shown):
        with Image.open(taken / name) as picture:
            in_few_colors(picture).save(kept / name, optimize=True)
    for file in kept.iterdir():
        if file.name not in shown:
            file.unlink()


if __name__ == "__main__":
    choose(Path(sys.argv[1]), Path(sys.argv[2]))
