"""What a segment becomes when it is prepared: identifiers to send, and members left out, each with the reason."""

from toolkit.audience.audience import Audience
from toolkit.audience.build import ProfileKeyError, build_audience
from toolkit.audience.consent import Consent
from toolkit.audience.excluded import Excluded, IdentityColumn, SuppressedBy
from toolkit.audience.segments import audience_from_keys, audience_of, audiences_of, excluded_of
from toolkit.audience.status import LEFT_OUT, NOT_JUDGED, Status
from toolkit.audience.suppression import Suppression
from toolkit.identifiers import HashFormat

__all__ = [
    "LEFT_OUT",
    "NOT_JUDGED",
    "Audience",
    "Consent",
    "Excluded",
    "HashFormat",
    "IdentityColumn",
    "ProfileKeyError",
    "Status",
    "SuppressedBy",
    "Suppression",
    "audience_from_keys",
    "audience_of",
    "audiences_of",
    "build_audience",
    "excluded_of",
]
