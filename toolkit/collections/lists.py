"""The contact lists at Criteo that are left behind."""

from collections.abc import Collection as AnyOf
from collections.abc import Mapping, Sequence
from typing import ClassVar

import polars as pl

from toolkit.collections.collection import Collection
from toolkit.names import listed, one_of
from toolkit.runs import AbandonedLists, Guard, ListDisposal, end_abandoned, find_abandoned
from toolkit.state.folder import WorkspaceFolder
from toolkit.translatable import _, mark


class Lists(Collection[str, AbandonedLists]):
    """The lists at Criteo that no export fills any more and that still hold people, by their ids.

    A list may hold people of several exports and segments: each is an ``AbandonedList`` of its own.

    Examples:
        >>> left_behind = workspace.exports.remove("Nightly")
        >>> [(it.segment, it.held) for of_list in workspace.lists.values() for it in of_list]
        [('High value', 1751)]
    """

    _title: ClassVar[str] = _("Lists left behind")
    _kind: ClassVar[str] = mark("list that is left behind")
    _if_empty: ClassVar[str] = _("Every list that holds people is filled by an export.")

    def _load(self) -> Mapping[str, AbandonedLists]:
        found = self.left_behind
        ids = dict.fromkeys(it.list_id for it in found)
        return {list_id: AbandonedLists(tuple(it for it in found if it.list_id == list_id)) for list_id in ids}

    @property
    def left_behind(self) -> AbandonedLists:
        """All of them in one value, as removing an export or a connection returns those that it leaves.

        Examples:
            >>> workspace.lists.left_behind.untended
            ()
        """
        return find_abandoned(self._folder)

    @property
    def frame(self) -> pl.DataFrame:
        """A row for each list, export and segment, with the fields of ``AbandonedList``.

        Examples:
            >>> workspace.lists.frame.height
            0
        """
        return self.left_behind.frame

    @property
    def _shown(self) -> pl.DataFrame:
        return self.frame.drop("filled_by")

    def empty(
        self, list_id: str, *, host: str | None = None, allow: Guard | str | Sequence[Guard | str] = ()
    ) -> AbandonedLists:
        """Remove everybody from a list that is left behind.

        Args:
            list_id: Id of the list at Criteo.
            host: The URL of Criteo's API, where lists of several have that id.
            allow: ``"live campaign"`` does it also where a live ad set depends on the list.

        Returns:
            The lists that are still left behind.

        Raises:
            ConfigurationError: No list of that id is left behind, lists of several hosts have it, or an export fills
                it too.
            AccessError: You are a viewer, or may not use a connection to the list.
            GuardError: A live ad set depends on the list. Nothing was changed.
            LedgerDivergedError: Another workspace changed the list.

        Examples:
            >>> (list_left,) = workspace.exports.remove("Nightly").lists
            >>> workspace.lists.empty(list_left.list_id).lists
            ()
        """
        return self._end(list_id, ListDisposal.EMPTY, host, allow)

    def delete(
        self, list_id: str, *, host: str | None = None, allow: Guard | str | Sequence[Guard | str] = ()
    ) -> AbandonedLists:
        """Delete a list that is left behind, at Criteo.

        Args:
            list_id: Id of the list at Criteo.
            host: The URL of Criteo's API, where lists of several have that id.
            allow: ``"live campaign"`` does it also where a live ad set depends on the list.

        Returns:
            The lists that are still left behind.

        Raises:
            ConfigurationError: No list of that id is left behind, lists of several hosts have it, or an export fills
                it too.
            AccessError: You are a viewer, or may not use a connection to the list.
            GuardError: A live ad set depends on the list. Nothing was changed.
            LedgerDivergedError: Another workspace changed the list.

        Examples:
            >>> (list_left,) = workspace.exports.remove("Nightly").lists
            >>> workspace.lists.delete(list_left.list_id).lists
            ()
        """
        return self._end(list_id, ListDisposal.DELETE, host, allow)

    def keep(self, list_id: str, *, host: str | None = None) -> AbandonedLists:
        """Leave a list that is left behind as it is: runs and ``health`` no longer warn about it.

        Args:
            list_id: Id of the list at Criteo.
            host: The URL of Criteo's API, where lists of several have that id.

        Returns:
            The lists that are still left behind.

        Raises:
            ConfigurationError: No list of that id is left behind, lists of several hosts have it, or an export fills
                it too.
            AccessError: You are a viewer, or may not use a connection to the list.

        Examples:
            >>> (list_left,) = workspace.exports.remove("Nightly").lists
            >>> workspace.lists.keep(list_left.list_id).untended
            ()
        """
        return self._end(list_id, ListDisposal.KEEP, host)

    def _end(
        self,
        list_id: str,
        chosen: ListDisposal,
        host: str | None,
        allow: Guard | str | Sequence[Guard | str] = (),
    ) -> AbandonedLists:
        end_abandoned(self._folder, list_id, chosen, host=host, allow=guards_named(allow))
        return self.left_behind


def lists_left_by(folder: WorkspaceFolder, exports: AnyOf[str]) -> AbandonedLists:
    """Return the lists of these exports that are left behind."""
    return AbandonedLists(tuple(it for it in find_abandoned(folder) if it.export in exports))


def guards_named(allow: Guard | str | Sequence[Guard | str]) -> list[Guard]:
    """Return the guards that are named; raises ConfigurationError with the nearest names where there is none."""
    return [one_of("guard", Guard, it) for it in listed(allow, what=_("allow"))]
