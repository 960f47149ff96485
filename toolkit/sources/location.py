"""Locations, and what the names of files tell."""

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

# What Spark, file systems and Customer Insights write beside a table.
_MARKER_BEGINNINGS = ("_", ".")
_MARKER_ENDINGS = (".crc", ".cdm.json", "model.json")


def is_remote(location: str) -> bool:
    """Tell whether the location is a URL of a cloud's storage."""
    return "://" in location


def format_of(name: str) -> Format | None:
    """Return the format that a file's name tells, None when it tells none."""
    lowered = name.lower()
    return next((form for ending, form in ENDINGS.items() if lowered.endswith(ending)), None)


def stem_of(name: str) -> str:
    """Return a name without the ending that tells its format."""
    lowered = name.lower()
    ending = max((ending for ending in ENDINGS if lowered.endswith(ending)), key=len, default="")
    return name[: len(name) - len(ending)]


def is_metadata_file(name: str) -> bool:
    """Tell whether a file or folder of that name stands beside a table and holds no rows of it."""
    return name.startswith(_MARKER_BEGINNINGS) or name.lower().endswith(_MARKER_ENDINGS)
