"""What it does to a Criteo audience when segments that it combines hold nobody any more."""

from collections.abc import Collection
from enum import Enum, StrEnum, auto

from toolkit.criteo import Algebra, And, Not, Or, Segment, UnknownNode


class Effect(StrEnum):
    """Whom an audience reaches once a list is empty.

    Examples:
        >>> from toolkit.criteo import And, Not, Segment
        >>> from toolkit.targeting import effect_of
        >>> effect_of(And((Segment("1"), Not(Segment("2")))), ["2"])
        <Effect.MORE: 'more people'>
    """

    NOBODY = "nobody"
    FEWER = "fewer people"
    MORE = "more people"
    """The list is excluded: those whom it kept out are reached."""
    EVERYBODY = "everybody"
    UNKNOWN = "unknown"
    """It can't be told: the list is in a node of a kind that is not known, or both adds people and excludes them."""


class _Reach(Enum):
    """Whom a node reaches, whoever the other segments hold."""

    NOBODY = auto()
    SOME = auto()
    EVERYBODY = auto()


_OPPOSITE = {_Reach.NOBODY: _Reach.EVERYBODY, _Reach.EVERYBODY: _Reach.NOBODY, _Reach.SOME: _Reach.SOME}


def effect_of(algebra: Algebra, emptied: Collection[str], *, doubtful: Collection[str] = ()) -> Effect:
    """Tell whom an audience reaches once segments are empty.

    Args:
        algebra: How the audience combines segments.
        emptied: Ids of segments that hold nobody any more.
        doubtful: Ids of segments of which nobody knows what they hold then, such as lookalikes of an empty list.

    Returns:
        The effect; unknown where an audience names none of them in a way that can be read.
    """
    match _reach(algebra, emptied):
        case _Reach.NOBODY:
            return Effect.NOBODY
        case _Reach.EVERYBODY:
            return Effect.EVERYBODY
    adds = _occurs(algebra, emptied, excludes=False)
    excludes = _occurs(algebra, emptied, excludes=True)
    is_doubtful = any(_occurs(algebra, doubtful, excludes=it) for it in (False, True))
    if adds is excludes or is_doubtful or _hides(algebra, {*emptied, *doubtful}):
        return Effect.UNKNOWN
    return Effect.FEWER if adds else Effect.MORE


def _reach(node: Algebra, emptied: Collection[str]) -> _Reach:
    match node:
        case Segment(id):
            return _Reach.NOBODY if id in emptied else _Reach.SOME
        case Not(inner):
            return _OPPOSITE[_reach(inner, emptied)]
        case And(nodes):
            return _combined([_reach(it, emptied) for it in nodes], stops=_Reach.NOBODY)
        case Or(nodes):
            return _combined([_reach(it, emptied) for it in nodes], stops=_Reach.EVERYBODY)
        case _:
            return _Reach.SOME


def _combined(reaches: Collection[_Reach], *, stops: _Reach) -> _Reach:
    """Return what nodes reach together; one that ``stops`` decides, and so do all that are its opposite."""
    if stops in reaches:
        return stops
    opposite = _OPPOSITE[stops]
    return opposite if set(reaches) == {opposite} else _Reach.SOME


def _occurs(node: Algebra, ids: Collection[str], *, excludes: bool) -> bool:
    """Tell whether a segment is named where it adds people or, under an odd number of ``not``, excludes them."""
    match node:
        case Segment(id):
            return not excludes and id in ids
        case Not(inner):
            return _occurs(inner, ids, excludes=not excludes)
        case And(nodes) | Or(nodes):
            return any(_occurs(it, ids, excludes=excludes) for it in nodes)
        case _:
            return False


def _hides(node: Algebra, ids: Collection[str]) -> bool:
    """Tell whether a node that can't be read names one of the segments."""
    match node:
        case Not(inner):
            return _hides(inner, ids)
        case And(nodes) | Or(nodes):
            return any(_hides(it, ids) for it in nodes)
        case UnknownNode(segment_ids=named):
            return bool({*named} & {*ids})
        case _:
            return False
