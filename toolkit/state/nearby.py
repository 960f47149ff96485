"""Finding the workspaces that a mistyped path may mean."""

from collections.abc import Iterator
from difflib import SequenceMatcher
from itertools import islice
from pathlib import Path

_MOST_ENTRIES = 1_000
"""Of a folder that holds very many, so that an error does not wait for a slow disk."""
_USUAL = "workspace"


def nearest_workspaces(folder: Path, file_name: str, *, most: int = 3) -> list[Path]:
    """Return the workspaces around a folder that holds none, those whose path is most like its own first.

    They are looked for below the folder, beside it and above it; ``file_name`` is what makes a folder a workspace.
    """
    found = {it for it in _around(folder) if _is_file(it / file_name)} - {folder}
    return sorted(found, key=lambda it: (-SequenceMatcher(None, str(it), str(folder)).ratio(), it))[:most]


def _around(folder: Path) -> Iterator[Path]:
    above = next((it for it in (folder, *folder.parents) if it.is_dir()), folder)
    yield from _folders_in(folder)
    for place in (above, *islice(above.parents, 2)):
        yield place
        yield from _folders_in(place)
        yield place / _USUAL
    # Such as a project folder beside a mistyped one: its workspace has the name that was asked for, or the usual one.
    for beside in _folders_in(above if above != folder else folder.parent):
        yield beside / folder.name
        yield beside / _USUAL


def _folders_in(folder: Path) -> Iterator[Path]:
    try:
        yield from (it for it in islice(folder.iterdir(), _MOST_ENTRIES) if it.is_dir())
    except OSError:
        return


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False
