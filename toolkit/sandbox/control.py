"""Looking into a running sandbox, and making it fail."""

import hmac
import ipaddress
import secrets
from collections.abc import Iterable
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from requests import RequestException, Response, Session

from toolkit.errors import AccessError, ConfigurationError, UnavailableError
from toolkit.sandbox.campaigns import DeliveryStatus
from toolkit.sandbox.faults import Call, Fault, PlannedFault
from toolkit.sandbox.lists import Operation
from toolkit.sandbox.options import CLIENT_ID, CLIENT_SECRET, SERVICE, Permission
from toolkit.sandbox.ownership import CHALLENGE_PARAMETER, TOKEN_HEADER, control_at, proof
from toolkit.sandbox.views import HeldAdSet, HeldAudience, HeldList, LoggedRequest
from toolkit.translatable import _

_TIMEOUT_SECONDS = 30
_NOT_FOUND = 404
_UNAUTHORIZED = 401


class Sandbox:
    """One running sandbox, to look into and to make fail; closing one that was attached to leaves it be."""

    def __init__(self, url: str, token: str | None = None) -> None:
        self._url = url.rstrip("/")
        self._token = token

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._url!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the use of this object."""

    @property
    def url(self) -> str:
        """Where it answers: what a client takes in place of Criteo's address."""
        return self._url

    @property
    def client_id(self) -> str:
        """The published client id."""
        return CLIENT_ID

    @property
    def client_secret(self) -> str:
        """The published client secret."""
        return CLIENT_SECRET

    def introduces_itself(self) -> bool:
        """Tell whether what answers at the address is a sandbox. Raises UnavailableError if nothing does."""
        try:
            return bool(self._introduction()["service"] == SERVICE)
        except (ConfigurationError, ValueError, KeyError, TypeError):
            return False

    def proves(self, token: str) -> bool:
        """Tell whether what answers knows the token, which it is not sent. Raises UnavailableError if nothing does."""
        challenge = secrets.token_hex(16)
        try:
            answer = str(self._introduction(challenge)["proof"])
        except (ConfigurationError, ValueError, KeyError, TypeError):
            return False
        return hmac.compare_digest(answer, proof(token, challenge))

    def _introduction(self, challenge: str | None = None) -> Any:
        return self._send("GET", "" if challenge is None else f"?{CHALLENGE_PARAMETER}={challenge}").json()

    def lists(self) -> list[HeldList]:
        """Return the lists it holds, oldest first."""
        return [HeldList(**held) for held in self._get("/lists").json()]

    def identifiers(self, list_id: str) -> set[str]:
        """Return every identifier of one list, as it was sent.

        A sandbox that keeps its lists holds the SHA-256 of plain e-mail addresses and telephone numbers in
        their place. Raises ConfigurationError if there is no such list.
        """
        text = self._get(f"/lists/{list_id}/identifiers").content.decode()
        return set(text.split("\n")) if text else set()

    def requests(self) -> list[LoggedRequest]:
        """Return the calls it received, oldest first (the last 100,000)."""
        return [_logged(entry) for entry in self._get("/requests").json()]

    def fail(
        self,
        fault: Fault,
        *,
        calls: Call | Iterable[Call] = Call.ANY,
        times: int = 1,
        after: int = 0,
        reset_seconds: float | None = 1,
        seconds: float | None = None,
    ) -> None:
        """Make the next calls of a kind fail; what each argument means, see PlannedFault."""
        planned = PlannedFault(
            fault,
            calls=(calls,) if isinstance(calls, Call) else tuple(calls),
            times=times,
            after=after,
            reset_seconds=reset_seconds,
            seconds=seconds,
        )
        self._send(
            "POST",
            "/faults",
            {
                "fault": planned.fault,
                "calls": planned.calls,
                "times": planned.times,
                "after": planned.after,
                "reset_seconds": planned.reset_seconds,
                "seconds": planned.seconds,
            },
        )

    def stop_failing(self) -> None:
        """Forget the faults still to come."""
        self._send("DELETE", "/faults")

    def expire_tokens(self) -> None:
        """End every token issued so far."""
        self._send("DELETE", "/tokens")

    def delete_list(self, list_id: str) -> None:
        """Delete a list behind the client's back. Raises ConfigurationError if there is no such list."""
        self._send("DELETE", f"/lists/{list_id}")

    def withdraw_consent(self, advertiser_id: str) -> None:
        """Let an advertiser consent no more, until the sandbox is reset or started again."""
        self._send("DELETE", f"/advertisers/{advertiser_id}/consent")

    def give_consent(self, advertiser_id: str) -> None:
        """Let an advertiser consent, until the sandbox is reset or started again."""
        self._send("PUT", f"/advertisers/{advertiser_id}/consent")

    def withdraw_permission(self, permission: Permission) -> None:
        """Take a permission from the application, until the sandbox is reset or started again."""
        self._send("DELETE", f"/permissions/{permission}")

    def give_permission(self, permission: Permission) -> None:
        """Give the application a permission, until the sandbox is reset or started again."""
        self._send("PUT", f"/permissions/{permission}")

    def audiences(self) -> list[HeldAudience]:
        """Return the audiences it holds, oldest first."""
        found = self._get("/audiences").json()
        return [HeldAudience(**{**held, "ad_set_ids": tuple(held["ad_set_ids"])}) for held in found]

    def change_audience(self, audience_id: str, *, name: str | None = None, algebra: object = None) -> None:
        """Change an audience behind the client's back; the algebra is not judged: nodes of any kind may be in it.

        Raises ConfigurationError if there is no such audience.
        """
        self._send("PUT", f"/audiences/{audience_id}", {"name": name, "algebra": algebra})

    def delete_audience(self, audience_id: str) -> None:
        """Delete an audience and its links behind the client's back.

        Raises ConfigurationError if there is no such audience.
        """
        self._send("DELETE", f"/audiences/{audience_id}")

    def ad_sets(self) -> list[HeldAdSet]:
        """Return the ad sets it holds."""
        return [
            HeldAdSet(**{**held, "delivery_status": DeliveryStatus(held["delivery_status"])})
            for held in self._get("/ad-sets").json()
        ]

    def set_delivery_status(self, ad_set_id: str, status: DeliveryStatus) -> None:
        """Let an ad set stand otherwise. Raises ConfigurationError if there is no such ad set."""
        self._send("PUT", f"/ad-sets/{ad_set_id}/delivery-status/{status}")

    def reset(self) -> None:
        """Forget what it holds, tokens, calls, faults to come, and changed consents, permissions and ad sets.

        What is kept in a folder goes too.
        """
        self._send("DELETE", "")

    def _get(self, path: str) -> Response:
        return self._send("GET", path)

    def _send(self, method: str, path: str, content: dict[str, Any] | None = None) -> Response:
        try:
            with Session() as session:
                # A proxy that the environment names cannot reach this machine's loopback.
                session.trust_env = False
                response = session.request(
                    method,
                    f"{self._url}/sandbox{path}",
                    json=content,
                    headers=self._headers(),
                    timeout=_TIMEOUT_SECONDS,
                    allow_redirects=False,
                )
        except RequestException as error:
            raise UnavailableError(
                _("The sandbox at {url} does not answer.", url=self._url),
                _("Start it again, or attach to one that runs."),
            ) from error
        if response.status_code == _UNAUTHORIZED:
            raise AccessError(
                _(
                    "The sandbox at {url} was not started by your account, or was started anew: it takes "
                    "no control calls from here.",
                    url=self._url,
                ),
                _("Start one of your own with toolkit.sandbox.start(), or attach again."),
            )
        if response.status_code == _NOT_FOUND:
            raise ConfigurationError(
                _("The sandbox at {url} does not know {path}.", url=self._url, path=path),
                _("Look at lists() for what it holds."),
            )
        if not response.ok:
            raise UnavailableError(
                _(
                    "The sandbox at {url} answered a control call with status {status_code}.",
                    url=self._url,
                    status_code=response.status_code,
                ),
                _("Look at what it printed, and start it again."),
            )
        return response

    def _headers(self) -> dict[str, str]:
        return {} if self._token is None else {TOKEN_HEADER: self._token}


def attach(url: str) -> Sandbox:
    """Return the control of a sandbox that already runs on this machine.

    Raises ConfigurationError if the address is not on loopback or something else answers there,
    UnavailableError if nothing does.
    """
    if not _is_loopback(url):
        raise ConfigurationError(
            _("A sandbox runs on this machine only, and this address is elsewhere."),
            _("Give an address such as http://127.0.0.1:8099."),
        )
    # Without a token: whatever answers has proved nothing yet.
    sandbox = Sandbox(url)
    if not sandbox.introduces_itself():
        raise ConfigurationError(
            _("What answers at {url} is not a sandbox.", url=sandbox.url),
            _("Give the address that the sandbox printed."),
        )
    control = control_at(sandbox.url)
    return Sandbox(url, control.token) if control is not None and sandbox.proves(control.token) else sandbox


def _is_loopback(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        return parts.scheme == "http" and (host == "localhost" or ipaddress.ip_address(host).is_loopback)
    except ValueError:
        return False


def _logged(entry: dict[str, Any]) -> LoggedRequest:
    operation = entry["operation"]
    return LoggedRequest(
        **{
            **entry,
            "call": Call(entry["call"]),
            "operation": None if operation is None else Operation(operation),
        }
    )
