"""What a segment becomes when it is prepared: identifiers to send, and members left out, each with the reason."""

from toolkit.audience.audience import Audience
from toolkit.audience.identifiers import IdentifierForm
from toolkit.audience.prepare import ProfileKeyError, prepare
from toolkit.audience.segments import audience_of
from toolkit.audience.status import LEFT_OUT, Status

__all__ = ["LEFT_OUT", "Audience", "IdentifierForm", "ProfileKeyError", "Status", "audience_of", "prepare"]
