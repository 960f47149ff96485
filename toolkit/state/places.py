"""Where the files of the workspace lie that its database names.

Whoever may write to the database chooses those names: one that leads elsewhere must not be read, written or removed.
"""

import re
from pathlib import Path

from toolkit.errors import SignatureError
from toolkit.translatable import _

_ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{6}")
_SNAPSHOT = re.compile(r"lists/\d+-[0-9a-f]{8}\.parquet")
_HISTORY = re.compile(r"history/\d+/\d{6}-(?:[0-9a-f]{8}){1,2}\.parquet")


def place_of_run(folder: Path, run_id: str) -> Path:
    """Return the folder of a run; raises SignatureError for an id that no run has."""
    return folder / "runs" / require_run_id(run_id)


def require_run_id(run_id: str) -> str:
    """Return the id; raises SignatureError for one that no run has."""
    return _required(_ID, run_id, table="runs")


def place_of_refresh(folder: Path, refresh_id: str) -> Path:
    """Return the folder of a refresh; raises SignatureError for an id that no refresh has."""
    return folder / "refreshes" / _required(_ID, refresh_id, table="refreshes")


def place_of_snapshot(folder: Path, named: str) -> Path:
    """Return the file of a snapshot; raises SignatureError for a name that none has."""
    return folder / _required(_SNAPSHOT, named, table="contact_lists")


def place_of_history(folder: Path, named: str) -> Path:
    """Return the file of a part of the history of members; raises SignatureError for a name that none has."""
    return folder / _required(_HISTORY, named, table="history_parts")


def _required(pattern: re.Pattern[str], named: str, *, table: str) -> str:
    if not pattern.fullmatch(named):
        raise SignatureError(
            _(
                "Table {table} names a file or folder {named!r}, which the toolkit did not make. It was left alone.",
                table=table,
                named=named,
            ),
            _("Somebody changed the database: find out who, and bring it back from a backup."),
        )
    return named
