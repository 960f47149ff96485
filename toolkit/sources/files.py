"""The files of a table, whatever their format."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from toolkit.sources.error_translation import translate_errors
from toolkit.sources.location import Format, is_remote
from toolkit.sources.storage import Storage, StoredFile


@dataclass(frozen=True)
class InputFile:
    """A file as it was when it was looked at; what is not known cheaply is None."""

    path: str
    size_bytes: int | None
    modified_at: datetime | None
    rows: int | None
    version: int | None = None
    """The version of a Delta table."""

    @property
    def tells_changes(self) -> bool:
        """Whether something of it differs after the table was written; of a table in an engine nothing may be known."""
        return (self.size_bytes, self.modified_at, self.version) != (None, None, None)


@dataclass(frozen=True)
class Files(ABC):
    """What was found at a location when somebody looked: files of one format."""

    what: str
    """What the table is called in errors."""
    location: str
    storage: Storage
    parts: tuple[StoredFile, ...]
    """The files that can be read by themselves; for a Delta table, whose log tells its files, the location alone."""

    @property
    @abstractmethod
    def format(self) -> Format | None:
        """How they are written; None where nobody need know."""

    def schema(self, part: StoredFile | None = None) -> pl.Schema:
        """Return the columns of a part, of the first one by default, from its head."""
        chosen = part or self.parts[0]
        with translate_errors(self.what, chosen.path):
            return self._schema(chosen)

    @abstractmethod
    def scan(self, types: pl.Schema, parts: Sequence[StoredFile] | None = None) -> pl.LazyFrame:
        """Return these columns of all or some parts as these types, lazily; nothing else is read."""

    def inputs(self) -> list[InputFile]:
        """Return the files for the record of a run."""
        return [InputFile(it.path, it.size_bytes, it.modified_at, self._rows(it)) for it in self.parts]

    def has_rows(self, part: StoredFile) -> bool:
        """Tell whether the part has rows: one without tells no type."""
        columns = self.schema(part)
        readable = next((name for name, dtype in columns.items() if dtype != pl.Unknown), None)
        if readable is None:
            return True
        with translate_errors(self.what, part.path):
            return not self.scan(pl.Schema({readable: columns[readable]}), [part]).head(1).collect().is_empty()

    def choose(self, types: pl.Schema, name: str, values: pl.Series) -> "Files":
        """Return the table with rows that have one of these values, or none, where rows can be found without reading.

        Others may be left in it: in files all are.
        """
        return self

    def choose_near(self, types: pl.Schema, name: str, values: pl.Series) -> "Files":
        """Return the table with rows whose text may be one of these by some rule of keys, where ``choose`` would."""
        return self

    def counted(self, name: str, dtype: pl.DataType) -> pl.DataFrame | None:
        """Return each value of a column and how many ``rows`` have it, None where all rows have to be read for it."""
        return None

    def ends(self, name: str, dtype: pl.DataType) -> tuple[int | None, int | None]:
        """Return the least and the greatest of a column's numbers, without what stands after a decimal point."""
        number = pl.col(name).cast(pl.Int128, strict=False)
        with translate_errors(self.what, self.location):
            ends = self.scan(pl.Schema({name: dtype})).select(least=number.min(), most=number.max())
            least, most = ends.collect(engine="streaming").row(0)
        return least, most

    @property
    def finds_rows(self) -> bool:
        """Whether ``choose`` leaves rows out."""
        return False

    @property
    def is_written_whole(self) -> bool:
        """Whether nobody sees the table while it is written."""
        return any(it.version is not None for it in self.inputs())  # a version of a Delta table is there in whole

    def is_uuid(self, name: str) -> bool:
        """Tell whether the files say of a column of 16 bytes that they are UUIDs."""
        return False

    def unreadable(self) -> dict[str, str]:
        """Return the columns that can't be read, each with the type that it has."""
        return {}

    @property
    def partitions(self) -> list[str]:
        """The columns that the names of folders tell."""
        return list(self.parts[0].partitions)

    @abstractmethod
    def _schema(self, part: StoredFile) -> pl.Schema: ...

    def _rows(self, part: StoredFile) -> int | None:
        return None

    @property
    def _is_remote(self) -> bool:
        return is_remote(self.location)
