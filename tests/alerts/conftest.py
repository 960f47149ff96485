"""A real place that takes notifications over HTTP, on this machine."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest


class Inbox:
    """What arrived, oldest first; ``refuses`` makes it answer with an error."""

    def __init__(self, port: int) -> None:
        self.url = f"json://127.0.0.1:{port}/secret-token"
        self.messages: list[dict[str, str]] = []
        self.refuses = False

    @property
    def titles(self) -> list[str]:
        return [it["title"] for it in self.messages]


@pytest.fixture
def inbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Inbox]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if not found.refuses:
                found.messages.append(json.loads(body))
            self.send_response(500 if found.refuses else 200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found = Inbox(server.server_port)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("TOOLKIT_NOTIFY", found.url)
        yield found
        server.shutdown()
