"""The token: one for all threads, renewed in time, and once when it is refused."""

from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.raising import raises
from toolkit.criteo import CriteoClient
from toolkit.criteo.token import TokenCache
from toolkit.errors import ErrorCode
from toolkit.sandbox import Call, Fault, Sandbox, SandboxOptions, start

from .conftest import Connect, hashes, new_list
from .scripted import Answer, Scripted


def tokens_taken(sandbox: Sandbox) -> int:
    return sum(1 for it in sandbox.requests() if it.call is Call.TOKEN)


class Issuer:
    """Gives tokens of 900 seconds, and counts them; its clock stands still."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.issued = 0
        self.keeper = TokenCache(clock=lambda: self.now)

    def current(self) -> str:
        return self.keeper.current(self.fetch).text

    def fetch(self) -> tuple[str, float]:
        self.issued += 1
        return f"token {self.issued}", 900


def test_a_token_is_renewed_a_minute_before_it_ends() -> None:
    issuer = Issuer()
    assert issuer.current() == "token 1"
    issuer.now += 839
    assert issuer.current() == "token 1"
    issuer.now += 1
    assert issuer.current() == "token 2"


def test_a_token_of_a_short_life_is_used_for_half_of_it() -> None:
    issuer = Issuer()
    issuer.keeper.current(lambda: ("short", 10))
    issuer.now += 4
    assert issuer.current() == "short"
    issuer.now += 1
    assert issuer.current() == "token 1"


def test_the_life_of_a_token_begins_when_it_was_asked_for() -> None:
    issuer = Issuer()

    def slowly() -> tuple[str, float]:
        issuer.now += 100
        return "slow", 900

    issuer.keeper.current(slowly)
    issuer.now += 740
    assert issuer.current() == "token 1"


def test_a_token_refused_twice_is_renewed_once() -> None:
    issuer = Issuer()
    issuer.current()
    refused = issuer.keeper.current(issuer.fetch)
    issuer.keeper.refuse(refused)
    assert issuer.current() == "token 2"
    issuer.keeper.refuse(refused)
    assert issuer.current() == "token 2"


def test_a_token_that_could_not_be_fetched_is_asked_for_again() -> None:
    issuer = Issuer()
    with pytest.raises(ZeroDivisionError):
        issuer.keeper.current(lambda: ("never", 1 / 0))
    assert issuer.current() == "token 1"


def test_threads_share_one_token(client: CriteoClient, sandbox: Sandbox) -> None:
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: client.advertisers(), range(24)))
    assert tokens_taken(sandbox) == 1


def test_a_token_that_ends_in_the_middle_is_renewed_once(client: CriteoClient, sandbox: Sandbox) -> None:
    list_id = new_list(client)
    with ThreadPoolExecutor(3) as threads:
        for first in range(0, 3_000, 1_000):
            batches = [hashes(100, first=number) for number in range(first, first + 1_000, 100)]
            list(threads.map(lambda batch: client.add(list_id, batch), batches))
            sandbox.expire_tokens()
    assert sandbox.identifiers(list_id) == set(hashes(3_000))
    assert tokens_taken(sandbox) == 3


def test_a_token_is_renewed_before_criteo_finds_it_expired() -> None:
    with start(options=SandboxOptions(token_life_seconds=1, calls_per_minute=10_000)) as sandbox:
        host = {"host": sandbox.url, "client_id": sandbox.client_id, "client_secret": sandbox.client_secret}
        with CriteoClient(**host) as client:
            while tokens_taken(sandbox) < 3:
                client.advertisers()
        assert {it.status for it in sandbox.requests()} == {200}


def test_a_new_token_is_tried_once(scripted: Scripted, connect: Connect) -> None:
    scripted.answer(Answer(401, {"errors": [{"code": "authorization-token-invalid"}]}))
    with raises(ErrorCode.ACCESS, names=(401, "authorization-token-invalid")):
        connect(scripted).advertisers()
    assert [it.path.rpartition("/")[2] for it in scripted.received] == ["token", "me", "token", "me"]


def test_a_401_without_a_body_renews_the_token_too(scripted: Scripted, connect: Connect) -> None:
    scripted.answer(Answer(401), Answer(body={"data": []}))
    assert connect(scripted).advertisers() == []


@pytest.mark.parametrize("fault", [Fault.HTTP_500, Fault.HTTP_503, Fault.HTTP_429, Fault.DROP_BEFORE, Fault.DROP_AFTER])
def test_a_token_call_is_tried_again(client: CriteoClient, sandbox: Sandbox, fault: Fault) -> None:
    sandbox.fail(fault, calls=Call.TOKEN, times=2, reset_seconds=None)
    assert client.advertisers()
    assert tokens_taken(sandbox) == 3


@pytest.mark.parametrize("secret", ["a+b&c=d%e", "pä ss€", "%2B", " edges ", "新しい", "a\nb", "&&==;;"])
def test_a_secret_arrives_as_it_is(connect: Connect, secret: str) -> None:
    with Scripted(client_secret=secret) as server:
        client = connect(server)
        client.advertisers()
        client.close()
        form = parse_qs(server.received[0].body.decode("ascii"), strict_parsing=True)
        assert form["client_secret"] == [secret]
        assert server.received[0].headers["Content-Type"] == "application/x-www-form-urlencoded"


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(secret=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20))
def test_any_secret_arrives_as_it_is(scripted: Scripted, connect: Connect, secret: str) -> None:
    scripted.token_answers = [Answer(body={"access_token": "t"}, headers={"x-ratelimit-limit": "1000000"})]
    client = connect(scripted, client_secret=secret)
    client.advertisers()
    client.close()
    body = scripted.received[-2].body.decode("ascii")
    assert parse_qs(body, strict_parsing=True, keep_blank_values=True)["client_secret"] == [secret]
