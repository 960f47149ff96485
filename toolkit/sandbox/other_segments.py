"""The segments of an advertiser that are no contact lists: lookalikes, visitors of its website, and everybody else."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal

from toolkit.sandbox.algebra import Atom, People

_FEWEST_OF_A_LOOKALIKE = 1_000
_DAYS = 180
"""How long a visit is remembered."""
_BUYERS_A_DAY, _OTHERS_A_DAY = 40, 400


class VisitorsType(StrEnum):
    """Whom a segment of visitors holds."""

    ALL = "All"
    BUYERS = "Buyers"
    NON_BUYERS = "NonBuyers"


class UsersType(StrEnum):
    """Whom a segment of prospects holds."""

    PROSPECTS = "Prospects"
    PROSPECTS_OR_NON_BUYERS = "ProspectsOrNonBuyers"


@dataclass(frozen=True, slots=True)
class Lookalike:
    """People like those of another segment."""

    seed: str
    target_size: int | None
    kind: Literal["Lookalike"] = "Lookalike"


@dataclass(frozen=True, slots=True)
class Retargeting:
    """Visitors of the advertiser's website."""

    visitors: VisitorsType
    least_days: int
    most_days: int
    kind: Literal["Retargeting"] = "Retargeting"


@dataclass(frozen=True, slots=True)
class Prospecting:
    """People who did not visit the advertiser's website."""

    users: UsersType
    least_days: int | None
    most_days: int | None
    kind: Literal["Prospecting"] = "Prospecting"


Settings = Lookalike | Retargeting | Prospecting


@dataclass(frozen=True, slots=True)
class OtherSegment:
    """A segment as it is from a moment on; kept as it is, a change of it is another."""

    id: int
    advertiser_id: str
    name: str
    description: str | None
    settings: Settings
    created_at: datetime
    at: datetime
    kind: Literal["segment"] = "segment"


@dataclass(frozen=True, slots=True)
class SegmentDeleted:
    """A segment that is gone."""

    id: int
    at: datetime
    kind: Literal["segment deleted"] = "segment deleted"


@dataclass(frozen=True, slots=True)
class _Visitors:
    """Those of one advertiser who were last seen so many days ago."""

    advertiser_id: str
    days: int
    bought: bool


@dataclass(frozen=True, slots=True)
class _Alike:
    """Those whom a lookalike found."""

    segment_id: int
    count: int = field(compare=False)


def weigh(atom: Atom) -> int:
    """Return how many people an atom stands for."""
    match atom:
        case _Visitors(bought=bought):
            return _BUYERS_A_DAY if bought else _OTHERS_A_DAY
        case _Alike(count=count):
            return count
        case _:
            return 1


def people_of(segment: OtherSegment) -> People:
    """Return whom a segment holds."""
    match segment.settings:
        case Lookalike(target_size=target_size):
            return People(frozenset([_Alike(segment.id, target_size or _FEWEST_OF_A_LOOKALIKE)]))
        case Retargeting(visitors, least, most):
            kinds = [
                it for it in (True, False) if visitors is VisitorsType.ALL or it is (visitors is VisitorsType.BUYERS)
            ]
            return _visitors(segment.advertiser_id, least, most, kinds)
        case Prospecting(users, least, most):
            strangers = ~_visitors(segment.advertiser_id, 0, _DAYS, [True, False])
            if users is UsersType.PROSPECTS:
                return strangers
            return strangers | _visitors(segment.advertiser_id, least or 0, _DAYS if most is None else most, [False])


def _visitors(advertiser_id: str, least: int, most: int, kinds: list[bool]) -> People:
    days = range(max(least, 0), min(most, _DAYS) + 1)
    return People(frozenset(_Visitors(advertiser_id, day, bought) for day in days for bought in kinds))


class OtherSegments:
    """All of them by id, oldest first."""

    def __init__(self) -> None:
        self._by_id: dict[int, OtherSegment] = {}
        self.next_id = 0
        """The least id that none had before."""

    def __iter__(self) -> Iterator[OtherSegment]:
        return iter(self._by_id.values())

    def find(self, segment_id: str) -> OtherSegment | None:
        """Return the segment with this id."""
        return self._by_id.get(int(segment_id)) if segment_id.isascii() and segment_id.isdigit() else None

    def apply(self, change: OtherSegment | SegmentDeleted) -> None:
        """Let one change take effect."""
        if isinstance(change, SegmentDeleted):
            self._by_id.pop(change.id, None)
        else:
            self._by_id[change.id] = change
            self.next_id = max(self.next_id, change.id + 1)
