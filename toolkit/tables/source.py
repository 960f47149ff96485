"""A table that is scanned: what profiles and segments have in common."""

from collections.abc import Sequence
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Self

import polars as pl
from pydantic import BaseModel, ConfigDict

from toolkit.errors import DataError
from toolkit.tables.inputs import InputFile, input_files
from toolkit.tables.location import Format, Place, find, is_remote
from toolkit.tables.reading import reading


class Source(BaseModel):
    """A location and the name of its key column."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    what: ClassVar[str]
    """What the table is called in errors."""

    location: str
    key: str
    """The column that holds the customer's key."""
    key_as_text: bool = False
    """Read an integer key as text, because the other table's key is text."""
    format: Format | None = None
    """How the table is written, where names of files do not tell."""

    def resolved(self, base: Path) -> Self:
        """Return the source with a local location made absolute, from ``base`` when it is relative."""
        if is_remote(self.location):
            return self
        return self.model_copy(update={"location": str((base / Path(self.location).expanduser()).resolve())})

    @cached_property
    def place(self) -> Place:
        """What lies at the location now."""
        return find(self.location, table=self.what, declared=self.format)

    def inputs(self, names: Sequence[str] | None = None) -> list[InputFile]:
        """Return the files that a scan reads, for the record of a run."""
        return input_files(self.place)

    def damaged_file(self) -> str | None:
        """Return a file that cannot be read by itself, None when each can."""
        for file in self.place.files:
            try:
                scan(self.place, [file]).head(1).collect()
                scan(self.place, [file]).select(pl.len()).collect()
            except (pl.exceptions.PolarsError, OSError):
                return file
        return None

    def differing_file(self) -> str | None:
        """Return in words how a part file differs from the first, None when none does."""
        first, *others = self.place.files
        schema = dict(scan(self.place, [first]).collect_schema())
        for file in others:
            for column, dtype in scan(self.place, [file]).collect_schema().items():
                if schema.get(column, dtype) != dtype:
                    return f"column {column!r} is {dtype} in {file} and {schema[column]} in {first}"
            missing = schema.keys() - scan(self.place, [file]).collect_schema().keys()
            if missing:
                return f"{file} lacks {', '.join(map(repr, sorted(missing)))}"
        return None


def scan(place: Place, files: Sequence[str] | None = None) -> pl.LazyFrame:
    """Scan the table, or some of its files; CSV comes as text, so that keys keep their leading zeros."""
    some = list(files or place.files)
    match place.format:
        case Format.PARQUET:
            return pl.scan_parquet(
                some,
                hive_partitioning=place.hive,
                missing_columns="insert",
                extra_columns="ignore",
            )
        case Format.CSV:
            return pl.scan_csv(some, infer_schema=False, separator=_separator(some[0]))
        case Format.DELTA:
            return pl.scan_delta(some[0])


def schema_of(source: Source, place: Place) -> pl.Schema:
    """Return the columns of a place of the source, read from the files' heads."""
    with reading(source):
        return scan(place).collect_schema()


def require_columns(schema: pl.Schema, columns: Sequence[str], *, table: str, location: str) -> None:
    """Raise DataError, with the nearest names, when a column is not there."""
    for column in columns:
        if column not in schema:
            near = get_close_matches(column, schema.names(), n=3, cutoff=0.4) or schema.names()[:8]
            raise DataError(
                f"The {table} at {location} has no column {column!r}.",
                f"Nearest are {', '.join(map(repr, near))}: name the one that is meant.",
            )


def key_expression(schema: pl.Schema, key: str, *, as_text: bool, table: str, location: str) -> pl.Expr:
    """Return the key column, integers as 64 bits and all text as String; refuse what cannot be a key."""
    dtype = schema[key]
    if dtype.is_integer():
        return pl.col(key).cast(pl.String if as_text else pl.Int64)
    if dtype in (pl.String, pl.Categorical) or dtype.base_type() is pl.Enum:
        return pl.col(key).cast(pl.String)
    raise DataError(
        f"Column {key!r} of the {table} at {location} holds {dtype}, which cannot be a customer's key.",
        "Name the column that holds the key, as integers or text.",
    )


def _separator(file: str) -> str:
    if is_remote(file) or file.lower().endswith(".gz"):
        return ","
    with Path(file).open(encoding="utf-8", errors="replace") as lines:
        header = lines.readline()
    return ";" if header.count(";") > header.count(",") else ","
