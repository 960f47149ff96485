"""Whether two expressions mean the same people, however they are spelled.

Of a few segments, all cases are compared: a person is in each of them or not. The cases are the bits of a number, so
that four thousand of them are combined at once. Of more segments, the order of and and or, repetitions and double
negations are evened out.
"""

import hashlib
from collections.abc import Sequence

from toolkit.campaigns.expression import And, Expression, Leaf, Not, Or

_MOST_COMPARED_CASE_BY_CASE = 12


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
    """Tell whether nobody can be in it, such as in ``A and not A``."""
    leaves = expression.leaves
    return len(leaves) <= _MOST_COMPARED_CASE_BY_CASE and _cases(expression, leaves) == 0


def is_everybody(expression: Expression) -> bool:
    """Tell whether everybody is in it, such as in ``A or not A``."""
    leaves = expression.leaves
    return len(leaves) <= _MOST_COMPARED_CASE_BY_CASE and _cases(expression, leaves) == _all(len(leaves))


def _cases(expression: Expression, leaves: Sequence[Leaf]) -> int:
    """Return in which cases a person is in it: bit n is the case in which they are in the leaves of n's bits.

    In leaves that are not among these, they are not.
    """
    match expression:
        case And(children):
            found = _all(len(leaves))
            for child in children:
                found &= _cases(child, leaves)
            return found
        case Or(children):
            found = 0
            for child in children:
                found |= _cases(child, leaves)
            return found
        case Not(child):
            return _all(len(leaves)) ^ _cases(child, leaves)
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
