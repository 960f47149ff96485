"""What is read of a table: the key, and the columns that are needed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches

import polars as pl

from toolkit.errors import DataError, ToolkitError
from toolkit.redaction import redacted
from toolkit.sources.columns import Reading, key_reading, read, reading_of_bytes, type_of
from toolkit.sources.error_translation import translate_errors
from toolkit.sources.files import Files
from toolkit.sources.storage import StoredFile
from toolkit.translatable import _

_MOST_NAMES = 8


@dataclass(frozen=True)
class Table:
    """Some columns of a table's files, as they were when somebody looked; its rows are read when it is collected."""

    files: Files
    key: str
    key_as_text: bool
    stored: pl.Schema
    """The columns, the key first, as the files are scanned: integers as 64 bits, all kinds of text as String."""
    readings: dict[str, Reading]
    """What is made of each."""
    has_typed_key: bool
    """Whether the key has a type; it has none when the table has no rows, or only null in it."""
    is_matched: bool = True
    """Whether rows are to be found by the key; else it is read as any other column."""

    @classmethod
    def look(
        cls, files: Files, *, key: str, key_as_text: bool, columns: Sequence[str] = (), is_matched: bool = True
    ) -> "Table":
        """Look at the heads of the files; raises DataError when a column is missing, or the key cannot be one."""
        schema = files.schema()
        wanted = list(dict.fromkeys([key, *columns]))
        require_columns(schema, wanted, files=files)
        types, has_rows = _types_of(files, schema, wanted)
        if not has_rows and not (types[key].is_integer() or types[key] == pl.String):
            types[key] = pl.Null()  # of a table without rows no type is wrong
        _require_readable(types, files=files)
        stored = pl.Schema({name: _scanned_as(dtype) for name, dtype in types.items()})
        readings = {name: reading_of_bytes(name, dtype, files=files) for name, dtype in stored.items() if name != key}
        return cls(
            files,
            key,
            key_as_text,
            stored=stored,
            readings={
                key: (key_reading if is_matched else reading_of_bytes)(key, stored[key], files=files),
                **readings,
            },
            has_typed_key=has_rows and types[key] != pl.Null,
            is_matched=is_matched,
        )

    def only(self, columns: Sequence[str]) -> "Table":
        """Return the table with these of its columns, and not to be matched."""
        return replace(
            self,
            stored=pl.Schema({name: self.stored[name] for name in columns}),
            readings={name: self.readings[name] for name in columns},
            is_matched=False,
        )

    def choose(self, members: pl.LazyFrame) -> "Table":
        """Return the table with the rows of these members, found by the engine where one holds the table.

        A table of files, of which all rows are read, stays as it is.

        Args:
            members: Rows with the key of each as ``customer``.
        """
        if not self.files.finds_rows:
            return self
        keys = members.select("customer").unique().collect(engine="streaming")["customer"]
        return self.choose_by(self.key, keys)

    def choose_near(self, keys: pl.LazyFrame) -> "Table":
        """Return the table with the rows whose keys may be one of these by some rule; others may be left in it.

        Args:
            keys: Keys of text as ``key``, as rules write them.
        """
        if not self.files.finds_rows or self.stored[self.key] != pl.String:
            return self
        kept = self.only([self.key])
        values = keys.unique().collect(engine="streaming")["key"]
        return replace(kept, files=self.files.choose_near(kept.stored, self.key, values), is_matched=self.is_matched)

    def choose_by(self, column: str, values: pl.Series) -> "Table":
        """Return the table with the rows that have one of these values, and maybe others."""
        return replace(self, files=self.files.choose(self.stored, column, values))

    def counted(self, column: str) -> pl.DataFrame:
        """Return each value of a column, null too, and how many ``rows`` have it."""
        if self.readings[column] is Reading.AS_IT_IS:
            found = self.files.counted(column, self.stored[column])
            if found is not None:
                return found
        return self.scan().group_by(column).agg(rows=pl.len()).collect(engine="streaming")

    @property
    def types(self) -> pl.Schema:
        """The columns, the key first, as they are read."""
        types = {name: type_of(self.readings[name], dtype) for name, dtype in self.stored.items()}
        return pl.Schema({**types, self.key: self.key_type} if self.is_matched else types)

    @property
    def key_type(self) -> pl.DataType:
        """Int64 or String."""
        is_number = self.readings[self.key] is Reading.WHOLE_NUMBER
        return pl.Int64() if is_number and not self.key_as_text else pl.String()

    @property
    def has_number_key(self) -> bool:
        """Whether the key is a number that is not asked for as text; a very long one is read as text nevertheless."""
        return self.readings[self.key].is_number and not self.key_as_text

    def scan(self, parts: Sequence[StoredFile] | None = None) -> pl.LazyFrame:
        """Return the columns of all or some parts, lazily."""
        frame = self.files.scan(self.stored, parts)
        # Without a cast where none is needed, so that the statistics of Parquet files answer where they can.
        made = [read(name, self.readings[name], dtype) for name, dtype in self.stored.items() if self._is_made(name)]
        frame = frame.with_columns(made) if made else frame
        if not self.is_matched or type_of(self.readings[self.key], self.stored[self.key]) == self.key_type:
            return frame
        return frame.with_columns(pl.col(self.key).cast(self.key_type))

    def fault(self) -> ToolkitError | None:
        """Return what is wrong with the first file that cannot be read as the others, None when each can."""
        for part in self.files.parts:
            try:
                with translate_errors(self.files.what, part.path):
                    if self.files.has_rows(part):
                        self._require_same_columns(part)
                    self.scan([part]).select(pl.all().count()).collect(engine="streaming")
            except ToolkitError as error:
                return error
        return None

    def _is_made(self, name: str) -> bool:
        reading = self.readings[name]
        return reading is not Reading.AS_IT_IS and not (
            reading is Reading.WHOLE_NUMBER and self.stored[name] == pl.Int64
        )

    def _require_same_columns(self, part: StoredFile) -> None:
        schema, first = self.files.schema(part), self.files.parts[0].path
        for name, dtype in self.stored.items():
            if name not in schema:
                difference = _("has no column {name!r}, which {first} has", name=name, first=first)
            elif schema[name] != pl.Null and _scanned_as(schema[name]) != dtype:
                difference = _(
                    "has {schema} in column {name!r}, where others have {dtype}, such as {first}",
                    schema=schema[name],
                    name=name,
                    dtype=dtype,
                    first=first,
                )
            else:
                continue
            raise DataError(
                _(
                    "{part}, a file of the {what}, {difference}.",
                    part=part.path,
                    what=self.files.what,
                    difference=difference,
                ),
                _("Have all files written with one schema, or keep files of one table only in the folder."),
            )


def require_columns(schema: pl.Schema, columns: Sequence[str], *, files: Files) -> None:
    """Raise DataError, with the nearest names, when a column is not there."""
    for column in columns:
        if column not in schema:
            where = files.location if len(files.parts) == 1 else files.parts[0].path
            near = ", ".join(repr(redacted(name)) for name in _nearest(column, schema.names()))
            raise DataError(
                _(
                    "There is no column {column!r} in the {what} at {where}.",
                    column=column,
                    what=files.what,
                    where=where,
                ),
                _("Nearest are {near}: name what is meant.", near=near),
            )


def _require_readable(types: pl.Schema, *, files: Files) -> None:
    name = next((name for name, dtype in types.items() if dtype == pl.Unknown), None)
    if name is not None:
        raise DataError(
            _(
                "Column {name!r} of the {what} at {location} can't be read: it has the type {unreadable}.",
                name=name,
                what=files.what,
                location=files.location,
                unreadable=files.unreadable().get(name, "unknown"),
            ),
            _("Have it written as another type, such as text, or name another column."),
        )


def _nearest(name: str, known: Sequence[str]) -> list[str]:
    lowered = {it.casefold(): it for it in reversed(known)}
    near = get_close_matches(name.casefold(), lowered, n=3, cutoff=0.4)
    return [lowered[it] for it in near] or list(known[:_MOST_NAMES])


def _types_of(files: Files, first: pl.Schema, names: Sequence[str]) -> tuple[pl.Schema, bool]:
    """Return the columns' types, and whether there are rows; a part without any, or with only null, tells no type."""
    types: dict[str, pl.DataType] = dict.fromkeys(names, pl.Null())
    for number, part in enumerate(files.parts):
        open_ = [name for name, dtype in types.items() if dtype == pl.Null]
        if not open_:
            break
        if files.has_rows(part):
            schema = first if number == 0 else files.schema(part)
            types |= {name: schema.get(name, pl.Null()) for name in open_}
    has_rows = any(map(files.has_rows, files.parts))
    return pl.Schema(types if has_rows else {name: first[name] for name in names}), has_rows


def _scanned_as(dtype: pl.DataType) -> pl.DataType:
    if dtype.is_integer() and dtype not in (pl.UInt64, pl.Int128, pl.UInt128):
        return pl.Int64()
    if dtype in (pl.Null, pl.Categorical, pl.Enum):
        return pl.String()
    return dtype
