import socket
import time

import pytest
import requests

from tests.raising import raises
from toolkit.errors import ErrorCode
from toolkit.sandbox import Call, Fault, PlannedFault, Sandbox, SandboxOptions, start

from .plain_client import Client, codes

ADDRESS = "a@b.example"


def test_every_answer_says_how_many_calls_are_left(client: Client) -> None:
    first, second = client.advertisers(), client.advertisers(headers={"Authorization": ""})
    assert int(second.headers["x-ratelimit-remaining"]) == int(first.headers["x-ratelimit-remaining"]) - 1
    assert first.headers["x-ratelimit-limit"] == "250"
    assert int(first.headers["x-ratelimit-reset"]) > time.time()


def test_calls_over_the_limit_are_refused_until_the_reset() -> None:
    with start(options=SandboxOptions(calls_per_minute=2, minute_seconds=0.5)) as sandbox:
        client = Client(sandbox.url)
        answers = [client.advertisers() for _ in range(4)]
        assert 429 in {answer.status_code for answer in answers}
        refused = next(answer for answer in answers if answer.status_code == 429)
        assert refused.headers["x-ratelimit-remaining"] == "0"
        time.sleep(max(0, int(refused.headers["x-ratelimit-reset"]) - time.time()))
        assert client.advertisers().status_code == 200


def test_taking_a_token_is_not_counted() -> None:
    with start(options=SandboxOptions(calls_per_minute=1)) as sandbox:
        client = Client(sandbox.url)
        client.renew()
        assert client.advertisers().status_code == 200
        assert client.advertisers().status_code == 429
        assert client.take_token().status_code == 200


def test_a_body_over_the_limit_is_refused_without_a_word() -> None:
    with start(options=SandboxOptions(max_body_bytes=4_000)) as sandbox:
        client = Client(sandbox.url)
        list_id = client.new_list()
        too_large = [f"{number:064x}" for number in range(50_000)]
        answer = client.amend(list_id, "add", too_large)
        assert (answer.status_code, answer.content) == (413, b"")
        assert client.amend(list_id, "add", too_large[:50]).status_code == 200
        assert sandbox.identifiers(list_id) == set(too_large[:50])


def test_headers_of_ones_own_go_with_every_answer() -> None:
    options = SandboxOptions(answer_headers=(("Sunset", "Sat, 31 Jul 2027 00:00:00 GMT"),))
    with start(options=options) as sandbox:
        assert Client(sandbox.url).advertisers().headers["sunset"] == "Sat, 31 Jul 2027 00:00:00 GMT"


def test_a_client_that_breaks_off_in_the_middle_changes_nothing(client: Client, sandbox: Sandbox) -> None:
    list_id = client.new_list()
    port = int(sandbox.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port)) as torn:
        torn.sendall(
            f"PATCH /2026-07/marketing-solutions/audience-segments/{list_id}/contact-list HTTP/1.1\r\n"
            f"Host: 127.0.0.1\r\nAuthorization: Bearer {client.token}\r\n"
            "Content-Type: application/json\r\nContent-Length: 900\r\n\r\n{".encode()
        )
    assert client.statistics(list_id).json()["data"]["attributes"]["numberOfIdentifiers"] == 0
    torn_call = next(call for call in sandbox.requests() if call.call is Call.AMEND)
    assert torn_call.status is None


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (Fault.HTTP_429, 429),
        (Fault.HTTP_500, 500),
        (Fault.HTTP_503, 503),
        (Fault.HTTP_401, 401),
        (Fault.NOT_JSON, 200),
    ],
)
def test_an_answered_fault_changes_nothing_and_passes(
    client: Client, sandbox: Sandbox, fault: Fault, status: int
) -> None:
    list_id = client.new_list()
    sandbox.fail(fault, calls=Call.AMEND, times=2)
    assert [client.amend(list_id, "add", [ADDRESS]).status_code for _ in range(2)] == [status, status]
    assert sandbox.identifiers(list_id) == set()
    assert client.amend(list_id, "add", [ADDRESS]).json()["errors"] == []
    assert sandbox.identifiers(list_id) == {ADDRESS}


def test_a_web_page_can_come_in_place_of_json(client: Client, sandbox: Sandbox) -> None:
    sandbox.fail(Fault.NOT_JSON)
    answer = client.advertisers()
    assert answer.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize(("fault", "held"), [(Fault.DROP_BEFORE, set()), (Fault.DROP_AFTER, {ADDRESS})])
def test_a_dropped_connection_says_nothing_of_what_was_done(
    client: Client, sandbox: Sandbox, fault: Fault, held: set[str]
) -> None:
    list_id = client.new_list()
    sandbox.fail(fault, calls=Call.AMEND)
    with pytest.raises(requests.ConnectionError):
        client.amend(list_id, "add", [ADDRESS])
    assert sandbox.identifiers(list_id) == held
    assert sandbox.requests()[-1].status is None
    assert client.statistics(list_id).status_code == 200


def test_a_hanging_call_never_answers_and_does_nothing(client: Client, sandbox: Sandbox) -> None:
    list_id = client.new_list()
    sandbox.fail(Fault.HANG, calls=Call.CLEAR)
    client.amend(list_id, "add", [ADDRESS])
    with pytest.raises(requests.Timeout):
        client.call("DELETE", f"/2026-07/marketing-solutions/audience-segments/{list_id}/contact-list", timeout=0.2)
    assert sandbox.identifiers(list_id) == {ADDRESS}


def test_a_slow_answer_comes_after_its_work_was_done(client: Client, sandbox: Sandbox) -> None:
    sandbox.fail(Fault.SLOW, calls=Call.CREATE, seconds=30)
    with pytest.raises(requests.Timeout):
        client.call(
            "POST",
            "/2026-07/marketing-solutions/audience-segments/create",
            {"data": [{"attributes": {"advertiserId": "2711", "name": "A", "contactList": {}}}]},
            timeout=0.2,
        )
    assert codes(client.create("A")) == ["name-must-be-unique"]
    assert [it.name for it in sandbox.lists()] == ["A"]


def test_a_reset_can_be_chosen_or_left_out(client: Client, sandbox: Sandbox) -> None:
    sandbox.fail(Fault.HTTP_429, reset_seconds=100)
    sandbox.fail(Fault.HTTP_429, reset_seconds=None)
    chosen, left_out = client.advertisers(), client.advertisers()
    assert 90 < int(chosen.headers["x-ratelimit-reset"]) - time.time() <= 100
    assert not [name for name in left_out.headers if name.startswith("x-ratelimit")]


def test_a_fault_hits_its_own_kinds_of_call_after_those_let_pass(client: Client, sandbox: Sandbox) -> None:
    sandbox.fail(Fault.HTTP_503, calls=[Call.SEARCH, Call.ADVERTISERS], after=2)
    statuses = [
        client.search().status_code,
        client.take_token().status_code,
        client.advertisers().status_code,
        client.search().status_code,
        client.search().status_code,
    ]
    assert statuses == [200, 200, 200, 503, 200]


def test_a_token_call_can_fail_too(client: Client, sandbox: Sandbox) -> None:
    sandbox.fail(Fault.HTTP_401, calls=Call.TOKEN)
    answer = client.take_token()
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_faults_are_forgotten_on_request(client: Client, sandbox: Sandbox) -> None:
    sandbox.fail(Fault.HTTP_500, times=9)
    assert client.advertisers().status_code == 500
    sandbox.stop_failing()
    assert client.advertisers().status_code == 200


def test_a_sandbox_can_begin_with_faults() -> None:
    options = SandboxOptions(faults=(PlannedFault(Fault.HTTP_500, calls=(Call.ADVERTISERS,)),))
    with start(options=options) as sandbox:
        client = Client(sandbox.url)
        assert [client.advertisers().status_code for _ in range(2)] == [500, 200]


@pytest.mark.parametrize("wrong", [{"times": 0}, {"after": -1}, {"calls": []}])
def test_a_fault_that_could_never_happen_is_refused(sandbox: Sandbox, wrong: dict[str, object]) -> None:
    with raises(ErrorCode.CONFIGURATION, names="http_500"):
        sandbox.fail(Fault.HTTP_500, **wrong)  # type: ignore[arg-type]
