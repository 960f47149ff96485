"""What is read of a table: the key, and the columns that are needed."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import polars as pl

from toolkit.errors import DataError, ToolkitError
from toolkit.redaction import redacted
from toolkit.tables.files import Files
from toolkit.tables.storage import StoredFile
from toolkit.tables.telling import telling

_MOST_NAMES = 8


@dataclass(frozen=True)
class Table:
    """Some columns of a table's files, as they were when somebody looked; its rows are read when it is collected."""

    files: Files
    key: str
    key_as_text: bool
    types: pl.Schema
    """The columns, the key first, as they are read: integers as 64 bits, all kinds of text as String."""
    has_typed_key: bool
    """Whether the key has a type; it has none when a file without rows was written by pandas."""

    @classmethod
    def look(cls, files: Files, *, key: str, key_as_text: bool, columns: Sequence[str] = ()) -> "Table":
        """Look at the heads of the files; raises DataError when a column is missing, or the key cannot be one."""
        schema = files.schema()
        wanted = list(dict.fromkeys([key, *columns]))
        require_columns(schema, wanted, files=files)
        types = {name: _type_of(files, schema, name) for name in wanted}
        _require_key_type(types[key], key=key, files=files)
        return cls(
            files,
            key,
            key_as_text,
            types=pl.Schema({name: _read_as(dtype) for name, dtype in types.items()}),
            has_typed_key=types[key] != pl.Null,
        )

    @property
    def key_type(self) -> pl.DataType:
        """Int64 or String."""
        return pl.Int64() if self.types[self.key].is_integer() and not self.key_as_text else pl.String()

    def scan(self, parts: Sequence[StoredFile] | None = None) -> pl.LazyFrame:
        """Return the columns of all or some parts, lazily."""
        frame = self.files.scan(self.types, parts)
        if self.key_type == self.types[self.key]:
            return frame  # without a cast, so that the statistics of Parquet files answer where they can
        return frame.with_columns(pl.col(self.key).cast(self.key_type))

    def fault(self) -> ToolkitError | None:
        """Return what is wrong with the first file that cannot be read as the others, None when each can."""
        for part in self.files.parts:
            try:
                with telling(self.files.what, part.path):
                    self._require_same_columns(part)
                    self.scan([part]).select(pl.all().count()).collect(engine="streaming")
            except ToolkitError as error:
                return error
        return None

    def _require_same_columns(self, part: StoredFile) -> None:
        schema, first = self.files.schema(part), self.files.parts[0].path
        for name, dtype in self.types.items():
            if name not in schema:
                difference = f"has no column {name!r}, which {first} has"
            elif schema[name] != pl.Null and _read_as(schema[name]) != dtype:
                difference = f"has {schema[name]} in column {name!r}, where others have {dtype}, such as {first}"
            else:
                continue
            raise DataError(
                f"{part.path}, a file of the {self.files.what}, {difference}.",
                "Have all files written with one schema, or keep files of one table only in the folder.",
            )


def require_columns(schema: pl.Schema, columns: Sequence[str], *, files: Files) -> None:
    """Raise DataError, with the nearest names, when a column is not there."""
    for column in columns:
        if column not in schema:
            where = files.location if len(files.parts) == 1 else files.parts[0].path
            near = ", ".join(repr(redacted(name)) for name in _nearest(column, schema.names()))
            raise DataError(
                f"There is no column {column!r} in the {files.what} at {where}.",
                f"Nearest are {near}: name what is meant.",
            )


def _nearest(name: str, known: Sequence[str]) -> list[str]:
    lowered = {it.casefold(): it for it in reversed(known)}
    near = get_close_matches(name.casefold(), lowered, n=3, cutoff=0.4)
    return [lowered[it] for it in near] or list(known[:_MOST_NAMES])


def _type_of(files: Files, schema: pl.Schema, name: str) -> pl.DataType:
    """Return the column's type; where the first file has only nulls and no type, that of the first that has one."""
    if schema[name] != pl.Null:
        return schema[name]
    others = (files.schema(part).get(name, pl.Null()) for part in files.parts[1:])
    return next((dtype for dtype in others if dtype != pl.Null), pl.Null())


def _read_as(dtype: pl.DataType) -> pl.DataType:
    if dtype.is_integer() and dtype not in (pl.UInt64, pl.Int128, pl.UInt128):
        return pl.Int64()
    if dtype in (pl.Null, pl.Categorical, pl.Enum):
        return pl.String()
    return dtype


def _require_key_type(dtype: pl.DataType, *, key: str, files: Files) -> None:
    if not dtype.is_integer() and _read_as(dtype) != pl.String:
        raise DataError(
            f"Column {key!r} of the {files.what} at {files.location} holds {dtype}, which cannot be a customer's key.",
            "Have it written as integers or text, or name the column that holds the key.",
        )
