"""CSV files with a header line, in UTF-8, all columns as text so that keys keep their leading zeros.

Arrow reads them because it refuses a row with fields too few or too many, which Polars would cut or fill.
"""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from toolkit.errors import DataError
from toolkit.tables.files import Files
from toolkit.tables.location import Format
from toolkit.tables.storage import StoredFile
from toolkit.tables.telling import telling

_SEPARATORS = (",", ";", "\t", "|")
_HEAD_BYTES = 64 << 10
_BLOCK_BYTES = 8 << 20
_RAGGED = re.compile(r"Row #(\d+): Expected (\d+) columns, got (\d+)")


class CsvFiles(Files):
    """CSV files with the needed columns in any order, and any others beside them."""

    @property
    def format(self) -> Format:
        """CSV."""
        return Format.CSV

    def scan(self, types: pl.Schema, parts: Sequence[StoredFile] | None = None) -> pl.LazyFrame:
        """Return these columns of all or some parts, lazily; no others become text in memory."""
        from polars.io.plugins import register_io_source

        chosen = self.parts if parts is None else parts

        def frames(
            columns: list[str] | None, predicate: pl.Expr | None, limit_rows: int | None, _: int | None
        ) -> Iterator[pl.DataFrame]:
            left = limit_rows
            for part in chosen:
                for frame in self._frames(part, columns or types.names()):
                    kept = frame if left is None else frame.head(left)
                    yield kept if predicate is None else kept.filter(predicate)
                    if left is not None and (left := left - kept.height) <= 0:
                        return

        return register_io_source(frames, schema=types)

    def _schema(self, part: StoredFile) -> pl.Schema:
        return pl.Schema(dict.fromkeys([*self._header(part).names, *part.partitions], pl.String()))

    def _frames(self, part: StoredFile, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        header = self._header(part)
        told = {name: value for name, value in part.partitions.items() if name in columns}
        wanted = [name for name in columns if name not in told]
        header.require(wanted, file=part.path)
        if not header.is_followed:
            yield pl.DataFrame(schema=dict.fromkeys(columns, pl.String()))
            return
        for batch in self._batches(part, header, wanted or header.names[:1]):
            frame = pl.DataFrame(pl.from_arrow(batch))
            yield frame.with_columns(pl.lit(value, pl.String).alias(name) for name, value in told.items()).select(
                columns
            )

    def _batches(self, part: StoredFile, header: "_Header", columns: Sequence[str]) -> Iterator[Any]:
        with telling(self.what, part.path), self._open(part) as stream:
            counted = _CountedQuotes(stream)
            yield from _rows(counted, header, columns, file=part.path)
        if counted.quotes % 2 and self._ends_within_quotes(part, header):
            raise DataError(
                f"{part.path} ends within quotes: somewhere a quote is opened and not closed.",
                "Have it written again, with quotes within a field doubled.",
            )

    def _ends_within_quotes(self, part: StoredFile, header: "_Header") -> bool:
        """Tell whether the last field goes on over lines, as it does when it swallowed all rows that followed."""
        last = None
        with telling(self.what, part.path), self._open(part) as stream:
            for batch in _rows(stream, header, header.names[-1:], file=part.path):
                last = batch.column(0)[-1].as_py() if batch.num_rows else last
        return "\n" in (last or "")

    def _header(self, part: StoredFile) -> "_Header":
        with telling(self.what, part.path), self._open(part, at_once_bytes=_HEAD_BYTES) as stream:
            head: bytes = b""
            while b"\n" not in head and (more := stream.read(_HEAD_BYTES)):
                head += more
        return _Header.read(head, file=part.path)

    def _open(self, part: StoredFile, *, at_once_bytes: int = _BLOCK_BYTES) -> Any:
        import pyarrow as pa

        stream = self.storage.open(part.path, at_once_bytes=at_once_bytes)
        return pa.CompressedInputStream(stream, "gzip") if part.name.lower().endswith(".gz") else stream


@dataclass(frozen=True)
class _Header:
    names: tuple[str, ...]
    separator: str
    is_followed: bool

    @classmethod
    def read(cls, head: bytes, *, file: str) -> "_Header":
        line, newline, _ = head.partition(b"\n")
        try:
            text = line.decode("utf-8-sig").rstrip("\r")
        except UnicodeDecodeError:
            raise _no_utf8(file) from None
        separator = max(_SEPARATORS, key=text.count)
        names = _fields(text, separator)
        if not any(names) or any("@" in name for name in names):
            raise DataError(
                f"{file} does not begin with a line that names its columns.", "Have it written with a header line."
            )
        return cls(names, separator, bool(newline))

    def require(self, columns: Sequence[str], *, file: str) -> None:
        for column in columns:
            if self.names.count(column) > 1:
                raise DataError(
                    f"{file} has {self.names.count(column)} columns {column!r}.", "Have each column named once."
                )
            if column not in self.names:
                raise DataError(
                    f"{file} has no column {column!r}, which other files of the table have.",
                    "Have all files written with one schema, or keep files of one table only in the folder.",
                )


class _CountedQuotes(io.RawIOBase):
    """A stream that counts the quotes that were read from it: of a sound file, an even number."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self.quotes = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        read: bytes = self._stream.read(size)
        self.quotes += read.count(b'"')
        return read


def _rows(stream: Any, header: _Header, columns: Sequence[str], *, file: str) -> Iterator[Any]:
    """Yield the rows as Arrow's batches; raises DataError for one with fields too few or too many."""
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    try:
        yield from arrow_csv.open_csv(
            stream,
            # One thread, so that errors know the row.
            read_options=arrow_csv.ReadOptions(use_threads=False, block_size=_BLOCK_BYTES),
            parse_options=arrow_csv.ParseOptions(delimiter=header.separator, newlines_in_values=True),
            convert_options=arrow_csv.ConvertOptions(
                include_columns=list(columns),
                column_types=dict.fromkeys(columns, pa.large_string()),
                strings_can_be_null=True,
                null_values=[""],
            ),
        )
    except pa.ArrowInvalid as error:
        raise _told(error, file) from None


def _fields(line: str, separator: str) -> tuple[str, ...]:
    try:
        return tuple(next(csv.reader([line], delimiter=separator), ()))
    except csv.Error:
        return ()


def _told(error: Exception, file: str) -> DataError:
    ragged = _RAGGED.search(str(error))
    if ragged:
        row, expected, got = ragged.groups()
        return DataError(
            f"Row {row} of {file} has {got} fields where the header line names {expected} columns.",
            "Mend the row, or have fields that hold the separator written in quotes.",
        )
    if "UTF8" in str(error):
        return _no_utf8(file)
    return DataError(f"{file} cannot be read as CSV.", "Have it written again, then run again.")


def _no_utf8(file: str) -> DataError:
    return DataError(f"{file} is not written in UTF-8.", "Have it written in UTF-8, then run again.")
