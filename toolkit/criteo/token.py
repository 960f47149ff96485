"""The access token: fetched once, shared by all threads, renewed before it ends."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

RENEW_BEFORE_SECONDS = 60


@dataclass(frozen=True)
class Token:
    """An access token and when, on the monotonic clock, it should be renewed."""

    text: str = field(repr=False)
    renew_at: float


class TokenCache:
    """Gives the token that is valid now."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._token: Token | None = None

    def current(self, fetch: Callable[[], tuple[str, float]]) -> Token:
        """Return a token that is not about to end; ``fetch`` asks Criteo for its text and its life in seconds."""
        with self._lock:
            if self._token is None or self._clock() >= self._token.renew_at:
                asked_at = self._clock()
                text, life_seconds = fetch()
                margin = min(RENEW_BEFORE_SECONDS, life_seconds / 2)
                self._token = Token(text, asked_at + life_seconds - margin)
            return self._token

    def refuse(self, token: Token) -> None:
        """Say that Criteo no longer takes this token; another thread may have renewed it since."""
        with self._lock:
            if self._token is token:
                self._token = None
