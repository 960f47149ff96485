"""Catalogs of segments: a folder of them, or one table of memberships."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Literal
from urllib.parse import unquote

import polars as pl

from toolkit.display import html_table, text_table
from toolkit.errors import ConfigurationError, DataError
from toolkit.names import same_form, unknown_name
from toolkit.redaction import redacted
from toolkit.sources.columns import id_as_text
from toolkit.sources.discovery import find_files
from toolkit.sources.engines import is_in_engine
from toolkit.sources.error_translation import nothing_at, translate_errors
from toolkit.sources.fault_finding import blame_table
from toolkit.sources.files import Files, InputFile
from toolkit.sources.formats import Place, format_at
from toolkit.sources.location import format_of, is_metadata_file, stem_of
from toolkit.sources.source import Source
from toolkit.sources.storage import Folder, Storage, StoredFile
from toolkit.sources.table import Table
from toolkit.translatable import _, mark

_SUMMARY = pl.Schema(
    {
        "segment": pl.String(),
        "rows": pl.Int64(),
        "changed_at": pl.Datetime("us", "UTC"),
        "location": pl.String(),
    }
)


@dataclass(frozen=True)
class Members:
    """The members of some segments, whose rows are read when they are collected."""

    frame: pl.LazyFrame
    """``segment`` (an Enum) and ``customer``, a row a membership."""
    tables: tuple[Table, ...]
    key_type: pl.DataType | None
    """Int64 or String; None when no file has a row, nor a type."""

    @property
    def has_number_keys(self) -> bool | None:
        """Whether keys are numbers, also such as are read as text; None when no file has a row, nor a type."""
        return next((it.has_number_key for it in self.tables if it.has_typed_key), None)


class SegmentFolder(Source):
    """A folder of segments: each is a file, or a folder of part files, with a key column.

    The name of a segment is that of the file or folder, without an ending that names the format. Characters that the
    name of a file can't hold are written as in a URL: ``A%2FB.parquet`` is the segment ``A/B``.

    Raises:
        ConfigurationError: An option is wrong, or the location holds a secret, which belongs in the environment.

    Examples:
        >>> segments = toolkit.SegmentFolder(location="data/day1/segments", key="CustomerId")
        >>> segments.names()[:2]
        ['High value', 'Invited but empty']
        >>> segments.summary().columns
        ['segment', 'rows', 'changed_at', 'location']
    """

    what: ClassVar[str] = _("segments")
    kind: Literal["folder"] = "folder"

    def names(self) -> list[str]:
        """Return the names of the segments."""
        return _sorted(self._paths(self._storage()))

    def members(self, names: Sequence[str]) -> Members:
        """Open segments for reading.

        Args:
            names: Names of the segments.

        Returns:
            The members, read when they are collected.

        Raises:
            ConfigurationError: There is no segment of a name; the error lists similar names.
            DataError: A table can't be read, lacks its key column, or has keys of another type than the others.
        """
        _require_some(names)
        tables = self._tables([same_form(it) for it in names])
        key_type = self._common_key_type(tables)
        segment, key = pl.Enum(list(tables)), pl.col(self.key).cast(key_type or pl.String()).alias("customer")
        frames = [table.scan().select(pl.lit(name, segment).alias("segment"), key) for name, table in tables.items()]
        return Members(pl.concat(frames), tuple(tables.values()), key_type)

    def scan(self, names: Sequence[str]) -> pl.LazyFrame:
        """Scan the memberships of segments.

        Args:
            names: Names of the segments.

        Returns:
            A lazy frame with a row for each membership: ``segment`` (an Enum) and ``customer`` (the key).

        Raises:
            ConfigurationError: There is no segment of a name.
            DataError: A table can't be read, or lacks a column.
        """
        return self.members(names).frame

    def summary(self) -> pl.DataFrame:
        """Count the rows of each segment.

        Returns:
            A row for each segment, by name: ``segment``, ``rows``, ``changed_at`` (in UTC, when its table was
            written) and ``location``.

        Raises:
            DataError: A table can't be read, or lacks a column.
        """
        tables = self._tables(None)
        inputs = {name: table.files.inputs() for name, table in tables.items()}
        # Parquet says at its end how many rows it has.
        known = {name: rows for name, files in inputs.items() if (rows := _rows_of(files)) is not None}
        unknown = {name: table for name, table in tables.items() if name not in known}
        with blame_table(*unknown.values()):
            counted = pl.collect_all([it.scan().select(pl.len()) for it in unknown.values()], engine="streaming")
        rows_by_name = known | {name: rows.item() for name, rows in zip(unknown, counted, strict=True)}
        return pl.DataFrame(
            [
                (name, rows_by_name[name], _changed_at(files), tables[name].files.location)
                for name, files in inputs.items()
            ],
            schema=_SUMMARY,
            orient="row",
        )

    def found(self, names: Sequence[str] | None = None) -> dict[str, Files]:
        """Return the tables of these segments, by what they are called in errors."""
        return {files.what: files for files in self._found(names).values()}

    def inputs(self, names: Sequence[str] | None = None) -> list[InputFile]:
        """Return the files of these segments."""
        return [it for files in self._found(names).values() for it in files.inputs()]

    def _tables(self, names: Sequence[str] | None) -> dict[str, Table]:
        return {
            name: Table.look(files, key=self.key, key_as_text=self.key_as_text)
            for name, files in self._found(names).items()
        }

    def _found(self, names: Sequence[str] | None) -> dict[str, Files]:
        storage = self._storage()
        paths = self._paths(storage)
        seen: set[str] = set()
        return {
            name: find_files(
                _("segment {name!r}", name=name), _known(name, paths), declared=self.format, storage=storage, seen=seen
            )
            for name in (_sorted(paths) if names is None else map(same_form, names))
        }

    def _paths(self, storage: Storage) -> dict[str, str]:
        if is_in_engine(self.location):
            raise self._is_one_table()
        with translate_errors(self.what, self.location):
            found = storage.find(self.location)
            if found is None:
                raise nothing_at(self.location, what=self.what)
            entries = storage.entries(self.location) if isinstance(found, Folder) else {}
            kept_by = format_at(Place(self.location, entries, storage))
        if kept_by is not None and not (kept_by.is_plain or kept_by.is_read):
            raise kept_by.refusal(self.what, self.location)
        if isinstance(found, StoredFile) or (kept_by is not None and kept_by.is_read):
            raise self._is_one_table()
        kept = [name for name, is_folder in entries.items() if self._is_segment(name, is_folder=is_folder)]
        return _once({name: same_form(unquote(stem_of(name))) for name in kept}, folder=self.location.rstrip("/"))

    def _is_one_table(self) -> ConfigurationError:
        return ConfigurationError(
            _("{location} is one table, where a folder with a table a segment should be.", location=self.location),
            _("Use SegmentTable for one table of memberships, or correct the location."),
        )

    def _is_segment(self, name: str, *, is_folder: bool) -> bool:
        return not is_metadata_file(name) and bool(is_folder or format_of(name) or self.format)

    def _common_key_type(self, tables: Mapping[str, Table]) -> pl.DataType | None:
        typed = {name: table for name, table in tables.items() if table.has_typed_key}
        named = {table.has_number_key: name for name, table in typed.items()}
        if len(named) > 1:
            raise DataError(
                _(
                    "The segments at {location} differ in their keys: column {key!r} is text in segment "
                    "{named!r} and a number in segment {named_2!r}.",
                    location=self.location,
                    key=self.key,
                    named=named[False],
                    named_2=named[True],
                ),
                _("Read them with SegmentFolder(…, key_as_text=True), if 7 and '7' are the same customer."),
            )
        # Where one segment has numbers too long for 64 bits, all are compared as text.
        return max((table.key_type for table in typed.values()), key=lambda it: it == pl.String, default=None)

    def __repr__(self) -> str:
        return f"Segments at {self.location}, key {self.key!r}\n{text_table(self.summary().drop('location'))}"

    def _repr_html_(self) -> str:
        return html_table(self.summary().drop("location"), title="Segments", subtitle=self.location)


class SegmentTable(Source):
    """One table of memberships: a column that names the segment, and a column with the customer's key.

    Raises:
        ConfigurationError: An option is wrong, or the location holds a secret, which belongs in the environment.

    Examples:
        >>> memberships = pl.DataFrame({"Segment": ["VIP", "VIP", "Lapsed"], "CustomerId": ["1", "2", "2"]})
        >>> memberships.write_parquet("memberships.parquet")
        >>> segments = toolkit.SegmentTable(location="memberships.parquet", key="CustomerId", segment="Segment")
        >>> segments.summary().select("segment", "rows").rows()
        [('Lapsed', 1), ('VIP', 2)]
    """

    what: ClassVar[str] = _("segment memberships")
    kind: Literal["table"] = "table"

    segment: str
    """The column that names the segment."""

    def names(self) -> list[str]:
        """Return the names of the segments."""
        return self._names(self._look())

    def members(self, names: Sequence[str]) -> Members:
        """Open segments for reading.

        Args:
            names: Names of the segments.

        Returns:
            The members, read when they are collected.

        Raises:
            ConfigurationError: A segment has no row in the table; the error lists similar names.
            DataError: The table can't be read, or lacks one of its two columns.
        """
        _require_some(names)
        names = [same_form(it) for it in names]
        table = self._look()
        written = self._written(table)
        found = written.filter(pl.col("segment").is_in(list(names)))
        if found["segment"].n_unique() < len(set(names)):
            there = set(found["segment"])
            known = [redacted(name) for name in _sorted(written["segment"].drop_nulls().unique())]
            raise unknown_name(mark("segment"), next(name for name in names if name not in there), known)
        # By the values as they are written, so that partitions of other segments are not read.
        chosen = table.choose_by(self.segment, found["written"])
        rows = self._rows(chosen, pl.col(self.segment).is_in(found["written"].implode()))
        frame = rows.with_columns(pl.col("segment").cast(pl.Enum(list(names))))
        return Members(frame, (table,), table.key_type if table.has_typed_key else None)

    def scan(self, names: Sequence[str]) -> pl.LazyFrame:
        """Scan the memberships of segments.

        Args:
            names: Names of the segments.

        Returns:
            A lazy frame with a row for each membership: ``segment`` (an Enum) and ``customer`` (the key).

        Raises:
            ConfigurationError: There is no segment of a name.
            DataError: A table can't be read, or lacks a column.
        """
        return self.members(names).frame

    def summary(self) -> pl.DataFrame:
        """Count the rows of each segment.

        Returns:
            A row for each segment, by name: ``segment``, ``rows``, ``changed_at`` (in UTC, when the table was
            written) and ``location``.

        Raises:
            DataError: A table can't be read, or lacks a column.
        """
        table = self._look()
        with blame_table(table):
            counted = table.counted(self.segment).group_by(self._named(table)).agg(pl.col("rows").sum())
        rows = dict(counted.drop_nulls("segment").iter_rows())
        changed_at = _changed_at(table.files.inputs())
        return pl.DataFrame(
            [(name, rows[name], changed_at, self.location) for name in _sorted(rows)], schema=_SUMMARY, orient="row"
        )

    def _look(self) -> Table:
        return Table.look(self._files(), key=self.key, key_as_text=self.key_as_text, columns=[self.segment])

    def _rows(self, table: Table, which: pl.Expr | bool = True) -> pl.LazyFrame:
        return table.scan().filter(which).select(self._named(table), pl.col(self.key).alias("customer"))

    def _named(self, table: Table) -> pl.Expr:
        name, dtype = pl.col(self.segment), table.types[self.segment]
        text = name.cast(pl.String) if dtype == pl.String else id_as_text(name, dtype)
        return text.str.normalize("NFC").alias("segment")

    def _written(self, table: Table) -> pl.DataFrame:
        """Return the names as they are ``written``, and the ``segment`` that each names."""
        with blame_table(table):
            written = table.counted(self.segment)
        return written.select(self._named(table), pl.col(self.segment).alias("written"))

    def _names(self, table: Table) -> list[str]:
        return _sorted(self._written(table)["segment"].drop_nulls().unique())

    def __repr__(self) -> str:
        return f"Segments at {self.location}, key {self.key!r}\n{text_table(self.summary().drop('location'))}"

    def _repr_html_(self) -> str:
        return html_table(self.summary().drop("location"), title="Segments", subtitle=self.location)


def _rows_of(files: Sequence[InputFile]) -> int | None:
    """Return how many rows the files have together, None where one does not say."""
    rows = [it.rows for it in files]
    return None if None in rows else sum(it for it in rows if it is not None)


def _require_some(names: Sequence[str]) -> None:
    if not names:
        raise ConfigurationError(_("No segment is chosen."), _("Name at least one."))


def _sorted(names: Iterable[str]) -> list[str]:
    return sorted(names, key=lambda name: (name.casefold(), name))


def _known(name: str, paths: Mapping[str, str]) -> str:
    if name not in paths:
        raise unknown_name(mark("segment"), name, paths)
    return paths[name]


def _once(segments: Mapping[str, str], *, folder: str) -> dict[str, str]:
    """Return the path of each segment; raises DataError when two entries are one segment."""
    paths: dict[str, str] = {}
    for entry, segment in segments.items():
        if segment in paths:
            other = f"{folder}/{entry}"
            raise DataError(
                _(
                    "Segment {segment!r} is there twice: {paths} and {other}.{difference}",
                    segment=segment,
                    paths=paths[segment],
                    other=other,
                    difference=_difference(paths[segment], other),
                ),
                _("Remove or rename one of them."),
            )
        paths[segment] = f"{folder}/{entry}"
    return paths


def _difference(path: str, other: str) -> str:
    """Say how two names differ that look the same."""
    if path == other or same_form(path) != same_form(other):
        return ""
    return _(
        " Both look the same: they differ in the Unicode form of an accent ({path!a} and {other!a}).",
        path=path,
        other=other,
    )


def _changed_at(files: Iterable[InputFile]) -> datetime | None:
    return max((it.modified_at for it in files if it.modified_at), default=None)
