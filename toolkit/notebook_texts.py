"""The texts of the notebooks that come with the toolkit: collected for translation, and put in a reader's language."""

import json
from collections.abc import Iterator
from typing import IO, Any

from toolkit.translatable import _, shown

_METADATA = "toolkit"
_BETWEEN = "\n\n"


def in_language(notebook: dict[str, Any], language: str | None = None) -> dict[str, Any]:
    """Return the notebook with the paragraphs of its texts in a language; that of whoever reads by default."""
    return {**notebook, "cells": [_cell(it, language) for it in notebook["cells"]]}


def extract(
    file: IO[bytes], _keywords: object, _comment_tags: object, options: object
) -> Iterator[tuple[int, None, str, list[str]]]:
    """Yield the paragraphs of a notebook's texts, as Babel takes them from whoever finds messages in a file."""
    for cell in json.load(file)["cells"]:
        if cell["cell_type"] == "markdown":
            others = [it for it in cell["metadata"].get(_METADATA, {}).values() if isinstance(it, str)]
            for text in ("".join(cell["source"]), *others):
                yield from ((0, None, it, []) for it in text.split(_BETWEEN) if it)


def _cell(cell: dict[str, Any], language: str | None) -> dict[str, Any]:
    if cell["cell_type"] != "markdown":
        return cell
    paragraphs = "".join(cell["source"]).split(_BETWEEN)
    text = _BETWEEN.join(shown(_(it), language) if it else it for it in paragraphs)
    return {**cell, "source": text.splitlines(keepends=True)}
