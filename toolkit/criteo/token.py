"""The access token: fetched once, shared by all threads, renewed before it ends."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

RENEW_BEFORE_SECONDS = 60


@dataclass(frozen=True)
class Token:
    """An access token and when, on the monotonic clock, it should be renewed."""

    text: str
    renew_at: float

    def __repr__(self) -> str:
        return "Token(•••)"


class TokenKeeper:
    """Gives the token that is valid now; ``fetch`` asks Criteo and returns its text and its life in seconds."""

    def __init__(self, fetch: Callable[[], tuple[str, float]], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._fetch = fetch
        self._clock = clock
        self._lock = threading.Lock()
        self._token: Token | None = None

    def current(self) -> Token:
        """Return a token that is not about to end."""
        with self._lock:
            if self._token is None or self._clock() >= self._token.renew_at:
                text, life_seconds = self._fetch()
                margin = min(RENEW_BEFORE_SECONDS, life_seconds / 2)
                self._token = Token(text, self._clock() + life_seconds - margin)
            return self._token

    def refuse(self, token: Token) -> None:
        """Say that Criteo no longer takes this token; another thread may have renewed it since."""
        with self._lock:
            if self._token is token:
                self._token = None
