"""What a segment becomes when it is prepared: identifiers to send, and members left out, each with the reason."""

from toolkit.audience.audience import Audience
from toolkit.audience.excluded import Excluded, IdentityColumn, SuppressedBy
from toolkit.audience.identifiers import IdentifierForm, IdentifierKind
from toolkit.audience.prepare import ProfileKeyError, prepare
from toolkit.audience.segments import audience_of, audience_of_keys, excluded_of
from toolkit.audience.status import LEFT_OUT, Status
from toolkit.audience.suppression import Suppression

__all__ = [
    "LEFT_OUT",
    "Audience",
    "Excluded",
    "IdentifierForm",
    "IdentifierKind",
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
