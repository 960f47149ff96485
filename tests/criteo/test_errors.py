"""Each way in which Criteo refuses, by what the reader can do about it."""

from collections.abc import Callable

import pytest

from tests.raising import raises, require
from toolkit.criteo import CriteoClient, RetryPolicy, Wait
from toolkit.criteo.errors import Problem, masked, problem_of
from toolkit.errors import ErrorCode, ToolkitError
from toolkit.sandbox import Call, Fault, Sandbox

from .conftest import ADVERTISER, GIVES_UP, Connect, new_list
from .scripted import Answer, Scripted

ROWS = [
    (400, "field-malformed", ErrorCode.DATA),
    (401, "authorization-token-invalid", ErrorCode.ACCESS),
    (403, "advertiser-consent-missing", ErrorCode.ACCESS),
    (404, "audience-invalid", ErrorCode.LIST_GONE),
    (404, "route-unknown", ErrorCode.CONFIGURATION),
    (410, "version-gone", ErrorCode.CONFIGURATION),
    (413, "body-too-large", ErrorCode.TOO_LARGE),
    (415, "unsupported-media-type", ErrorCode.CONFIGURATION),
    (429, "rate-limit-exceeded", ErrorCode.BUSY),
    (500, "internal-error", ErrorCode.UNAVAILABLE),
    (503, "unavailable", ErrorCode.UNAVAILABLE),
    (504, "audience-invalid", ErrorCode.UNAVAILABLE),
]


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("trace_name", ["traceId", "traceIdentifier"])
def test_an_error_says_what_happened_and_what_to_do(
    scripted: Scripted, connect: Connect, row: tuple[int, str, ErrorCode], trace_name: str
) -> None:
    status, code, kind = row
    scripted.answer(Answer(status, {"errors": [{trace_name: "t-17", "code": code, "title": "A title"}]}))
    with raises(kind, names=(status, code, "A title", "t-17", "12")):
        connect(scripted, patience=GIVES_UP).add("12", ["a@b.example"])


@pytest.mark.parametrize("status", sorted({row[0] for row in ROWS}))
@pytest.mark.parametrize("body", ["", "<html>No</html>", [], {"errors": None}, {"errors": ["odd"]}, {"errors": [{}]}])
def test_an_error_with_nothing_to_read_is_an_error_all_the_same(
    scripted: Scripted, connect: Connect, status: int, body: object
) -> None:
    scripted.answer(Answer(status, body))
    with pytest.raises(ToolkitError) as raised:
        connect(scripted, patience=GIVES_UP).advertisers()
    require(raised.value, raised.value.code, names=status)


@pytest.mark.parametrize("status", [301, 302, 304, 307])
def test_a_redirection_is_not_followed(scripted: Scripted, connect: Connect, status: int) -> None:
    scripted.answer(Answer(status, "", {"Location": f"{scripted.url}/elsewhere"}))
    with raises(ErrorCode.CONFIGURATION, names=status):
        connect(scripted).advertisers()
    assert len(scripted.calls) == 1


@pytest.mark.parametrize("status", [400, 403, 404, 405, 409, 410, 415, 422])
def test_what_cannot_pass_is_not_tried_again(scripted: Scripted, connect: Connect, status: int) -> None:
    scripted.answer(Answer(status))
    with pytest.raises(ToolkitError):
        connect(scripted).statistics("12")
    assert len(scripted.calls) == 1


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504, 599])
def test_what_may_pass_is_tried_again(scripted: Scripted, connect: Connect, waits: list[Wait], status: int) -> None:
    scripted.answer(Answer(status), Answer(status), Answer(body={"data": {"attributes": {"numberOfMatches": 7}}}))
    assert connect(scripted, observer=waits.append).statistics("12").matches == 7
    assert [f"status {status}" in wait.reason for wait in waits] == [True, True]
    assert all(0 < wait.seconds_left < 60 for wait in waits)


def test_the_last_error_says_how_often_it_was_tried(scripted: Scripted, connect: Connect) -> None:
    scripted.answer(Answer(503))
    patience = RetryPolicy(seconds=0.5, first_wait_seconds=0.05, longest_wait_seconds=0.05)
    with raises(ErrorCode.UNAVAILABLE):
        connect(scripted, patience=patience).advertisers()
    assert len(scripted.calls) > 1


def test_a_withdrawn_consent_is_a_matter_for_an_administrator(client: CriteoClient, sandbox: Sandbox) -> None:
    list_id = new_list(client)
    sandbox.withdraw_consent(ADVERTISER)
    with raises(ErrorCode.ACCESS, names=(403, "administrator")):
        client.add(list_id, ["a@b.example"])


def test_wrong_credentials_are_refused_at_once(sandbox: Sandbox, connect: Connect) -> None:
    with raises(ErrorCode.ACCESS, names=(401, "invalid_client")):
        connect(sandbox, client_secret="another").advertisers()
    assert [it.call for it in sandbox.requests()] == [Call.TOKEN]


def test_credentials_may_be_refused_as_malformed_too(scripted: Scripted, connect: Connect) -> None:
    scripted.token_answers = [Answer(400, {"error": "invalid_client", "error_description": "No"})]
    with raises(ErrorCode.ACCESS, names="invalid_client"):
        connect(scripted).advertisers()


def test_a_version_that_is_gone_is_said_to_be(sandbox: Sandbox, connect: Connect) -> None:
    with raises(ErrorCode.CONFIGURATION, names=410):
        connect(sandbox, version="2023-10").advertisers()


def test_a_web_page_in_place_of_an_answer_is_tried_again(client: CriteoClient, sandbox: Sandbox) -> None:
    sandbox.fail(Fault.NOT_JSON, calls=[Call.TOKEN, Call.ADVERTISERS], times=2)
    assert len(client.advertisers()) == 3


def test_a_web_page_for_ever_points_at_the_network(scripted: Scripted, connect: Connect) -> None:
    scripted.answer(Answer(200, "<html>Sign in</html>", {"Content-Type": "text/html"}))
    with raises(ErrorCode.UNAVAILABLE, names="JSON"):
        connect(scripted, patience=GIVES_UP).advertisers()


IN_PART: list[Callable[[CriteoClient], object]] = [
    lambda client: client.add("12", ["a@b.example"]),
    lambda client: client.clear("12"),
    lambda client: client.rename("12", name="A", description=""),
    lambda client: client.delete_list("12"),
    lambda client: client.statistics("12"),
]


@pytest.mark.parametrize("call", IN_PART, ids=["add", "clear", "rename", "delete", "statistics"])
@pytest.mark.parametrize("data", [None, [], [{"id": "12", "attributes": {}}]])
def test_errors_in_an_answer_of_status_200_are_errors(
    scripted: Scripted, connect: Connect, call: Callable[[CriteoClient], object], data: object
) -> None:
    scripted.answer(Answer(200, {"data": data, "errors": [{"code": "segment-not-found", "traceId": "t-1"}]}))
    with raises(ErrorCode.LIST_GONE, names=(200, "segment-not-found", "t-1")):
        call(connect(scripted))


@pytest.mark.parametrize("call", IN_PART, ids=["add", "clear", "rename", "delete", "statistics"])
def test_fewer_data_than_sent_are_no_success(
    scripted: Scripted, connect: Connect, call: Callable[[CriteoClient], object]
) -> None:
    scripted.answer(Answer(200, {"data": [], "errors": [], "warnings": []}))
    with raises(ErrorCode.UNAVAILABLE):
        call(connect(scripted))


def test_errors_without_data_are_not_an_empty_answer(scripted: Scripted, connect: Connect) -> None:
    scripted.answer(Answer(200, {"data": None, "errors": [{"code": "something-failed"}]}))
    with raises(ErrorCode.CONFIGURATION, names="something-failed"):
        connect(scripted).advertisers()


@pytest.mark.parametrize(
    "text",
    [
        "john.doe@gmail.com",
        "e13743a7f1db7f4246badd6fd6ff54ff",
        "375320DD9AE7ED408002F3768E16CB5F28C861062FD50DFF9A3BFF62E9DCE4EF",
        "6D92078A-8246-4BA4-AE5B-76104861E7DC",
        "+31 20 123 45 67",
        "0201234567",
    ],
)
def test_what_could_be_an_identifier_is_masked(text: str) -> None:
    assert masked(f"Value '{text}' is not valid") == "Value '•••' is not valid"


def test_dates_and_ids_of_lists_are_not_masked() -> None:
    assert masked("List 410001 ends\non 2027-07-31") == "List 410001 ends on 2027-07-31"


def test_a_trace_breaks_no_line_of_a_log() -> None:
    assert problem_of(500, {"traceId": "a\nb c"}).trace_id == "abc"


def test_a_problem_says_only_what_it_knows() -> None:
    assert str(Problem(500)) == "status 500"
    assert str(Problem(400, title="Same", detail="Same")) == "status 400 (Same)"
