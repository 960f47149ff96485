"""One HTTP request and its answer: sessions, time-outs, certificates, and a line in the log without any content."""

import ipaddress
import logging
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

import orjson
import requests

from toolkit.criteo.deadlines import BoundedAdapter, Exchange, exchanging
from toolkit.criteo.errors import About, Problem, problem_of
from toolkit.criteo.models import Item, items_of
from toolkit.criteo.rate_limit import RetryPolicy
from toolkit.criteo.retry import Attempt, RetryError
from toolkit.errors import ConfigurationError, ToolkitError, UnavailableError
from toolkit.translatable import _

CRITEO = "https://api.criteo.com"

_log = logging.getLogger("toolkit.criteo")

_MAY_PASS = (
    requests.exceptions.ConnectionError,
    requests.exceptions.Timeout,
    requests.exceptions.ChunkedEncodingError,
    requests.exceptions.ContentDecodingError,
)
_SHORTEST_SECONDS = 0.01
MOST_BYTES = 64 * 1024 * 1024
"""What an answer may have at most, once it is unpacked: many times what Criteo's largest has."""
_PIECE = 64 * 1024

Authorize = Callable[[requests.PreparedRequest], requests.PreparedRequest]


@dataclass(frozen=True)
class Request:
    """One call: ``words`` say it to a person, ``path`` is what follows the host."""

    words: str
    method: str
    path: str
    body: object = field(default=None, repr=False)
    """Sent as JSON."""
    form: dict[str, str] | None = field(default=None, repr=False)
    params: dict[str, int] | None = None
    on_a_list: bool = False
    """The path names a contact list, which may be gone."""
    holds_identifiers: bool = False
    about: About = About.LISTS
    only_reads: bool = False
    """It changes nothing at Criteo, and needs no leave."""

    def problem(self, status: int, item: Item) -> Problem:
        """Return a problem that an answer to this tells; details that could echo identifiers are left out."""
        problem = problem_of(status, item)
        return replace(problem, detail="") if self.holds_identifiers else problem


@dataclass(frozen=True)
class _Received:
    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


class _TooLongError(Exception):
    """An answer does not end."""


@dataclass(frozen=True)
class Reply:
    """One answer; ``content`` is None where it is no JSON object."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    content: Item | None = field(repr=False)

    @property
    def error(self) -> Item:
        """The first error that it tells, as it stands there."""
        content = self.content or {}
        return next(iter(items_of(content, "errors")), content)


class Wire:
    """Sends requests to one host; a session serves one thread at a time."""

    def __init__(self, host: str, patience: RetryPolicy, guard: Callable[[], None] | None = None) -> None:
        self.host = checked_host(host)
        self._guard = guard
        self._patience = patience
        self._sessions: list[requests.Session] = []
        self._idle: list[requests.Session] = []

    def send(self, request: Request, attempt: Attempt, *, authorize: Authorize) -> Reply:
        """Send a request, and return the answer once it is there in whole.

        Raises RetryError when the network fails or the answer takes too long, ConfigurationError when the way there is
        set up wrongly, and what the guard raises: then nothing was sent.
        """
        started = time.monotonic()
        received = self._response(request, attempt, authorize=authorize)
        if isinstance(received, Exception):
            # Raised out here, for the error of requests that is behind it carries the request with its body.
            raise received
        reply = Reply(received.status, received.headers, _json_object(received.body))
        _log.info(
            "%s /%s %d %.0f ms, trace %s, attempt %d",
            request.method,
            request.path,
            reply.status,
            1000 * (time.monotonic() - started),
            request.problem(reply.status, reply.error).trace_id or "none",
            attempt.number,
        )
        return reply

    def close(self) -> None:
        """Close all connections."""
        for session in self._sessions:
            session.close()

    def _response(self, request: Request, attempt: Attempt, *, authorize: Authorize) -> _Received | Exception:
        connect_seconds, seconds = self._timeout(attempt)
        exchange = Exchange(connect_seconds, seconds, self._leave_for(request))
        try:
            with self._session() as session, exchanging(exchange):
                response = session.request(
                    request.method,
                    f"{self.host}/{request.path}",
                    auth=authorize,
                    params=request.params,
                    allow_redirects=False,
                    stream=True,
                    timeout=(connect_seconds, seconds),
                    **_content(request),
                )
                with response:
                    return _Received(response.status_code, response.headers, _body(response))
        except ToolkitError as refused:
            return refused
        except _TooLongError:
            return UnavailableError(
                _(
                    "{host} was asked to {words}, and its answer has more than {most_bytes:,} bytes.",
                    host=self.host,
                    words=request.words,
                    most_bytes=MOST_BYTES,
                ),
                _("A proxy may be in the way: check the network, then run again; nothing is lost."),
            )
        except OSError as error:
            # The kind of failure only: its text may hold what was sent.
            kind = type(error).__name__
            _log.info("%s /%s failed: %s, attempt %d", request.method, request.path, kind, attempt.number)
            return self._failed(request, error)

    def _leave_for(self, request: Request) -> Callable[[], None]:
        return _nothing if self._guard is None or request.only_reads else self._guard

    @contextmanager
    def _session(self) -> Iterator[requests.Session]:
        try:
            session = self._idle.pop()
        except IndexError:
            session = requests.Session()
            # Plain HTTP goes to this machine only, which no proxy of the environment reaches.
            session.trust_env = self.host.startswith("https:")
            session.mount(f"{urlsplit(self.host).scheme}://", BoundedAdapter())
            self._sessions.append(session)
        try:
            yield session
        finally:
            self._idle.append(session)

    def _timeout(self, attempt: Attempt) -> tuple[float, float]:
        left = max(attempt.seconds_left, _SHORTEST_SECONDS)
        return min(self._patience.connect_seconds, left), min(self._patience.answer_seconds, left)

    def _failed(self, request: Request, error: OSError) -> Exception:
        if _is_untrusted(error):
            return ConfigurationError(
                _("The certificate of {host} is not trusted.", host=self.host),
                _("Name your company's certificates with the environment variable REQUESTS_CA_BUNDLE."),
            )
        if not isinstance(error, requests.RequestException):
            return ConfigurationError(
                _(
                    "{host} could not be asked to {words}: the certificates to trust cannot be read.",
                    host=self.host,
                    words=request.words,
                ),
                _("See that the environment variable REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE names a file that is there."),
            )
        what = _(
            "{host} could not be asked to {words} ({kind}).",
            host=self.host,
            words=request.words,
            kind=type(error).__name__,
        )
        if isinstance(error, _MAY_PASS):
            return RetryError(
                UnavailableError(what, _("Check the network and the proxy settings, then run again; nothing is lost.")),
                is_unreached=isinstance(error, requests.exceptions.ConnectionError),
            )
        return ConfigurationError(what, _("Check the host of the connection and the proxy settings."))


def checked_host(host: str) -> str:
    """Return the host without a slash at its end; raises ConfigurationError unless it is https, or on loopback."""
    try:
        parts = urlsplit(host)
        parts.port  # noqa: B018  # raises when it is none
        scheme, name = parts.scheme, parts.hostname or ""
    except ValueError:
        scheme = name = ""
    if not name or not (scheme == "https" or (scheme == "http" and _is_loopback(name))):
        raise ConfigurationError(
            _("The host {without_secrets!r} is not an https address.", without_secrets=_without_secrets(host)),
            _("Use {criteo}, or the address of an embedded Criteo.", criteo=CRITEO),
        )
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ConfigurationError(
            _("The host {without_secrets!r} holds more than a host.", without_secrets=_without_secrets(host)),
            _("Use an address such as {criteo}.", criteo=CRITEO),
        )
    return host.rstrip("/")


def _without_secrets(host: str) -> str:
    return re.sub(r"//.*@", "//•••@", re.split("[?#]", host)[0])


def _is_loopback(name: str) -> bool:
    try:
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _content(request: Request) -> dict[str, Any]:
    headers = {"Accept": "application/json"}
    if request.body is None:
        return {"headers": headers, "data": request.form}
    return {"headers": headers | {"Content-Type": "application/json"}, "data": orjson.dumps(request.body)}


def _nothing() -> None:
    """Let a request leave that needs no leave."""


def _body(response: requests.Response) -> bytes:
    """Read the answer, unpacked, piece by piece; raises _TooLongError when it does not end."""
    body = bytearray()
    for piece in response.iter_content(_PIECE):
        body += piece
        if len(body) > MOST_BYTES:
            raise _TooLongError
    return bytes(body)


def _json_object(body: bytes) -> Item | None:
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return content if isinstance(content, dict) else None


def _is_untrusted(error: OSError) -> bool:
    return isinstance(error, requests.exceptions.SSLError) and "CERTIFICATE_VERIFY_FAILED" in str(error)
