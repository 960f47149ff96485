"""CSV files with a header line, all columns as text so that keys keep their leading zeros.

They are in UTF-8, or as Excel writes them: with a byte-order mark, in UTF-16 ("Unicode text"), with a first line
``sep=;``, with columns and rows at the end that are empty.

Arrow reads them because it refuses a row with fields too few or too many, which Polars would cut or fill.
"""

import codecs
import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from toolkit.errors import DataError
from toolkit.sources.csv_stream import CleanedStream, decoded_head, utf16_of
from toolkit.sources.error_translation import translate_errors
from toolkit.sources.file_signatures import mistaken
from toolkit.sources.files import Files
from toolkit.sources.location import Format
from toolkit.sources.storage import StoredFile
from toolkit.translatable import _

_SEPARATORS = (",", ";", "\t", "|")
_HEAD_BYTES = 64 << 10
_BLOCK_BYTES = 8 << 20
_LONGEST_HEAD_BYTES = 4 << 20
_FIRST_ROWS = 20
_SEP_LINE = re.compile(rb'(?:\xef\xbb\xbf)?"?sep=(?P<separator>[,;|\t])"?[^\S\n]*\n', re.IGNORECASE)
_END_OF_HEADER = re.compile(rb'(?:[^"\n]|"[^"]*+")*+\n')
_QUOTED = re.compile(r'"[^"]*"?')
_ROUNDED = r"^\s*[0-9](?:[.,][0-9]*)?E\+?[0-9]{2,}\s*$"
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
        key = types.names()[0]

        def frames(
            columns: list[str] | None, predicate: pl.Expr | None, limit_rows: int | None, _: int | None
        ) -> Iterator[pl.DataFrame]:
            left = limit_rows
            for part in chosen:
                for frame in self._frames(part, columns or types.names()):
                    kept = frame if left is None else frame.head(left)
                    _require_keys_as_written(kept, key, file=part.path)
                    yield kept if predicate is None else kept.filter(predicate)
                    if left is not None and (left := left - kept.height) <= 0:
                        return

        return register_io_source(frames, schema=types)

    def _schema(self, part: StoredFile) -> pl.Schema:
        names = [it for it in self._header(part).names if it]
        return pl.Schema(dict.fromkeys([*names, *part.partitions], pl.String()))

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
        with translate_errors(self.what, part.path), self._open(part) as stream:
            counted = CleanedStream(stream, header.separator, header.encoding)
            yield from _rows(counted, header, columns, file=part.path)
        if counted.quotes % 2 and self._ends_within_quotes(part, header):
            raise DataError(
                _("{part} ends within quotes: somewhere a quote is opened and not closed.", part=part.path),
                _("Have it written again, with quotes within a field doubled."),
            )

    def _ends_within_quotes(self, part: StoredFile, header: "_Header") -> bool:
        """Tell whether the last field goes on over lines, as it does when it swallowed all rows that followed."""
        last = None
        with translate_errors(self.what, part.path), self._open(part) as stream:
            cleaned = CleanedStream(stream, header.separator, header.encoding)
            for batch in _rows(cleaned, header, header.names[-1:], file=part.path):
                last = batch.column(0)[-1].as_py() if batch.num_rows else last
        return "\n" in (last or "")

    def _header(self, part: StoredFile) -> "_Header":
        with translate_errors(self.what, part.path), self._open(part, at_once_bytes=_HEAD_BYTES) as stream:
            head: bytes = b""
            while not _Header.is_whole(head) and (more := stream.read(_HEAD_BYTES)):
                head += more
        if (told := mistaken(head, what=self.what, file=part.path)) is not None:
            raise told
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
    encoding: str | None = None
    """UTF-16 of either kind; None for UTF-8."""
    skipped_lines: int = 0

    @staticmethod
    def is_whole(head: bytes) -> bool:
        """Tell whether the line with the names ends in what was read."""
        text = decoded_head(head, utf16_of(head))
        return len(head) > _LONGEST_HEAD_BYTES or _END_OF_HEADER.match(_SEP_LINE.sub(b"", text, count=1)) is not None

    @classmethod
    def read(cls, head: bytes, *, file: str) -> "_Header":
        encoding = utf16_of(head)
        content = decoded_head(head, encoding).removeprefix(codecs.BOM_UTF8)
        said = _SEP_LINE.match(content)
        content = content[said.end() :] if said else content
        ended = _END_OF_HEADER.match(content)
        line = content if ended is None else content[: ended.end()]
        if b"\0" in line:
            raise _no_utf8(file)
        try:
            text = line.decode("utf-8").rstrip("\r\n")
            separator = said["separator"].decode() if said else _separator_of(text, content[len(line) :])
        except UnicodeDecodeError:
            raise _no_utf8(file) from None
        if "\r" in _QUOTED.sub("", text):
            raise DataError(
                _("The lines of {file} end in a carriage return alone, as CSV for old Macintoshes does.", file=file),
                _("In Excel, save it as CSV UTF-8 (Comma delimited)."),
            )
        names = _fields(text, separator)
        if not any(names) or any("@" in name for name in names):
            raise DataError(
                _("{file} does not begin with a line that names its columns.", file=file),
                _("Have it written with a header line."),
            )
        return cls(names, separator, ended is not None, encoding, 1 if said else 0)

    def require(self, columns: Sequence[str], *, file: str) -> None:
        for column in columns:
            if self.names.count(column) > 1:
                raise DataError(
                    _(
                        "{file} has {count} columns {column!r}.",
                        file=file,
                        count=self.names.count(column),
                        column=column,
                    ),
                    _("Have each column named once."),
                )
            if column not in self.names:
                raise DataError(
                    _(
                        "{file} has no column {column!r}, which other files of the table have.",
                        file=file,
                        column=column,
                    ),
                    _("Have all files written with one schema, or keep files of one table only in the folder."),
                )


def _rows(stream: Any, header: _Header, columns: Sequence[str], *, file: str) -> Iterator[Any]:
    """Yield the rows as Arrow's batches; raises DataError for one with fields too few or too many."""
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    try:
        yield from arrow_csv.open_csv(
            stream,
            # One thread, so that errors know the row.
            read_options=arrow_csv.ReadOptions(
                use_threads=False, block_size=_BLOCK_BYTES, skip_rows=header.skipped_lines
            ),
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


def _separator_of(header: str, rows: bytes) -> str:
    """Return what separates the fields: outside quotes, and as often in the first rows as in the header line.

    A name may hold commas without quotes, where semicolons separate.
    """
    outside = _QUOTED.sub("", header)
    found = [it for it in _SEPARATORS if it in outside]
    if len(found) < 2:  # noqa: PLR2004
        return found[0] if found else _SEPARATORS[0]
    first = [_QUOTED.sub("", it) for it in rows.decode("utf-8", "ignore").splitlines()[:_FIRST_ROWS]]
    # The last line may be cut off.
    whole = [it for it in (first[:-1] or first) if it.strip("".join(_SEPARATORS))]

    def fit(separator: str) -> tuple[bool, int]:
        fields = outside.count(separator)
        return bool(whole) and all(it.count(separator) == fields for it in whole), fields

    return max(found, key=fit)


def _fields(line: str, separator: str) -> tuple[str, ...]:
    try:
        return tuple(next(csv.reader(io.StringIO(line), delimiter=separator), ()))
    except csv.Error:
        return ()


def _require_keys_as_written(frame: pl.DataFrame, key: str, *, file: str) -> None:
    """Raise for keys that Excel rounded, so that several customers have one."""
    if key not in frame.columns:
        return
    rounded = frame.select(pl.col(key).str.contains(_ROUNDED).sum()).item()
    if rounded:
        raise DataError(
            _(
                "Column {key!r} of {file} holds keys in scientific notation, such as 1.23E+15: Excel "
                "rounded them, and {rounded:,} rows can't be matched.",
                key=key,
                file=file,
                rounded=rounded,
            ),
            _("Export the file again, and in Excel format the column as Text before the keys are put in."),
        )


def _told(error: Exception, file: str) -> DataError:
    ragged = _RAGGED.search(str(error))
    if ragged:
        row, expected, got = ragged.groups()
        return DataError(
            _(
                "Row {row} of {file} has {got} fields where the header line names {expected} columns.",
                row=row,
                file=file,
                got=got,
                expected=expected,
            ),
            _("Mend the row, or have fields that hold the separator written in quotes."),
        )
    if "UTF8" in str(error):
        return _no_utf8(file)
    return DataError(_("{file} cannot be read as CSV.", file=file), _("Have it written again, then run again."))


def _no_utf8(file: str) -> DataError:
    return DataError(
        _("{file} is not written in UTF-8.", file=file),
        _("Have it written in UTF-8, then run again. In Excel, save it as CSV UTF-8 (Comma delimited)."),
    )
