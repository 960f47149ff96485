"""What one advertiser has at Criteo: audiences, the segments that they combine, ad sets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from toolkit import criteo as api
from toolkit.campaigns.expression import And, AtCriteo, Expression, Leaf, Lookalike, Not, Or, Prospecting, Retargeting
from toolkit.campaigns.meaning import fingerprint
from toolkit.errors import AccessError, ConfigurationError, UnavailableError
from toolkit.names import same_form
from toolkit.translatable import _


@dataclass(frozen=True)
class SegmentThere:
    """A segment of any kind, as Criteo shows it."""

    id: str
    name: str
    description: str
    seed_id: str = ""
    """Of a lookalike: the segment that it resembles."""


@dataclass(frozen=True)
class AudienceThere:
    """An audience, as Criteo shows it."""

    id: str
    name: str
    description: str
    expression: Expression | None
    """None if it can't be read."""
    ad_set_ids: tuple[str, ...]
    """As far as Criteo says; ``AdvertiserSide.ad_sets_of`` asks on where it says nothing."""
    names_ad_sets: bool = True
    """Whether Criteo says which ad sets target it."""
    segment_ids: tuple[str, ...] = ()
    """All segments that it names, also within what can't be read."""


class AdvertiserSide:
    """One advertiser's audiences, segments and ad sets; what was looked up is remembered until ``look_again``."""

    def __init__(self, criteo: api.CriteoClient, advertiser_id: str) -> None:
        self.advertiser_id = advertiser_id
        self.ad_set_names: Mapping[str, str] = {}
        """Of ad sets that were looked for: name and status, by id."""
        self.notices: list[str] = []
        """What could not be looked at, and why."""
        self._criteo = criteo

    @cached_property
    def audiences(self) -> list[AudienceThere]:
        """The audiences."""
        return [
            AudienceThere(
                it.id,
                it.name,
                it.description,
                _expression(it.algebra),
                it.ad_set_ids or (),
                names_ad_sets=it.ad_set_ids is not None,
                segment_ids=api.segment_ids(it.algebra),
            )
            for it in self._criteo.audiences.search(advertiser_ids=[self.advertiser_id])
        ]

    @cached_property
    def segments(self) -> Mapping[str, SegmentThere]:
        """The segments of all kinds, by id."""
        found = self._criteo.segments.search(advertiser_ids=[self.advertiser_id])
        return {it.id: SegmentThere(it.id, it.name, it.description, it.seed_id or "") for it in found}

    @cached_property
    def campaign_names(self) -> Mapping[str, str]:
        """The names of campaigns, by id."""
        return {it.id: it.name for it in self._criteo.ad_sets.campaigns(advertiser_ids=[self.advertiser_id])}

    def look_again(self) -> None:
        """Forget what was looked up."""
        for name in ("audiences", "segments"):
            self.__dict__.pop(name, None)

    def ad_sets(self, *, campaign_id: str = "") -> Sequence[api.AdSet]:
        """Return the ad sets, of one campaign or of all."""
        return self._criteo.ad_sets.search(
            advertiser_ids=[self.advertiser_id], campaign_ids=[campaign_id] if campaign_id else None
        )

    def ad_sets_of(self, audience: AudienceThere) -> tuple[str, ...]:
        """Return the ids of the ad sets that target an audience; each is asked where the audience does not say."""
        if audience.names_ad_sets:
            return audience.ad_set_ids
        return tuple(it.id for it in self.ad_sets() if audience.id in self.targeted_by(it.id))

    def targeted_by(self, ad_set_id: str) -> dict[str, str]:
        """Return the audience that an ad set targets, its name by its id; nothing if it targets none."""
        found = self._criteo.audiences.search(advertiser_ids=[self.advertiser_id], ad_set_ids=[ad_set_id])
        return {it.id: it.name for it in found}

    def look_for_ad_sets(self) -> None:
        """Learn the names of ad sets that target audiences; without the permission, their ids have to do."""
        untold = [it.name or it.id for it in self.audiences if not it.names_ad_sets]
        if untold:
            self.notices.append(
                _("Criteo does not say which ad sets target these audiences: {names}.", names=", ".join(untold))
            )
        targeting = [number for it in self.audiences for number in it.ad_set_ids]
        if not targeting:
            return
        try:
            found = self._criteo.ad_sets.search(ad_set_ids=targeting)
        except AccessError as error:
            self.notices.append(_("Ad sets are shown without their names. {why}", why=error.info.sentences))
            return
        self.ad_set_names = {it.id: f"{it.name} ({it.delivery_status.value})" for it in found}

    def create_audience(self, name: str, *, expression: Expression, description: str) -> str | None:
        """Make an audience; return its id, None where the name is taken by now."""
        new = api.NewAudience(self.advertiser_id, name, _algebra(expression), description)
        (result,) = self._criteo.audiences.create([new])
        self.look_again()
        return None if result.code == api.NAME_TAKEN else _as_asked(result.require(), name, expression).id

    def change_audience(self, audience_id: str, *, name: str, expression: Expression, description: str) -> None:
        """Change an audience."""
        change = api.AudienceChange(audience_id, name, _algebra(expression), description)
        (result,) = self._criteo.audiences.change([change])
        self.look_again()
        _as_asked(result.require(), name, expression)

    def delete_audience(self, audience_id: str) -> None:
        """Delete an audience."""
        (result,) = self._criteo.audiences.delete([audience_id])
        self.look_again()
        result.require()

    def create_segment(self, leaf: Leaf, *, name: str, description: str, seed_id: str) -> None:
        """Make the segment of a leaf; one whose name is taken by now stays as it is."""
        new = api.NewSegment(self.advertiser_id, name, _settings(leaf, seed_id), description)
        (result,) = self._criteo.segments.create([new])
        self.look_again()
        if result.code != api.NAME_TAKEN:
            result.require()

    def uses_segment(self, segment_id: str) -> bool:
        """Ask whether an audience names a segment: pages of all audiences may have shifted while they were read."""
        return bool(self._criteo.audiences.search(advertiser_ids=[self.advertiser_id], segment_ids=[segment_id]))

    def delete_segment(self, segment_id: str) -> None:
        """Delete a segment."""
        (result,) = self._criteo.segments.delete([segment_id])
        self.look_again()
        result.require()

    def sizes(self, audience_ids: Sequence[str]) -> dict[str, int]:
        """Return how many people audiences reach, without those of which Criteo does not say."""
        found = self._criteo.audiences.compute_sizes(audience_ids)
        return {it.id: it.size for it in found if it.size is not None}

    def estimate(self, expression: Expression) -> int | None:
        """Return how many people an audience would reach, None where Criteo does not say."""
        return self._criteo.audiences.estimate_size(self.advertiser_id, _algebra(expression))

    def link(self, ad_set_id: str, audience_id: str | None) -> None:
        """Let an ad set target an audience, or none."""
        self._criteo.ad_sets.link(ad_set_id, audience_id)
        self.look_again()


def _as_asked(answered: api.CriteoAudience, name: str, expression: Expression) -> api.CriteoAudience:
    """Return an audience that Criteo answers to be made or changed; raises UnavailableError where it is another.

    What the answer leaves out, it acknowledges; the combination may be spelled otherwise.
    """
    there = _expression(answered.algebra)
    is_other = there is not None and fingerprint(there) != fingerprint(expression)
    if is_other or same_form(answered.name or name) != same_form(name):
        raise UnavailableError(
            _("Criteo answers that audience {name!r} ({id}) is not what was asked.", name=name, id=answered.id),
            _("See what is there with workspace.audiences.plan(), then apply it again."),
        )
    return answered


def _settings(leaf: Leaf, seed_id: str) -> api.SegmentSettings:
    match leaf:
        case Lookalike(size=size):
            return api.Lookalike(seed_id, size)
        case Retargeting(visitors, least, most):
            return api.Retargeting(visitors, least, most)
        case Prospecting(users, least, most):
            return api.Prospecting(users, least, most)
        case _:
            raise TypeError(type(leaf))


def _algebra(expression: Expression) -> api.Algebra:
    match expression:
        case And(children):
            return api.And(tuple(map(_algebra, children)))
        case Or(children):
            return api.Or(tuple(map(_algebra, children)))
        case Not(child):
            return api.Not(_algebra(child))
        case AtCriteo(number):
            return api.Segment(number)
        case _:
            raise TypeError(type(expression))


def _expression(algebra: api.Algebra) -> Expression | None:
    """Return the expression of a combination at Criteo, None where a part of it can't be read."""
    if not api.is_readable(algebra):
        return None
    try:
        return _read(algebra)
    except ConfigurationError:  # larger or deeper than any that is made here
        return None


def _read(algebra: api.Algebra) -> Expression:
    match algebra:
        case api.And(nodes):
            return And.of(*map(_read, nodes))
        case api.Or(nodes):
            return Or.of(*map(_read, nodes))
        case api.Not(node):
            return Not.of(_read(node))
        case api.Segment(number):
            return AtCriteo(number)
        case _:
            raise TypeError(type(algebra))
