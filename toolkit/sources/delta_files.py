"""A Delta table, at one version of its log.

Polars reads it quickest. What Polars refuses for a feature of the table, such as mapped columns, delta-rs reads itself.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import quote

import polars as pl

from toolkit.errors import DataError
from toolkit.extras import WRITE_AS_PARQUET, Extra, require
from toolkit.sources.arrow_types import as_readable, polars_type
from toolkit.sources.files import Files, InputFile
from toolkit.sources.location import Format, is_remote
from toolkit.sources.storage import Storage, StoredFile
from toolkit.translatable import _

_TABLE = "delta_table"
_MISTAKEN = re.compile(r"%[0-9A-Fa-f]{2}|[\\\x00-\x1f]")


@dataclass(frozen=True)
class DeltaFiles(Files):
    """A Delta table as it was when its log was read."""

    log: Any
    """The DeltaTable."""

    @classmethod
    def open(cls, what: str, location: str, storage: Storage) -> "DeltaFiles":
        """Read the log of the table.

        Raises:
            MissingExtraError: delta-rs is not installed.
            DataError: It lies in a folder whose name delta-rs takes for another.
        """
        require(
            Extra.DELTA,
            _("The Delta table of the {what} at {location}", what=what, location=location),
            otherwise=WRITE_AS_PARQUET,
        )
        from deltalake import DeltaTable

        if not is_remote(location) and _MISTAKEN.search(location):
            raise DataError(
                _(
                    "The Delta table of the {what} at {location} lies in a folder with a backslash, a "
                    "line end, or % before two digits in its name, which the reader of Delta tables takes "
                    "for another.",
                    what=what,
                    location=location,
                ),
                _("Rename the folder, or move the table."),
            )

        return cls(what, location, storage, (StoredFile(location, (), 0, None),), DeltaTable(location))

    def has_rows(self, part: StoredFile) -> bool:
        """Tell whether the table has files."""
        return bool(self.log.file_uris())

    @property
    def format(self) -> Format:
        """Delta."""
        return Format.DELTA

    def scan(self, types: pl.Schema, parts: Sequence[StoredFile] | None = None) -> pl.LazyFrame:
        """Return these columns as these types, lazily; nothing else is read."""
        if self._is_known_to_polars:
            return pl.scan_delta(self.log).select(pl.col(name).cast(dtype) for name, dtype in types.items())
        return self._scan_by_delta(types)

    def _scan_by_delta(self, types: pl.Schema) -> pl.LazyFrame:
        from polars.io.plugins import register_io_source

        def frames(
            columns: list[str] | None, predicate: pl.Expr | None, limit_rows: int | None, _: int | None
        ) -> Iterator[pl.DataFrame]:
            left = limit_rows
            for frame in self._frames(pl.Schema({it: types[it] for it in columns or types.names()})):
                kept = frame if left is None else frame.head(left)
                yield kept if predicate is None else kept.filter(predicate)
                if left is not None and (left := left - kept.height) <= 0:
                    return

        return register_io_source(frames, schema=types)

    def _frames(self, types: pl.Schema) -> Iterator[pl.DataFrame]:
        import pyarrow as pa

        for read in self._asked(f"SELECT {', '.join(map(_quoted, types))} FROM {_TABLE}"):
            batch = pa.record_batch(read)
            table = pa.table({name: as_readable(batch.column(at)) for at, name in enumerate(types)})
            yield pl.DataFrame(pl.from_arrow(table)).cast(types)

    def _asked(self, sql: str) -> Any:
        from deltalake import QueryBuilder

        return QueryBuilder().register(_TABLE, self.log).execute(sql)

    @cached_property
    def _is_known_to_polars(self) -> bool:
        from deltalake.exceptions import DeltaProtocolError

        if not self._is_remote and quote(self.location) != self.location:
            return False  # it would look for the files of a table in "a b" in "a%20b"

        try:
            pl.scan_delta(self.log).collect_schema()
        except (DeltaProtocolError, pl.exceptions.PolarsError, pl.exceptions.PanicException):
            return False
        return True

    def _schema(self, part: StoredFile) -> pl.Schema:
        import pyarrow as pa

        if self._is_known_to_polars:
            return pl.scan_delta(self.log).collect_schema()
        return pl.Schema({it.name: polars_type(it.type) for it in pa.schema(self.log.schema().to_arrow())})

    def inputs(self) -> list[InputFile]:
        """Return the table and its version."""
        return [InputFile(self.location, None, None, None, version=self.log.version())]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
