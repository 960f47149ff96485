"""Who may call, and how often: tokens that die, and the rate limit."""

import math
import secrets
from dataclasses import dataclass
from enum import Enum, auto


class TokenState(Enum):
    """What a token is worth."""

    ALIVE = auto()
    EXPIRED = auto()
    INVALID = auto()


class Tokens:
    """The tokens that were issued; several may be alive at once."""

    def __init__(self, life_seconds: float) -> None:
        self.life_seconds = life_seconds
        self._ends: dict[str, float] = {}

    def issue(self, now: float) -> str:
        """Return a new token."""
        token = secrets.token_urlsafe(32)
        self._ends[token] = now + self.life_seconds
        return token

    def state(self, token: str, now: float) -> TokenState:
        """Tell what a token is worth now."""
        if token not in self._ends:
            return TokenState.INVALID
        return TokenState.ALIVE if now < self._ends[token] else TokenState.EXPIRED

    def expire_all(self) -> None:
        """End every token issued so far."""
        self._ends = dict.fromkeys(self._ends, -math.inf)


@dataclass(frozen=True)
class Allowance:
    """How one call stands towards the limit; ``resets_at`` in Unix seconds."""

    limit: int
    remaining: int
    resets_at: float
    passed: bool

    def headers(self) -> dict[str, str]:
        """Criteo's three headers; the reset is rounded up, so that waiting for it is waiting long enough."""
        return {
            "x-ratelimit-limit": str(self.limit),
            "x-ratelimit-remaining": str(self.remaining),
            "x-ratelimit-reset": str(math.ceil(self.resets_at)),
        }


class Pace:
    """A limit of calls a minute, in minutes that begin with the first call."""

    def __init__(self, calls_per_minute: int, minute_seconds: float) -> None:
        self._limit = calls_per_minute
        self._minute_seconds = minute_seconds
        self._ends_at = -math.inf
        self._used = 0

    def count(self, now: float) -> Allowance:
        """Count one call."""
        self._turn(now)
        self._used += 1
        return self._allowance(passed=self._used <= self._limit)

    def look(self, now: float) -> Allowance:
        """Return how things stand for a call that does not count, and so always passes."""
        self._turn(now)
        return self._allowance(passed=True)

    def _turn(self, now: float) -> None:
        if now >= self._ends_at:
            self._ends_at, self._used = now + self._minute_seconds, 0

    def _allowance(self, *, passed: bool) -> Allowance:
        return Allowance(self._limit, max(self._limit - self._used, 0), self._ends_at, passed)
