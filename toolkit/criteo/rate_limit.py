"""No more calls than Criteo allows, and patience where it asks for it."""

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime

from toolkit.translatable import _

CALLS_A_MINUTE = 250
_MINUTE = 60.0
# A limit a minute long never asks for more; a header that does is not to be believed.
_LONGEST_ASKED_SECONDS = 3600.0


@dataclass(frozen=True)
class RetryPolicy:
    """How long one call is tried for in all, and how long each part of it may take.

    ``answer_seconds`` count from when the first byte of a try may leave until its whole answer is there. The waits
    between tries double from the first to the longest, with jitter on top.
    """

    seconds: float = 300
    first_wait_seconds: float = 1
    longest_wait_seconds: float = 30
    connect_seconds: float = 10
    answer_seconds: float = 120


@dataclass(frozen=True)
class Wait:
    """A pause before the next try, told to whoever watches; ``seconds_left`` of patience remain after it."""

    seconds: float
    reason: str
    seconds_left: float = 0.0
    repeats: bool = False
    """Whether a call failed that is then tried again; if not, it only waits for its turn."""

    def __str__(self) -> str:
        return _(
            "Waiting {seconds:.1f} s, {seconds_left:.0f} s of patience left: {reason}",
            seconds=self.seconds,
            seconds_left=self.seconds_left,
            reason=self.reason,
        )


class RateLimiter:
    """Lets calls through at the rate that one application is allowed, over all threads of the process."""

    def __init__(self, *, calls_a_minute: int = CALLS_A_MINUTE, clock: Callable[[], float] = time.monotonic) -> None:
        self._calls_a_minute = calls_a_minute
        self._clock = clock
        self._lock = threading.Lock()
        self._begun: deque[float] = deque()
        self._not_before = 0.0
        self._resets_at = math.inf
        self._left_by_criteo: float = math.inf

    @property
    def calls_a_minute(self) -> int:
        """The limit, as Criteo told it last."""
        return self._calls_a_minute

    @property
    def calls_left(self) -> int:
        """How many calls may begin now without waiting, as far as this process and Criteo's last answer know."""
        with self._lock:
            now = self._clock()
            self._forget_what_is_over(now)
            if now < self._not_before:
                return 0
            return int(max(min(self._calls_a_minute - len(self._begun), self._left_by_criteo), 0))

    def take_turn(self) -> float:
        """Count a call that begins now and return 0, or return how many seconds to wait before asking again."""
        with self._lock:
            now = self._clock()
            if now < self._not_before:
                return self._not_before - now
            self._forget_what_is_over(now)
            if len(self._begun) >= self._calls_a_minute:
                return min(self._begun[0] + _MINUTE, self._resets_at) - now
            self._begun.append(now)
            self._left_by_criteo -= 1
            return 0.0

    def _forget_what_is_over(self, now: float) -> None:
        if now >= self._resets_at:
            self._begun.clear()
            self._resets_at = self._left_by_criteo = math.inf
        while self._begun and self._begun[0] + _MINUTE <= now:
            self._begun.popleft()

    def learn(self, headers: Mapping[str, str], *, now: float) -> None:
        """Take over what an answer says of the limit; when nothing is left of it, hold all calls until the reset."""
        limit = _whole_number(headers.get("x-ratelimit-limit"))
        left = _whole_number(headers.get("x-ratelimit-remaining"))
        seconds = _seconds_to_reset(headers, now=now)
        with self._lock:
            if limit:
                self._calls_a_minute = limit
            if seconds:
                self._resets_at = self._clock() + seconds
                # Other processes may use the same application.
                self._left_by_criteo = math.inf if left is None else left
                if left == 0:
                    self._not_before = max(self._not_before, self._resets_at)

    def hold(self, seconds: float) -> None:
        """Let no call begin for so long."""
        with self._lock:
            self._not_before = max(self._not_before, self._clock() + seconds)


_paces: dict[tuple[str, str], RateLimiter] = {}
_paces_lock = threading.Lock()


def rate_limiter_of(host: str, client_id: str) -> RateLimiter:
    """Return the one pace that all clients of an application share in this process."""
    with _paces_lock:
        return _paces.setdefault((host, client_id), RateLimiter())


def seconds_asked_for(headers: Mapping[str, str], *, now: float) -> float | None:
    """Return how long an answer over the limit asks to wait, None when it does not say, or says what cannot be meant.

    ``now`` in Unix seconds counts only where the answer brings no time of its own.
    """
    if "Retry-After" in headers:
        return retry_after_seconds(headers, now=now)
    return _seconds_to_reset(headers, now=now)


def retry_after_seconds(headers: Mapping[str, str], *, now: float) -> float | None:
    """Return what ``Retry-After`` asks for, as ``seconds_asked_for`` does."""
    after = headers.get("Retry-After")
    seconds = _number(after)
    if seconds is None and (moment := _moment(after)) is not None:
        seconds = moment - _time_of_answer(headers, now)
    return _sensible(seconds)


def _seconds_to_reset(headers: Mapping[str, str], *, now: float) -> float | None:
    reset = _number(headers.get("x-ratelimit-reset"))
    return None if reset is None else _sensible(reset - _time_of_answer(headers, now))


def _time_of_answer(headers: Mapping[str, str], now: float) -> float:
    """Return the time of whoever answers: this machine's clock may be wrong, or jump."""
    moment = _moment(headers.get("Date"))
    return now if moment is None else moment


def _sensible(seconds: float | None) -> float | None:
    return seconds if seconds is not None and 0 < seconds <= _LONGEST_ASKED_SECONDS else None


def _moment(text: str | None) -> float | None:
    try:
        moment = parsedate_to_datetime(text or "")
        # A date of HTTP is in UTC, whether it says so or not.
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _whole_number(text: str | None) -> int | None:
    number = _number(text)
    return None if number is None or number < 0 else int(number)
