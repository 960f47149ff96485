"""As many calls as Criteo allows, and waiting where it asks for it; clocks here move only when told."""

from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.raising import raises
from toolkit.criteo import CriteoClient, RetryPolicy, Wait
from toolkit.criteo.rate_limit import RateLimiter, rate_limiter_of, seconds_asked_for
from toolkit.errors import ErrorCode, UnavailableError
from toolkit.sandbox import Call, Fault, Sandbox, SandboxOptions, start

from .conftest import ADVERTISER, QUICK, Connect, hashes, new_list
from .scripted import Answer, Scripted

NOON = 1_800_000_000.0
NOTHING_LEFT = {"x-ratelimit-limit": "250", "x-ratelimit-remaining": "0", "Date": formatdate(NOON, usegmt=True)}


class Clock:
    def __init__(self) -> None:
        self.now = 50.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pace(clock: Clock) -> RateLimiter:
    return RateLimiter(clock=clock)


def taken(pace: RateLimiter) -> int:
    """How many calls may begin at once."""
    count = 0
    while not pace.take_turn():
        count += 1
    return count


def test_two_hundred_and_fifty_calls_begin_in_any_minute(pace: RateLimiter, clock: Clock) -> None:
    for _ in range(100):
        pace.take_turn()
    clock.now += 40
    assert taken(pace) == 150
    assert pace.take_turn() == 20
    clock.now += 20
    assert taken(pace) == 100
    clock.now += 60
    assert taken(pace) == 250


def test_the_calls_that_are_left_are_known(pace: RateLimiter, clock: Clock) -> None:
    assert pace.calls_left == 250
    for _ in range(100):
        pace.take_turn()
    assert pace.calls_left == 150
    reset = {"x-ratelimit-reset": str(NOON + 30), "Date": formatdate(NOON, usegmt=True)}
    # Another process of the application called too.
    pace.learn({"x-ratelimit-limit": "250", "x-ratelimit-remaining": "40", **reset}, now=NOON)
    assert pace.calls_left == 40
    pace.take_turn()
    assert pace.calls_left == 39
    clock.now += 30
    assert pace.calls_left == 250
    pace.hold(5)
    assert pace.calls_left == 0


def test_the_limit_is_the_one_that_criteo_tells(pace: RateLimiter) -> None:
    pace.learn({"x-ratelimit-limit": "7", "x-ratelimit-remaining": "6"}, now=NOON)
    assert (pace.calls_a_minute, taken(pace)) == (7, 7)


def test_when_nothing_is_left_all_wait_until_the_reset_and_begin_anew(pace: RateLimiter, clock: Clock) -> None:
    taken(pace)
    pace.learn(NOTHING_LEFT | {"x-ratelimit-reset": str(NOON + 12)}, now=NOON)
    assert pace.take_turn() == 12
    clock.now += 12
    assert taken(pace) == 250


def test_a_reset_gives_back_what_was_used(pace: RateLimiter, clock: Clock) -> None:
    pace.learn(NOTHING_LEFT | {"x-ratelimit-remaining": "200", "x-ratelimit-reset": str(NOON + 12)}, now=NOON)
    assert (taken(pace), pace.take_turn()) == (250, 12)
    clock.now += 12
    assert (taken(pace), pace.take_turn()) == (250, 60)


def test_a_hold_lets_no_call_begin(pace: RateLimiter, clock: Clock) -> None:
    pace.hold(5)
    pace.hold(2)
    assert pace.take_turn() == 5
    clock.now += 5
    assert pace.take_turn() == 0


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"x-ratelimit-reset": str(NOON + 30)}, 30),
        ({"x-ratelimit-reset": str(NOON - 1)}, None),
        ({"x-ratelimit-reset": str(NOON * 1000)}, None),
        ({"x-ratelimit-reset": "soon"}, None),
        ({"x-ratelimit-reset": "nan"}, None),
        ({"Retry-After": "7", "x-ratelimit-reset": str(NOON + 30)}, 7),
        ({"Retry-After": formatdate(NOON + 9, usegmt=True)}, 9),
        ({"Retry-After": "later"}, None),
        ({"Retry-After": "-3"}, None),
        ({"Retry-After": "inf"}, None),
    ],
)
def test_what_an_answer_asks_for(headers: dict[str, str], seconds: float | None) -> None:
    assert seconds_asked_for(headers, now=NOON) == seconds


@pytest.mark.parametrize("jump", [-86_400, -60, 60, 86_400])
def test_a_clock_that_jumps_changes_no_wait(jump: float) -> None:
    headers = {"x-ratelimit-reset": str(NOON + 30), "Date": formatdate(NOON, usegmt=True)}
    assert seconds_asked_for(headers, now=NOON + jump) == 30


@given(
    headers=st.dictionaries(
        st.sampled_from(["Retry-After", "Date", "x-ratelimit-reset", "x-ratelimit-limit", "x-ratelimit-remaining"]),
        st.text(max_size=12) | st.integers().map(str) | st.floats().map(str),
    )
)
def test_no_header_makes_anybody_wait_for_hours(headers: dict[str, str]) -> None:
    pace = RateLimiter(clock=Clock())
    pace.learn(headers, now=NOON)
    assert pace.take_turn() <= 3600
    assert 0 <= (seconds_asked_for(headers, now=NOON) or 0) <= 3600


def test_clients_of_one_application_share_one_pace() -> None:
    assert rate_limiter_of("https://a.example", "x") is rate_limiter_of("https://a.example", "x")
    assert rate_limiter_of("https://a.example", "x") is not rate_limiter_of("https://a.example", "y")


def test_the_limit_is_kept_without_ever_being_refused(waits: list[Wait]) -> None:
    with start(options=SandboxOptions(calls_per_minute=10, minute_seconds=1)) as sandbox:
        host = {"host": sandbox.url, "client_id": sandbox.client_id, "client_secret": sandbox.client_secret}
        with CriteoClient(**host, observer=waits.append) as client:
            for _ in range(15):
                client.advertisers()
        assert {it.status for it in sandbox.requests()} == {200}
    assert all("10 calls a minute" in wait.reason for wait in waits)


def test_over_the_limit_the_reset_is_waited_for(client: CriteoClient, sandbox: Sandbox, waits: list[Wait]) -> None:
    sandbox.fail(Fault.HTTP_429, calls=Call.ADVERTISERS, reset_seconds=1.5)
    client.advertisers()
    assert [it.status for it in sandbox.requests() if it.call is Call.ADVERTISERS] == [429, 200]
    assert "status 429" in waits[0].reason


def test_without_headers_the_waits_grow(scripted: Scripted, connect: Connect, waits: list[Wait]) -> None:
    scripted.answer(*[Answer(429)] * 4, Answer(body={"data": []}))
    patience = RetryPolicy(first_wait_seconds=0.02, longest_wait_seconds=0.08)
    connect(scripted, patience=patience, observer=waits.append).advertisers()
    bounds = [(0.02, 0.04), (0.04, 0.06), (0.08, 0.1), (0.08, 0.1)]
    assert [low <= wait.seconds <= high for wait, (low, high) in zip(waits, bounds, strict=True)] == [True] * 4


def test_a_wait_that_patience_does_not_allow_is_not_begun(scripted: Scripted, connect: Connect) -> None:
    scripted.answer(Answer(429, headers={"Retry-After": "600"}))
    client = connect(scripted)
    with raises(ErrorCode.BUSY, names=429):
        client.advertisers()
    # Nobody asks again in vain meanwhile.
    with raises(ErrorCode.BUSY):
        client.statistics("12")
    assert len(scripted.calls) == 1


@pytest.mark.parametrize("status", [500, 503])
def test_a_server_that_is_down_may_ask_for_time_too(
    scripted: Scripted, connect: Connect, waits: list[Wait], status: int
) -> None:
    scripted.answer(Answer(status, headers={"Retry-After": "0.3"}), Answer(body={"data": []}))
    connect(scripted, observer=waits.append).advertisers()
    assert [wait.seconds for wait in waits] == [0.3]


def test_what_the_headers_say_of_the_limit_does_not_delay_other_retries(
    client: CriteoClient, sandbox: Sandbox, waits: list[Wait]
) -> None:
    sandbox.fail(Fault.HTTP_503, calls=Call.ADVERTISERS)
    client.advertisers()
    assert waits[0].seconds <= QUICK.longest_wait_seconds


def test_closing_ends_the_waiting(scripted: Scripted, connect: Connect) -> None:
    scripted.answer(Answer(503, headers={"Retry-After": "50"}))
    client = connect(scripted, observer=lambda _: client.close())
    with pytest.raises(UnavailableError):
        client.advertisers()


def test_closing_ends_the_waiting_for_a_turn(scripted: Scripted, connect: Connect) -> None:
    client = connect(scripted, observer=lambda _: client.close())
    rate_limiter_of(scripted.url, scripted.client_id).hold(50)
    with raises(ErrorCode.UNAVAILABLE):
        client.advertisers()
    assert scripted.received == []


def test_a_wait_says_for_a_person_what_goes_on() -> None:
    assert str(Wait(2.04, "Criteo is down.", 297.6)) == "Waiting 2.0 s, 298 s of patience left: Criteo is down."


def test_retries_of_different_calls_do_not_add_up(client: CriteoClient, sandbox: Sandbox) -> None:
    list_id = new_list(client)
    sandbox.fail(Fault.HTTP_503, calls=[Call.AMEND, Call.STATISTICS, Call.SEARCH], times=6)
    client.add(list_id, hashes(2))
    assert client.statistics(list_id).identifiers == 2
    assert len(client.contact_lists(ADVERTISER)) == 1
