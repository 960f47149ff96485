"""Drives the embedded Criteo with Criteo's official SDK, which decodes strictly. Arguments: the address, a list's id."""

import sys
from importlib import import_module
from typing import Any

from toolkit.sandbox.options import CLIENT_ID, CLIENT_SECRET

KIT = "criteo_api_marketingsolutions_v2026_07"
ADVERTISER = "2711"


def main(url: str, list_id: str) -> None:
    m: Any = import_module(f"{KIT}.models")
    builder = import_module(f"{KIT}.api_client_builder").ApiClientBuilder
    client = builder.WithClientCredentials(CLIENT_ID, CLIENT_SECRET, url)
    audiences = import_module(f"{KIT}.api.audience_api").AudienceApi(client)
    campaigns = import_module(f"{KIT}.api.campaign_api").CampaignApi(client)

    lookalike = m.AudienceSegmentCreateEntityV1(
        advertiser_id=ADVERTISER,
        name="Alike",
        lookalike=m.LookalikeCreateV1(seed_segment_id=list_id, target_size=1_000),
    )
    made = audiences.create_audience_segments(
        audience_segment_bulk_create_input_v1=m.AudienceSegmentBulkCreateInputV1(
            data=[m.AudienceSegmentCreateEntityV1Resource(attributes=lookalike, type="AudienceSegment")]
        )
    )
    alike = made.data[0].id
    algebra = m.AlgebraNodeV1(
        _and=[
            m.AlgebraNodeV1(audience_segment_id=alike),
            m.AlgebraNodeV1(_not=m.AlgebraNodeV1(audience_segment_id=list_id)),
        ]
    )
    new = m.AudienceCreateEntityV1(advertiser_id=ADVERTISER, name="VIPs", algebra=algebra, description="made")
    created = audiences.create_audiences(
        audience_bulk_create_input_v1=m.AudienceBulkCreateInputV1(
            data=[m.AudienceCreateEntityV1Resource(attributes=new, type="Audience")]
        )
    )
    audience = created.data[0].id
    found = audiences.search_audiences(
        audience_search_input_v1=m.AudienceSearchInputV1(
            data=m.AudienceSearchEntityV1Resource(
                attributes=m.AudienceSearchEntityV1(audience_segment_ids=[alike]), type="Audience"
            )
        )
    )
    require(found.data[0].attributes.ad_set_ids == [] and found.meta.total_items == 1)
    sizes = audiences.compute_audiences_sizes(
        audience_compute_sizes_input_v1=m.AudienceComputeSizesInputV1(
            data=[m.AudienceComputeSizeEntityV1Resource(id=audience, type="Audience", attributes={})]
        )
    )
    require(sizes.data[0].attributes.size == 1_000)
    ad_sets = campaigns.search_ad_sets(
        ad_set_search_request_v26_q1=m.AdSetSearchRequestV26Q1(
            filters=m.AdSetSearchFilterV26Q1(advertiser_ids=[ADVERTISER])
        )
    )
    require({"live", "archived"} <= {it.attributes.schedule.delivery_status for it in ad_sets.data})
    there = campaigns.search_campaigns(
        campaign_search_request_v23_q1=m.CampaignSearchRequestV23Q1(
            filters=m.CampaignSearchFiltersV23Q1(advertiser_ids=[ADVERTISER])
        )
    )
    require({it.attributes.name for it in there.data} == {"Summer", "Loyal customers"})
    for audience_id, word in ((audience, "linked"), (None, "unlinked")):
        link = campaigns.update_ad_set_audience(
            "610001",
            m.AdSetAudienceLinkInputEntityV1(
                data=m.AdSetAudienceLinkEntityV1Resource(
                    type="AdSetAudienceLink", attributes=m.AdSetAudienceLinkEntityV1(audience_id=audience_id)
                )
            ),
        )
        require(link.data.attributes.audience_id == audience_id)
        print(word)
    change = m.AudienceUpdateEntityV1(name="Others", description=m.NillableString(value=None))
    changed = audiences.update_audiences(
        audience_bulk_update_input_v1=m.AudienceBulkUpdateInputV1(
            data=[m.AudienceUpdateEntityV1Resource(id=audience, type="Audience", attributes=change)]
        )
    )
    require(changed.data[0].attributes.name == "Others")
    gone = audiences.delete_audiences(
        audience_bulk_delete_input_v1=m.AudienceBulkDeleteInputV1(
            data=[m.AudienceDeleteEntityV1Resource(id=it, type="Audience", attributes={}) for it in (audience, "999")]
        )
    )
    require([it.id for it in gone.data] == [audience] and gone.errors[0].code == "audience-not-found")


def require(holds: bool) -> None:
    if not holds:
        raise AssertionError


if __name__ == "__main__":
    main(*sys.argv[1:])
