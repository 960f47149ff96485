"""What a contact list should hold, compared with what Criteo counts there."""

from dataclasses import dataclass

from toolkit.criteo import Statistics


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
    should = f"{expected.least:,}" if expected.least == expected.most else f"at least {expected.least:,}"
    if expected.most is not None and expected.least != expected.most:
        should = f"{expected.least:,} to {expected.most:,}"
    return (
        f"Criteo counts {found.identifiers:,} identifiers in list {expected.name!r} ({expected.list_id}), which should "
        f"hold {should}: somebody else changed it, or something was lost there. Run the export with mode='replace' to "
        "send it anew."
    )
