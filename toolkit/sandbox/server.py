"""The sandbox as a server in the foreground, on this machine's loopback and nowhere else."""

import socket
import sys
from collections.abc import Callable

import uvicorn

from toolkit.errors import ConfigurationError, PortTakenError
from toolkit.sandbox.app import make_app
from toolkit.sandbox.connections import DroppableConnection
from toolkit.sandbox.control_calls import Holds
from toolkit.sandbox.options import SandboxOptions
from toolkit.sandbox.ownership import Control, new_token, publish, withdraw
from toolkit.translatable import _

_LOOPBACK = "127.0.0.1"
_LARGEST_PORT = 65_535
# Longer than clients keep an idle connection, so that it is not closed in the moment of its next use.
_IDLE_SECONDS = 300


class _AnnouncingServer(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, announce: Callable[[], None]) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._announce()


def serve_here(
    *, port: int, options: SandboxOptions, announce: Callable[[Control], None], holds: Holds | None = None
) -> None:
    """Serve until interrupted. ``announce`` is given the address, and the control token, once the sandbox answers.

    ``holds`` counts who else uses it.

    Raises ConfigurationError if the port is taken, or if what is kept cannot be opened or read.
    """
    token = new_token()
    app = make_app(options, token=token, holds=holds or Holds())
    with _bound_socket(port) as bound:
        config = uvicorn.Config(
            app,
            http=DroppableConnection,
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="warning",
            access_log=False,
            proxy_headers=False,
            timeout_keep_alive=_IDLE_SECONDS,
            timeout_graceful_shutdown=1,
        )
        control = Control(f"http://{_LOOPBACK}:{bound.getsockname()[1]}", token)

        def begin() -> None:
            publish(control, options.keep)
            announce(control)

        try:
            _AnnouncingServer(config, begin).run(sockets=[bound])
        except KeyboardInterrupt:
            return
        finally:
            withdraw(control)


def _bound_socket(port: int) -> socket.socket:
    if not 0 <= port <= _LARGEST_PORT:
        raise ConfigurationError(
            _("{port} is not a port.", port=port),
            _("Choose one up to {largest_port}, or 0 for any free one.", largest_port=_LARGEST_PORT),
        )
    # The protocol is named because asyncio sends small answers at once (TCP_NODELAY) only where it is.
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if sys.platform != "win32":
            # Lets a port be used again right after a restart; on Windows it would let two processes share it.
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((_LOOPBACK, port))
    except OSError as error:
        bound.close()
        raise PortTakenError(
            _("The sandbox cannot listen on port {port}: {reason}.", port=port, reason=error.strerror),
            _("Choose another port, or 0 for any free one."),
        ) from error
    return bound
