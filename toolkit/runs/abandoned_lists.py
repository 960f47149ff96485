"""Contact lists that are left behind, as values that a run keeps and a person reads."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum

import polars as pl

from toolkit.display import html_table, text_table
from toolkit.translatable import _, ngettext, sentences


class Because(StrEnum):
    """Why nobody fills a list any more.

    Examples:
        >>> (left_behind,) = workspace.exports.detach("Nightly")
        >>> left_behind.because
        <Because.DETACHED: 'detached'>
    """

    ADVERTISER = "another advertiser"
    HOST = "another host"
    LIST = "another list"
    SEGMENT = "without the segment"
    IDENTIFIER = "without this type of identifier"
    DETACHED = "detached"
    REMOVED = "removed"


_SAID = {
    Because.ADVERTISER: _("The export sends to another advertiser now."),
    Because.HOST: _("The connection of the export goes to another host now."),
    Because.LIST: _("The export fills another list now."),
    Because.SEGMENT: _("The export no longer has the segment."),
    Because.IDENTIFIER: _("The export no longer sends this type of identifier."),
    Because.DETACHED: _("The export has no connection."),
    Because.REMOVED: _("The export was removed."),
}


@dataclass(frozen=True)
class AbandonedList:
    """A list at Criteo that holds what no run keeps up to date.

    Examples:
        >>> (left_behind,) = workspace.exports.remove("Nightly").lists
        >>> left_behind.segment, left_behind.held, left_behind.because.value
        ('High value', 1751, 'removed')
    """

    list_id: str
    name: str
    advertiser_id: str
    host: str
    export: str
    segment: str
    because: Because
    held: int | None
    """How many identifiers it still holds for this; None when the record of that is lost."""
    filled_by: tuple[str, ...] = ()
    """Exports that fill the list with others."""
    kept_by: str | None = None
    """Who decided that it stays as it is."""

    @property
    def what(self) -> str:
        """What is left behind, and why."""
        held = (
            _("may still hold people")
            if self.held is None
            else ngettext("still holds {count:,} identifier", "still holds {count:,} identifiers", self.held)
        )
        return _(
            "List {name!r} ({list_id}) of advertiser {advertiser_id} at {host} {held} of segment "
            "{segment!r} of export {export!r}, which no run updates. {said}",
            name=self.name,
            list_id=self.list_id,
            advertiser_id=self.advertiser_id,
            host=self.host,
            held=held,
            segment=self.segment,
            export=self.export,
            said=_SAID[self.because],
        )

    @property
    def remedy(self) -> str:
        """What to do about it."""
        if self.filled_by:
            return _("Run export {filled_by!r}, which fills it too, with mode='replace'.", filled_by=self.filled_by[0])
        return _(
            "Empty it with workspace.lists.empty({list_id!r}), delete it with delete_list, or keep it "
            "as it is with keep_list.",
            list_id=self.list_id,
        )

    @property
    def sentence(self) -> str:
        """What is left behind, and what to do about it."""
        return sentences((self.what, self.remedy))

    def __str__(self) -> str:
        return str(self.sentence)


@dataclass(frozen=True, repr=False)
class AbandonedLists:
    """The lists that are left behind.

    Examples:
        >>> left_behind = workspace.exports.detach("Nightly")
        >>> len(left_behind), left_behind.frame["held"].to_list()
        (1, [1751])
    """

    lists: tuple[AbandonedList, ...]
    campaigns: tuple[str, ...] = ()
    """Which live ad sets depend on them, and what of that can't be known, a sentence each; where Criteo was asked."""

    @property
    def untended(self) -> tuple[AbandonedList, ...]:
        """Those that nobody decided to keep."""
        return tuple(it for it in self.lists if it.kept_by is None)

    @property
    def frame(self) -> pl.DataFrame:
        """A row a list, with the fields of ``AbandonedList``; ``filled_by`` is a list of exports."""
        return pl.DataFrame([asdict(it) for it in self.lists], schema=_SCHEMA)

    def __iter__(self) -> Iterator[AbandonedList]:
        return iter(self.lists)

    def __len__(self) -> int:
        return len(self.lists)

    def __repr__(self) -> str:
        if not self.lists:
            return _("No list is left behind.")
        said = [*self.campaigns, *(it.remedy for it in self.untended)]
        return "\n".join([text_table(self.frame.drop("filled_by")), *said])

    def _repr_html_(self) -> str:
        return html_table(
            self.frame.drop("filled_by"), title=_("Lists left behind"), subtitle=sentences(self.campaigns)
        )


_SCHEMA = pl.Schema(
    {
        "list_id": pl.String(),
        "name": pl.String(),
        "advertiser_id": pl.String(),
        "host": pl.String(),
        "export": pl.String(),
        "segment": pl.String(),
        "because": pl.String(),
        "held": pl.Int64(),
        "filled_by": pl.List(pl.String),
        "kept_by": pl.String(),
    }
)
