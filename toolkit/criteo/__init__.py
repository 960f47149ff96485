"""A client of Criteo's Marketing Solutions API: contact lists, other segments, audiences, and ad sets.

It knows nothing of segments or profiles. On its own::

    with CriteoClient(client_id="…", client_secret="…") as criteo:
        criteo.advertisers()
        criteo.contact_lists("2711").frame
        criteo.statistics("410001")
        criteo.audiences.search(segment_ids=["410001"]).frame
        criteo.ad_sets.search(advertiser_ids=["2711"]).frame
"""

from toolkit.criteo.ad_sets import AdSet, AdSetLink, Campaign, DeliveryStatus
from toolkit.criteo.algebra import Algebra, And, Not, Or, Segment, UnknownNode, is_readable, segment_ids
from toolkit.criteo.audiences import AudienceChange, AudienceId, CriteoAudience, NewAudience
from toolkit.criteo.batching import MAX_IDENTIFIERS_A_CALL
from toolkit.criteo.bulk import ItemResult
from toolkit.criteo.client import API_VERSION, LISTS_A_CALL, CriteoClient, FoundList, ListChange, NewList
from toolkit.criteo.errors import AUDIENCE_UNKNOWN, NAME_TAKEN, SEGMENT_UNKNOWN
from toolkit.criteo.hosts import canonical_host
from toolkit.criteo.http import CRITEO
from toolkit.criteo.models import (
    Acknowledgement,
    Advertiser,
    ContactList,
    IdentifierType,
    ListSize,
    Operation,
    Rows,
    Statistics,
)
from toolkit.criteo.notices import ApiNotice, NoticeKind
from toolkit.criteo.rate_limit import CALLS_A_MINUTE, RetryPolicy, Wait
from toolkit.criteo.reachability import Waiting
from toolkit.criteo.segments import (
    AudienceSegment,
    Lookalike,
    NewSegment,
    Prospecting,
    Retargeting,
    SegmentChange,
    SegmentId,
    SegmentSettings,
    SegmentType,
    UsersType,
    VisitorsType,
)

__all__ = [
    "API_VERSION",
    "AUDIENCE_UNKNOWN",
    "CALLS_A_MINUTE",
    "CRITEO",
    "LISTS_A_CALL",
    "MAX_IDENTIFIERS_A_CALL",
    "NAME_TAKEN",
    "SEGMENT_UNKNOWN",
    "Acknowledgement",
    "AdSet",
    "AdSetLink",
    "Advertiser",
    "Algebra",
    "And",
    "ApiNotice",
    "AudienceChange",
    "AudienceId",
    "AudienceSegment",
    "Campaign",
    "ContactList",
    "CriteoAudience",
    "CriteoClient",
    "DeliveryStatus",
    "FoundList",
    "IdentifierType",
    "ItemResult",
    "ListChange",
    "ListSize",
    "Lookalike",
    "NewAudience",
    "NewList",
    "NewSegment",
    "Not",
    "NoticeKind",
    "Operation",
    "Or",
    "Prospecting",
    "Retargeting",
    "RetryPolicy",
    "Rows",
    "Segment",
    "SegmentChange",
    "SegmentId",
    "SegmentSettings",
    "SegmentType",
    "Statistics",
    "UnknownNode",
    "UsersType",
    "VisitorsType",
    "Wait",
    "Waiting",
    "canonical_host",
    "is_readable",
    "segment_ids",
]
