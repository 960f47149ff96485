"""What lies at a location: which format, in which files.

A location is a file, a folder of part files (nested, or with hive partitions as ``country=NL/``), or a folder with a
Delta table; on this machine, or at ``abfss://``, ``s3://`` or ``gs://`` with the usual credentials of the environment.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from toolkit.errors import ConfigurationError, DataError


class Format(StrEnum):
    """How a table is written."""

    PARQUET = "parquet"
    CSV = "csv"
    DELTA = "delta"


_SUFFIXES = {
    ".parquet": Format.PARQUET,
    ".parq": Format.PARQUET,
    ".pq": Format.PARQUET,
    ".csv": Format.CSV,
    ".csv.gz": Format.CSV,
}


@dataclass(frozen=True)
class Place:
    """What was found at a location: for a table in the cloud, a pattern instead of its files."""

    location: str
    format: Format
    files: tuple[str, ...]
    hive: bool = False


def is_remote(location: str) -> bool:
    """Tell whether the location is a URL of a cloud's storage."""
    return "://" in location


def format_of(name: str) -> Format | None:
    """Return the format that a file's name tells, None when it tells none."""
    lowered = name.lower()
    return next((form for suffix, form in _SUFFIXES.items() if lowered.endswith(suffix)), None)


def stem_of(name: str) -> str:
    """Return a file's name without the ending that tells its format."""
    lowered = name.lower()
    ending = max((suffix for suffix in _SUFFIXES if lowered.endswith(suffix)), key=len, default="")
    return name[: len(name) - len(ending)] if ending else name


def find(location: str, *, table: str, declared: Format | None) -> Place:
    """Find the table's files; ``table`` says which table it is, for errors.

    Raises ConfigurationError when nothing is there, DataError when what is there holds no table or is empty.
    """
    if is_remote(location):
        return _find_remote(location, declared=declared)
    path = Path(location)
    if not path.exists():
        raise ConfigurationError(
            f"There is nothing at {path}, where the {table} should lie.",
            "Correct the location, or bring the file there.",
        )
    if path.is_file():
        return _place(location, [path], table=table, declared=declared)
    if (path / "_delta_log").is_dir() or declared is Format.DELTA:
        return Place(location, Format.DELTA, (str(path),))
    files = [it for it in sorted(path.rglob("*")) if it.is_file() and not _is_passed_over(it.relative_to(path).parts)]
    if not files:
        raise DataError(
            f"The folder {path}, where the {table} should lie, holds no files.",
            "Wait until whatever writes the table is done, or correct the location.",
        )
    hive = any("=" in part for it in files for part in it.relative_to(path).parts[:-1])
    return _place(location, files, table=table, declared=declared, hive=hive)


def _place(location: str, files: Sequence[Path], *, table: str, declared: Format | None, hive: bool = False) -> Place:
    formats = {declared or format_of(it.name) for it in files}
    if len(formats) > 1 or None in formats:
        strange = next(it for it in files if format_of(it.name) is None or len(formats) > 1)
        raise DataError(
            f"The {table} at {location} cannot be told to be Parquet, CSV or Delta: look at {strange}.",
            f"Keep files of one kind there, with names that end in {', '.join(_SUFFIXES)}; or say format='parquet'.",
        )
    empty = [it for it in files if it.stat().st_size == 0]
    if empty:
        raise DataError(
            f"{empty[0]}, a file of the {table}, is empty (0 bytes).",
            "Have it written again; a table without rows still has its columns.",
        )
    (form,) = formats
    assert form is not None  # noqa: S101
    return Place(location, form, tuple(map(str, files)), hive=hive)


def _find_remote(location: str, *, declared: Format | None) -> Place:
    form = declared or format_of(location) or Format.PARQUET
    if form is Format.DELTA or format_of(location):
        return Place(location, form, (location,))
    return Place(location, form, (f"{location.rstrip('/')}/**/*.{form.value}",), hive=True)


def _is_passed_over(parts: Sequence[str]) -> bool:
    """Tell whether a file or a folder above it is a marker of whatever wrote the table."""
    return any(part.startswith(("_", ".")) for part in parts) or parts[-1].endswith(".crc")
