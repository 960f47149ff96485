"""Where a table lies: what profiles and segments have in common."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Self

from pydantic import BaseModel, ConfigDict

from toolkit.tables.files import Files, InputFile
from toolkit.tables.find import find_files
from toolkit.tables.key_rules import KeyRule
from toolkit.tables.location import Format, is_remote
from toolkit.tables.storage import Storage, storage_of
from toolkit.tables.telling import telling


class Source(BaseModel):
    """A location and the name of its key column.

    It keeps nothing of what lies there: each call looks anew, so that an object that lives for hours in a notebook
    sees what the night has written.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    what: ClassVar[str]
    """What the table is called in errors."""

    location: str
    key: str
    """The column that holds the customer's key."""
    key_as_text: bool = False
    """Read an integer key as text, because the other table's key is text."""
    key_normalization: tuple[KeyRule, ...] = ()
    """What is passed over when keys are compared, such as ``["case", "blanks"]``: the rules of both tables, for both.
    The customer goes by the key that the profiles have."""
    format: Format | None = None
    """How the table is written, where names of files do not tell."""

    def resolved(self, base: Path) -> Self:
        """Return the source with a local location made absolute, from ``base`` when it is relative."""
        if is_remote(self.location):
            return self
        return self.model_copy(update={"location": str((base / Path(self.location).expanduser()).resolve())})

    def found(self, names: Sequence[str] | None = None) -> dict[str, Files]:
        """Return the tables that a scan reads, by what they are called in errors."""
        files = self._files()
        return {files.what: files}

    def inputs(self, names: Sequence[str] | None = None) -> list[InputFile]:
        """Return the files that a scan reads, for the record of a run."""
        return self._files().inputs()

    def _files(self) -> Files:
        return find_files(self.what, self.location, declared=self.format, storage=self._storage())

    def _storage(self) -> Storage:
        with telling(self.what, self.location):
            return storage_of(self.location)
