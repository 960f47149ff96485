"""How a segment that is built here came to be what it is: a line of JSON a build, beside its members."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from pathlib import Path

import orjson
import polars as pl
from pydantic import BaseModel, ConfigDict, ValidationError

from toolkit.errors import DataError
from toolkit.files import write_atomically
from toolkit.translatable import _

_SHOWN = pl.Schema(
    {
        "at": pl.Datetime("us", "UTC"),
        "members": pl.Int64(),
        "added": pl.Int64(),
        "removed": pl.Int64(),
        "version": pl.Int64(),
        "kind": pl.String(),
        "condition": pl.String(),
        "by": pl.String(),
        "started_by": pl.String(),
        "seconds": pl.Float64(),
    }
)


class StartedBy(StrEnum):
    """What had a segment built."""

    PERSON = "person"
    RUN = "run"
    """A run that sends it."""
    REFRESH = "refresh"


class Build(BaseModel):
    """One build of a segment."""

    model_config = ConfigDict(frozen=True)

    at: datetime
    members: int
    added: int
    removed: int
    version: int
    """Of the definition."""
    kind: str
    condition: str
    by: str
    started_by: StartedBy
    seconds: float
    fingerprint: str
    """Of what the condition meant then, and of the profiles that were read."""
    file: str
    """Of the file with the members, as it was written."""


def read_history(path: Path) -> list[Build]:
    """Read the builds, the oldest first; raises DataError when the file is damaged."""
    try:
        return [Build.model_validate_json(line) for line in path.read_bytes().splitlines()]
    except FileNotFoundError:
        return []
    except (OSError, ValidationError) as error:
        raise DataError(
            _("{path}, the history of a segment, can't be read ({kind}).", path=path, kind=type(error).__name__),
            _("Bring it back from a backup, or remove it: the segment is then built anew."),
        ) from None


def write_history(path: Path, builds: Sequence[Build]) -> None:
    """Write the builds, in whole or not at all."""
    lines = b"".join(orjson.dumps(it.model_dump(mode="json"), option=orjson.OPT_APPEND_NEWLINE) for it in builds)
    write_atomically(path, lambda it: it.write_bytes(lines))


def history_frame(builds: Sequence[Build]) -> pl.DataFrame:
    """Return a row a build, the oldest first."""
    rows = [tuple(getattr(it, name) for name in _SHOWN) for it in builds]
    return pl.DataFrame(rows, schema=_SHOWN, orient="row")
