"""How a Criteo audience combines segments: a value, as Criteo's JSON has it, and read from it.

Nodes of a kind that is not known yet are kept as what they are: unknown.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from uuid import uuid4

import orjson

from toolkit.criteo.models import Item
from toolkit.errors import ConfigurationError
from toolkit.translatable import _

_DEEPEST = 64


@dataclass(frozen=True)
class Segment:
    """The people of one audience segment."""

    id: str

    def __str__(self) -> str:
        return self.id


@dataclass(frozen=True)
class And:
    """The people whom all nodes reach."""

    nodes: tuple["Algebra", ...]

    def __str__(self) -> str:
        return f"({' and '.join(map(str, self.nodes))})"


@dataclass(frozen=True)
class Or:
    """The people whom at least one node reaches."""

    nodes: tuple["Algebra", ...]

    def __str__(self) -> str:
        return f"({' or '.join(map(str, self.nodes))})"


@dataclass(frozen=True)
class Not:
    """The people whom a node does not reach."""

    node: "Algebra"

    def __str__(self) -> str:
        return f"not {self.node}"


@dataclass(frozen=True)
class UnknownNode:
    """A node that this version can't read; ``segment_ids`` are those that are named anywhere in it."""

    said: str = field(repr=False)
    """Criteo's JSON, its keys in order: two nodes are equal when it is."""
    segment_ids: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "?"


Algebra = Segment | And | Or | Not | UnknownNode


def to_json(algebra: Algebra) -> Item:
    """Return the combination as Criteo's JSON.

    Raises:
        ConfigurationError: It holds a node that can't be read, or one that combines nothing.
    """
    match algebra:
        case Segment(id):
            return {"audienceSegmentId": id}
        case Not(node):
            return {"not": to_json(node)}
        case And(nodes) | Or(nodes) if nodes:
            return {"and" if isinstance(algebra, And) else "or": [to_json(it) for it in nodes]}
        case UnknownNode():
            raise ConfigurationError(
                _("The audience holds a combination that this version can't read."),
                _("Change it at Criteo, or install a newer toolkit."),
            )
        case _:
            raise ConfigurationError(_("A combination of no segments reaches nobody."), _("Combine at least one."))


def read_algebra(said: object, *, depth: int = 0) -> Algebra:
    """Return the combination that an answer of Criteo's tells; what can't be read is an UnknownNode."""
    if isinstance(said, dict) and depth <= _DEEPEST:
        match {kind: value for kind, value in said.items() if value is not None}:
            case {"audienceSegmentId": str() | int() as id, **others} if not others and not isinstance(id, bool):
                return Segment(str(id))
            case {"not": dict() as node, **others} if not others:
                return Not(read_algebra(node, depth=depth + 1))
            case {"and": [_first, *_] as nodes, **others} if not others:
                return And(tuple(read_algebra(it, depth=depth + 1) for it in nodes))
            case {"or": [_first, *_] as nodes, **others} if not others:
                return Or(tuple(read_algebra(it, depth=depth + 1) for it in nodes))
    try:
        as_json = orjson.dumps(said, option=orjson.OPT_SORT_KEYS).decode()
    except orjson.JSONEncodeError:
        # Too deep to be written again: it is equal to nothing, so that nobody takes it for what it was.
        as_json = str(uuid4())
    return UnknownNode(as_json, tuple(dict.fromkeys(_named_in(said))))


def segment_ids(algebra: Algebra) -> tuple[str, ...]:
    """Return the segments that a combination names, each once, in order."""
    return tuple(dict.fromkeys(_segment_ids(algebra)))


def is_readable(algebra: Algebra) -> bool:
    """Tell whether every node is of a known kind."""
    match algebra:
        case Segment():
            return True
        case Not(node):
            return is_readable(node)
        case And(nodes) | Or(nodes):
            return all(map(is_readable, nodes))
        case _:
            return False


def _segment_ids(algebra: Algebra) -> Iterator[str]:
    match algebra:
        case Segment(id):
            yield id
        case Not(node):
            yield from _segment_ids(node)
        case And(nodes) | Or(nodes):
            for node in nodes:
                yield from _segment_ids(node)
        case UnknownNode(segment_ids=named):
            yield from named


def _named_in(said: object) -> Iterator[str]:
    waiting: list[object] = [said]
    while waiting:
        it = waiting.pop()
        values: Iterable[object] = ()
        if isinstance(it, dict):
            named = it.get("audienceSegmentId")
            if isinstance(named, str | int):
                yield str(named)
            values = it.values()
        elif isinstance(it, list):
            values = it
        waiting += values
