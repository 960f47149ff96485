"""What all collections of a workspace have in common."""

from abc import abstractmethod
from collections.abc import ItemsView, Iterator, Mapping, ValuesView
from typing import ClassVar, Generic, TypeVar

import polars as pl

from toolkit.display import html_table, text_table
from toolkit.names import unknown_name
from toolkit.state.folder import WorkspaceFolder

K = TypeVar("K")
V = TypeVar("V")


class Collection(Mapping[K, V], Generic[K, V]):
    """Values by their names, as they are in the workspace whenever one looks; looking writes nothing.

    ``collection[name]`` raises an error that lists the nearest names; ``get`` returns None in its place.

    Examples:
        >>> isinstance(workspace.exports, toolkit.Collection), len(workspace.exports)
        (True, 1)
        >>> {name: export.mode.value for name, export in workspace.exports.items()}
        {'Nightly': 'mirror'}
    """

    _title: ClassVar[str]
    """The heading over the table."""
    _kind: ClassVar[str]
    """What one of them is called."""
    _if_empty: ClassVar[str]
    """What to do when there are none."""

    def __init__(self, folder: WorkspaceFolder) -> None:
        self._folder = folder

    @property
    @abstractmethod
    def frame(self) -> pl.DataFrame:
        """A row for each."""

    @abstractmethod
    def _load(self) -> Mapping[K, V]:
        """Return all of them, read at once."""

    def _names(self) -> list[K]:
        """Return the names in order; a collection that knows them without the values says so."""
        return list(self._load())

    def __getitem__(self, name: K) -> V:
        found = self._load()
        if name not in found:
            raise unknown_name(self._kind, str(name), map(str, found))
        return found[name]

    def __iter__(self) -> Iterator[K]:
        return iter(self._names())

    def __len__(self) -> int:
        return len(self._names())

    def __contains__(self, name: object) -> bool:
        return name in self._names()

    def items(self) -> ItemsView[K, V]:
        """Return names and values, read at once."""
        return self._load().items()

    def values(self) -> ValuesView[V]:
        """Return the values, read at once."""
        return self._load().values()

    def _ipython_key_completions_(self) -> list[K]:
        return self._names()

    @property
    def _shown(self) -> pl.DataFrame:
        """The frame, as it is shown."""
        return self.frame

    def __repr__(self) -> str:
        shown = self._shown
        return text_table(shown) if shown.height else f"{self._title}: none. {self._if_empty}"

    def _repr_html_(self) -> str:
        shown = self._shown
        return html_table(shown, title=self._title, subtitle="" if shown.height else self._if_empty)
