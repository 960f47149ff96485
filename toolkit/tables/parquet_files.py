"""Parquet files, scanned by Polars."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from toolkit.tables.files import Files
from toolkit.tables.location import Format
from toolkit.tables.storage import StoredFile

_CASTS = pl.ScanCastOptions(integer_cast="upcast", categorical_to_string="allow")


class ParquetFiles(Files):
    """Parquet files with the needed columns in any order, and any others beside them."""

    @property
    def format(self) -> Format:
        """Parquet."""
        return Format.PARQUET

    def scan(self, types: pl.Schema, parts: Sequence[StoredFile] | None = None) -> pl.LazyFrame:
        """Return these columns of all or some parts as these types, lazily; nothing else is read."""
        chosen = self.parts if parts is None else parts
        folders = [name for name in types if name in self.partitions]
        frame = pl.scan_parquet(
            [part.path for part in chosen],
            glob=False,
            schema={name: dtype for name, dtype in types.items() if name not in folders},
            extra_columns="ignore",
            cast_options=_CASTS,
            hive_partitioning=bool(folders),
            hive_schema=dict.fromkeys(_partitions_of(chosen[0].path), pl.String()) if folders else None,
        )
        return frame.select(types.names())

    def _schema(self, part: StoredFile) -> pl.Schema:
        inside = pl.scan_parquet([part.path], glob=False, hive_partitioning=False).collect_schema()
        return pl.Schema({**inside, **dict.fromkeys(part.partitions, pl.String())})

    def _rows(self, part: StoredFile) -> int | None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        if self._is_remote:
            return None
        try:
            return int(pq.read_metadata(part.path).num_rows)
        except (pa.ArrowException, OSError):
            return None  # the scan will say what is wrong with the file


def _partitions_of(path: str) -> list[str]:
    """Return the names that Polars reads from the whole path, so also from above the location."""
    return [folder.split("=", 1)[0] for folder in Path(path).parts[:-1] if "=" in folder]
