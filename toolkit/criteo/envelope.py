"""What an answer of status 200 holds, and what it says against the call all the same."""

from collections.abc import Iterable

from toolkit.criteo.errors import error_of
from toolkit.criteo.http import Request
from toolkit.criteo.models import Item, items_of
from toolkit.errors import ToolkitError, UnavailableError
from toolkit.translatable import _

_OK = 200


def only_item(request: Request, answer: Item) -> Item:
    """Return the one thing that was asked for; raises an error by remedy when anything speaks against it."""
    errors, data = items_of(answer, "errors"), items_of(answer, "data")
    if errors:
        raise _refusal(request, errors)
    if not data:
        raise UnavailableError(
            _("Criteo does not say whether this is done: {words}.", words=request.words),
            _("Run again: nothing is lost."),
        )
    return data[0]


def all_items(request: Request, answer: Item) -> list[Item]:
    """Return everything found, perhaps nothing; raises an error by remedy when there are only errors."""
    errors, data = items_of(answer, "errors"), items_of(answer, "data")
    if errors and not data:
        raise _refusal(request, errors)
    return data


def all_done(request: Request, answer: Item, *, ids: Iterable[str]) -> None:
    """See that a bulk call did what was asked for each id; raises an error by remedy for the first that it did not."""
    errors = items_of(answer, "errors")
    if errors:
        raise _refusal(request, errors)
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


def _refusal(request: Request, errors: list[Item]) -> ToolkitError:
    return error_of(request.words, request.problem(_OK, errors[0]))
