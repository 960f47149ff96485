"""Every request that the client makes, and every answer it reads, held against published descriptions, where they
are at hand: in the folder that CRITEO_DESCRIPTIONS names, or in ../shared/criteo of the project."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
import requests

from toolkit.criteo import (
    And,
    AudienceChange,
    CriteoClient,
    IdentifierType,
    ListChange,
    Lookalike,
    NewAudience,
    NewList,
    NewSegment,
    Not,
    Operation,
    Or,
    Prospecting,
    Retargeting,
    Segment,
    SegmentChange,
    SegmentType,
    UsersType,
    VisitorsType,
)
from toolkit.errors import ToolkitError
from toolkit.sandbox import Sandbox

from .conftest import ADVERTISER, Connect, hashes, new_list

PROJECT = Path(__file__).parents[2]
DESCRIPTIONS = Path(os.environ.get("CRITEO_DESCRIPTIONS") or PROJECT.parent / "shared" / "criteo")
TOKEN, LISTS = "oauth2-token-2021-07.json", "openapi-2026-07-audience.json"

pytestmark = [
    pytest.mark.skipif(not (DESCRIPTIONS / LISTS).is_file(), reason="Criteo's published descriptions are not at hand"),
    # The validator cannot judge OAuth; the tests of the token do.
    pytest.mark.filterwarnings("ignore:Unsupported scheme type"),
]

openapi_core = pytest.importorskip("openapi_core")


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> list[requests.Response]:
    """Every answer that any client gets, with its request."""
    seen: list[requests.Response] = []
    send = requests.Session.send

    def remembering(session: requests.Session, *args: Any, **options: Any) -> requests.Response:
        seen.append(send(session, *args, **options))
        # The client reads an answer piece by piece; once it is read here, it can be read again.
        assert seen[-1].content is not None
        return seen[-1]

    monkeypatch.setattr(requests.Session, "send", remembering)
    return seen


def described(name: str, url: str) -> Any:
    content = json.loads((DESCRIPTIONS / name).read_text(encoding="utf-8"))
    # A note of whoever copied the file, which no OpenAPI document may hold.
    content.pop("_source", None)
    # A part of a description lacks the head.
    head = {"openapi": "3.0.1", "info": {"title": name, "version": "1"}}
    return {**head, **content, "servers": [{"url": url}]}


def do_everything(client: CriteoClient) -> None:
    client.advertisers()
    first, second = new_list(client, "A"), new_list(client, "B")
    client.find_or_create_list(ADVERTISER, name="B", description="again", known_id=second)
    client.add(first, [*hashes(20), "nobody"])
    client.remove(first, hashes(5))
    client.add(first, ["k-1"], identifier_type=IdentifierType.GUM, gum_caller_id=12)
    client.statistics(first)
    client.compute_sizes([first, "999"])
    client.clear(first)
    client.statistics(first)
    client.rename(first, name="C", description="")
    client.create_lists(
        [NewList(ADVERTISER, "D", "made"), NewList(ADVERTISER, "E", "made"), NewList(ADVERTISER, "C", "")]
    )
    client.change_lists([ListChange(first, description="changed"), ListChange(second, name="F")])
    client.lists_by_id([first, second, "999"])
    combine(client, first)
    client.delete_list(second)
    for refused in (lambda: client.rename("999", name="D", description=""), lambda: client.delete_list("999")):
        with pytest.raises(ToolkitError):
            refused()


def combine(client: CriteoClient, seed: str) -> None:
    settings = (
        Lookalike(seed, 1_000),
        Lookalike(seed),
        Retargeting(VisitorsType.ALL, 0, 30),
        Prospecting(UsersType.PROSPECTS_OR_NON_BUYERS, 0, 30),
        Prospecting(),
    )
    made = client.segments.create([NewSegment(ADVERTISER, f"S{place}", it) for place, it in enumerate(settings)])
    ids = [it.require().id for it in made]
    changed = zip(ids, settings, strict=True)
    client.segments.change([SegmentChange(it, description="changed", settings=how) for it, how in changed])
    algebra = And((Segment(seed), Not(Or((Segment(ids[0]), Segment(ids[1]))))))
    results = client.audiences.create([NewAudience(ADVERTISER, it, algebra, "made") for it in ("A", "B", "A")])
    audience = results[0].require().id
    client.audiences.change([AudienceChange(audience, "C", Segment(seed), "changed"), AudienceChange("999", "D")])
    client.audiences.compute_sizes([audience, "999"])
    client.audiences.estimate_size(ADVERTISER, algebra)
    client.audiences.search(advertiser_ids=[ADVERTISER], segment_ids=[seed, *ids], audience_ids=[audience])
    client.segments.search(advertiser_ids=[ADVERTISER], types=[SegmentType.LOOKALIKE])
    client.audiences.delete([audience, "999"])
    client.segments.delete([*ids, "999"])


def test_requests_and_answers_are_as_described(
    client: CriteoClient, sandbox: Sandbox, answers: list[requests.Response]
) -> None:
    from openapi_core.contrib.requests import RequestsOpenAPIRequest, RequestsOpenAPIResponse

    criteo = openapi_core.OpenAPI.from_dict(described(LISTS, sandbox.url))
    do_everything(client)
    calls = [it for it in answers if "marketing-solutions" in it.url or it.url.endswith("/advertisers/me")]
    assert len({(it.request.method, it.request.path_url.split("?")[0]) for it in calls}) >= 15
    for answer in calls:
        request = RequestsOpenAPIRequest(answer.request)
        criteo.validate_request(request)
        criteo.validate_response(request, RequestsOpenAPIResponse(answer))


def test_a_wrong_request_would_be_found(
    client: CriteoClient, sandbox: Sandbox, answers: list[requests.Response]
) -> None:
    from openapi_core.contrib.requests import RequestsOpenAPIRequest

    client.add(new_list(client), hashes(1))
    prepared = answers[-1].request
    assert isinstance(prepared.body, bytes)
    prepared.body = prepared.body.replace(b'"operation":"add"', b'"operation":"upsert"')
    with pytest.raises(openapi_core.exceptions.OpenAPIError):
        openapi_core.OpenAPI.from_dict(described(LISTS, sandbox.url)).validate_request(RequestsOpenAPIRequest(prepared))


def test_asking_for_a_token_is_as_described(
    client: CriteoClient, sandbox: Sandbox, connect: Connect, answers: list[requests.Response]
) -> None:
    from openapi_core.contrib.requests import RequestsOpenAPIRequest, RequestsOpenAPIResponse

    description = described(TOKEN, sandbox.url)
    # A null, where the time of the description had no word for it.
    description["components"]["schemas"]["AccessTokenModel"]["properties"]["refresh_token"]["nullable"] = True
    criteo = openapi_core.OpenAPI.from_dict(description)
    client.advertisers()
    with pytest.raises(ToolkitError):
        connect(sandbox, client_secret="wrong").advertisers()
    tokens = [it for it in answers if it.url.endswith("/oauth2/token")]
    assert [it.status_code for it in tokens] == [200, 401]
    for answer in tokens:
        request = RequestsOpenAPIRequest(answer.request)
        criteo.validate_request(request)
        criteo.validate_response(request, RequestsOpenAPIResponse(answer))


def test_the_words_are_those_described(sandbox: Sandbox) -> None:
    amendment = described(LISTS, sandbox.url)["components"]["schemas"]["ContactlistAmendment"]
    attributes = amendment["properties"]["attributes"]["properties"]
    assert set(attributes["identifierType"]["enum"]) == set(IdentifierType)
    assert set(attributes["operation"]["enum"]) == set(Operation)
