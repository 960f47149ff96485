"""Who did what in a workspace."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

import polars as pl

from toolkit.collections.collection import Collection
from toolkit.exports import team
from toolkit.state.audit import AuditBreak
from toolkit.translatable import _, mark


@dataclass(frozen=True)
class AuditRow:
    """An action of somebody.

    Examples:
        >>> row = workspace.audit[1]
        >>> row.action, row.person == workspace.people.me.name
        ('add person', True)
    """

    row: int
    """Its number: 1 is the oldest."""
    at: datetime
    person: str
    action: str
    name: str
    """What it was done to."""
    details: str
    """More about it, as JSON."""
    machine: str
    public_key: str
    """The key that signed it."""


class Audit(Collection[int, AuditRow]):
    """Who did what to what, when and from where, by the numbers of the rows, the newest first.

    Administrators read it; anybody may verify it.

    Examples:
        >>> workspace.audit.frame["action"].to_list()[-1]
        'add person'
    """

    _title: ClassVar[str] = _("Audit")
    _kind: ClassVar[str] = mark("row of the audit")
    _if_empty: ClassVar[str] = _("The workspace has nobody.")

    def _load(self) -> Mapping[int, AuditRow]:
        return {row["row"]: AuditRow(**row) for row in self.frame.iter_rows(named=True)}

    def _names(self) -> list[int]:
        return self.frame["row"].to_list()

    @property
    def frame(self) -> pl.DataFrame:
        """Who did what to what, when and from where: a row for each action, the newest first.

        Raises:
            AccessError: You are no administrator.

        Examples:
            >>> workspace.audit.frame["action"].to_list()[-1]
            'add person'
        """
        return team.audit_frame(self._folder)

    @property
    def _shown(self) -> pl.DataFrame:
        return self.frame.drop("public_key").head(_MOST_SHOWN)

    def verify(self) -> AuditBreak | None:
        """Verify that no row of the audit was changed or removed.

        Returns:
            The first row that is not as it was written; None when all rows are.

        Examples:
            >>> workspace.audit.verify() is None
            True
        """
        return team.verify_audit(self._folder)


_MOST_SHOWN = 50
