"""The open connections of the server, so that one can be broken off without an answer.

No web framework offers that: an application can only answer, or raise and have the server answer for it.
"""

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

Client = tuple[str, int]

_OPEN: dict[Client, asyncio.Transport] = {}


class DroppableConnection(H11Protocol):
    """One connection that can be found again by its client's address and port."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Remember the connection."""
        super().connection_made(transport)
        if self.client is not None:
            _OPEN[self.client] = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        super().connection_lost(exc)
        if self.client is not None:
            _OPEN.pop(self.client, None)


def drop(client: Client) -> None:
    """Break a connection off at once; nothing that was not sent yet is sent."""
    if client in _OPEN:
        _OPEN[client].abort()
