"""Whether the tables of an export are there in whole: written to the end, and not older than at its last run."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from toolkit.errors import ErrorInfo, InputNotReadyError, ToolkitError
from toolkit.exports.export import Export
from toolkit.exports.saved_exports import chosen_segments
from toolkit.refresh.options import RefreshOptions
from toolkit.runs.guards import guard_age
from toolkit.runs.run import last_inputs
from toolkit.segments import built_segments
from toolkit.sources.files import Files
from toolkit.state.folder import WorkspaceFolder
from toolkit.translatable import _

_DONE_MARKER = "_SUCCESS"
_UNDER_WAY = ("_temporary", "_started_")
"""How the names begin that Spark and Databricks give to what they have not committed."""
_SEGMENTS = "segments"


@dataclass(frozen=True)
class NotReady:
    """A table that can't be read yet, and why."""

    table: str
    """What it is called in errors."""
    error: ErrorInfo


@dataclass
class FileStability:
    """What each table's files were when they were first seen so, while they are waited for."""

    seen: dict[str, tuple[object, datetime]] = field(default_factory=dict)

    def since(self, table: str, files: object, *, now: datetime) -> datetime:
        """Return since when the files are seen as they are."""
        before = self.seen.get(table)
        if before is None or before[0] != files:
            self.seen[table] = before = (files, now)
        return before[1]


def tables_of(folder: WorkspaceFolder, export: Export) -> dict[str, Files]:
    """Return the tables that a run of the export reads; raises a ToolkitError where one can't be found."""
    chosen = chosen_segments(folder, export)
    return {**folder.profiles.found(), **folder.segments.found([*chosen.segments, *chosen.exclude])}


def readable_for(folder: WorkspaceFolder, export: Export) -> list[str]:
    """Return what is known to be there when the export can run, as ``Unready.table`` would call it."""
    return [_SEGMENTS, _chosen_by(export), *tables_of(folder, export)]


def first_not_ready(
    folder: WorkspaceFolder, export: Export, *, looks: FileStability, options: RefreshOptions, now: datetime
) -> NotReady | None:
    """Return the first table that is not ready, None when all are."""
    try:
        tables = tables_of(folder, export)
    except ToolkitError as error:
        return _unfound(folder, export, error)
    older = _older(folder, export, tables)
    whole = {f"segment {name!r}" for name in built_segments(folder)}  # put there in whole, by us
    for name, files in tables.items():
        why = older.get(name)
        if not why and name not in whole:
            why = _why_not_written(name, files, looks=looks, options=options, now=now)
        if why:
            remedy = _("See what writes the {name}. The next refresh runs the export.", name=name)
            return NotReady(name, InputNotReadyError(why, remedy).info)
    return None


def _unfound(folder: WorkspaceFolder, export: Export, error: ToolkitError) -> NotReady:
    """Return which table it is that can't be found; ``error`` is what was said of all of them."""
    table: str = _("profiles")
    try:
        folder.profiles.found()
        table = _SEGMENTS
        folder.segments.names()
        table = _chosen_by(export)
        chosen = chosen_segments(folder, export)
        for name in (*chosen.segments, *chosen.exclude):
            table = _("segment {name!r}", name=name)
            folder.segments.found([name])
    except ToolkitError as of_the_table:
        error = of_the_table
    return NotReady(table, error.info)


def _chosen_by(export: Export) -> str:
    return _("segments of export {export!r}", export=export.name)


def _older(folder: WorkspaceFolder, export: Export, tables: Mapping[str, Files]) -> dict[str, str]:
    last = last_inputs(folder, export.name)
    found = {name: guard_age(files.inputs(), last) for name, files in tables.items()}
    return {name: stops[0].what for name, stops in found.items() if stops}


def _why_not_written(name: str, files: Files, *, looks: FileStability, options: RefreshOptions, now: datetime) -> str:
    """Return why the table may still be being written; nothing when it is not."""
    if files.is_written_whole:
        return ""
    inputs = files.inputs()
    is_folder = [it.path for it in inputs] != [files.location]
    markers = _markers(files) if is_folder else {}
    newest = max((it.modified_at for it in inputs if it.modified_at), default=None)
    done_at = markers.get(_DONE_MARKER)
    if done_at is not None and newest is not None and done_at >= newest:
        return ""
    under_way = next((it for it in markers if it.startswith(_UNDER_WAY)), None)
    if under_way:
        return _(
            "The {name} at {location} are being written: {under_way} lies there.",
            name=name,
            location=files.location,
            under_way=under_way,
        )
    if is_folder and (options.success_markers or done_at is not None):
        without = _("is older than the files") if done_at is not None else _("does not lie there")
        return _(
            "The {name} at {location} may not be written to the end: {done_marker} {without}.",
            name=name,
            location=files.location,
            done_marker=_DONE_MARKER,
            without=without,
        )
    since = looks.since(name, [(it.path, it.size_bytes, it.modified_at) for it in inputs], now=now)
    if newest is not None and newest <= now:
        since = min(since, newest)
    if now - since < options.settled_after:
        return _(
            "The {name} at {location} changed less than {seconds} s ago.",
            name=name,
            location=files.location,
            seconds=options.settled_after.seconds,
        )
    return ""


def _markers(files: Files) -> dict[str, datetime | None]:
    """Return what stands beside the rows: marker files, and folders of what is not committed, with their times."""
    found: dict[str, datetime | None] = {}
    for file in files.storage.files(files.location):
        names = (*file.folders, file.name)
        for name in names:
            if name == _DONE_MARKER or name.startswith(_UNDER_WAY):
                found[name] = file.modified_at
    return found
