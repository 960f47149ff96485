"""The calls on segments that are no contact lists: lookalikes, visitors of the website, and everybody else."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, ClassVar, assert_never

from pydantic import BeforeValidator, model_validator

from toolkit.criteo.bulk import Bulk, Filters, ItemResult, by_id, each_hundred, id_of, search
from toolkit.criteo.errors import SEGMENT_UNKNOWN, About
from toolkit.criteo.http import Request
from toolkit.criteo.models import Answered, Item, Rows, Text, as_count_if_given
from toolkit.criteo.transport import Transport
from toolkit.translatable import _, ngettext


class SegmentType(StrEnum):
    """The kinds of segment at Criteo."""

    UNKNOWN = "Unknown"
    """A kind that this version does not know."""
    IN_MARKET = "InMarket"
    PROSPECTING = "Prospecting"
    CONTACT_LIST = "ContactList"
    LOCATION = "Location"
    BEHAVIORAL = "Behavioral"
    RETARGETING = "Retargeting"
    LOOKALIKE = "Lookalike"


class VisitorsType(StrEnum):
    """Which visitors of the website a retargeting segment holds."""

    ALL = "All"
    BUYERS = "Buyers"
    NON_BUYERS = "NonBuyers"


class UsersType(StrEnum):
    """Whom a prospecting segment holds."""

    PROSPECTS = "Prospects"
    PROSPECTS_OR_NON_BUYERS = "ProspectsOrNonBuyers"


@dataclass(frozen=True)
class Lookalike:
    """People like those of the segment ``seed_id``; ``target_size`` is how many are wanted."""

    seed_id: str
    target_size: int | None = None


@dataclass(frozen=True)
class Retargeting:
    """Visitors of the advertiser's website whose last visit was so many days ago."""

    visitors: VisitorsType
    least_days: int
    most_days: int


@dataclass(frozen=True)
class Prospecting:
    """People who did not visit the advertiser's website; with non-buyers, the days since their last visit."""

    users: UsersType = UsersType.PROSPECTS
    least_days: int | None = None
    most_days: int | None = None


SegmentSettings = Lookalike | Retargeting | Prospecting


def _as_type(value: object) -> SegmentType:
    return next((it for it in SegmentType if it == value), SegmentType.UNKNOWN)


class AudienceSegment(Answered):
    """A segment of any kind at Criteo; of a lookalike, its seed and the size that was asked for."""

    title: ClassVar[str] = "Segments at Criteo"

    id: Text
    name: Text = ""
    description: Text = ""
    advertiser_id: Text = ""
    type: Annotated[SegmentType, BeforeValidator(_as_type)] = SegmentType.UNKNOWN
    seed_id: Text = ""
    target_size: Annotated[int | None, BeforeValidator(as_count_if_given)] = None
    visitors: Text = ""
    users: Text = ""
    least_days: Annotated[int | None, BeforeValidator(as_count_if_given)] = None
    most_days: Annotated[int | None, BeforeValidator(as_count_if_given)] = None

    @model_validator(mode="before")
    @classmethod
    def _with_settings(cls, said: object) -> object:
        """Put what Criteo says of the segment's kind beside the rest."""
        if not isinstance(said, dict):
            return said
        about = [said.get(it) for it in ("lookalike", "retargeting", "prospecting")]
        settings: Item = next((it for it in about if isinstance(it, dict)), {})
        return {**said, **{ours: settings[its] for its, ours in _SETTINGS.items() if its in settings}}


_SETTINGS = {
    "seedSegmentId": "seed_id",
    "targetSize": "target_size",
    "visitorsType": "visitors",
    "usersType": "users",
    "daysSinceLastVisitMin": "least_days",
    "daysSinceLastVisitMax": "most_days",
}


@dataclass(frozen=True)
class NewSegment:
    """A segment that is to be made; its name is unique for the advertiser, among segments of all kinds."""

    advertiser_id: str
    name: str
    settings: SegmentSettings
    description: str = ""


@dataclass(frozen=True)
class SegmentChange:
    """What is to change about a segment; what is None stays. ``settings`` are of the kind that it is."""

    id: str
    name: str | None = None
    description: str | None = None
    settings: SegmentSettings | None = None


class SegmentId(Answered):
    """A segment that was deleted."""

    title: ClassVar[str] = "Deleted segments"

    id: Text


class SegmentCalls:
    """The calls on segments of other kinds than contact lists. Reached as ``client.segments``."""

    def __init__(self, transport: Transport, version: str) -> None:
        self._transport = transport
        self._path = f"{version}/marketing-solutions/audience-segments"

    def search(
        self,
        *,
        advertiser_ids: Sequence[str] | None = None,
        segment_ids: Sequence[str] | None = None,
        types: Sequence[SegmentType] | None = None,
    ) -> Rows[AudienceSegment]:
        """Find segments of any kind. All filters that are given must hold.

        Args:
            advertiser_ids: Ids of advertisers.
            segment_ids: Ids of segments.
            types: The kinds of segment.

        Returns:
            The segments, each once. No id at all finds none; a filter that is left out finds all.

        Raises:
            AccessError: An advertiser did not consent, or the app may not read audiences.
        """
        found: dict[str, AudienceSegment] = {}
        filters = {"advertiserIds": advertiser_ids, "audienceSegmentIds": segment_ids, "audienceSegmentTypes": types}
        for some in each_hundred(filters):
            found |= self._found(some)
        return Rows(AudienceSegment, found.values())

    def create(self, segments: Sequence[NewSegment]) -> list[ItemResult[AudienceSegment]]:
        """Make segments, a hundred in a call.

        Args:
            segments: The segments to make.

        Returns:
            The result of each, in their order: the segment, or the error. Its ``code`` is ``name-must-be-unique``
            where the advertiser has the name already, also after a first try whose answer was lost.

        Raises:
            AccessError: An advertiser did not consent, or the app may not manage audiences.
        """
        bulk = Bulk(
            AudienceSegment,
            lambda count: ngettext("make {count} segment", "make {count} segments", count),
            "POST",
            f"{self._path}/create",
            About.SEGMENTS,
            matches=_is_made_of,
            name=lambda item: str(item["attributes"]["name"]),
        )
        return bulk.run(self._transport, [_new(it) for it in segments])

    def change(self, changes: Sequence[SegmentChange]) -> list[ItemResult[AudienceSegment]]:
        """Change names, descriptions and settings of segments, a hundred in a call. A lookalike keeps its seed.

        Args:
            changes: What to change.

        Returns:
            The result of each, in their order: the segment as it is now, or the error.

        Raises:
            AccessError: An advertiser did not consent, or the app may not manage audiences.
        """
        bulk = Bulk(
            AudienceSegment,
            lambda count: ngettext("change {count} segment", "change {count} segments", count),
            "PATCH",
            self._path,
            About.SEGMENTS,
            matches=by_id,
            name=id_of,
        )
        return bulk.run(self._transport, [_change(it) for it in changes])

    def delete(self, segment_ids: Sequence[str]) -> list[ItemResult[SegmentId]]:
        """Delete segments, a hundred in a call. One that is gone already counts as deleted.

        Args:
            segment_ids: Ids of segments.

        Returns:
            The result of each, in their order.

        Raises:
            AccessError: An advertiser did not consent, or the app may not manage audiences.
        """
        bulk = Bulk(
            SegmentId,
            lambda count: ngettext("delete {count} segment", "delete {count} segments", count),
            "POST",
            f"{self._path}/delete",
            About.SEGMENTS,
            matches=by_id,
            name=id_of,
            silence=lambda item: SegmentId(id=id_of(item)),
        )
        results = bulk.run(self._transport, [{"id": it, "attributes": {}} for it in segment_ids])
        return [
            ItemResult(SegmentId(id=its_id)) if it.code == SEGMENT_UNKNOWN else it
            for its_id, it in zip(segment_ids, results, strict=True)
        ]

    def _found(self, filters: Filters) -> dict[str, AudienceSegment]:
        def page(params: dict[str, int]) -> Request:
            return Request(
                _("search the segments"),
                "POST",
                f"{self._path}/search",
                body={"data": {"attributes": filters}},
                params=params,
                about=About.SEGMENTS,
                only_reads=True,
            )

        return dict(search(self._transport, AudienceSegment, page))


def _new(segment: NewSegment) -> Item:
    attributes: Item = {
        "advertiserId": segment.advertiser_id,
        "name": segment.name,
        "description": segment.description,
    }
    match segment.settings:
        case Lookalike(seed_id):
            attributes["lookalike"] = {"seedSegmentId": seed_id, **_size(segment.settings)}
        case Retargeting():
            attributes["retargeting"] = _visitors(segment.settings)
        case Prospecting(users, least_days, most_days):
            days = {"daysSinceLastVisitMin": least_days, "daysSinceLastVisitMax": most_days}
            given = {name: it for name, it in days.items() if it is not None}
            attributes["prospecting"] = {"usersType": users, **given}
        case _:
            assert_never(segment.settings)
    return {"attributes": attributes}


def _change(change: SegmentChange) -> Item:
    attributes: Item = {}
    if change.name is not None:
        attributes["name"] = change.name
    if change.description is not None:
        attributes["description"] = {"value": change.description}
    match change.settings:
        case Lookalike():
            attributes["lookalike"] = _size(change.settings)
        case Retargeting():
            attributes["retargeting"] = _visitors(change.settings)
        case Prospecting(users, least_days, most_days):
            days = {"daysSinceLastVisitMin": {"value": least_days}, "daysSinceLastVisitMax": {"value": most_days}}
            attributes["prospecting"] = {"usersType": users, **days}
    return {"id": change.id, "attributes": attributes}


def _size(lookalike: Lookalike) -> Item:
    return {} if lookalike.target_size is None else {"targetSize": lookalike.target_size}


def _visitors(retargeting: Retargeting) -> Item:
    return {
        "visitorsType": retargeting.visitors,
        "daysSinceLastVisitMin": retargeting.least_days,
        "daysSinceLastVisitMax": retargeting.most_days,
    }


def _is_made_of(item: Item, segment: AudienceSegment) -> bool:
    attributes = item["attributes"]
    # An answer may leave out whose it is.
    return bool(attributes["name"] == segment.name and segment.advertiser_id in {attributes["advertiserId"], ""})
