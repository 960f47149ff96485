"""What becomes of a member."""

from enum import StrEnum

import polars as pl


class Status(StrEnum):
    """Exactly one of these for every member of a segment, in the order in which they are decided.

    Examples:
        >>> preview = workspace.preview("High value", email_column="EMail")
        >>> preview.left_out.filter(pl.col("status") == toolkit.Status.MISSING_IDENTIFIER).height > 0
        True
    """

    NOT_IN_PROFILES = "not_in_profiles"
    """The profile table has no row with the member's key."""
    SUPPRESSED = "suppressed"
    """The customer is on the suppression list or in an excluded segment, or shares an identifier with one who is."""
    NO_CONSENT = "no_consent"
    """The profile does not say that the person consents now, where the export asks for it."""
    NO_ADVERTISER = "no_advertiser"
    """The profile names no advertiser, or one that did not consent, where each advertiser gets its own list."""
    MISSING_IDENTIFIER = "missing_identifier"
    """The field is null, holds nothing that can be seen, or a placeholder such as n/a or the hash of nothing."""
    INVALID_IDENTIFIER = "invalid_identifier"
    """The field holds something that is no identifier of its type, nor a hash of one that can be sent."""
    DUPLICATE_IDENTIFIER = "duplicate_identifier"
    """Another member of the segment has the same identifier and a smaller key: it is sent once."""
    EXPORTABLE = "exportable"
    """The member's identifier is sent."""


NOT_JUDGED = (Status.SUPPRESSED, Status.NO_CONSENT)
"""Those whom nobody may send, whatever their profile holds: coverage and validity are not theirs."""

LEFT_OUT = tuple(status for status in Status if status is not Status.EXPORTABLE)

STATUS_TYPE = pl.Enum([status.value for status in Status])
