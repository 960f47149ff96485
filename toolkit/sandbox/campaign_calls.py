"""Finding campaigns and ad sets, and linking an ad set with the audience that it targets."""

from typing import Any

from toolkit.sandbox.answers import Answer, ProblemType, envelope, problem, refusal
from toolkit.sandbox.audience_calls import audience_unknown
from toolkit.sandbox.bodies import AdSetBody, AdSetFilters, LinkBody, read_body
from toolkit.sandbox.calls import Brings, Received, Route
from toolkit.sandbox.campaigns import STARTED_AT, AdSet, Campaign, Linked
from toolkit.sandbox.faults import Call
from toolkit.sandbox.options import Permission
from toolkit.sandbox.world import World

_SOLUTIONS = "/{version}/marketing-solutions"


def search_ad_sets(world: World, received: Received, body: bytes) -> Answer:
    """Answer with all ad sets that meet every filter; an empty filter is none."""
    filters = _filters(world, received, body)
    found = [
        it
        for it in world.campaigns
        if it.advertiser_id in (filters.advertiserIds or world.consents)
        and (not filters.campaignIds or it.campaign_id in filters.campaignIds)
        and (not filters.adSetIds or it.id in filters.adSetIds)
    ]
    return envelope([_ad_set(it) for it in found])


def search_campaigns(world: World, received: Received, body: bytes) -> Answer:
    """Answer with all campaigns that meet every filter; an empty filter is none."""
    filters = _filters(world, received, body)
    found = [
        it
        for it in world.campaigns.campaigns.values()
        if it.advertiser_id in (filters.advertiserIds or world.consents)
        and (not filters.campaignIds or it.id in filters.campaignIds)
    ]
    return envelope([_campaign(it) for it in found])


def link_ad_set(world: World, received: Received, body: bytes) -> Answer:
    """Let an ad set target an audience, or none; what it targeted before is replaced."""
    ad_set_id = received.parameters["ad_set_id"]
    audience_id = read_body(LinkBody, body, instance=received.path).data.attributes.audienceId
    held = world.campaigns.find(ad_set_id)
    if held is None:
        raise refusal(
            404,
            problem(
                ProblemType.VALIDATION,
                "ad-set-not-found",
                title="Ad set not found",
                instance=f"/ad-sets/{ad_set_id}",
            ),
        )
    world.require_consent(held.advertiser_id)
    if audience_id is not None:
        audience = world.audiences.find(audience_id)
        if audience is None or audience.advertiser_id != held.advertiser_id:
            raise refusal(400, audience_unknown(audience_id, source="/data/attributes/audienceId"))
    world.change(Linked(ad_set_id, audience_id, received.time))
    return envelope({"id": ad_set_id, "type": "AdSetAudienceLink", "attributes": {"audienceId": audience_id}})


def _filters(world: World, received: Received, body: bytes) -> AdSetFilters:
    filters = read_body(AdSetBody, body, instance=received.path).filters or AdSetFilters()
    for advertiser_id in filters.advertiserIds or ():
        world.require_consent(advertiser_id)
    return filters


def _ad_set(ad_set: AdSet) -> dict[str, Any]:
    return {
        "id": ad_set.id,
        "type": "AdSet",
        "attributes": {
            "name": ad_set.name,
            "advertiserId": ad_set.advertiser_id,
            "campaignId": ad_set.campaign_id,
            "objective": "conversions",
            "mediaType": ad_set.media_type,
            "schedule": {
                "startDate": {"value": STARTED_AT},
                "endDate": {"value": None},
                "activationStatus": "on" if ad_set.is_on else "off",
                "deliveryStatus": ad_set.delivery_status,
            },
        },
    }


def _campaign(campaign: Campaign) -> dict[str, Any]:
    return {
        "id": campaign.id,
        "type": "Campaign",
        "attributes": {
            "id": campaign.id,
            "name": campaign.name,
            "advertiserId": campaign.advertiser_id,
            "goal": campaign.goal,
        },
    }


_READ, _MANAGE = Permission.READ_CAMPAIGNS, Permission.MANAGE_CAMPAIGNS

ROUTES = (
    Route("POST", f"{_SOLUTIONS}/ad-sets/search", Call.SEARCH_AD_SETS, search_ad_sets, Brings.JSON, _READ),
    Route("POST", f"{_SOLUTIONS}/campaigns/search", Call.SEARCH_CAMPAIGNS, search_campaigns, Brings.JSON, _READ),
    Route("PUT", f"{_SOLUTIONS}/ad-sets/{{ad_set_id}}/audience", Call.LINK_AD_SET, link_ad_set, Brings.JSON, _MANAGE),
)
