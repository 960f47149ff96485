"""Calls on many items at once: a hundred in a call, and a result for each item."""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from toolkit.criteo.envelope import all_items, place_of, refusal_of_item
from toolkit.criteo.errors import About
from toolkit.criteo.http import Request
from toolkit.criteo.models import Answered, AnsweredT, Item, flattened, items_of, read
from toolkit.criteo.transport import DONE, Transport
from toolkit.errors import TooLargeError, ToolkitError, UnavailableError
from toolkit.translatable import _

ITEMS_A_CALL = 100
"""How many items a call holds, and a page: Criteo's search gives no more, and no other limit is known."""

_MOST_READINGS = 3
"""Somewhere changes all the time: what three readings found together is taken."""

T = TypeVar("T")
Filters = dict[str, list[str]]


@dataclass(frozen=True)
class ItemResult(Generic[T]):
    """What became of one item of a bulk call: a value, or an error with Criteo's code for it."""

    value: T | None
    error: ToolkitError | None = None
    code: str = ""

    def require(self) -> T:
        """Return the value; raises the error where there is none."""
        if self.value is None:
            raise self.error or UnavailableError(_("Criteo does not say what was done."), _("Run again."))
        return self.value


@dataclass(frozen=True)
class Bulk(Generic[AnsweredT]):
    """A bulk call, before it knows its items; ``words`` say it of so many."""

    kind: type[AnsweredT]
    words: Callable[[int], str]
    method: str
    path: str
    about: About
    matches: Callable[[Item, AnsweredT], bool]
    """Whether something in an answer is what became of an item."""
    name: Callable[[Item], str]
    """What an item is called in an error."""
    only_reads: bool = False
    silence: Callable[[Item], AnsweredT] | None = None
    """What an item became where all was done and the answer is empty, with status 204."""

    def run(self, transport: Transport, items: Sequence[Item]) -> list[ItemResult[AnsweredT]]:
        """Make the call for all items; return the result of each, in their order.

        Raises:
            ToolkitError: A call failed as a whole; those of earlier items were made.
        """
        some = [items[start : start + ITEMS_A_CALL] for start in range(0, len(items), ITEMS_A_CALL)]
        return [result for each in some for result in self._some(transport, each)]

    def _some(self, transport: Transport, items: Sequence[Item]) -> list[ItemResult[AnsweredT]]:
        request = Request(
            self.words(len(items)),
            self.method,
            self.path,
            body={"data": list(items)},
            about=self.about,
            only_reads=self.only_reads,
        )
        try:
            answer = transport.call(request)
        except TooLargeError:
            if len(items) == 1:
                raise
            middle = len(items) // 2
            return self._some(transport, items[:middle]) + self._some(transport, items[middle:])
        return self._results(request, items, answer)

    def _results(self, request: Request, items: Sequence[Item], answer: Item) -> list[ItemResult[AnsweredT]]:
        if self.silence is not None and answer == DONE:
            return [ItemResult(self.silence(it)) for it in items]
        found = [read(self.kind, flattened(it)) for it in items_of(answer, "data") if it.get("id") is not None]
        results: list[ItemResult[AnsweredT] | None] = []
        for item in items:
            its = next((it for it in found if self.matches(item, it)), None)
            results.append(None if its is None else ItemResult(its))
        names = [self.name(it) for it in items]
        nameless: list[ItemResult[AnsweredT]] = []
        for error in items_of(answer, "errors"):
            refused: ItemResult[AnsweredT] = _refused(request, error, names)
            place = place_of(error, names)
            if place is None:
                nameless.append(refused)
            elif results[place] is None:
                results[place] = refused
        return list(_filled(request, results, names, nameless))


def _refused(request: Request, error: Item, names: Sequence[str]) -> ItemResult[AnsweredT]:
    return ItemResult(None, refusal_of_item(request, error, names), str(error.get("code") or ""))


def _filled(
    request: Request,
    results: Sequence[ItemResult[AnsweredT] | None],
    names: Sequence[str],
    nameless: list[ItemResult[AnsweredT]],
) -> Iterator[ItemResult[AnsweredT]]:
    """Give what is without a result an error that names no item, in their order; the last one stands for the rest."""
    for result, name in zip(results, names, strict=True):
        if result is not None:
            yield result
        elif nameless:
            yield nameless.pop(0) if len(nameless) > 1 else nameless[0]
        else:
            words = f"{request.words}, of which {name}"
            said = _("Criteo does not say whether this is done: {words}.", words=words)
            yield ItemResult(None, UnavailableError(said, _("Run again: nothing is lost.")))


def search(
    transport: Transport, kind: type[AnsweredT], request: Callable[[dict[str, int]], Request]
) -> Iterator[tuple[str, AnsweredT]]:
    """Return what a paged search finds, each once, with its id; ``request`` makes the call of a page.

    What is deleted while the pages are read moves what comes after it to a page that was read already: where the total
    changes, they are read again.
    """
    known: set[str] = set()
    for _time in range(_MOST_READINGS):
        seen: set[str] = set()
        totals: set[int] = set()
        while True:
            page = request({"limit": ITEMS_A_CALL, "offset": len(seen)})
            answer = transport.call(page)
            found = {str(it.get("id")): it for it in all_items(page, answer)}
            new = found.keys() - seen
            for its_id, it in found.items():
                if its_id in new - known:
                    yield its_id, read(kind, flattened(it))
            seen |= new
            total = next(iter(items_of(answer, "meta")), {}).get("totalItems")
            totals |= {total} if isinstance(total, int) else set()
            # Without a total, the end is where a page brings nothing new.
            if not new or (isinstance(total, int) and len(seen) >= total):
                break
        known |= seen
        if len(totals) <= 1:
            return


def each_hundred(filters: Mapping[str, Sequence[str] | None]) -> Iterator[Filters]:
    """Return the filters of as many calls as are needed, for each takes a hundred ids.

    A filter that is None is none; one without any id finds nothing, and so needs no call. What several calls find is
    to be joined: only where an answer is in more than one is it found twice.
    """
    given = {name: list(dict.fromkeys(ids)) for name, ids in filters.items() if ids is not None}
    pages = [
        [(name, ids[start : start + ITEMS_A_CALL]) for start in range(0, len(ids), ITEMS_A_CALL)]
        for name, ids in given.items()
    ]
    return (dict(some) for some in itertools.product(*pages))


def by_id(item: Item, found: Answered) -> bool:
    """Tell whether something in an answer has the id of an item."""
    return str(item["id"]) == getattr(found, "id", None)


def id_of(item: Item) -> str:
    """Return the id of an item."""
    return str(item["id"])
