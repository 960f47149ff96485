"""What is asked of every engine."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any

import polars as pl

from toolkit.errors import ToolkitError
from toolkit.redaction import without_identifiers
from toolkit.sources.engines.address import Address
from toolkit.sources.files import InputFile
from toolkit.sources.secrets import without_secrets
from toolkit.sources.storage import StoredFile


class EngineSession(ABC):
    """A table in an engine while it is read. Frames are the engine's own, as Narwhals takes them.

    Columns of frames are called ``c0``, ``c1`` and so on: no name that a table may have means anything else then.
    """

    @abstractmethod
    def frame(self, columns: Sequence[str]) -> Any:
        """Return these columns of the table, lazily."""

    @abstractmethod
    def exact_text(self, column: str) -> Any:
        """Return a column of text, lazily, in which different texts are different whatever its collation says."""

    @abstractmethod
    def uploaded(self, values: pl.Series) -> Any:
        """Return the values as a temporary table with the column ``wanted``."""

    @abstractmethod
    def batches(self, frame: Any) -> Iterator[Any]:
        """Yield the rows of a frame as tables of Arrow, as many at once as fit in memory."""


class Engine(ABC):
    """A table in an engine."""

    def __init__(self, address: Address) -> None:
        self.address = address

    @abstractmethod
    def session(self) -> AbstractContextManager[EngineSession]:
        """Give a session that reads the table; its temporary tables go away with it."""

    @abstractmethod
    def schema(self) -> Any:
        """Return Arrow's schema of the table."""

    @abstractmethod
    def translated(self, error: Exception, *, what: str) -> ToolkitError | None:
        """Return an error of the engine as one that shows no secret, None when it is another; ``what`` is the table."""

    def state(self) -> InputFile:
        """Return what differs when the table was written; an InputFile that knows nothing where nothing does."""
        return InputFile(self.address.location, None, None, None)

    @property
    def part(self) -> StoredFile:
        """The table, as the one part of which it consists."""
        return StoredFile(self.address.location, (), 0, None)


def first_line(error: Exception) -> str:
    """Return what an error of an engine says first: it may quote a row, or the credentials in a view."""
    line = str(error).strip().partition("\n")[0]
    return without_secrets(without_identifiers(line)).rstrip(".")


def numbered(columns: Sequence[str]) -> list[tuple[str, str]]:
    """Return each column with what it is called in frames."""
    return [(name, f"c{number}") for number, name in enumerate(columns)]
