"""How far a run is."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

PROGRESS_FILE = "progress.json"
"""In the folder of a run that is a process of its own: how far it is, for whoever looks from another page."""


class Step(StrEnum):
    """The steps of a run, in order.

    Examples:
        >>> [step.value for step in toolkit.Step]
        ['preparing', 'checking', 'planning', 'sending', 'done']
    """

    PREPARE = "preparing"
    CHECK = "checking"
    PLAN = "planning"
    PUSH = "sending"
    DONE = "done"


@dataclass(frozen=True)
class Progress:
    """The step that is under way; while sending, the identifiers done and the identifiers in all.

    Examples:
        >>> seen = []
        >>> run = workspace.runs.start("Nightly", dry_run=True, observer=seen.append)
        >>> isinstance(seen[-1], toolkit.Progress)
        True
    """

    step: Step
    done: int = 0
    total: int = 0
    waiting: str = ""
    """For how long, and why, nothing happens."""


Observer = Callable[[Progress], None]


def nobody(_: Progress) -> None:
    """Watch nothing."""
