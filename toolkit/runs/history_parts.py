"""The files of the history of the members of contact lists.

Every run that changed a list writes a Parquet file, a part. In years that would be thousands of small files, of which
each costs as much to open as it costs to read: a part takes in the one before it as long as that is small, or no larger
than all that it has taken in already. A list that changes little then has one file, and a large one a few.
"""

import hashlib
import os
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import polars as pl
from polars.datatypes import DataType, DataTypeClass
from polars.exceptions import PanicException, PolarsError
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from toolkit.files import make_folder, scan_parquets, write_atomically
from toolkit.runs.disclosure_gaps import Gap, GapCode
from toolkit.state.folder import WorkspaceFolder
from toolkit.state.models import ContactListRecord, HistoryPartRecord
from toolkit.state.places import place_of_history

CHANGES = pl.Enum(["entered", "left"])
PARTS: Mapping[str, DataType | DataTypeClass] = {
    "customer": pl.String,
    "identifier": pl.String,
    "change": CHANGES,
    "run": pl.String,
    "at": pl.Datetime("us", "UTC"),
    "number": pl.Int64,
}
"""The columns of a file: ``number`` counts the runs that changed the list."""
_SMALL = 64 << 10
"""A part of so many bytes is taken in by the next one, which is written as fast."""
_DIGITS = 16
"""Of the checksum in the name of a file."""
_MOST_BYTES_MOVED = 32 << 20
"""What is larger stays as it is: to open a file costs little then beside reading it."""

_SECONDS_TO_READ = 3600
_UNREADABLE = (OSError, PolarsError, PanicException)
"""What Polars raises for a file that is lost or damaged; it panics at some damage."""


@dataclass(frozen=True)
class NewPart:
    """A file that was written, and that counts once the database names it."""

    number: int
    file: Path
    takes_in: Mapping[int, Path]
    """The parts whose place it takes, by their numbers."""


def write_part(folder: WorkspaceFolder, record: ContactListRecord, changes: pl.DataFrame) -> NewPart:
    """Write the next part of the history of a list, which takes in parts before it when there are many.

    Args:
        folder: The workspace.
        record: The list.
        changes: The columns of ``PARTS`` but ``number``.

    Raises:
        UnavailableError: It can't be written.
    """
    number = record.settled + 1
    rows = changes.select(*list(PARTS)[:-1], pl.lit(number, pl.Int64).alias("number"))
    content = _as_parquet(rows)
    before = _to_take_in(folder, record, size=len(content))
    if before:
        content = _as_parquet(pl.concat([*(it.rows for it in before), rows]))
    # The database names the file by its content: a damaged one, or another in its place, is seen.
    checksum = hashlib.sha256(content).hexdigest()[:_DIGITS]
    file = folder.path / "history" / str(record.id) / f"{number:06}-{checksum}.parquet"
    make_folder(file.parent)
    write_atomically(file, lambda path: path.write_bytes(content))
    return NewPart(number, file, {it.number: it.file for it in before})


def _as_parquet(rows: pl.DataFrame) -> memoryview:
    written = BytesIO()
    rows.write_parquet(written, compression="zstd", compression_level=1)
    return written.getbuffer()


def take_part(session: Session, folder: WorkspaceFolder, kept: ContactListRecord, part: NewPart) -> None:
    """Make a file that was written a part of the history, in the place of those that it takes in.

    Their files stay for a while: somebody may have begun to read them.
    """
    kept.settled = part.number
    taken = HistoryPartRecord.number.in_(part.takes_in)
    session.execute(delete(HistoryPartRecord).where(HistoryPartRecord.contact_list_id == kept.id, taken))
    named = part.file.relative_to(folder.path).as_posix()
    session.add(HistoryPartRecord(contact_list_id=kept.id, number=part.number, file=named))
    for it in part.takes_in.values():
        with suppress(OSError):
            os.utime(it)


class _PartBefore(NamedTuple):
    number: int
    file: Path
    rows: pl.DataFrame


def _to_take_in(folder: WorkspaceFolder, record: ContactListRecord, *, size: int) -> list[_PartBefore]:
    """Return the parts that the next part, of so many bytes by itself, takes in, the oldest first."""
    taken: list[_PartBefore] = []
    together = size
    for number, file in reversed(parts_of(folder, [record])[record.id].items()):
        its_size = file.stat().st_size if file.is_file() else 0
        if its_size > max(together, _SMALL) or together + its_size > _MOST_BYTES_MOVED:
            break
        rows = _rows_of(number, file)
        # One that is lost or damaged is not taken in, nor what is older: it is told for good.
        if rows is None:
            break
        taken.append(_PartBefore(number, file, rows))
        together += its_size
    return taken[::-1]


def _rows_of(number: int, file: Path) -> pl.DataFrame | None:
    """Return the columns of ``PARTS`` of a file, or None when it is lost or damaged."""
    if not _is_as_written(file):
        return None
    try:
        return scan_part(number, file).collect()
    except _UNREADABLE:
        return None


def parts_of(folder: WorkspaceFolder, lists: Collection[ContactListRecord]) -> dict[int, dict[int, Path]]:
    """Return the files of the history of each list, also those that are no longer there.

    Returns:
        By the number of the list and then of the part, the oldest first.
    """
    found: dict[int, dict[int, Path]] = {it.id: {} for it in lists}
    query = select(HistoryPartRecord.contact_list_id, HistoryPartRecord.number, HistoryPartRecord.file)
    if len(found) == 1:
        query = query.where(HistoryPartRecord.contact_list_id.in_(found))
    with folder.reading() as session:
        for list_id, number, file in session.execute(query.order_by(HistoryPartRecord.number)):
            if list_id in found:
                found[list_id][number] = place_of_history(folder.path, file)
    return found


def is_in_use(file: Path, *, now: datetime) -> bool:
    """Tell whether somebody may be reading a file that was a part of the history until a while ago."""
    try:
        return now.timestamp() - file.stat().st_mtime < _SECONDS_TO_READ
    except OSError:
        return False


def is_readable(file: Path) -> bool:
    """Tell whether a file of the history is there as it was written, and can be read from its beginning to its end."""
    if not _is_as_written(file):
        return False
    try:
        scan_parquets([file], PARTS).select(pl.all().count()).collect(engine="streaming")
    except _UNREADABLE:
        return False
    return True


def _is_as_written(file: Path) -> bool:
    """Tell whether a file holds what its name says; an older one does not say."""
    said = file.stem.partition("-")[2]
    try:
        with file.open("rb") as content:
            return len(said) < _DIGITS or hashlib.file_digest(content, "sha256").hexdigest()[:_DIGITS] == said
    except OSError:
        return False


def read_parts(
    folder: WorkspaceFolder, lists: Collection[ContactListRecord], ask: Callable[[pl.LazyFrame], pl.LazyFrame]
) -> tuple[pl.DataFrame, list[Gap]]:
    """Return what the history of lists answers, and what it can't tell.

    Args:
        folder: The workspace.
        lists: The lists.
        ask: Makes the answer of the columns of ``PARTS`` and ``list``, the number of the list; rows come list by list,
            the oldest first.

    Returns:
        The answer by the files that can be read, and a gap for each list of which some can't.
    """
    files = parts_of(folder, lists)
    try:
        # Damage may read as other rows, or end the process: Polars looks at no checksum.
        if all(_is_as_written(it) for its in files.values() for it in its.values()):
            return ask(_scan(files)).collect(engine="streaming"), []
    except _UNREADABLE:
        pass
    there = {list_id: {number: it for number, it in its.items() if is_readable(it)} for list_id, its in files.items()}
    lost = {it.name: len(files[it.id]) - len(there[it.id]) for it in lists}
    gaps = [Gap(code=GapCode.HISTORY_INCOMPLETE, name=name, count=count) for name, count in lost.items() if count]
    return ask(_scan(there)).collect(engine="streaming"), gaps


def _scan(files: Mapping[int, Mapping[int, Path]]) -> pl.LazyFrame:
    rows = [(str(file), list_id, number) for list_id, its in files.items() for number, file in its.items()]
    named = pl.DataFrame(rows, schema={"file": pl.String, "list": pl.Int64, "of_file": pl.Int64}, orient="row")
    if named.is_empty():
        return pl.LazyFrame(schema={**PARTS, "list": pl.Int64})
    found = scan_parquets([Path(it) for it in named["file"]], PARTS, file_column="file")
    return found.join(named.lazy(), on="file", how="left", maintain_order="left").select(
        *list(PARTS)[:-1], pl.coalesce("number", "of_file"), "list"
    )


def scan_part(number: int, file: Path) -> pl.LazyFrame:
    """Return the rows of one file, with the columns of ``PARTS``."""
    return scan_parquets([file], PARTS).with_columns(pl.col("number").fill_null(number))
