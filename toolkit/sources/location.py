"""Locations, and what the names of files tell."""

import re
from enum import StrEnum


class Format(StrEnum):
    """How a table is written."""

    PARQUET = "parquet"
    CSV = "csv"
    DELTA = "delta"
    ICEBERG = "iceberg"


ENDINGS = {
    ".parquet": Format.PARQUET,
    ".parq": Format.PARQUET,
    ".pq": Format.PARQUET,
    ".csv": Format.CSV,
    ".csv.gz": Format.CSV,
}

_ENDING = re.compile(f"(?:{'|'.join(re.escape(it) for it in ENDINGS)})\\Z", re.IGNORECASE | re.ASCII)

# What Spark, file systems and Customer Insights write beside a table.
_MARKER_BEGINNINGS = ("_", ".")
_MARKER_ENDINGS = (".crc", ".cdm.json", "model.json")


def is_remote(location: str) -> bool:
    """Tell whether the location is a URL of a cloud's storage."""
    return "://" in location


def format_of(name: str) -> Format | None:
    """Return the format that a file's name tells, None when it tells none."""
    ending = _ENDING.search(name)
    return ENDINGS[ending[0].lower()] if ending else None


def stem_of(name: str) -> str:
    """Return a name without the ending that tells its format."""
    ending = _ENDING.search(name)
    return name[: ending.start()] if ending else name


def is_metadata_file(name: str) -> bool:
    """Tell whether a file or folder of that name stands beside a table and holds no rows of it."""
    return name.startswith(_MARKER_BEGINNINGS) or name.lower().endswith(_MARKER_ENDINGS)
