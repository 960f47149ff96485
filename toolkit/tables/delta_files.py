"""A Delta table, at one version of its log."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from toolkit.tables.files import Files, InputFile
from toolkit.tables.location import Format
from toolkit.tables.storage import Storage, StoredFile


@dataclass(frozen=True)
class DeltaFiles(Files):
    """A Delta table as it was when its log was read."""

    log: Any
    """The DeltaTable."""

    @classmethod
    def open(cls, what: str, location: str, storage: Storage) -> "DeltaFiles":
        """Read the log of the table."""
        from deltalake import DeltaTable

        return cls(what, location, storage, (StoredFile(location, (), 0, None),), DeltaTable(location))

    @property
    def format(self) -> Format:
        """Delta."""
        return Format.DELTA

    def scan(self, types: pl.Schema, parts: Sequence[StoredFile] | None = None) -> pl.LazyFrame:
        """Return these columns as these types, lazily; nothing else is read."""
        return pl.scan_delta(self.log).select(pl.col(name).cast(dtype) for name, dtype in types.items())

    def _schema(self, part: StoredFile) -> pl.Schema:
        return pl.scan_delta(self.log).collect_schema()

    def inputs(self) -> list[InputFile]:
        """Return the table and its version."""
        return [InputFile(self.location, None, None, None, version=self.log.version())]
