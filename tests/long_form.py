"""The long form of the suite, and the seed from which the short form chooses what it tries."""

import os
from collections.abc import Callable, Sequence
from itertools import groupby
from random import Random
from secrets import randbelow
from typing import TypeVar

LONG_VARIABLE = "TOOLKIT_TESTS_LONG"
"""Set, it lets runs be killed and stopped at each instant on each database, and more often at random."""
SEED_VARIABLE = "TOOLKIT_TESTS_SEED"

IS_LONG = bool(os.environ.get(LONG_VARIABLE))

T = TypeVar("T")


def seed() -> int:
    """Return the seed that is named in the environment, or another each time; it is told, so that a failure is found again."""
    chosen = int(os.environ.get(SEED_VARIABLE) or randbelow(2**32))
    print(f"{SEED_VARIABLE}={chosen}")
    return chosen


def some_of_each(things: Sequence[T], kind: Callable[[T], str], random: Random) -> list[T]:
    """Return the first and the last of each kind and one between them, in their order; all of them in the long form."""
    if IS_LONG:
        return list(things)
    chosen: set[int] = set()
    for _, same in groupby(sorted(range(len(things)), key=lambda it: kind(things[it])), lambda it: kind(things[it])):
        first, *others = same
        *between, last = others or [first]
        chosen |= {first, last, *random.sample(between, min(1, len(between)))}
    return [things[it] for it in sorted(chosen)]
