"""Whether a host answers at all, and for how long it may fail to, which depends on who waits."""

import threading
import time
from collections.abc import Callable
from enum import StrEnum

from toolkit.criteo.rate_limit import RetryPolicy

_REMEMBERED_SECONDS = 60.0


class Waiting(StrEnum):
    """Who waits for a call, which decides how long a host that can't be reached is tried."""

    NOBODY = "nobody"
    """A schedule: it is tried as long as the patience lasts."""
    PERSON = "person"
    """Somebody at a notebook, a form or a terminal: they are told soon, and can try again."""


_REFUSED_SECONDS = {Waiting.PERSON: 5.0}
"""How long a host is tried that never answered: with the last try, less than ten seconds in all."""
_LOST_SECONDS = {Waiting.PERSON: 60.0}
"""How long a host is tried that answered before: a line that breaks during a run often comes back."""
_CONNECT_SECONDS = {Waiting.PERSON: 4.0}


def connect_seconds_for(waiting: Waiting, patience: RetryPolicy) -> float:
    """Return how long to wait for a connection to be made."""
    return min(_CONNECT_SECONDS.get(waiting, patience.connect_seconds), patience.connect_seconds)


class Reachability:
    """What this process knows of how long a host has not been reached, whatever client tried it.

    A person who waits for several lists, exports or calls waits once: the time counts from the first failure.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._since: float | None = None
        self._last = 0.0

    def answered(self) -> None:
        """Note that the host answered, whatever it said."""
        with self._lock:
            self._since = None

    def failed(self) -> None:
        """Note that the host could not be reached, or broke off."""
        with self._lock:
            now = self._clock()
            if self._since is None or now - self._last > _REMEMBERED_SECONDS:
                self._since = now
            self._last = now

    def is_hopeless(self, waiting: Waiting, *, next_try_in: float, was_reached: bool) -> bool:
        """Tell whether the one who waits is rather told now than after another try."""
        allowed = (_LOST_SECONDS if was_reached else _REFUSED_SECONDS).get(waiting)
        with self._lock:
            if allowed is None or self._since is None:
                return False
            return self._clock() + next_try_in - self._since > allowed


_hosts: dict[str, Reachability] = {}
_hosts_lock = threading.Lock()


def reachability_of(host: str) -> Reachability:
    """Return what all clients of this process know together of the host."""
    with _hosts_lock:
        return _hosts.setdefault(host, Reachability())
