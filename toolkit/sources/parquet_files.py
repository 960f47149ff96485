"""Parquet files, scanned by Polars; by Arrow where one has a column of a type that Polars has none for.

Polars reads the types of all columns before it reads any, so that one that nobody needs would keep it from the others.
"""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from toolkit.sources.arrow_types import as_readable, is_known_to_polars, polars_type
from toolkit.sources.error_translation import translate_errors
from toolkit.sources.file_signatures import LONGEST, mistaken
from toolkit.sources.files import Files
from toolkit.sources.location import Format
from toolkit.sources.storage import Storage, StoredFile

_CASTS = pl.ScanCastOptions(integer_cast="upcast", categorical_to_string="allow")
_AT_ONCE = 16
_MOST_BYTES_WITHOUT_ROWS = 64 << 10
_ROWS_A_BATCH = 128 << 10


@dataclass(frozen=True)
class _Head:
    """What the end of a Parquet file tells of it; nothing, where Arrow can't read that."""

    rows: int | None
    schema: Any
    """Arrow's."""

    types: pl.Schema | None
    """Polars' of its columns; None where Polars does not read them all, or the file can't be reached."""
    is_known_to_polars: bool
    """Whether Polars reads the types of its columns."""


@dataclass(frozen=True)
class ParquetFiles(Files):
    """Parquet files with the needed columns in any order, and any others beside them."""

    _heads: dict[str, _Head] = field(default_factory=dict, repr=False, compare=False)

    @property
    def format(self) -> Format:
        """Parquet."""
        return Format.PARQUET

    def scan(self, types: pl.Schema, parts: Sequence[StoredFile] | None = None) -> pl.LazyFrame:
        """Return these columns of all or some parts as these types, lazily; nothing else is read."""
        chosen = list(self.parts if parts is None else parts)
        self._look_at(chosen)
        chosen = [it for it in chosen if self.has_rows(it)]
        if not chosen:
            return pl.LazyFrame(schema=types)
        if all(self._head(it).is_known_to_polars for it in chosen):
            return self._scan_by_polars(types, chosen)
        return self._scan_by_arrow(types, chosen)

    def has_rows(self, part: StoredFile) -> bool:
        """Tell whether the part has rows, as far as its end can be read."""
        return self._head(part).rows != 0

    def is_uuid(self, name: str) -> bool:
        """Tell whether the first file that has the column says so."""
        import pyarrow as pa

        schemas = (self._head(it).schema for it in self.parts)
        found = next((it.field(name).type for it in schemas if it is not None and name in it.names), None)
        return isinstance(found, pa.UuidType)

    def unreadable(self) -> dict[str, str]:
        """Return the columns of the first part that can't be read, each with its type."""
        schema = self._head(self.parts[0]).schema
        if schema is None:
            return {}
        read = self.schema()
        return {it.name: str(it.type) for it in schema if read.get(it.name) == pl.Unknown}

    def _scan_by_polars(self, types: pl.Schema, chosen: Sequence[StoredFile]) -> pl.LazyFrame:
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

    def _scan_by_arrow(self, types: pl.Schema, chosen: Sequence[StoredFile]) -> pl.LazyFrame:
        from polars.io.plugins import register_io_source

        def frames(
            columns: list[str] | None, predicate: pl.Expr | None, limit_rows: int | None, _: int | None
        ) -> Iterator[pl.DataFrame]:
            left = limit_rows
            for part in chosen:
                for frame in self._frames(part, pl.Schema({it: types[it] for it in columns or types.names()})):
                    kept = frame if left is None else frame.head(left)
                    yield kept if predicate is None else kept.filter(predicate)
                    if left is not None and (left := left - kept.height) <= 0:
                        return

        return register_io_source(frames, schema=types)

    def _frames(self, part: StoredFile, types: pl.Schema) -> Iterator[pl.DataFrame]:
        import pyarrow as pa
        import pyarrow.parquet as pq

        inside = [name for name in types if name not in part.partitions]
        missing = [name for name in inside if name not in self._schema(part)]
        if missing:
            raise pl.exceptions.ColumnNotFoundError(missing[0])
        with self.storage.open_file(part.path) as file:
            for batch in pq.ParquetFile(file).iter_batches(_ROWS_A_BATCH, columns=inside, use_threads=True):
                read = pa.table({it: as_readable(batch.column(it)) for it in inside})
                frame = pl.DataFrame(pl.from_arrow(read)) if inside else pl.DataFrame(height=batch.num_rows)
                yield frame.select(
                    pl.col(name).cast(dtype) if name in inside else pl.lit(part.partitions[name], dtype).alias(name)
                    for name, dtype in types.items()
                )

    def _schema(self, part: StoredFile) -> pl.Schema:
        head = self._head(part)
        if head.types is not None:
            inside = head.types
        elif head.is_known_to_polars:
            inside = pl.scan_parquet([part.path], glob=False, hive_partitioning=False).collect_schema()
        else:
            inside = pl.Schema({it.name: polars_type(it.type) for it in head.schema})
        return pl.Schema({**inside, **dict.fromkeys(part.partitions, pl.String())})

    def _look_at(self, parts: Sequence[StoredFile]) -> None:
        """Read the ends of these files; in a cloud several at once."""
        self._head(self.parts[0])
        new = [it for it in parts if it.path not in self._heads]
        if self._is_remote and len(new) > 1:
            with ThreadPoolExecutor(_AT_ONCE) as threads:
                list(threads.map(self._head, new))
        else:
            for part in new:
                self._head(part)

    def _head(self, part: StoredFile) -> _Head:
        if part.path not in self._heads:
            head = self._remote_head(part) if self._is_remote else _known_head_of(part.path, self.storage)
            if head.rows is None and not self._is_remote:
                self._require_not_mistaken(part)
            self._heads[part.path] = head
        return self._heads[part.path]

    def _require_not_mistaken(self, part: StoredFile) -> None:
        with translate_errors(self.what, part.path), self.storage.open_file(part.path) as file:
            head = bytes(file.read(LONGEST))
        if not head.startswith(b"PAR1") and (told := mistaken(head, what=self.what, file=part.path)) is not None:
            raise told

    def _remote_head(self, part: StoredFile) -> _Head:
        """Ask for as little as is enough: each question is a request, and parts mostly are as the first one is."""
        first = self.parts[0]
        known, types = _types_by_polars(part.path) if part == first else (self._head(first).is_known_to_polars, None)
        if not known:
            return _head_of(part.path, self.storage)
        rows = _count(part.path) if part.size_bytes <= _MOST_BYTES_WITHOUT_ROWS else None
        return _Head(rows, None, types, is_known_to_polars=True)

    def _rows(self, part: StoredFile) -> int | None:
        return None if self._is_remote else self._head(part).rows


def _known_head_of(path: str, storage: Storage) -> _Head:
    """Return the head of a file on this machine, from memory while the file is the one that was looked at.

    A folder of 10,000 segments is listed again and again. When a file was written last (``ctime``) nobody can set, so
    that another file under the name is always seen.
    """
    try:
        found = os.stat(path)  # noqa: PTH116  # of 10,000 files
    except OSError:
        return _head_of(path, storage)
    state = (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
    before = _KNOWN_HEADS.get(path)
    if before is not None and before[0] == state:
        return before[1]
    head = _head_of(path, storage)
    if head.rows is not None:  # what can't be read may be readable the next time
        while len(_KNOWN_HEADS) >= _MOST_KNOWN_HEADS:
            _KNOWN_HEADS.pop(next(iter(_KNOWN_HEADS)), None)
        _KNOWN_HEADS[path] = state, head
    return head


_State = tuple[int, int, int, int, int]
"""What differs when a file is another one, or was written since: device, inode, size, and when it was changed."""
_MOST_KNOWN_HEADS = 20_000
_KNOWN_HEADS: dict[str, tuple[_State, _Head]] = {}


def _head_of(path: str, storage: Storage) -> _Head:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with storage.open_file(path) as file:
            found = pq.ParquetFile(file)
            rows, schema = found.metadata.num_rows, found.schema_arrow
            # Parquet's schema begins with where it lies in memory.
            columns = (schema.serialize().to_pybytes(), str(found.schema).partition("\n")[2])
    except (pa.ArrowException, OSError, ValueError):
        return _Head(None, None, None, is_known_to_polars=True)  # its scan says what is wrong with the file
    # Segments mostly have the same columns, and what Polars makes of them it need not be asked 10,000 times.
    types = _KNOWN_TYPES.get(columns)
    read = types is not None
    if types is None:
        known = all(is_known_to_polars(it.type) for it in schema)  # first, because what Polars panics of it prints, too
        read, types = _types_by_polars(path) if known else (False, None)
    if types is not None:
        while len(_KNOWN_TYPES) >= _MOST_KNOWN_TYPES:
            _KNOWN_TYPES.pop(next(iter(_KNOWN_TYPES)), None)
        _KNOWN_TYPES[columns] = types
    return _Head(rows, schema, types, is_known_to_polars=read)


_MOST_KNOWN_TYPES = 100
_KNOWN_TYPES: dict[tuple[bytes, str], pl.Schema] = {}
"""What Polars reads of the columns that files have, by how Arrow and Parquet describe them."""


def _count(path: str) -> int | None:
    try:
        return int(pl.scan_parquet([path], glob=False, hive_partitioning=False).select(pl.len()).collect().item())
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError):
        return None  # its scan says what is wrong with the file


def _types_by_polars(path: str) -> tuple[bool, pl.Schema | None]:
    """Return whether Polars reads the types of the columns, and these types."""
    try:
        return True, pl.scan_parquet([path], glob=False, hive_partitioning=False).collect_schema()
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
        return False, None
    except OSError:
        return True, None  # its scan says why it can't be reached


def _partitions_of(path: str) -> list[str]:
    """Return the names that Polars reads from the whole path, so also from above the location."""
    return [folder.split("=", 1)[0] for folder in Path(path).parts[:-1] if "=" in folder]
