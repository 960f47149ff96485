"""The table that is checked: a row a member of a segment, what became of it, and what suites ask for beside."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

import polars as pl

from toolkit.audience import NOT_JUDGED, Audience
from toolkit.errors import ConfigurationError
from toolkit.sources import blame_table
from toolkit.sources.streaming import compact
from toolkit.translatable import _, one_of
from toolkit.validation.custom_suites import OwnSuite
from toolkit.validation.redacted_results import KEY
from toolkit.validation.rules import CONTENT_BY_STATUS, FieldContent

if TYPE_CHECKING:
    from toolkit.sources import Profiles

_LABELLED = ("segment", "customer", "status", "identifier", "advertiser", "address")
_AUDIENCE = "audience."
_BESIDE, _MATCHED = "\ue000", "\ue000key"
"""What no column of a table is called."""
_ADDRESS = (
    pl.col("status")
    .cast(pl.String)
    .replace_strict(
        {status.value: content.value for status, content in CONTENT_BY_STATUS.items()},
        default=None,
        return_dtype=pl.Enum([it.value for it in FieldContent]),
    )
)


@dataclass(frozen=True, repr=False, eq=False)
class LabelledAudience:
    """The members that may be sent or left out for what they hold; the others are nobody's concern here."""

    audience: Audience
    own: Sequence[str]
    """Columns of the audience that suites ask for."""
    beside: pl.DataFrame | None
    """Columns of the profiles that suites ask for, by the customer's key."""
    known: Sequence[str]
    """All columns that suites could ask for."""
    renamed: Sequence[str] = ()
    """Columns of the profiles that are called as one of the audience is: suites mean that of the profiles."""

    def by_segment(self) -> Iterator[tuple[str, pl.DataFrame]]:
        """Return the table of each segment, one after the other, so that one at a time is in memory twice."""
        frame = self.audience.frame.filter(~pl.col("status").is_in([it.value for it in NOT_JUDGED]))
        parts = frame.partition_by("segment", as_dict=True, maintain_order=True)
        for segment in self.audience.segments:
            part = parts.pop((segment,), frame.clear())
            labelled = part.select(KEY, *(it for it in self.own if it != KEY), address=_ADDRESS)
            if self.beside is not None:
                labelled = labelled.join(self.beside, left_on=KEY, right_on=_MATCHED, how="left", maintain_order="left")
            yield segment, labelled

    def for_suites(self, labelled: pl.DataFrame) -> pl.DataFrame:
        """Return the table of a segment with columns called as suites call them."""
        own = {it: _AUDIENCE + it for it in self.renamed if it in labelled.columns}
        beside = {_BESIDE + it: it for it in self.renamed if _BESIDE + it in labelled.columns}
        return labelled.rename(own).rename(beside)


def table_of(audience: Audience, own: Sequence[OwnSuite], profiles: "Profiles | None") -> LabelledAudience:
    """Return the labelled audience with the columns that the suites ask for; profiles are read only for those.

    A column of the profiles that is called as one of the audience is what suites mean by the name; that of the
    audience is then called ``audience.status`` and so on.
    """
    at_hand = [*audience.frame.columns, "address"]
    # A key that is called as the audience calls it is at hand already.
    offered = [] if profiles is None or not own else [it for it in profiles.columns if (it, profiles.key) != (KEY, KEY)]
    doubled = [it for it in at_hand if it in offered]
    known = list(dict.fromkeys([*at_hand, *offered, *(_AUDIENCE + it for it in doubled)]))
    asked = _asked_for(own, known)
    wanted = [it for it in offered if it in asked]
    return LabelledAudience(
        audience,
        own=[it for it in audience.frame.columns if it in asked or _AUDIENCE + it in asked],
        beside=None if profiles is None or not wanted else _read(profiles, wanted, audience, doubled),
        known=known,
        renamed=doubled,
    )


def require_columns(suite: OwnSuite, profiles: "Profiles") -> None:
    """Raise ConfigurationError when the suite names a column that neither the audience nor the profiles have."""
    known = [*_LABELLED, *profiles.columns, *(_AUDIENCE + it for it in _LABELLED if it in profiles.columns)]
    for column in suite.columns:
        if column not in known:
            near = meant(column, known) or _("Name one of {names}.", names=", ".join(map(repr, known[:8])))
            raise ConfigurationError(
                _(
                    "Suite {suite!r} names a column {column!r}, which neither the profiles at {location} "
                    "nor the labelled audience have.",
                    suite=suite.name,
                    column=column,
                    location=profiles.location,
                ),
                near,
            )


def meant(name: str, known: Sequence[str]) -> str:
    """Return which of the names may be meant, in a sentence; nothing when none is near."""
    lowered = {it.casefold(): it for it in reversed(known)}
    near = [lowered[it] for it in get_close_matches(name.casefold(), lowered, n=3, cutoff=0.4)]
    return _("{names} may be meant.", names=one_of(map(repr, near))) if near else ""


def _asked_for(own: Sequence[OwnSuite], known: Sequence[str]) -> set[str]:
    """Return the columns that suites name: as a column, or as a word of a condition on rows."""
    asked = {column for suite in own for column in suite.columns}
    given = [it.configuration.kwargs for suite in own for it in suite]
    conditions = json.dumps([it.get("row_condition") for it in given] + [it.get("column") for it in given], default=str)
    words = {it for it in known if re.search(rf"(?<!\w){re.escape(it)}(?!\w)", conditions)}
    return asked | words


def _read(profiles: "Profiles", columns: Sequence[str], audience: Audience, doubled: Sequence[str]) -> pl.DataFrame:
    table = profiles.look(columns)
    members = audience.frame.lazy().select(pl.col(KEY).alias(_MATCHED)).unique()
    key = pl.col(profiles.key).cast(audience.frame.schema[KEY]).alias(_MATCHED)
    named = [pl.col(it).alias(_BESIDE + it if it in doubled else it) for it in columns]
    with blame_table(table):
        chosen = table.choose(members.select(pl.col(_MATCHED).alias("customer")))
        met = members.join(chosen.scan().select(key, *named), on=_MATCHED, how="inner")
        return compact(met).collect(engine="streaming")
