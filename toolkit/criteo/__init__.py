"""A client of Criteo's Marketing Solutions API: the part that concerns contact lists.

It knows nothing of segments or profiles. On its own::

    with CriteoClient(client_id="…", client_secret="…") as criteo:
        criteo.advertisers()
"""

from toolkit.criteo.client import MAX_IDENTIFIERS_A_CALL, CriteoClient, FoundList
from toolkit.criteo.models import (
    Acknowledgement,
    Advertiser,
    ContactList,
    IdentifierType,
    Operation,
    Statistics,
)
from toolkit.criteo.pacing import Wait
from toolkit.criteo.transport import API_VERSION, CRITEO

__all__ = [
    "API_VERSION",
    "CRITEO",
    "MAX_IDENTIFIERS_A_CALL",
    "Acknowledgement",
    "Advertiser",
    "ContactList",
    "CriteoClient",
    "FoundList",
    "IdentifierType",
    "Operation",
    "Statistics",
    "Wait",
]
