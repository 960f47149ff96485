"""Whom an audience reaches once a list is empty."""

import itertools

import pytest

from toolkit.criteo import Algebra, And, Not, Or, Segment, UnknownNode
from toolkit.criteo.algebra import to_json
from toolkit.sandbox.algebra import People, evaluate
from toolkit.targeting import Effect, effect_of

A, B, C = map(Segment, "ABC")
FUTURE = UnknownNode('{"atLeast":1}', ("A",))


@pytest.mark.parametrize(
    ("algebra", "emptied", "effect"),
    [
        (A, "A", Effect.NOBODY),
        (And((A, B)), "A", Effect.NOBODY),
        (Or((A, B)), "A", Effect.FEWER),
        (Or((A, B)), "AB", Effect.NOBODY),
        (Or((And((A, B)), And((A, C)))), "A", Effect.NOBODY),
        (And((B, Not(A))), "A", Effect.MORE),
        (Not(A), "A", Effect.EVERYBODY),
        (Not(Not(A)), "A", Effect.NOBODY),
        (Not(And((B, A))), "A", Effect.EVERYBODY),
        (Not(Or((B, A))), "A", Effect.MORE),
        (And((Or((A, B)), Not(C))), "A", Effect.FEWER),
        (And((Or((A, B)), Not(And((A, C))))), "A", Effect.UNKNOWN),
        (Or((And((A, B)), And((C, Not(A))))), "A", Effect.UNKNOWN),
        (Or((B, FUTURE)), "A", Effect.UNKNOWN),
        (And((Or((A, B)), FUTURE)), "A", Effect.UNKNOWN),
        (Or((And((A, B)), UnknownNode("{}", ("C",)))), "A", Effect.FEWER),
        (B, "A", Effect.UNKNOWN),
    ],
)
def test_effects_follow_the_algebra(algebra: Algebra, emptied: str, effect: Effect) -> None:
    assert effect_of(algebra, emptied) is effect


def test_doubtful_segments_make_it_unknown() -> None:
    assert effect_of(Or((B, C)), "A", doubtful="C") is Effect.UNKNOWN
    assert effect_of(And((A, C)), "A", doubtful="C") is Effect.NOBODY


def test_effects_hold_for_all_people() -> None:
    people = [frozenset(it) for size in range(3) for it in itertools.combinations("xy", size)]
    for algebra in _combinations():
        effect = effect_of(algebra, "A")
        for a, b, c in itertools.product(people, repeat=3):
            before = _reached(algebra, {"A": a, "B": b, "C": c})
            after = _reached(algebra, {"A": frozenset(), "B": b, "C": c})
            match effect:
                case Effect.NOBODY:
                    assert after == set()
                case Effect.EVERYBODY:
                    assert after == {*"xyz"}
                case Effect.FEWER:
                    assert after <= before
                case Effect.MORE:
                    assert after >= before


def _reached(algebra: Algebra, members: dict[str, frozenset[str]]) -> set[str]:
    found = evaluate(to_json(algebra), lambda it: People(members[it]))
    return {*"xyz"} - found.named if found.all_but else {*map(str, found.named)}


def _combinations() -> list[Algebra]:
    leaves: list[Algebra] = [A, B, C, Not(A), Not(B)]
    pairs: list[Algebra] = [kind(two) for kind in (And, Or) for two in itertools.product(leaves, repeat=2)]
    deeper: list[Algebra] = [kind((one, two)) for kind in (And, Or) for one in leaves for two in pairs[::4]]
    return [*leaves, *pairs, *deeper, *(Not(it) for it in [*pairs[::3], *deeper[::5]])]
