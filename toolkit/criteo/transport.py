"""Calls with a token, paced and retried; an answer is what was asked for, or an error by remedy."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import requests

from toolkit.criteo.errors import Problem, error_of
from toolkit.criteo.http import Authorize, Reply, Request, Wire
from toolkit.criteo.models import Item, items_of
from toolkit.criteo.notices import ApiNotice, NoticeKind
from toolkit.criteo.rate_limit import RetryPolicy, Wait, rate_limiter_of, retry_after_seconds, seconds_asked_for
from toolkit.criteo.reachability import Waiting, connect_seconds_for, reachability_of
from toolkit.criteo.retry import Attempt, Retrier, RetryError
from toolkit.criteo.token import TokenCache
from toolkit.errors import BusyError, UnavailableError
from toolkit.translatable import _

"""How a notice begins that tells of the end of a version."""
_NO_CONTENT, _REDIRECTION, _UNAUTHORIZED, _TIMED_OUT, _TOO_MANY, _SERVER_FAILS = 204, 300, 401, 408, 429, 500
_TOKEN_SECONDS = 900.0
# A success that needs no words: all was done that was asked.
DONE: Item = {"data": {}}
_LONGEST_HEADER = 200
# Shorter pauses between two calls are nothing to tell anybody.
_WORTH_TELLING_SECONDS = 1.0


class _UnauthorizedError(Exception):
    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.code)
        self.problem = problem


@dataclass(frozen=True)
class Application:
    """What an application is known by at Criteo."""

    client_id: str
    client_secret: str = field(repr=False)


class Transport:
    """Calls one host with one application's credentials."""

    def __init__(
        self,
        host: str,
        application: Application,
        *,
        patience: RetryPolicy,
        observer: Callable[[Wait], None] | None,
        waiting: Waiting = Waiting.NOBODY,
        guard: Callable[[], None] | None = None,
    ) -> None:
        self._wire = Wire(host, replace(patience, connect_seconds=connect_seconds_for(waiting, patience)), guard)
        self._application = application
        self._persistence = Retrier(patience, observer, waiting=waiting, reachability=reachability_of(self._wire.host))
        self._pace = rate_limiter_of(self.host, application.client_id)
        self._tokens = TokenCache()
        self._notices: dict[object, ApiNotice] = {}

    @property
    def host(self) -> str:
        """The host that it calls, and no other."""
        return self._wire.host

    @property
    def calls_left(self) -> int:
        """How many calls may begin now without waiting."""
        return self._pace.calls_left

    @property
    def calls_a_minute(self) -> int:
        """How many calls Criteo takes in a minute."""
        return self._pace.calls_a_minute

    @property
    def notices(self) -> list[ApiNotice]:
        """What was noticed, in order."""
        return list(self._notices.values())

    def call(self, request: Request) -> Item:
        """Make a call, which may be repeated without harm, and return its answer.

        Raises a ToolkitError by remedy when Criteo refuses, or patience ends.
        """
        return self._persistence.call(lambda attempt: self._authorized(request, attempt))

    def give_up_waiting(self) -> None:
        """End all waiting; a call that would be tried again fails of what it failed of last."""
        self._persistence.ended.set()

    def close(self) -> None:
        """Close all connections and end all waiting."""
        self._persistence.ended.set()
        self._wire.close()

    def _authorized(self, request: Request, attempt: Attempt) -> Item:
        token = self._tokens.current(lambda: self._fetch_token(attempt))
        try:
            return self._exchange(request, attempt, authorize=_bearer(token.text))
        except _UnauthorizedError:
            self._tokens.refuse(token)
        token = self._tokens.current(lambda: self._fetch_token(attempt))
        try:
            return self._exchange(request, attempt, authorize=_bearer(token.text))
        except _UnauthorizedError as refused:
            self._tokens.refuse(token)
            raise error_of(request.words, refused.problem) from None

    def _fetch_token(self, attempt: Attempt) -> tuple[str, float]:
        form = {
            "grant_type": "client_credentials",
            "client_id": self._application.client_id,
            "client_secret": self._application.client_secret,
        }
        request = Request("give a token", "POST", "oauth2/token", form=form, only_reads=True)
        try:
            answer = self._exchange(request, attempt, authorize=_nobody)
        except _UnauthorizedError as refused:
            raise error_of(request.words, refused.problem) from None
        token = answer.get("access_token")
        if not isinstance(token, str) or not token.isascii() or not token.isprintable():
            raise RetryError(
                UnavailableError(_("Criteo's answer holds no token."), _("Run again later; nothing is lost."))
            )
        return token, _life(answer.get("expires_in"))

    def _exchange(self, request: Request, attempt: Attempt, *, authorize: Authorize) -> Item:
        self._wait_for_turn(request, attempt)
        reply = self._wire.send(request, attempt, authorize=authorize)
        self._persistence.note_answer()
        self._pace.learn(reply.headers, now=time.time())
        self._take_notice(request, reply)
        return self._judged(request, reply)

    def _wait_for_turn(self, request: Request, attempt: Attempt) -> None:
        while seconds := self._pace.take_turn():
            left = attempt.seconds_left
            what = _(
                "Criteo takes {calls_a_minute} calls a minute, and they are used up",
                calls_a_minute=self._pace.calls_a_minute,
            )
            if seconds > left:
                raise BusyError(
                    _(
                        "{what} for {seconds:.0f} s more: it was not asked to {words}.",
                        what=what,
                        seconds=seconds,
                        words=request.words,
                    ),
                    _("Run again later; nothing is lost."),
                )
            if seconds > _WORTH_TELLING_SECONDS:
                self._persistence.tell(seconds, f"{what}.", seconds_left=left - seconds)
            if self._persistence.ended.wait(seconds):
                raise UnavailableError(
                    _("The client was closed before it could ask Criteo to {words}.", words=request.words),
                    _("Run again."),
                )

    def _take_notice(self, request: Request, reply: Reply) -> None:
        for name in ("Deprecation", "Sunset"):
            if name in reply.headers:
                value = reply.headers[name][:_LONGEST_HEADER]
                said = _("Criteo says of this version of its API: {name} {value}.", name=name, value=value)
                self._notices.setdefault((name, value), ApiNotice(NoticeKind.API_VERSION, said))
        content = reply.content or {}
        # A bulk call that failed in part says so beside what it did.
        in_part = items_of(content, "errors") if items_of(content, "data") else []
        for item in [*items_of(content, "warnings"), *in_part]:
            problem = request.problem(reply.status, item)
            said = _("Criteo warns of {words}: {problem}.", words=request.words, problem=problem)
            self._notices.setdefault((problem.code, problem.title), ApiNotice(NoticeKind.WARNING, said))

    def _judged(self, request: Request, reply: Reply) -> Item:
        status = reply.status
        problem = request.problem(status, reply.error)
        if status == _UNAUTHORIZED:
            raise _UnauthorizedError(problem)
        error = error_of(request.words, problem, on_a_list=request.on_a_list, about=request.about)
        if status == _TOO_MANY:
            seconds = seconds_asked_for(reply.headers, now=time.time())
            self._pace.hold(seconds or 0)
            raise RetryError(error, seconds=seconds)
        if status == _TIMED_OUT or status >= _SERVER_FAILS:
            raise RetryError(error, seconds=retry_after_seconds(reply.headers, now=time.time()))
        if status >= _REDIRECTION:
            raise error
        if status == _NO_CONTENT:
            return DONE
        if reply.content is None:
            raise RetryError(
                UnavailableError(
                    _(
                        "What answered for Criteo when asked to {words} does not speak its language (no JSON).",
                        words=request.words,
                    ),
                    _("A proxy may be in the way: check the network, then run again; nothing is lost."),
                )
            )
        return reply.content


def _bearer(token: str) -> Authorize:
    def authorize(prepared: requests.PreparedRequest) -> requests.PreparedRequest:
        prepared.headers["Authorization"] = f"Bearer {token}"
        return prepared

    return authorize


def _nobody(prepared: requests.PreparedRequest) -> requests.PreparedRequest:
    """Send no authorization: without this, requests would take one from a .netrc file."""
    return prepared


def _life(seconds: object) -> float:
    try:
        life = float(seconds)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return _TOKEN_SECONDS
    return life if math.isfinite(life) and life > 0 else _TOKEN_SECONDS
