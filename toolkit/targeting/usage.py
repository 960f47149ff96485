"""Which Criteo audiences use contact lists, which ad sets target them, and what of that can't be known."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from toolkit.criteo import (
    AdSet,
    AudienceSegment,
    CriteoAudience,
    CriteoClient,
    DeliveryStatus,
    SegmentType,
    is_readable,
    segment_ids,
)
from toolkit.errors import ErrorInfo, ToolkitError
from toolkit.targeting.effects import Effect, effect_of
from toolkit.translatable import _, ngettext

_MOST_NAMED = 5


@dataclass(frozen=True)
class ListUsage:
    """What hangs on one contact list."""

    list_id: str
    lookalikes: tuple[AudienceSegment, ...]
    """Lookalikes whose seed it is."""
    audiences: tuple[CriteoAudience, ...]
    """Audiences that combine the list, or a lookalike of it."""
    ad_sets: tuple[AdSet, ...]
    """Ad sets that target one of these audiences, as far as Criteo shows them."""
    hidden: tuple[str, ...]
    """Ids of ad sets that target one of them, and of which Criteo does not say how they stand."""
    untold: tuple[CriteoAudience, ...]
    """Those of the audiences of which Criteo does not say which ad sets target them."""
    emptied: frozenset[str]
    """The lists that the effects are reckoned for: this one, and those that are emptied with it."""
    audiences_problem: ErrorInfo | None = None
    """Why nobody knows which audiences use the list."""
    ad_sets_problem: ErrorInfo | None = None
    """Why nobody knows which ad sets target the audiences."""

    @property
    def live(self) -> tuple[AdSet, ...]:
        """The ad sets that deliver now."""
        return tuple(it for it in self.ad_sets if it.is_live)

    @property
    def scheduled(self) -> tuple[AdSet, ...]:
        """The ad sets that deliver from a later day on."""
        return tuple(it for it in self.ad_sets if it.delivery_status is DeliveryStatus.SCHEDULED)

    @property
    def doubts(self) -> list[str]:
        """What can't be known, a sentence each; none where all is known."""
        found: list[str] = []
        if self.audiences_problem is not None:
            found.append(
                _(
                    "Which live ad sets depend on list {list_id} can't be known: {problem}",
                    list_id=self.list_id,
                    problem=self.audiences_problem.sentences,
                )
            )
        if self.ad_sets_problem is not None:
            found.append(
                ngettext(
                    "{count} Criteo audience uses list {list_id} ({names}); which live ad sets target it can't be "
                    "known: {problem}",
                    "{count} Criteo audiences use list {list_id} ({names}); which live ad sets target them can't be "
                    "known: {problem}",
                    len(self.audiences),
                    list_id=self.list_id,
                    names=_named([it.name for it in self.audiences]),
                    problem=self.ad_sets_problem.sentences,
                )
            )
        if self.hidden:
            found.append(
                ngettext(
                    "Whether {count} ad set that depends on list {list_id} is live can't be known: Criteo does not "
                    "show {names}.",
                    "Whether {count} ad sets that depend on list {list_id} are live can't be known: Criteo does not "
                    "show {names}.",
                    len(self.hidden),
                    list_id=self.list_id,
                    names=_named(self.hidden),
                )
            )
        if self.untold:
            found.append(
                ngettext(
                    "Criteo does not say which ad sets target {count} audience of list {list_id}: {names}.",
                    "Criteo does not say which ad sets target {count} audiences of list {list_id}: {names}.",
                    len(self.untold),
                    list_id=self.list_id,
                    names=_named([it.name for it in self.untold]),
                )
            )
        return found

    @property
    def may_pass(self) -> bool:
        """Whether what can't be known may be known when Criteo is asked again."""
        problems = (self.audiences_problem, self.ad_sets_problem)
        return any(it is not None and it.is_transient for it in problems)

    def audience_of(self, ad_set: AdSet) -> CriteoAudience | None:
        """Return the audience by which an ad set depends on the list."""
        return next((it for it in self.audiences if ad_set.id in (it.ad_set_ids or ())), None)

    def effect_on(self, audience: CriteoAudience) -> Effect:
        """Tell whom an audience reaches once the list is empty."""
        return effect_of(audience.algebra, self.emptied, doubtful=[it.id for it in self.lookalikes])

    def sentences_of_scheduled(self, name: str) -> list[str]:
        """Say which ad sets that deliver from a later day on depend on the list, which is called so."""
        if not self.scheduled:
            return []
        return [
            ngettext(
                "{count} scheduled ad set depends on list {name!r} ({list_id}): {names}.",
                "{count} scheduled ad sets depend on list {name!r} ({list_id}): {names}.",
                len(self.scheduled),
                name=name,
                list_id=self.list_id,
                names=_named([it.name or it.id for it in self.scheduled]),
            )
        ]

    def sentences(self, name: str) -> list[str]:
        """Say which live ad sets depend on the list, and how.

        Args:
            name: What the list is called.
        """
        by_effect: dict[Effect, list[str]] = {}
        for ad_set in self.live:
            audience = self.audience_of(ad_set)
            effect = Effect.UNKNOWN if audience is None else self.effect_on(audience)
            by_effect.setdefault(effect, []).append(ad_set.name or ad_set.id)
        target = by_effect.get(Effect.NOBODY, []) + by_effect.get(Effect.FEWER, [])
        exclude = by_effect.get(Effect.MORE, []) + by_effect.get(Effect.EVERYBODY, [])
        unclear = by_effect.get(Effect.UNKNOWN, [])
        found: list[str] = []
        if target:
            found.append(
                ngettext(
                    "{count} live ad set targets list {name!r} ({list_id}): {names}.",
                    "{count} live ad sets target list {name!r} ({list_id}): {names}.",
                    len(target),
                    name=name,
                    list_id=self.list_id,
                    names=_named(target),
                )
            )
        if exclude:
            found.append(
                ngettext(
                    "{count} live ad set excludes list {name!r} ({list_id}), and would reach those people: {names}.",
                    "{count} live ad sets exclude list {name!r} ({list_id}), and would reach those people: {names}.",
                    len(exclude),
                    name=name,
                    list_id=self.list_id,
                    names=_named(exclude),
                )
            )
        if unclear:
            found.append(
                ngettext(
                    "{count} live ad set depends on list {name!r} ({list_id}), and whom it would reach can't be "
                    "known: {names}.",
                    "{count} live ad sets depend on list {name!r} ({list_id}), and whom they would reach can't be "
                    "known: {names}.",
                    len(unclear),
                    name=name,
                    list_id=self.list_id,
                    names=_named(unclear),
                )
            )
        return found


@dataclass(frozen=True)
class Usage:
    """What hangs on contact lists, by the id of each."""

    lists: Mapping[str, ListUsage]

    def __getitem__(self, list_id: str) -> ListUsage:
        return self.lists[list_id]

    @property
    def frame(self) -> pl.DataFrame:
        """A row for each list, audience and ad set; one that nothing hangs on has a row too, without these."""
        rows = [row for it in self.lists.values() for row in _rows(it)]
        return pl.DataFrame(rows, schema=SCHEMA, orient="row")


SCHEMA = pl.Schema(
    {
        "list_id": pl.String(),
        "audience_id": pl.String(),
        "audience": pl.String(),
        "ad_set_id": pl.String(),
        "ad_set": pl.String(),
        "status": pl.String(),
        "if_emptied": pl.String(),
    }
)
"""The columns of ``Usage.frame``; ``if_emptied`` is whom the audience reaches once the list is empty."""


def find_usage(
    criteo: CriteoClient, list_ids: Iterable[str], *, advertiser_ids: Iterable[str], emptied: Iterable[str] = ()
) -> Usage:
    """Ask Criteo what hangs on contact lists: a call for lookalikes, and one each for a hundred lists and ad sets.

    Args:
        criteo: The client.
        list_ids: Ids of contact lists.
        advertiser_ids: Whose lists they are.
        emptied: Ids of lists that are emptied together; each by itself where none is given.

    Returns:
        What is known, and why the rest is not: nothing is raised.
    """
    asked, together = list(dict.fromkeys(list_ids)), frozenset(emptied)
    if not asked:
        return Usage({})
    lookalikes: list[AudienceSegment] = []
    audiences: list[CriteoAudience] = []
    no_audiences: ErrorInfo | None = None
    try:
        found = criteo.segments.search(advertiser_ids=sorted({*advertiser_ids}), types=[SegmentType.LOOKALIKE])
        lookalikes = [it for it in found if it.seed_id in asked]
        audiences = criteo.audiences.search(segment_ids=[*asked, *(it.id for it in lookalikes)])
    except ToolkitError as error:
        no_audiences = error.info
    ad_sets, no_ad_sets = _ad_sets(criteo, audiences)
    shown = {it.id: it for it in ad_sets}
    return Usage(
        {
            list_id: _usage(
                list_id,
                [it for it in lookalikes if it.seed_id == list_id],
                audiences,
                shown,
                emptied=together | {list_id},
                problems=(no_audiences, no_ad_sets),
            )
            for list_id in asked
        }
    )


def _ad_sets(criteo: CriteoClient, audiences: Sequence[CriteoAudience]) -> tuple[list[AdSet], ErrorInfo | None]:
    targeting = list(dict.fromkeys(ad_set for it in audiences for ad_set in it.ad_set_ids or ()))
    if not targeting:
        return [], None
    try:
        return list(criteo.ad_sets.search(ad_set_ids=targeting)), None
    except ToolkitError as error:
        return [], error.info


def _usage(
    list_id: str,
    lookalikes: Sequence[AudienceSegment],
    found: Sequence[CriteoAudience],
    shown: Mapping[str, AdSet],
    *,
    emptied: frozenset[str],
    problems: tuple[ErrorInfo | None, ErrorInfo | None],
) -> ListUsage:
    ids = {list_id, *(it.id for it in lookalikes)}
    # Of one that can't be read nobody knows which of the lists it uses: it is told for each.
    audiences = [it for it in found if ids & {*segment_ids(it.algebra)} or not is_readable(it.algebra)]
    no_audiences, no_ad_sets = problems
    targeting = list(dict.fromkeys(ad_set for it in audiences for ad_set in it.ad_set_ids or ()))
    known = [shown[it] for it in targeting if it in shown]
    hidden = [it for it in targeting if it not in shown or shown[it].delivery_status is DeliveryStatus.UNKNOWN]
    return ListUsage(
        list_id,
        lookalikes=tuple(lookalikes),
        audiences=tuple(audiences),
        ad_sets=tuple(known),
        hidden=() if no_ad_sets else tuple(hidden),
        untold=tuple(it for it in audiences if it.ad_set_ids is None),
        emptied=emptied,
        audiences_problem=no_audiences,
        ad_sets_problem=no_ad_sets if targeting else None,
    )


def _rows(usage: ListUsage) -> list[tuple[str | None, ...]]:
    names = {it.id: it for it in usage.ad_sets}
    rows: list[tuple[str | None, ...]] = []
    for audience in usage.audiences:
        about = (usage.list_id, audience.id, audience.name)
        effect = usage.effect_on(audience).value
        targeting = audience.ad_set_ids or ()
        for ad_set_id in targeting:
            ad_set = names.get(ad_set_id)
            told = (None, DeliveryStatus.UNKNOWN.value) if ad_set is None else (ad_set.name, ad_set.delivery_status)
            rows.append((*about, ad_set_id, *told, effect))
        if not targeting:
            rows.append((*about, None, None, None, effect))
    return rows or [(usage.list_id, None, None, None, None, None, None)]


def _named(names: Sequence[str]) -> str:
    """Return the first names, and how many more there are."""
    if len(names) <= _MOST_NAMED:
        return ", ".join(names)
    return _("{names} and {count} more", names=", ".join(names[:_MOST_NAMED]), count=len(names) - _MOST_NAMED)
