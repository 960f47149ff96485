"""Forms of one workspace in one kernel: what shows a list is told when a form beside it has changed something."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol
from weakref import WeakValueDictionary


class Watching(Protocol):
    """A form that shows what others change."""

    def look_again(self) -> None:
        """Show what is there now."""

    def attempt(self, act: Callable[[], None]) -> None:
        """Do it, and tell in the form what goes wrong."""


# Of several of a kind the newest alone: a cell that is run again leaves the older one behind.
_watching: WeakValueDictionary[tuple[Path, type[Watching]], Watching] = WeakValueDictionary()


def watch(form: Watching, workspace: Path) -> None:
    """Tell the form from now on when another one has changed something in the workspace."""
    _watching[workspace, type(form)] = form


def neighbours_of(form: object, workspace: Path) -> list[Watching]:
    """Return the forms to be told that this one has changed something."""
    return [it for (path, _), it in _watching.items() if path == workspace and it is not form]
