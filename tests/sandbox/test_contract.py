"""Every answer of the sandbox, held against Criteo's own descriptions where they are at hand."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from toolkit.sandbox import Fault, Permission, Sandbox

from .plain_client import SEGMENTS, Client

DESCRIPTIONS = Path(os.environ.get("CRITEO_DESCRIPTIONS") or Path(__file__).parents[3] / "shared" / "criteo")
AUDIENCES = "/2026-07/marketing-solutions/audiences"
HASHED = f"{1:064x}"

pytestmark = pytest.mark.skipif(not DESCRIPTIONS.is_dir(), reason="Criteo's descriptions are not beside this checkout")

openapi_core = pytest.importorskip("openapi_core")


def _description(name: str) -> Any:
    content = json.loads((DESCRIPTIONS / name).read_text(encoding="utf-8"))
    # A note of whoever copied the file, which no OpenAPI document may hold.
    content.pop("_source", None)
    return content


class Answers:
    """Collects the answers of a session, in order."""

    def __init__(self, session: requests.Session) -> None:
        self.seen: list[requests.Response] = []
        session.hooks["response"].append(lambda answer, **_: self.seen.append(answer))


@pytest.fixture
def answers(client: Client) -> Iterator[Answers]:
    return Answers(client.session)


def _do_everything(client: Client) -> None:
    client.advertisers()
    first, second = client.new_list("A"), client.new_list("B")
    client.create("A", description="again")
    client.create("")
    client.search()
    client.search("?limit=1&offset=1", advertiserIds=["2711"], audienceSegmentTypes=["ContactList"])
    client.amend(first, "add", [HASHED, "nobody"])
    client.amend(first, "remove", [HASHED])
    client.amend(first, "add", ["k-1"], identifier_type="gum", gumCallerId=12)
    client.statistics(first)
    client.clear(first)
    client.statistics(first)
    renamed = {"id": first, "attributes": {"name": "C", "description": {"value": None}}}
    unknown = {"id": "999", "attributes": {}}
    client.call("PATCH", SEGMENTS, {"data": [renamed, unknown]})
    client.call("POST", f"{SEGMENTS}/compute-sizes", {"data": [{"id": second}, unknown]})
    client.call("POST", f"{SEGMENTS}/delete", {"data": [{"id": second, "attributes": {}}, unknown]})


def _combine(client: Client) -> None:
    seed = client.new_list("A")
    client.create("B", contactList=None, lookalike={"seedSegmentId": seed, "targetSize": 1000})
    visits = {"daysSinceLastVisitMin": 0, "daysSinceLastVisitMax": 9}
    client.create("C", contactList=None, retargeting={"visitorsType": "NonBuyers", **visits})
    client.create("D", contactList=None, prospecting={"usersType": "ProspectsOrNonBuyers"})
    client.search()
    segment, unknown = {"audienceSegmentId": seed}, {"id": "999", "attributes": {}}
    combined = {"and": [segment, {"not": {"or": [segment]}}]}
    new = {"attributes": {"advertiserId": "2711", "name": "E", "algebra": combined}}
    made = client.call("POST", f"{AUDIENCES}/create", {"data": [new, new]}).json()["data"][0]["id"]
    one = {"id": made, "attributes": {}}
    change = {"id": made, "attributes": {"name": "F", "description": {"value": None}, "algebra": segment}}
    client.call("PATCH", AUDIENCES, {"data": [change, unknown]})
    client.call("POST", f"{AUDIENCES}/compute-sizes", {"data": [one, unknown]})
    estimated = {"data": {"attributes": {"advertiserId": "2711", "algebra": combined}}}
    client.call("POST", f"{AUDIENCES}/estimate-size", estimated)
    client.call("POST", f"{AUDIENCES}/search?limit=1", {"data": {"attributes": {"audienceSegmentIds": [seed]}}})
    client.call("POST", f"{AUDIENCES}/delete", {"data": [one, unknown]})


def _do_everything_wrong(client: Client, sandbox: Sandbox) -> None:
    list_id = client.new_list()
    client.advertisers(headers={"Authorization": ""})
    client.amend(list_id, "replace", [HASHED])
    client.amend("999", "add", [HASHED])
    client.create("A", advertiser_id="90210")
    sandbox.withdraw_permission(Permission.READ_CAMPAIGNS)
    sandbox.withdraw_permission(Permission.MANAGE_CAMPAIGNS)
    client.call("POST", "/2026-07/marketing-solutions/ad-sets/search", {})
    client.call("POST", f"{SEGMENTS}/search", data=b"{", headers={"Content-Type": "application/json"})
    client.call("POST", f"{SEGMENTS}/search", data=b"{}", headers={"Content-Type": "text/plain"})
    client.call("GET", "/2026-01/advertisers/me")
    client.call("GET", "/nothing")
    for fault in (Fault.HTTP_401, Fault.HTTP_429, Fault.HTTP_500):
        sandbox.fail(fault)
        client.advertisers()


# The validator cannot judge OAuth; the tests of the token do.
@pytest.mark.filterwarnings("ignore:Unsupported scheme type")
def test_requests_and_answers_are_as_criteo_describes_them(client: Client, sandbox: Sandbox, answers: Answers) -> None:
    from openapi_core.contrib.requests import RequestsOpenAPIRequest, RequestsOpenAPIResponse

    description = _description("openapi-2026-07-audience.json")
    description["servers"] = [{"url": client.url}]
    criteo = openapi_core.OpenAPI.from_dict(description)
    _do_everything(client)
    sandbox.reset()
    client.renew()
    _combine(client)
    assert {answer.status_code for answer in answers.seen} == {200}
    for answer in answers.seen:
        if answer.url.endswith("/oauth2/token"):
            continue
        request = RequestsOpenAPIRequest(answer.request)
        criteo.validate_request(request)
        criteo.validate_response(request, RequestsOpenAPIResponse(answer))


def test_token_answers_are_as_criteo_describes_them(client: Client, answers: Answers) -> None:
    from openapi_core.contrib.requests import RequestsOpenAPIRequest, RequestsOpenAPIResponse

    description = _description("oauth2-token-2021-07.json")
    # The file is a part of an older description: it lacks the head, and has a null where its time had no word for it.
    token_model = description["components"]["schemas"]["AccessTokenModel"]
    token_model["properties"]["refresh_token"]["nullable"] = True
    head = {"openapi": "3.0.1", "info": {"title": "Token", "version": "2021-07"}}
    criteo = openapi_core.OpenAPI.from_dict({**head, "servers": [{"url": client.url}], **description})
    client.take_token()
    client.take_token(client_secret="wrong")
    client.take_token(grant_type="password")
    assert [answer.status_code for answer in answers.seen] == [200, 401, 400]
    for answer in answers.seen:
        request = RequestsOpenAPIRequest(answer.request)
        criteo.validate_response(request, RequestsOpenAPIResponse(answer))


def test_refusals_are_as_criteo_described_them_last(client: Client, sandbox: Sandbox, answers: Answers) -> None:
    from openapi_schema_validator import OAS30Validator

    components = _description("errors-2023-10.json")["components"]
    described = {**components["schemas"]["ErrorCodeResponse"], "components": components}
    _do_everything_wrong(client, sandbox)
    refused = [answer for answer in answers.seen if not answer.ok]
    assert {answer.status_code for answer in refused} == {400, 401, 403, 404, 410, 415, 429, 500}
    for answer in refused:
        OAS30Validator(described).validate(answer.json())


def test_the_description_itself_would_catch_a_wrong_answer(client: Client, answers: Answers) -> None:
    from openapi_core.contrib.requests import RequestsOpenAPIRequest, RequestsOpenAPIResponse

    description = _description("openapi-2026-07-audience.json")
    description["servers"] = [{"url": client.url}]
    client.statistics(client.new_list())
    answer = answers.seen[-1]
    answer._content = answer.content.replace(b'"numberOfMatches":0', b'"numberOfMatches":"none"')
    with pytest.raises(openapi_core.exceptions.OpenAPIError):
        openapi_core.OpenAPI.from_dict(description).validate_response(
            RequestsOpenAPIRequest(answer.request), RequestsOpenAPIResponse(answer)
        )
