"""The files that a run reads, for its record."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from toolkit.tables.location import Format, Place, is_remote


@dataclass(frozen=True)
class InputFile:
    """A file as it was when it was looked at; what is not known cheaply is None."""

    path: str
    size_bytes: int | None
    modified_at: datetime | None
    rows: int | None
    version: int | None = None
    """The version of a Delta table."""


def input_files(place: Place) -> list[InputFile]:
    """Return the files of a place; of a table in the cloud, only where it lies."""
    if place.format is Format.DELTA:
        return [_delta(place)]
    if is_remote(place.location):
        return [InputFile(place.location, None, None, None)]
    return [_local(Path(file), place.format) for file in place.files]


def _local(path: Path, form: Format) -> InputFile:
    stat = path.stat()
    modified = datetime.fromtimestamp(stat.st_mtime, UTC)
    return InputFile(str(path), stat.st_size, modified, _rows(path) if form is Format.PARQUET else None)


def _rows(path: Path) -> int | None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return int(pq.read_metadata(path).num_rows)
    except (pa.ArrowException, OSError):
        return None  # the scan will say what is wrong with the file


def _delta(place: Place) -> InputFile:
    from deltalake import DeltaTable

    table = DeltaTable(place.location)
    return InputFile(place.location, None, None, None, version=table.version())
