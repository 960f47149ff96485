"""Exchanges over HTTP that end in time, and that ask for leave as late as possible.

The time-outs of requests count from one byte to the next: a server that drips a byte a second would hold a call for
ever. Here an exchange has a deadline, over the sending, the headers and the whole answer.
"""

import io
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPResponse
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

_PIECE = 16 * 1024
"""What is sent at a time: a record of TLS. A time-out counts for each."""


@dataclass
class Exchange:
    """One request and its answer."""

    connect_seconds: float
    seconds: float
    """From when its first byte may leave until the whole answer is there."""
    may_leave: Callable[[], None]
    """Called once the connection stands, right before the first byte leaves: what it raises keeps it from leaving."""
    deadline: float | None = None
    """On the monotonic clock; None until the connection stands."""

    def begin(self) -> None:
        """Ask for leave, and let the time run."""
        self.may_leave()
        self.deadline = time.monotonic() + self.seconds

    @property
    def seconds_left(self) -> float:
        """What is left; raises TimeoutError when nothing is."""
        if self.deadline is None:
            return self.connect_seconds
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("The exchange took too long.")
        return left


_of_this_thread = threading.local()


@contextmanager
def exchanging(exchange: Exchange) -> Iterator[None]:
    """Let what this thread sends meanwhile, through a session with a ``BoundedAdapter``, be this exchange."""
    _of_this_thread.exchange = exchange
    try:
        yield
    finally:
        del _of_this_thread.exchange


def _current() -> Exchange:
    exchange: Exchange = _of_this_thread.exchange
    return exchange


class _Reader(io.RawIOBase):
    """Reads from a socket until the deadline of the exchange."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._raw = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(_current().seconds_left)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Answer(HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        self.fp.close()
        self.fp = io.BufferedReader(_Reader(sock))


class _Bounded(HTTPConnection):
    response_class = _Answer

    def request(self, *args: Any, **options: Any) -> None:
        if self.is_closed:
            self.connect()
        _current().begin()
        super().request(*args, **options)

    def send(self, data: Any) -> None:
        for start in range(0, len(data), _PIECE):
            if self.sock is not None:
                self.sock.settimeout(_current().seconds_left)
            super().send(data[start : start + _PIECE])


class _PlainConnection(_Bounded):
    pass


class _SecureConnection(_Bounded, HTTPSConnection):
    pass


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _PlainConnection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


_POOLS = {"http": _PlainPool, "https": _SecurePool}


class BoundedAdapter(HTTPAdapter):
    """Sends each request as the exchange of its thread."""

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        """Make the pools of connections."""
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        """Return the pools of connections through a proxy."""
        manager = super().proxy_manager_for(proxy, **options)
        if proxy.lower().startswith("socks"):
            # Its connections are of another kind: leave is asked for before they are made.
            _current().begin()
        else:
            manager.pool_classes_by_scheme = _POOLS
        return manager
