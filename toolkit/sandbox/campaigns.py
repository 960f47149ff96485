"""The campaigns and ad sets that a sandbox begins with, and how ad sets change."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Literal, assert_never


class DeliveryStatus(StrEnum):
    """How an ad set stands, in Criteo's words."""

    DRAFT = "draft"
    INACTIVE = "inactive"
    LIVE = "live"
    NOT_LIVE = "notLive"
    PAUSING = "pausing"
    PAUSED = "paused"
    SCHEDULED = "scheduled"
    ENDED = "ended"
    NOT_DELIVERING = "notDelivering"
    ARCHIVED = "archived"


_ON = {DeliveryStatus.LIVE, DeliveryStatus.SCHEDULED, DeliveryStatus.NOT_DELIVERING, DeliveryStatus.ENDED}


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign of an advertiser."""

    id: str
    advertiser_id: str
    name: str
    goal: str


@dataclass(frozen=True, slots=True)
class AdSet:
    """What delivers, inside a campaign; it targets one audience at the most."""

    id: str
    campaign_id: str
    advertiser_id: str
    name: str
    delivery_status: DeliveryStatus
    media_type: str = "display"
    audience_id: str | None = None

    @property
    def is_on(self) -> bool:
        """Whether it is switched on."""
        return self.delivery_status in _ON


@dataclass(frozen=True, slots=True)
class Linked:
    """An ad set that targets an audience from now on, or none."""

    ad_set_id: str
    audience_id: str | None
    at: datetime
    kind: Literal["linked"] = "linked"


@dataclass(frozen=True, slots=True)
class Delivering:
    """An ad set that stands otherwise from now on."""

    ad_set_id: str
    delivery_status: DeliveryStatus
    at: datetime
    kind: Literal["delivering"] = "delivering"


STARTED_AT = datetime(2026, 6, 1, tzinfo=UTC)

CAMPAIGNS = (
    Campaign("510001", "2711", "Summer", "acquisition"),
    Campaign("510002", "2711", "Loyal customers", "retention"),
    Campaign("510003", "2712", "Autumn", "acquisition"),
)
_STATUS = DeliveryStatus
AD_SETS = (
    AdSet("610001", "510001", "2711", "Summer NL", _STATUS.LIVE),
    AdSet("610002", "510001", "2711", "Summer BE", _STATUS.LIVE),
    AdSet("610003", "510001", "2711", "Summer video", _STATUS.SCHEDULED, media_type="video"),
    AdSet("610004", "510001", "2711", "Summer sketch", _STATUS.DRAFT),
    AdSet("610005", "510001", "2711", "Summer last year", _STATUS.ARCHIVED),
    AdSet("610006", "510002", "2711", "Loyal NL", _STATUS.LIVE),
    AdSet("610007", "510002", "2711", "Loyal BE", _STATUS.PAUSED),
    AdSet("610008", "510002", "2711", "Loyal birthday", _STATUS.PAUSING),
    AdSet("610009", "510002", "2711", "Loyal spring", _STATUS.ENDED),
    AdSet("610010", "510002", "2711", "Loyal without budget", _STATUS.NOT_DELIVERING),
    AdSet("610011", "510003", "2712", "Autumn NL", _STATUS.LIVE),
    AdSet("610012", "510003", "2712", "Autumn DE", _STATUS.NOT_LIVE),
    AdSet("610013", "510003", "2712", "Autumn app", _STATUS.INACTIVE),
)


class Campaigns:
    """Campaigns and ad sets by id."""

    def __init__(self, advertiser_ids: Iterable[str]) -> None:
        there = set(advertiser_ids)
        self.campaigns = {it.id: it for it in CAMPAIGNS if it.advertiser_id in there}
        self._ad_sets = {it.id: it for it in AD_SETS if it.advertiser_id in there}

    def __iter__(self) -> Iterator[AdSet]:
        return iter(self._ad_sets.values())

    def find(self, ad_set_id: str) -> AdSet | None:
        """Return the ad set with this id."""
        return self._ad_sets.get(ad_set_id)

    def targeting(self, audience_id: str) -> list[AdSet]:
        """Return the ad sets that target an audience."""
        return [it for it in self if it.audience_id == audience_id]

    def apply(self, change: Linked | Delivering) -> None:
        """Let one change take effect; what a journal says of an ad set that is not here is passed over."""
        held = self._ad_sets.get(change.ad_set_id)
        if held is None:
            return
        match change:
            case Linked():
                held = replace(held, audience_id=change.audience_id)
            case Delivering():
                held = replace(held, delivery_status=change.delivery_status)
            case _:
                assert_never(change)
        self._ad_sets[held.id] = held
