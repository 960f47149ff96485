"""A client with no cleverness of its own."""

from dataclasses import dataclass, field
from typing import Any

import requests

from toolkit.sandbox import CLIENT_ID, CLIENT_SECRET

SEGMENTS = "/2026-07/marketing-solutions/audience-segments"


@dataclass
class Client:
    """Calls the sandbox as Criteo's clients do; it takes a token first, and retries nothing."""

    url: str
    token: str = ""
    session: requests.Session = field(default_factory=requests.Session)

    def __post_init__(self) -> None:
        self.session.trust_env = False
        self.renew()

    def renew(self) -> None:
        self.token = self.take_token().json()["access_token"]

    def take_token(self, **form: str) -> requests.Response:
        credentials = {
            "grant_type": "client_credentials",
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
        }
        return self.session.post(f"{self.url}/oauth2/token", data=credentials | form, timeout=20)

    def call(self, method: str, path: str, body: Any = None, **more: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.token}"} | more.pop("headers", {})
        content = {} if body is None else {"json": body}
        return self.session.request(method, self.url + path, headers=headers, **content, **({"timeout": 20} | more))

    def advertisers(self, **more: Any) -> requests.Response:
        return self.call("GET", "/2026-07/advertisers/me", **more)

    def create(self, name: str, *, advertiser_id: str = "2711", **attributes: Any) -> requests.Response:
        filled = {"advertiserId": advertiser_id, "name": name, "contactList": {}} | attributes
        given = {key: it for key, it in filled.items() if it is not None}
        return self.call("POST", f"{SEGMENTS}/create", {"data": [{"attributes": given}]})

    def new_list(self, name: str = "a list", *, advertiser_id: str = "2711") -> str:
        return str(self.create(name, advertiser_id=advertiser_id).json()["data"][0]["id"])

    def search(self, query: str = "", **filters: list[str]) -> requests.Response:
        return self.call("POST", f"{SEGMENTS}/search{query}", {"data": {"attributes": filters}})

    def amend(
        self,
        list_id: str,
        operation: str,
        identifiers: list[str],
        *,
        identifier_type: str = "email",
        **attributes: Any,
    ) -> requests.Response:
        asked = {"operation": operation, "identifierType": identifier_type, "identifiers": identifiers}
        return self.call(
            "PATCH",
            f"{SEGMENTS}/{list_id}/contact-list",
            {"data": {"type": "ContactlistAmendment", "attributes": asked | attributes}},
        )

    def clear(self, list_id: str) -> requests.Response:
        return self.call("DELETE", f"{SEGMENTS}/{list_id}/contact-list")

    def statistics(self, list_id: str) -> requests.Response:
        return self.call("GET", f"{SEGMENTS}/{list_id}/contact-list/statistics")


def codes(response: requests.Response) -> list[str]:
    """The codes of the problems in an answer."""
    return [problem["code"] for problem in response.json()["errors"]]
