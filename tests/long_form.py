"""The long form of the suite, and the seed from which the short form chooses what it tries.

The seed is another each time, is told at the top of pytest's output, and can be named in the environment to find a
failure again.
"""

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


def choose_seed() -> int:
    """Choose a seed for all processes of this run of the suite, unless the environment names one."""
    os.environ[SEED_VARIABLE] = os.environ.get(SEED_VARIABLE) or str(randbelow(2**32))
    return seed()


def seed() -> int:
    """Return the seed of this run of the suite."""
    return int(os.environ[SEED_VARIABLE])


def one_of_each(things: Sequence[T], kind: Callable[[T], str], random: Random) -> list[T]:
    """Return one of each kind, in their order; all of them in the long form."""
    if IS_LONG:
        return list(things)
    return [things[it] for it in sorted(random.choice(same) for same in _alike(things, kind))]


def some_of_each(things: Sequence[T], kind: Callable[[T], str], random: Random) -> list[T]:
    """Return the first and the last of each kind and one between them, in their order; all of them in the long form."""
    if IS_LONG:
        return list(things)
    chosen: set[int] = set()
    for first, *others in _alike(things, kind):
        *between, last = others or [first]
        chosen |= {first, last, *random.sample(between, min(1, len(between)))}
    return [things[it] for it in sorted(chosen)]


def _alike(things: Sequence[T], kind: Callable[[T], str]) -> list[list[int]]:
    """Return the places of the things of each kind."""
    in_order = sorted(range(len(things)), key=lambda it: kind(things[it]))
    return [list(same) for _, same in groupby(in_order, lambda it: kind(things[it]))]
