"""What a table format is: how its folder is recognised, and what reads it, or why nothing here does."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from toolkit.errors import DataError, ToolkitError
from toolkit.sources.files import Files
from toolkit.sources.storage import Folder, Storage, StoredFile
from toolkit.translatable import _


@dataclass(frozen=True)
class Place:
    """A folder, and what is known to stand in it."""

    location: str
    entries: Mapping[str, bool]
    """The names in it, and whether each is a folder; of a folder above the table only names that formats mark."""
    storage: Storage

    def names_in(self, folder: str) -> list[str]:
        """Return the names in one of its folders, none when it is not there or may not be listed."""
        if not self.entries.get(folder):
            return []
        path = f"{self.location.rstrip('/')}/{folder}"
        try:
            return list(self.storage.entries(path)) if isinstance(self.storage.find(path), Folder) else []
        except OSError:
            return []


class TableFormat(ABC):
    """A format that keeps a record of which files belong to a table.

    Its folder also holds files that the table no longer has, so that its files are never read by themselves.
    """

    name: ClassVar[str]
    """What it is called, with its article: ``an Apache Hudi table``."""
    markers: ClassVar[tuple[str, ...]] = ()
    """Names by which a table's folder is known from outside, such as from one of its partitions."""
    way_out: ClassVar[str]
    """What to do when it can't be read here."""
    is_read: ClassVar[bool] = False
    """Whether a library reads it here at its current version."""
    is_plain: ClassVar[bool] = False
    """Whether its files may be read by themselves where ``require_current`` lets each of its folders pass."""

    @abstractmethod
    def is_at(self, place: Place) -> bool:
        """Tell whether the folder is one of a table of this format."""

    def open(self, what: str, location: str, storage: Storage) -> Files:
        """Return what reads the table at its current version.

        Args:
            what: What the table is called in errors.
            location: The table's folder.
            storage: The storage that the folder lies in.

        Raises:
            DataError: The format can't be read here.
        """
        raise self.refusal(what, location)

    def require_current(self, what: str, place: Place, parts: list[StoredFile]) -> None:
        """Let a folder inside a table's files pass, or refuse it; ``parts`` are the data files in that folder."""
        raise self.refusal(what, place.location)

    def refusal(self, what: str, location: str) -> ToolkitError:
        """Return the error of a table that can't be read here."""
        return DataError(
            _(
                "Where the {what} should lie, at {location}, there is {name}, which can't be read here: "
                "its folder also holds files whose rows the table no longer has.",
                what=what,
                location=location,
                name=self.name,
            ),
            self.way_out,
        )
