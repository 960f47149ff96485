"""No more calls than Criteo allows, and patience where it asks for it."""

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

CALLS_A_MINUTE = 250
_MINUTE = 60.0


@dataclass(frozen=True)
class Wait:
    """A pause before the next try, told to whoever watches."""

    seconds: float
    reason: str


class Pace:
    """Lets calls through at the rate that one application is allowed, over all threads of the process."""

    def __init__(
        self,
        *,
        calls_a_minute: int = CALLS_A_MINUTE,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._calls_a_minute = calls_a_minute
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._begun: deque[float] = deque()
        self._not_before = 0.0

    def wait_for_turn(self) -> None:
        """Return when the next call may begin."""
        while (seconds := self._take_turn()) > 0:
            self._sleep(seconds)

    def hold(self, seconds: float) -> None:
        """Let no call begin for so long."""
        with self._lock:
            self._not_before = max(self._not_before, self._clock() + seconds)

    def _take_turn(self) -> float:
        with self._lock:
            now = self._clock()
            while self._begun and now - self._begun[0] >= _MINUTE:
                self._begun.popleft()
            if now < self._not_before:
                return self._not_before - now
            if len(self._begun) >= self._calls_a_minute:
                return _MINUTE - (now - self._begun[0])
            self._begun.append(now)
            return 0.0


_paces: dict[tuple[str, str], Pace] = {}
_paces_lock = threading.Lock()


def pace_of(host: str, client_id: str) -> Pace:
    """Return the one pace that all clients of an application share in this process."""
    with _paces_lock:
        return _paces.setdefault((host, client_id), Pace())


def seconds_asked_for(headers: Mapping[str, str], *, now: float) -> float | None:
    """Return how long an answer asks to wait (``now`` in Unix seconds), None when it does not say."""
    after, reset = headers.get("Retry-After", ""), headers.get("x-ratelimit-reset", "")
    try:
        if after:
            return max(float(after), 0.0)
        if reset:
            return max(float(reset) - now, 0.0) + 1.0  # given in whole seconds
    except ValueError:
        return None
    return None
