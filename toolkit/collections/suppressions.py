"""The suppression list of a workspace."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import ClassVar

import polars as pl

from toolkit.collections.collection import Collection
from toolkit.exports.suppression_import import SuppressionImport
from toolkit.exports.suppressions import accept_lost_suppressions, suppress, suppression_frame, unsuppress
from toolkit.identifiers import identifier_types
from toolkit.spreadsheets import FrameForPeople
from toolkit.translatable import _, mark


@dataclass(frozen=True)
class SuppressionEntry:
    """An entry of the suppression list: how many people it names, never who.

    Examples:
        >>> added = workspace.suppressions.add(pl.DataFrame({"key": ["1001"]}), customer_column="key")
        >>> entry = workspace.suppressions[added.entry]
        >>> entry.customers, entry.lifted_at is None
        (1, True)
    """

    entry: str
    at: datetime
    by: str
    """Who made it."""
    source: str
    """The name of the table that the people were read from."""
    customers: int
    """How many customer keys it adds."""
    identifiers: Mapping[str, int]
    """How many identifiers it adds, by the name of their type."""
    lifted_at: datetime | None = None
    """Since when its people may be sent again; None while it is in force."""


class Suppressions(Collection[str, SuppressionEntry]):
    """The entries of the suppression list, the oldest first, lifted ones too.

    Examples:
        >>> len(workspace.suppressions)
        0
    """

    _title: ClassVar[str] = _("Suppressions")
    _kind: ClassVar[str] = mark("entry of the suppression list")
    _if_empty: ClassVar[str] = _("Keep people out of runs with workspace.suppressions.add(…).")

    def _load(self) -> Mapping[str, SuppressionEntry]:
        counts = {it.count_name: it.name for it in identifier_types()}
        return {
            row["entry"]: SuppressionEntry(
                identifiers={name: row.pop(column) for column, name in counts.items()}, **row
            )
            for row in self.frame.iter_rows(named=True)
        }

    @property
    def frame(self) -> pl.DataFrame:
        """A row for each entry of the suppression list, without the people.

        Examples:
            >>> workspace.suppressions.frame.height
            0
        """
        return FrameForPeople(suppression_frame(self._folder))

    def add(
        self,
        people: pl.DataFrame | pl.LazyFrame | str | Path,
        *,
        email_column: str | None = None,
        customer_column: str | None = None,
        madid_column: str | None = None,
        phone_column: str | None = None,
        phone_region: str = "",
        gum_column: str | None = None,
        identity_link_column: str | None = None,
        skip_unusable: bool = False,
        **identifier_columns: str,
    ) -> SuppressionImport:
        """Keep people out of later runs.

        Mirroring runs also remove them from the lists; ``forget`` removes a person at once.

        Args:
            people: A frame, or the location of a Parquet, Delta or CSV table.
            email_column: The column with e-mails, plain or hashed.
            customer_column: The column with customer keys.
            madid_column: The column with mobile advertising ids.
            phone_column: The column with telephone numbers.
            phone_region: The country of telephone numbers that name none, such as ``NL``.
            gum_column: The column with GUM ids.
            identity_link_column: The column with LiveRamp ids.
            skip_unusable: Whether rows that name nobody are left out, and keys added as they are that are nearly those
                of profiles. By default they are refused.
            **identifier_columns: The columns of further types of identifiers, by the option of each.

        Returns:
            The entry of the suppression list, and how many keys and identifiers it adds.

        Raises:
            ConfigurationError: No column is named, or the table lacks one.
            UnusableRowsError: Rows name nobody, and ``skip_unusable`` is not set.
            DataError: The table can't be read.
            AccessError: You are a viewer.

        Examples:
            >>> opted_out = pl.DataFrame({"key": ["1001", "1002"]})
            >>> workspace.suppressions.add(opted_out, customer_column="key").customers
            2
        """
        return suppress(
            self._folder,
            people,
            email_column=email_column,
            customer_column=customer_column,
            madid_column=madid_column,
            phone_column=phone_column,
            phone_region=phone_region,
            gum_column=gum_column,
            identity_link_column=identity_link_column,
            skip_unusable=skip_unusable,
            **identifier_columns,
        )

    def lift(self, entry: str) -> None:
        """Lift an entry of the suppression list: its people may be sent again, unless another entry names them.

        Args:
            entry: Name of the entry.

        Raises:
            ConfigurationError: There is no such entry.
            AccessError: You are no administrator.

        Examples:
            >>> added = workspace.suppressions.add(pl.DataFrame({"key": ["1003"]}), customer_column="key")
            >>> workspace.suppressions.lift(added.entry)
        """
        unsuppress(self._folder, entry)

    def accept_lost(self, *, entries: int) -> None:
        """Go on without entries of the suppression list that are lost.

        Args:
            entries: How many entries are lost, as the error says.

        Raises:
            ConfigurationError: Another number of entries is lost.
            AccessError: You are no administrator.

        Examples:
            >>> workspace.suppressions.accept_lost(entries=1)
            Traceback (most recent call last):
            toolkit.errors.ConfigurationError: 0 entries of the suppression list are lost, not 1. ...
        """
        accept_lost_suppressions(self._folder, entries=entries)
