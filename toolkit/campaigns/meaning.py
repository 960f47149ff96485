"""Whether two expressions mean the same people, however they are spelled.

Of a few segments, all cases are compared: a person is in each of them or not. The cases are the bits of a number, so
that four thousand of them are combined at once. Of more segments, the order of and and or, repetitions and double
negations are evened out.
"""

import hashlib
from collections.abc import Iterator, Sequence, Set

from toolkit.campaigns.expression import And, Expression, Leaf, Not, Or

_MOST_COMPARED_CASE_BY_CASE = 12
_MOST_TRIED = 18
"""Segments whose cases are tried to find somebody: their cases take 32 kB."""


def fingerprint(expression: Expression) -> str:
    """Return 16 hexadecimal digits that expressions of the same meaning share."""
    leaves = sorted(expression.leaves, key=str)
    if len(leaves) <= _MOST_COMPARED_CASE_BY_CASE:
        decisive = [it for it in leaves if _decides(expression, leaves, it)]
        meaning = f"{' '.join(map(str, decisive))} {_cases(expression, decisive):x}"
    else:
        meaning = _normal(expression)
    return hashlib.sha256(meaning.encode()).hexdigest()[:16]


def is_nobody(expression: Expression) -> bool:
    """Tell whether nobody can be in it, such as in ``A and not A``.

    A segment that is only asked for, or only excluded, can always be chosen so that it keeps nobody out. So only those
    that are both are compared case by case. Of more than 18 such, it is not known, and taken for somebody.
    """
    asked, excluded = set(_leaves_that(expression, are_in=True)), set(_leaves_that(expression, are_in=False))
    both = [it for it in expression.leaves if it in asked and it in excluded]
    return len(both) <= _MOST_TRIED and _cases(expression, both, held=asked - excluded) == 0


def is_everybody(expression: Expression) -> bool:
    """Tell whether everybody is in it, such as in ``A or not A``; as far as ``is_nobody`` knows."""
    return is_nobody(Not(expression))


def _leaves_that(expression: Expression, *, are_in: bool) -> Iterator[Leaf]:
    """Yield the segments of which it helps to be in them, or not to be, to be in the expression."""
    match expression:
        case And(children) | Or(children):
            for child in children:
                yield from _leaves_that(child, are_in=are_in)
        case Not(child):
            yield from _leaves_that(child, are_in=not are_in)
        case Leaf() if are_in:
            yield expression
        case _:
            return


def _cases(expression: Expression, leaves: Sequence[Leaf], *, held: Set[Leaf] = frozenset()) -> int:
    """Return in which cases a person is in it: bit n is the case in which they are in the leaves of n's bits.

    In leaves that are not among these, they are not; in those of ``held``, they always are.
    """
    match expression:
        case And(children):
            found = _all(len(leaves))
            for child in children:
                found &= _cases(child, leaves, held=held)
            return found
        case Or(children):
            found = 0
            for child in children:
                found |= _cases(child, leaves, held=held)
            return found
        case Not(child):
            return _all(len(leaves)) ^ _cases(child, leaves, held=held)
        case _ if expression in held:
            return _all(len(leaves))
        case _:
            return _within(leaves.index(expression), len(leaves)) if expression in leaves else 0


def _decides(expression: Expression, leaves: Sequence[Leaf], leaf: Leaf) -> bool:
    """Tell whether there is a case in which it matters whether a person is in the leaf."""
    place = leaves.index(leaf)
    cases, within = _cases(expression, leaves), _within(place, len(leaves))
    return (cases & within) >> (1 << place) != cases & ~within


def _within(place: int, count: int) -> int:
    """Return the cases in which a person is in the leaf at a place."""
    block = 1 << place
    half = (1 << block) - 1 << block
    pattern, length = half, 2 * block
    while length < 1 << count:
        pattern |= pattern << length
        length *= 2
    return pattern


def _all(count: int) -> int:
    return (1 << (1 << count)) - 1


def _normal(expression: Expression) -> str:
    match expression:
        case And(children) | Or(children):
            name = "and" if isinstance(expression, And) else "or"
            return f"{name}({','.join(sorted({_normal(it) for it in children}))})"
        case Not(child):
            return f"not({_normal(child)})"
        case _:
            return str(expression)
