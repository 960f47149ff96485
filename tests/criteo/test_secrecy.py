"""Nothing secret, and nothing about a person, in a log, an error, a representation or a pickle."""

import copy
import logging
import pickle
import re
import traceback
from collections.abc import Iterator

import pytest
import requests

from toolkit.criteo import CriteoClient
from toolkit.criteo.http import Request
from toolkit.criteo.token import Token
from toolkit.errors import ToolkitError
from toolkit.sandbox import Call, Fault, Sandbox

from .conftest import ADVERTISER, GIVES_UP, Connect, hashes, new_list
from .scripted import Answer, Scripted

SECRET = "open+sesame&100%"
TOKEN = "a-very-secret-token"
PEOPLE = [
    "john.doe@mail.example",
    "e13743a7f1db7f4246badd6fd6ff54ff",
    "375320dd9ae7ed408002f3768e16cb5f28c861062fd50dff9a3bff62e9dce4ef",
    "+31201234567",
    "6D92078A-8246-4BA4-AE5B-76104861E7DC",
    "XY1000bTVtcQ",
]
ECHO = "; ".join(PEOPLE)


@pytest.fixture(autouse=True)
def log(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """Every logger there is, requests' and urllib3's too, at its most talkative."""
    with caplog.at_level(logging.DEBUG):
        yield caplog


def echoing(scripted: Scripted) -> None:
    scripted.token_answers = [Answer(body={"access_token": TOKEN, "expires_in": 900})]


def assert_silent(text: str) -> None:
    said = [it for it in (SECRET, "sesame", TOKEN, *PEOPLE) if it.lower() in text.lower()]
    assert said == []


def everything_of(error: BaseException) -> Iterator[BaseException]:
    """The error and all that hangs on it."""
    yield error
    for other in (error.__cause__, error.__context__):
        if other is not None:
            yield from everything_of(other)


@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 413, 415, 429, 500])
def test_an_answer_that_echoes_what_was_sent_is_not_passed_on(
    scripted: Scripted, connect: Connect, log: pytest.LogCaptureFixture, status: int
) -> None:
    echoing(scripted)
    problem = {"code": f"invalid {ECHO[:-14]}", "title": f"Invalid: {ECHO[:-14]}", "detail": f"Not valid: {ECHO}"}
    scripted.answer(Answer(status, {"errors": [problem], "warnings": [problem]}))
    client = connect(scripted, patience=GIVES_UP, client_secret=SECRET)
    with pytest.raises(ToolkitError) as raised:
        client.add("12", PEOPLE)
    assert_silent("".join(traceback.format_exception(raised.value)))
    assert_silent(log.text + repr(raised.value) + " ".join(map(str, client.notices)))
    assert_silent(str(pickle.loads(pickle.dumps(raised.value))))
    for error in everything_of(raised.value):
        assert not isinstance(error, requests.RequestException)
        assert_silent(repr(vars(error)))


@pytest.mark.parametrize("fault", [Fault.DROP_BEFORE, Fault.DROP_AFTER, Fault.HANG, Fault.NOT_JSON, Fault.HTTP_500])
@pytest.mark.parametrize("call", [Call.TOKEN, Call.AMEND])
def test_a_failure_of_the_network_drags_no_request_along(
    sandbox: Sandbox, connect: Connect, log: pytest.LogCaptureFixture, fault: Fault, call: Call
) -> None:
    sandbox.fail(fault, calls=call, seconds=0.1)
    client = connect(sandbox, patience=GIVES_UP)
    with pytest.raises(ToolkitError) as raised:
        client.add("12", PEOPLE)
    for error in everything_of(raised.value):
        assert not isinstance(error, requests.RequestException)
    text = "".join(traceback.format_exception(raised.value)) + log.text
    assert sandbox.client_secret not in text
    assert_silent(text)


def test_a_whole_piece_of_work_leaves_nothing_in_the_log(
    client: CriteoClient, sandbox: Sandbox, log: pytest.LogCaptureFixture
) -> None:
    list_id = new_list(client)
    client.add(list_id, [*PEOPLE[:3], *hashes(50)])
    sandbox.expire_tokens()
    client.remove(list_id, hashes(20))
    client.add_with_attributes(list_id, {PEOPLE[0]: {"firstName": "Johannes"}})
    client.clear(list_id)
    assert_silent(log.text)
    for word in (sandbox.client_secret, "Bearer", "Johannes", *hashes(50)):
        assert word not in log.text


def test_a_line_of_the_log_says_which_call_how_it_went_and_how_long_it_took(
    scripted: Scripted, connect: Connect, log: pytest.LogCaptureFixture
) -> None:
    scripted.answer(Answer(503, {"errors": [{"traceIdentifier": "t-17"}]}), Answer(body={"data": []}))
    connect(scripted).advertisers()
    lines = [it.getMessage() for it in log.records if it.name == "toolkit.criteo" and it.levelno == logging.INFO]
    patterns = [
        r"POST /oauth2/token 200 \d+ ms, trace none, attempt 1",
        r"GET /2026-07/advertisers/me 503 \d+ ms, trace t-17, attempt 1",
        r"GET /2026-07/advertisers/me 200 \d+ ms, trace none, attempt 2",
    ]
    assert [bool(re.fullmatch(pattern, line)) for pattern, line in zip(patterns, lines, strict=True)] == [True] * 3


def test_a_call_that_got_no_answer_is_in_the_log_too(
    client: CriteoClient, sandbox: Sandbox, log: pytest.LogCaptureFixture
) -> None:
    sandbox.fail(Fault.DROP_BEFORE, calls=Call.ADVERTISERS)
    client.advertisers()
    assert "GET /2026-07/advertisers/me failed: ConnectionError, attempt 1" in log.text


def test_no_representation_holds_a_secret(scripted: Scripted, connect: Connect) -> None:
    echoing(scripted)
    client = connect(scripted, client_secret=SECRET)
    client.advertisers()
    assert repr(client) == f"CriteoClient(host='{scripted.url}')"
    assert_silent(repr(vars(client)) + repr(vars(client._transport)) + str(client))
    assert_silent(repr(Token(TOKEN, 0)))
    assert_silent(repr(Request("say", "POST", "it", body=PEOPLE, form={"client_secret": SECRET})))


@pytest.mark.parametrize("take_along", [pickle.dumps, copy.copy, copy.deepcopy])
def test_a_client_is_not_pickled(client: CriteoClient, take_along: object) -> None:
    with pytest.raises(TypeError):
        take_along(client)  # type: ignore[operator]


def test_secrets_and_identifiers_travel_in_bodies_only(scripted: Scripted, connect: Connect) -> None:
    echoing(scripted)
    scripted.answer(Answer(body={"data": {"attributes": {}}}))
    connect(scripted, client_secret=SECRET).add("12", PEOPLE)
    token, call = scripted.received
    assert_silent(token.path + str(token.headers) + call.path)
    assert call.headers.pop("Authorization") == f"Bearer {TOKEN}"
    assert_silent(str(call.headers))
    assert call.json["data"]["attributes"]["identifiers"] == PEOPLE


def test_a_netrc_file_does_not_replace_the_token(
    tls_server: Scripted, connect: Connect, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path_factory.mktemp("home") / "netrc"
    file.write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(file))
    connect(tls_server).contact_lists(ADVERTISER)
    assert [it.headers.get("Authorization") for it in tls_server.received] == [None, "Bearer a-token"]
