"""Databricks' transactional writes of plain files: ``_started_…`` and ``_committed_…`` beside them."""

import json
import re
from dataclasses import dataclass

from toolkit.errors import BusyError, DataError
from toolkit.sources.formats.table_format import Place, TableFormat
from toolkit.sources.storage import StoredFile
from toolkit.translatable import _

_TRANSACTION = re.compile(r"-tid-(\d+)-")
_MOST_BYTES = 64 << 20


class DatabricksCommits(TableFormat):
    """Parquet or CSV that Databricks wrote. It is read as long as every file in the folder is committed."""

    name = _("a folder that Databricks committed")
    is_plain = True
    way_out = _(
        "In Databricks, run VACUUM on the folder, or write the table to a new folder or as Delta; then name that."
    )

    @staticmethod
    def is_named_so(file: str) -> bool:
        """Tell whether the name of a file tells the transaction that wrote it."""
        return bool(_TRANSACTION.search(file))

    def is_at(self, place: Place) -> bool:
        """Tell by the names of commits."""
        return any(name.startswith(("_committed_", "_started_")) for name in place.entries)

    def require_current(self, what: str, place: Place, parts: list[StoredFile]) -> None:
        """Raise DataError when a commit removed a file that is still there, BusyError when one was not committed."""
        names = {part.name for part in parts}
        committed = [name for name in place.entries if name.startswith("_committed_")]
        commits = {it.removeprefix("_committed_"): _read(place, it, what) for it in committed}
        removed = {name for commit in commits.values() for name in commit.removed}
        stale = sorted(names & removed)
        if stale:
            raise DataError(
                _(
                    "{count} files of the {what} in {location} were replaced in Databricks and are still "
                    "there, such as {stale}: rows that the table no longer has would be read.",
                    count=len(stale),
                    what=what,
                    location=place.location,
                    stale=stale[0],
                ),
                self.way_out,
            )
        begun = {name.removeprefix("_started_") for name in place.entries if name.startswith("_started_")}
        begun -= commits.keys()
        of_job = {it: found[1] for it in names if (found := _TRANSACTION.search(it))}
        # A task that was tried twice leaves a file that its job's commit does not name.
        left = {it for it, job in of_job.items() if job in commits and commits[job].leaves_out(it)}
        unfinished = sorted({it for it, job in of_job.items() if job in begun} | left)
        if unfinished:
            raise BusyError(
                _(
                    "{count} files of the {what} in {location} were not committed by Databricks, such as {unfinished}.",
                    count=len(unfinished),
                    what=what,
                    location=place.location,
                    unfinished=unfinished[0],
                ),
                _("Wait until the job that writes them is done; after one that failed, run VACUUM on the folder."),
            )


@dataclass(frozen=True)
class _Commit:
    added: frozenset[str]
    removed: frozenset[str]

    def leaves_out(self, file: str) -> bool:
        """Tell whether a file of this job is none of those that it added."""
        return bool(self.added) and file not in self.added


def _read(place: Place, commit: str, what: str) -> _Commit:
    path = f"{place.location.rstrip('/')}/{commit}"
    try:
        with place.storage.open(path, at_once_bytes=1 << 20) as stream:
            told = json.loads(stream.read(_MOST_BYTES) or b"{}")
        added, removed = (
            frozenset(str(name).rsplit("/", 1)[-1] for name in told.get(it, [])) for it in ("added", "removed")
        )
    except (ValueError, AttributeError, TypeError):
        raise DataError(
            _(
                "{path}, by which Databricks tells which files of the {what} are current, can't be read.",
                path=path,
                what=what,
            ),
            DatabricksCommits.way_out,
        ) from None
    return _Commit(added, removed)
