"""How an audience combines segments: which combinations are well formed, and how many people one reaches."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

PEOPLE = 40_000_000
"""How many people the sandbox says Criteo can reach in all."""
_DEEPEST = 32

Node = dict[str, Any]
Atom = object
"""Somebody, or a block of people that segments hold in whole or not at all."""


class UnknownNodeError(Exception):
    """A node is of a kind that the sandbox can't evaluate."""


@dataclass(frozen=True)
class People:
    """A set of people: those named, or everybody but those named."""

    named: frozenset[Atom] = frozenset()
    all_but: bool = False

    def __and__(self, other: "People") -> "People":
        match self.all_but, other.all_but:
            case False, False:
                return People(self.named & other.named)
            case False, True:
                return People(self.named - other.named)
            case True, False:
                return People(other.named - self.named)
            case _:
                return People(self.named | other.named, all_but=True)

    def __invert__(self) -> "People":
        return People(self.named, not self.all_but)

    def __or__(self, other: "People") -> "People":
        return ~(~self & ~other)

    def size(self, weigh: Callable[[Atom], int]) -> int:
        """Count them; ``weigh`` tells how many people an atom stands for."""
        named = sum(map(weigh, self.named))
        return max(PEOPLE - named, 0) if self.all_but else named


def evaluate(node: Node, people_of: Callable[[str], People], *, depth: int = 0) -> People:
    """Return whom a combination reaches; raises UnknownNodeError for a node of another kind."""
    if wrong_with(node, depth=depth) is not None:
        raise UnknownNodeError
    ((kind, value),) = _said(node).items()
    match kind:
        case "audienceSegmentId":
            return people_of(value)
        case "not":
            return ~evaluate(value, people_of, depth=depth + 1)
        case "and":
            found = People(all_but=True)
            for it in value:
                found &= evaluate(it, people_of, depth=depth + 1)
            return found
        case _:
            found = People()
            for it in value:
                found |= evaluate(it, people_of, depth=depth + 1)
            return found


def wrong_with(node: object, *, depth: int = 0) -> str | None:
    """Return what is wrong with a combination; None when it is well formed."""
    if depth > _DEEPEST:
        return "The algebra is nested too deeply"
    if not isinstance(node, dict):
        return "A node of the algebra is no object"
    said = _said(node)
    if len(said) != 1 or not said.keys() <= {"audienceSegmentId", "and", "or", "not"}:
        return "A node of the algebra holds exactly one of audienceSegmentId, and, or, not"
    ((kind, value),) = said.items()
    match kind, value:
        case "audienceSegmentId", _:
            return None if isinstance(value, str) and value else "audienceSegmentId is no id"
        case "not", _:
            parts = [value]
        case _, [_first, *_others]:
            parts = value
        case _:
            return f"{kind} needs at least one node"
    return next((it for it in (wrong_with(part, depth=depth + 1) for part in parts) if it is not None), None)


def segment_ids(node: object) -> Iterator[str]:
    """Return the segments that a combination names, in nodes of any kind."""
    values: Iterable[object] = ()
    if isinstance(node, dict):
        named = node.get("audienceSegmentId")
        if isinstance(named, str):
            yield named
        values = node.values()
    elif isinstance(node, list):
        values = node
    for value in values:
        yield from segment_ids(value)


def _said(node: Node) -> Node:
    return {kind: value for kind, value in node.items() if value is not None}
