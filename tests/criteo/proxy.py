"""A proxy that tunnels every connection to one server, whatever name was asked for."""

import select
import socket
import socketserver
import threading
from types import TracebackType
from typing import Self


class Proxy:
    """``asked_for`` holds the first line of each request."""

    def __init__(self, to_port: int) -> None:
        self.asked_for: list[str] = []
        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), _handler(self, to_port))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _handler(proxy: Proxy, to_port: int) -> type[socketserver.StreamRequestHandler]:
    class Handler(socketserver.StreamRequestHandler):
        rbufsize = 0

        def handle(self) -> None:
            proxy.asked_for.append(self.rfile.readline().decode("ascii").strip())
            while self.rfile.readline().strip():
                pass
            with socket.create_connection(("127.0.0.1", to_port)) as server:
                self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                _pump(self.connection, server)

    return Handler


def _pump(one: socket.socket, other: socket.socket) -> None:
    while True:
        ready, _, _ = select.select([one, other], [], [])
        for source in ready:
            content = source.recv(65_536)
            if not content:
                return
            (other if source is one else one).sendall(content)
