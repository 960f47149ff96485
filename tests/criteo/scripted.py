"""A small server that answers what it is told to: for what the embedded Criteo never does."""

import json
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Answer:
    """One answer; a body that is no text is sent as JSON."""

    status: int = 200
    body: Any = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def content(self) -> bytes:
        return (self.body if isinstance(self.body, str) else json.dumps(self.body)).encode()


@dataclass(frozen=True)
class Received:
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Scripted:
    """Answers calls in the order of ``answers``, the last one for ever; tokens on the side."""

    def __init__(self, tls: ssl.SSLContext | None = None, client_secret: str = "secret") -> None:
        self.client_id = f"client-{uuid4()}"
        self.client_secret = client_secret
        self.answers: list[Answer] = [Answer(body={"data": []})]
        self.token_answers: list[Answer] = [
            Answer(body={"access_token": "a-token", "token_type": "Bearer", "refresh_token": None, "expires_in": 900})
        ]
        self.received: list[Received] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_address[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
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

    @property
    def calls(self) -> list[Received]:
        """What was asked, without the tokens."""
        return [it for it in self.received if it.path != "/oauth2/token"]

    def answer(self, *answers: Answer) -> None:
        self.answers = list(answers)

    def _next(self, path: str) -> Answer:
        answers = self.token_answers if path == "/oauth2/token" else self.answers
        return answers.pop(0) if len(answers) > 1 else answers[0]


def _handler(script: Scripted) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Small answers leave at once.
        wbufsize = -1

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            script.received.append(Received(self.command, self.path, dict(self.headers), body))
            said = script._next(self.path)
            self.send_response(said.status)
            for name, value in ({} if "Content-Type" in said.headers else JSON).items():
                self.send_header(name, value)
            for name, value in said.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(said.content)))
            self.end_headers()
            self.wfile.write(said.content)

        do_GET = do_POST = do_PATCH = do_DELETE = answer  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    return Handler
