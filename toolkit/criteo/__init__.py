"""A client of Criteo's Marketing Solutions API: the part that concerns contact lists.

It knows nothing of segments or profiles. On its own::

    with CriteoClient(client_id="…", client_secret="…") as criteo:
        criteo.advertisers()
        criteo.contact_lists("2711").frame
        criteo.statistics("410001")
"""

from toolkit.criteo.batching import MAX_IDENTIFIERS_A_CALL
from toolkit.criteo.client import API_VERSION, LISTS_A_CALL, CriteoClient, FoundList, ListChange, NewList
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

__all__ = [
    "API_VERSION",
    "CALLS_A_MINUTE",
    "CRITEO",
    "LISTS_A_CALL",
    "MAX_IDENTIFIERS_A_CALL",
    "Acknowledgement",
    "Advertiser",
    "ApiNotice",
    "ContactList",
    "CriteoClient",
    "FoundList",
    "IdentifierType",
    "ListChange",
    "ListSize",
    "NewList",
    "NoticeKind",
    "Operation",
    "RetryPolicy",
    "Rows",
    "Statistics",
    "Wait",
    "Waiting",
    "canonical_host",
]
