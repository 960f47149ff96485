"""The table that is checked: a row a member of a segment, what became of it, and what suites ask for beside."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

import polars as pl

from toolkit.audience import Audience, Status
from toolkit.checks.own import OwnSuite
from toolkit.checks.telling import KEY
from toolkit.errors import ConfigurationError
from toolkit.tables import reading

if TYPE_CHECKING:
    from toolkit.tables import Profiles

_LABELLED = ("segment", "customer", "status", "identifier", "advertiser", "address")
_ADDRESS_TYPE = pl.Enum(["valid", "shared", "invalid"])
_ADDRESS = (
    pl.col("status")
    .cast(pl.String)
    .replace_strict(
        {
            Status.EXPORTABLE.value: "valid",
            Status.DUPLICATE_EMAIL.value: "shared",
            Status.INVALID_EMAIL.value: "invalid",
        },
        default=None,
        return_dtype=_ADDRESS_TYPE,
    )
)


@dataclass(frozen=True, repr=False, eq=False)
class LabelledAudience:
    """The members that may be sent or left out for what they hold; the suppressed are nobody's concern here."""

    audience: Audience
    own: Sequence[str]
    """Columns of the audience that suites ask for."""
    beside: pl.DataFrame | None
    """Columns of the profiles that suites ask for, by ``customer``."""
    known: Sequence[str]
    """All columns that suites could ask for."""

    def by_segment(self) -> Iterator[tuple[str, pl.DataFrame]]:
        """Return the table of each segment, one after the other, so that one at a time is in memory twice."""
        frame = self.audience.frame.filter(pl.col("status") != Status.SUPPRESSED.value)
        parts = frame.partition_by("segment", as_dict=True, maintain_order=True)
        for segment in self.audience.segments:
            part = parts.pop((segment,), frame.clear())
            labelled = part.select(KEY, *(it for it in self.own if it != KEY), address=_ADDRESS)
            if self.beside is not None:
                labelled = labelled.join(self.beside, on=KEY, how="left", maintain_order="left")
            yield segment, labelled


def table_of(audience: Audience, own: Sequence[OwnSuite], profiles: "Profiles | None") -> LabelledAudience:
    """Return the labelled audience with the columns that the suites ask for; profiles are read only for those."""
    at_hand = [*audience.frame.columns, "address"]
    offered = [] if profiles is None or not own else [it for it in profiles.columns if it not in at_hand]
    known = [*at_hand, *offered]
    asked = _asked_for(own, known)
    wanted = [it for it in offered if it in asked]
    return LabelledAudience(
        audience,
        own=[it for it in audience.frame.columns if it in asked],
        beside=None if profiles is None or not wanted else _read(profiles, wanted, audience),
        known=known,
    )


def require_columns(suite: OwnSuite, profiles: "Profiles") -> None:
    """Raise ConfigurationError when the suite names a column that neither the audience nor the profiles have."""
    known = [*_LABELLED, *profiles.columns]
    for column in suite.columns:
        if column not in known:
            near = meant(column, known) or f"Name one of {', '.join(map(repr, known[:8]))}."
            raise ConfigurationError(
                f"Suite {suite.name!r} names a column {column!r}, which neither the profiles at {profiles.location} "
                "nor the labelled audience have.",
                near,
            )


def meant(name: str, known: Sequence[str]) -> str:
    """Return which of the names may be meant, in a sentence; nothing when none is near."""
    lowered = {it.casefold(): it for it in reversed(known)}
    near = [lowered[it] for it in get_close_matches(name.casefold(), lowered, n=3, cutoff=0.4)]
    return f"{' or '.join(map(repr, near))} may be meant." if near else ""


def _asked_for(own: Sequence[OwnSuite], known: Sequence[str]) -> set[str]:
    """Return the columns that suites name: as a column, or as a word of a condition on rows."""
    asked = {column for suite in own for column in suite.columns}
    given = [it.configuration.kwargs for suite in own for it in suite]
    conditions = json.dumps([it.get("row_condition") for it in given] + [it.get("column") for it in given], default=str)
    words = {it for it in known if re.search(rf"(?<!\w){re.escape(it)}(?!\w)", conditions)}
    return asked | words


def _read(profiles: "Profiles", columns: Sequence[str], audience: Audience) -> pl.DataFrame:
    table = profiles.look(columns)
    members = audience.frame.lazy().select(KEY).unique()
    with reading(table):
        return (
            members.join(table.scan().rename({profiles.key: KEY}), on=KEY, how="inner")
            .select(KEY, *columns)
            .collect(engine="streaming")
        )
