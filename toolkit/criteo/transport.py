"""Calls over HTTP: paced, retried, logged without their content."""

import ipaddress
import logging
import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import orjson
import requests
import tenacity

from toolkit.criteo.errors import Problem, error_of, problem_of
from toolkit.criteo.pacing import Wait, pace_of, seconds_asked_for
from toolkit.criteo.token import Token, TokenKeeper
from toolkit.errors import ConfigurationError, ToolkitError, UnavailableError

API_VERSION = "2026-07"
CRITEO = "https://api.criteo.com"

_log = logging.getLogger("toolkit.criteo")

_CONNECT_SECONDS, _READ_SECONDS = 10, 120
_UNAUTHORIZED, _TOO_LARGE, _TOO_MANY, _SERVER = 401, 413, 429, 500


class TooLargeError(Exception):
    """The body of a call is larger than Criteo takes."""


class _Retry(Exception):
    """A try failed in a way that may pass."""

    def __init__(self, error: ToolkitError, *, seconds: float | None = None) -> None:
        super().__init__(str(error))
        self.error = error
        self.seconds = seconds


class Transport:
    """Calls one host with one application's credentials."""

    def __init__(
        self,
        *,
        host: str,
        client_id: str,
        client_secret: str,
        version: str,
        patience_seconds: float,
        observer: Callable[[Wait], None] | None,
    ) -> None:
        self.host = _checked(host)
        self._client_id = client_id
        self._client_secret = client_secret
        self._version = version
        self._patience_seconds = patience_seconds
        self._observer = observer
        self._pace = pace_of(self.host, client_id)
        self._tokens = TokenKeeper(self._fetch_token)
        self._local = threading.local()
        self._sessions: list[requests.Session] = []
        self._closing = threading.Event()
        self.notices: dict[str, None] = {}

    def call(
        self, call: str, method: str, path: str, *, body: object = None, params: dict[str, int] | None = None
    ) -> dict[str, Any]:
        """Make a call that may be repeated without harm; ``call`` says it in words, for errors.

        Raises a ToolkitError by remedy when Criteo refuses, or patience ends; TooLargeError when the body is.
        """
        return self._persist(lambda attempt: self._authorized(call, method, path, body, params, attempt))

    def call_once(self, call: str, method: str, path: str, *, body: object) -> dict[str, Any] | None:
        """Make a call that must not be repeated blindly; None when nobody knows whether it was done."""
        try:
            return self._authorized(call, method, path, body, None, 1)
        except _Retry as failed:
            self._pace.hold(failed.seconds or 0)
            return None

    def close(self) -> None:
        """Close all connections and end all waiting."""
        self._closing.set()
        for session in self._sessions:
            session.close()

    def _persist(self, attempt: Callable[[int], dict[str, Any]]) -> dict[str, Any]:
        backoff = tenacity.wait_exponential_jitter(initial=1, max=30)

        def pause(state: tenacity.RetryCallState) -> float:
            failed = state.outcome.exception() if state.outcome else None
            asked = failed.seconds if isinstance(failed, _Retry) else None
            return backoff(state) if asked is None else asked

        def tell(state: tenacity.RetryCallState) -> None:
            failed = state.outcome.exception() if state.outcome else None
            if isinstance(failed, _Retry):
                wait = Wait(round(state.upcoming_sleep, 1), failed.error.what)
                _log.warning("waiting %.1f s: %s", wait.seconds, wait.reason)
                if self._observer:
                    self._observer(wait)

        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_Retry),
            wait=pause,
            stop=tenacity.stop_before_delay(self._patience_seconds) | tenacity.stop_when_event_set(self._closing),
            sleep=tenacity.sleep_using_event(self._closing),
            before_sleep=tell,
            reraise=True,
        )
        try:
            for state in retrying:
                with state:
                    answer = attempt(state.retry_state.attempt_number)
                if not state.retry_state.outcome.failed:  # type: ignore[union-attr]
                    return answer
        except _Retry as failed:
            raise failed.error from None
        raise AssertionError("a retry ends in an answer or an error")

    def _authorized(
        self, call: str, method: str, path: str, body: object, params: dict[str, int] | None, attempt: int
    ) -> dict[str, Any]:
        token = self._tokens.current()
        try:
            return self._once(call, method, path, body, params, attempt, token)
        except _UnauthorizedError:
            self._tokens.refuse(token)
        try:
            return self._once(call, method, path, body, params, attempt, self._tokens.current())
        except _UnauthorizedError as refused:
            raise error_of(call, refused.problem) from None

    def _once(
        self,
        call: str,
        method: str,
        path: str,
        body: object,
        params: dict[str, int] | None,
        attempt: int,
        token: Token,
    ) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {token.text}", "Accept": "application/json"}
        data = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            data = orjson.dumps(body)
        url = f"{self.host}/{path.format(version=self._version)}"
        response = self._send(call, method, url, attempt=attempt, headers=headers, data=data, params=params)
        return self._answer(call, response)

    def _send(self, call: str, method: str, url: str, *, attempt: int, **more: Any) -> requests.Response:
        self._pace.wait_for_turn()
        started = time.monotonic()
        path = urlsplit(url).path
        try:
            response = self._session().request(
                method, url, timeout=(_CONNECT_SECONDS, _READ_SECONDS), allow_redirects=False, **more
            )
        except requests.exceptions.SSLError as error:
            raise ConfigurationError(
                f"The certificate of {self.host} is not trusted.",
                "Name your company's certificates with the environment variable REQUESTS_CA_BUNDLE.",
            ) from error
        except requests.RequestException as error:
            _log.info("%s %s failed: %s, attempt %d", method, path, type(error).__name__, attempt)
            raise _Retry(_unreachable(self.host, call, error)) from None
        _log.info(
            "%s %s %d %.0f ms, trace %s, attempt %d",
            method,
            path,
            response.status_code,
            1000 * (time.monotonic() - started),
            response.headers.get("x-request-id", "none"),
            attempt,
        )
        return response

    def _answer(self, call: str, response: requests.Response) -> dict[str, Any]:
        for name in ("Deprecation", "Sunset"):
            if name in response.headers:
                self.notices[f"Criteo says of {call}: {name} {response.headers[name]}."] = None
        answer, status = _json(response), response.status_code
        problem = _first_problem(status, answer)
        if status == _UNAUTHORIZED:
            raise _UnauthorizedError(problem)
        if status == _TOO_LARGE:
            raise TooLargeError
        if status == _TOO_MANY:
            seconds = seconds_asked_for(response.headers, now=time.time())
            self._pace.hold(seconds or 0)
            raise _Retry(error_of(call, problem), seconds=seconds)
        if status >= _SERVER:
            raise _Retry(error_of(call, problem))
        if not response.ok or response.is_redirect:
            raise error_of(call, problem)
        if answer is None:
            raise _Retry(
                UnavailableError(
                    f"What answered for Criteo when asked to {call} does not speak its language (no JSON).",
                    "A proxy may be in the way: check the network, then run again; nothing is lost.",
                )
            )
        for warning in answer.get("warnings") or []:
            self.notices[f"Criteo warns of {call}: {problem_of(status, warning)}."] = None
        return answer

    def _fetch_token(self) -> tuple[str, float]:
        form = {
            "grant_type": "client_credentials",
            "client_id": self._client_id,
            "client_secret": self._client_secret,
        }

        def attempt(number: int) -> dict[str, Any]:
            call = "give a token"
            try:
                return self._answer(
                    call, self._send(call, "POST", f"{self.host}/oauth2/token", attempt=number, data=form)
                )
            except _UnauthorizedError as refused:
                raise error_of(call, refused.problem) from None

        answer = self._persist(attempt)
        return str(answer["access_token"]), float(answer.get("expires_in") or 900)

    def _session(self) -> requests.Session:
        if not hasattr(self._local, "session"):
            self._local.session = requests.Session()
            self._sessions.append(self._local.session)
        session: requests.Session = self._local.session
        return session


class _UnauthorizedError(Exception):
    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.code)
        self.problem = problem


def _checked(host: str) -> str:
    parts = urlsplit(host)
    name = parts.hostname or ""
    loopback = name == "localhost" or (_is_address(name) and ipaddress.ip_address(name).is_loopback)
    if parts.scheme != "https" and not (parts.scheme == "http" and loopback):
        raise ConfigurationError(
            f"The host {host!r} is not an https address.", f"Use {CRITEO}, or the address of an embedded Criteo."
        )
    return host.rstrip("/")


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _json(response: requests.Response) -> dict[str, Any] | None:
    try:
        answer = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        return None
    return answer if isinstance(answer, dict) else None


def _first_problem(status: int, answer: dict[str, Any] | None) -> Problem:
    said = (answer or {}).get("errors") or [answer or {}]
    return problem_of(status, said[0] if isinstance(said, list) and isinstance(said[0], dict) else {})


def _unreachable(host: str, call: str, error: Exception) -> UnavailableError:
    return UnavailableError(
        f"{host} could not be asked to {call} ({type(error).__name__}).",
        "Check the network and the proxy settings, then run again; nothing is lost.",
    )
