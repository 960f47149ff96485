"""The refreshes of a workspace."""

from collections.abc import Mapping
from typing import ClassVar

import polars as pl

from toolkit.collections.collection import Collection
from toolkit.refresh import Refresh, RefreshOptions, refresh, refresh_ids, refresh_of, refreshes_by_id, refreshes_frame
from toolkit.translatable import _, mark


class Refreshes(Collection[str, Refresh]):
    """The refreshes, by id, the newest first.

    Examples:
        >>> len(workspace.refreshes)
        0
    """

    _title: ClassVar[str] = _("Refreshes")
    _kind: ClassVar[str] = mark("refresh")
    _if_empty: ClassVar[str] = _("Start one with workspace.refreshes.start(), or have a schedule start them.")

    def _load(self) -> Mapping[str, Refresh]:
        return refreshes_by_id(self._folder)

    def _names(self) -> list[str]:
        return refresh_ids(self._folder)

    def __getitem__(self, refresh_id: str) -> Refresh:
        return refresh_of(self._folder, refresh_id)

    @property
    def frame(self) -> pl.DataFrame:
        """A row for each export that was due at a refresh, the newest refresh first.

        Examples:
            >>> workspace.refreshes.frame.height
            0
        """
        return refreshes_frame(self._folder)

    @property
    def _shown(self) -> pl.DataFrame:
        return self.frame.select("refresh", "export", "status", "due_at", "tries", "run", "what").head(_MOST_SHOWN)

    def start(self, options: RefreshOptions | None = None) -> Refresh:
        """Run the active exports that are due, each in its notebook. One that fails does not stop the others.

        Args:
            options: How the refresh works: its schedule, waits and retries.

        Returns:
            The refresh: a row for each export that was due.

        Raises:
            AccessError: You are a viewer.
            BusyError: Another refresh went on for longer than this one waits.
            ConfigurationError: The notebook that runs an export can't be used.
            LeaseLostError: This refresh was silent for so long that another took over.
        """
        return refresh(self._folder, options)


_MOST_SHOWN = 20
