"""Where a table lies: what profiles and segments have in common."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Self

from pydantic import field_validator

from toolkit.errors import ConfigurationError
from toolkit.pydantic_errors import Told
from toolkit.sources.discovery import find_files
from toolkit.sources.engines import Address, DuckDBTable, EngineFiles, IbisTable, SparkTable, is_in_engine
from toolkit.sources.error_translation import translate_errors
from toolkit.sources.files import Files, InputFile
from toolkit.sources.key_rules import KeyRule
from toolkit.sources.location import Format, is_remote
from toolkit.sources.secrets import secret_in
from toolkit.sources.storage import Storage, storage_of
from toolkit.translatable import _


class Source(Told):
    """A location and the name of its key column.

    It keeps nothing of what lies there: each call looks anew, so that an object that lives for hours in a notebook
    sees what the night has written.
    """

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

    @field_validator("location", mode="before")
    @classmethod
    def _as_text(cls, location: object) -> object:
        if isinstance(location, DuckDBTable | SparkTable | IbisTable):
            return location.location
        return str(location) if isinstance(location, Path) else location

    @field_validator("location")
    @classmethod
    def _holds_no_secret(cls, location: str) -> str:
        if not location.strip() or "\0" in location:
            raise ValueError(_("is no place; write a path or a URL"))
        if is_in_engine(location):
            location = Address.parse(location).location
        secret = secret_in(location)
        if secret:
            # No ValueError, which is told together with the location.
            raise ConfigurationError(
                _(
                    "The location of the {what} holds {secret}, which would be stored with the workspace.",
                    what=cls.what,
                    secret=secret,
                ),
                _(
                    "Leave it out and put it in the environment: AZURE_STORAGE_SAS_TOKEN, "
                    "AZURE_STORAGE_ACCOUNT_KEY, AWS_SECRET_ACCESS_KEY or GOOGLE_APPLICATION_CREDENTIALS. "
                    "If it was saved before, renew it."
                ),
            )
        return location

    def resolved(self, base: Path) -> Self:
        """Return the source with a local location made absolute, from ``base`` when it is relative."""
        if is_in_engine(self.location):
            return self.model_copy(update={"location": Address.parse(self.location).resolved(base).location})
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
        if is_in_engine(self.location):
            return EngineFiles.open(self.what, self.location)
        return find_files(self.what, self.location, declared=self.format, storage=self._storage())

    def _storage(self) -> Storage:
        with translate_errors(self.what, self.location):
            return storage_of(self.location)
