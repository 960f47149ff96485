"""What the calls on many items share: pages, filters, and items that a fault leaves out."""

import re
from collections.abc import Sequence

from toolkit.sandbox.answers import Problem, ProblemType, problem, refusal
from toolkit.sandbox.calls import LeftOut, Received

_DEFAULT_PAGE = 50
_LARGEST_PAGE = 100
_LARGEST_OFFSET = 2**31 - 1
_WHOLE_NUMBER = re.compile(r"[0-9]{1,10}")


def is_left_out(received: Received, place: int, items: Sequence[object], errors: list[Problem]) -> bool:
    """Tell whether a fault leaves this item out; add the error by which it is told, if it is."""
    if received.leaves_out is None or place < len(items) - 1:
        return False
    if received.leaves_out is LeftOut.AS_AN_ERROR:
        errors.append(
            problem(
                ProblemType.AVAILABILITY,
                "item-not-processed",
                title="The item could not be processed",
                instance=received.path,
                source=f"/data/{place}",
            )
        )
    return True


def page_of(received: Received) -> slice:
    """Return which of the found items are asked for; refuse with 400 a page out of range."""
    limit = _page_number(received, "limit", default=_DEFAULT_PAGE, largest=_LARGEST_PAGE)
    offset = _page_number(received, "offset", default=0, largest=_LARGEST_OFFSET)
    return slice(offset, offset + limit)


def meta_of(page: slice, total: int) -> dict[str, int]:
    """Return what an answer says of its page."""
    return {"totalItems": total, "limit": page.stop - page.start, "offset": page.start}


def _page_number(received: Received, name: str, *, default: int, largest: int) -> int:
    text = received.query.get(name, str(default))
    if _WHOLE_NUMBER.fullmatch(text) and int(text) <= largest:
        return int(text)
    raise refusal(
        400,
        problem(
            ProblemType.VALIDATION,
            "invalid",
            title=f"{name} must be a whole number from 0 to {largest}",
            instance=received.path,
        ),
    )
