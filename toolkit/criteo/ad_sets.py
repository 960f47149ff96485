"""The calls on campaigns and ad sets: what there is, how it stands, and which audience an ad set targets.

They need the permission *Campaign*; an app without it gets an AccessError by each of them, and by no other call.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, ClassVar
from urllib.parse import quote

from pydantic import BeforeValidator, Field

from toolkit.criteo.bulk import each_hundred
from toolkit.criteo.envelope import all_items, not_told, only_item
from toolkit.criteo.errors import About
from toolkit.criteo.http import Request
from toolkit.criteo.models import Answered, AnsweredT, Item, Rows, Text, flattened, read
from toolkit.criteo.transport import Transport
from toolkit.translatable import _


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
    UNKNOWN = "unknown"
    """Criteo does not say, or says what this version does not know."""


def _as_status(value: object) -> DeliveryStatus:
    return next((it for it in DeliveryStatus if it == value), DeliveryStatus.UNKNOWN)


def _as_moment(value: object) -> str:
    """Return a moment that may be wrapped, as Criteo wraps what may be null."""
    value = value.get("value") if isinstance(value, dict) else value
    return "" if value is None else str(value)


class Campaign(Answered):
    """A campaign of an advertiser."""

    title: ClassVar[str] = "Campaigns"

    id: Text
    name: Text = ""
    advertiser_id: Text = ""


class AdSet(Answered):
    """What delivers, inside a campaign. It does not say what it targets: ``client.audiences.search`` does."""

    title: ClassVar[str] = "Ad sets"

    id: Text
    name: Text = ""
    advertiser_id: Text = ""
    campaign_id: Text = ""
    objective: Text = ""
    media_type: Text = ""
    activation_status: Text = ""
    delivery_status: Annotated[DeliveryStatus, BeforeValidator(_as_status)] = DeliveryStatus.UNKNOWN
    start_date: Annotated[str, BeforeValidator(_as_moment)] = ""
    end_date: Annotated[str, BeforeValidator(_as_moment)] = ""

    @property
    def is_live(self) -> bool:
        """Whether it delivers now; one that is pausing still does."""
        return self.delivery_status in (DeliveryStatus.LIVE, DeliveryStatus.PAUSING)


class AdSetLink(Answered):
    """What an ad set targets; None is nothing."""

    title: ClassVar[str] = "Links"

    id: Text
    audience_id: str | None = Field(default=None)


class AdSetCalls:
    """The calls on campaigns and ad sets, with the credentials of one client. Reached as ``client.ad_sets``."""

    def __init__(self, transport: Transport, version: str) -> None:
        self._transport = transport
        self._path = f"{version}/marketing-solutions"

    def search(
        self,
        *,
        advertiser_ids: Sequence[str] | None = None,
        campaign_ids: Sequence[str] | None = None,
        ad_set_ids: Sequence[str] | None = None,
    ) -> Rows[AdSet]:
        """Find ad sets. All filters that are given must hold; of long lists of ids, a hundred are asked for a call.

        Args:
            advertiser_ids: Ids of advertisers.
            campaign_ids: Ids of campaigns.
            ad_set_ids: Ids of ad sets. One that may not be seen is left out.

        Returns:
            The ad sets. No id at all finds none; a filter that is left out finds all.

        Raises:
            AccessError: The app may not read campaigns, or an advertiser did not consent.
        """
        filters = {"advertiserIds": advertiser_ids, "campaignIds": campaign_ids, "adSetIds": ad_set_ids}
        return self._search(AdSet, _("search the ad sets"), "ad-sets", filters)

    def campaigns(
        self, *, advertiser_ids: Sequence[str] | None = None, campaign_ids: Sequence[str] | None = None
    ) -> Rows[Campaign]:
        """Find campaigns; filters are as in ``search``.

        Args:
            advertiser_ids: Ids of advertisers.
            campaign_ids: Ids of campaigns.

        Returns:
            The campaigns.

        Raises:
            AccessError: The app may not read campaigns, or an advertiser did not consent.
        """
        filters = {"advertiserIds": advertiser_ids, "campaignIds": campaign_ids}
        return self._search(Campaign, _("search the campaigns"), "campaigns", filters)

    def link(self, ad_set_id: str, audience_id: str | None) -> AdSetLink:
        """Let an ad set target an audience in place of what it targets now. Doing it twice is doing it once.

        Args:
            ad_set_id: Id of the ad set.
            audience_id: Id of the audience; None lets the ad set target none.

        Returns:
            What the ad set targets now.

        Raises:
            AccessError: The app may not manage campaigns, or the advertiser did not consent.
            ConfigurationError: The ad set or the audience is not there.
            UnavailableError: Criteo answers that the ad set targets another audience than was asked.
        """
        request = Request(
            _("link ad set {ad_set_id}", ad_set_id=ad_set_id),
            "PUT",
            f"{self._path}/ad-sets/{quote(ad_set_id, safe='')}/audience",
            body={"data": {"type": "AdSetAudienceLink", "attributes": {"audienceId": audience_id}}},
            about=About.CAMPAIGNS,
        )
        answer = flattened(only_item(request, self._transport.call(request)))
        # An answer that says nothing of the link acknowledges what was asked.
        linked = read(AdSetLink, {"audienceId": audience_id, **answer, "id": ad_set_id})
        if linked.audience_id != audience_id:
            raise not_told(request)
        return linked

    def _search(
        self, kind: type[AnsweredT], words: str, path: str, filters: dict[str, Sequence[str] | None]
    ) -> Rows[AnsweredT]:
        found: dict[str, AnsweredT] = {}
        for some in each_hundred(filters):
            request = Request(
                words,
                "POST",
                f"{self._path}/{path}/search",
                body={"filters": some},
                about=About.CAMPAIGNS,
                only_reads=True,
            )
            items = all_items(request, self._transport.call(request))
            found |= {str(it.get("id")): read(kind, _with_schedule(it)) for it in items}
        return Rows(kind, found.values())


def _with_schedule(item: Item) -> Item:
    flat = flattened(item)
    schedule = flat.get("schedule")
    return {**(schedule if isinstance(schedule, dict) else {}), **flat}
