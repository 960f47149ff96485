"""What a segment becomes when it is prepared: identifiers to send, and members left out, each with the reason."""

from toolkit.audience.audience import Audience
from toolkit.audience.excluded import Excluded, IdentityColumn, SuppressedBy
from toolkit.audience.prepare import ProfileKeyError, prepare
from toolkit.audience.segments import audience_of, audience_of_keys, excluded_of
from toolkit.audience.status import LEFT_OUT, Status
from toolkit.audience.suppression import Suppression
from toolkit.identifiers import IdentifierForm

__all__ = [
    "LEFT_OUT",
    "Audience",
    "Excluded",
    "IdentifierForm",
    "IdentityColumn",
    "ProfileKeyError",
    "Status",
    "SuppressedBy",
    "Suppression",
    "audience_of",
    "audience_of_keys",
    "excluded_of",
    "prepare",
]
