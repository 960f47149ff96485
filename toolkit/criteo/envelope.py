"""What an answer of status 200 holds, and what it says against the call all the same."""

import re
from collections.abc import Sequence

from toolkit.criteo.errors import error_of
from toolkit.criteo.http import Request
from toolkit.criteo.models import Item, items_of
from toolkit.errors import ToolkitError, UnavailableError
from toolkit.translatable import _

_OK = 200
_PLACE = re.compile(r"/data/([0-9]{1,6})(?:/|$)")


def only_item(request: Request, answer: Item) -> Item:
    """Return the one thing that was asked for; raises an error by remedy when anything speaks against it."""
    errors, data = items_of(answer, "errors"), items_of(answer, "data")
    if errors:
        raise _refusal(request, errors)
    if not data:
        raise not_told(request)
    return data[0]


def not_told(request: Request) -> UnavailableError:
    """Return the error for an answer that does not say that what was asked is done."""
    return UnavailableError(
        _("Criteo does not say whether this is done: {words}.", words=request.words),
        _("Run again: nothing is lost."),
    )


def all_items(request: Request, answer: Item) -> list[Item]:
    """Return everything found, perhaps nothing; raises an error by remedy when there are only errors."""
    errors, data = items_of(answer, "errors"), items_of(answer, "data")
    if errors and not data:
        raise _refusal(request, errors)
    return data


def all_done(request: Request, answer: Item, *, ids: Sequence[str]) -> None:
    """See that a bulk call did what was asked for each id; raises an error by remedy for the first that it did not."""
    errors = items_of(answer, "errors")
    if errors:
        raise refusal_of_item(request, errors[0], ids)
    missing = set(ids) - {str(it.get("id")) for it in items_of(answer, "data")}
    if missing:
        raise UnavailableError(
            _(
                "Criteo does not say whether this is done for {names}: {words}.",
                names=", ".join(sorted(missing)),
                words=request.words,
            ),
            _("Run again: nothing is lost."),
        )


def refusal_of_item(request: Request, error: Item, names: Sequence[str]) -> ToolkitError:
    """Return the error of one item of a bulk call, which names the item where Criteo tells which it is.

    Args:
        request: The call.
        error: What Criteo says of the item.
        names: What the items are called by, in the order in which they were sent.
    """
    name = _named(error, names)
    words = request.words if name is None else f"{request.words}, of which {name}"
    return error_of(words, request.problem(_OK, error), about=request.about)


def place_of(error: Item, names: Sequence[str]) -> int | None:
    """Return which item an error points at: by its place in what was sent, or by its id; None where it says neither."""
    source = error.get("source")
    pointer = source.get("pointer") if isinstance(source, dict) else source
    place = _PLACE.match(str(pointer or ""))
    if place is not None and int(place[1]) < len(names):
        return int(place[1])
    last = str(error.get("instance") or "").rpartition("/")[2]
    return names.index(last) if last in names else None


def _named(error: Item, names: Sequence[str]) -> str | None:
    place = place_of(error, names)
    return None if place is None else names[place]


def _refusal(request: Request, errors: list[Item]) -> ToolkitError:
    return error_of(request.words, request.problem(_OK, errors[0]), about=request.about)
