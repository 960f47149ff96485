"""What a contact list should hold, compared with what Criteo counts there."""

from dataclasses import dataclass

from toolkit.criteo import Statistics
from toolkit.translatable import _


@dataclass(frozen=True)
class Expected:
    """How many identifiers a list should hold, as far as is known."""

    list_id: str
    name: str
    least: int
    most: int | None
    """None where the list may hold what somebody else put there."""


def drift(expected: Expected, found: Statistics) -> str | None:
    """Return the sentence that tells how the two differ, and what to do; None when they agree."""
    if found.identifiers >= expected.least and (expected.most is None or found.identifiers <= expected.most):
        return None
    should = (
        _("{least:,}", least=expected.least)
        if expected.least == expected.most
        else _("at least {least:,}", least=expected.least)
    )
    if expected.most is not None and expected.least != expected.most:
        should = _("{least:,} to {most:,}", least=expected.least, most=expected.most)
    return _(
        "Criteo counts {identifiers:,} identifiers in list {expected!r} ({list_id}), which should "
        "hold {should}: somebody else changed it, or something was lost there. Run the export with "
        "mode='replace' to send it anew.",
        identifiers=found.identifiers,
        expected=expected.name,
        list_id=expected.list_id,
        should=should,
    )
