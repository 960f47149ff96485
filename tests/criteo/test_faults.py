"""An upload that is disturbed in every way there is: the list ends exactly right, and what happened is told."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.raising import raises
from toolkit.criteo import CriteoClient, RetryPolicy, Wait
from toolkit.errors import ErrorCode, ToolkitError
from toolkit.sandbox import Call, Fault, Sandbox, SandboxOptions, start

from .conftest import QUICK, Connect, hashes, new_list

BATCH = 50_000
TOLD = {
    Fault.HTTP_429: "status 429",
    Fault.HTTP_500: "status 500",
    Fault.HTTP_503: "status 503",
    Fault.NOT_JSON: "no JSON",
    Fault.DROP_BEFORE: "ConnectionError",
    Fault.DROP_AFTER: "ConnectionError",
    Fault.HANG: "ReadTimeout",
    Fault.SLOW: "ReadTimeout",
}


@pytest.fixture(scope="module")
def identifiers() -> list[str]:
    return hashes(4 * BATCH)


def upload(client: CriteoClient, list_id: str, identifiers: list[str]) -> int:
    batches = [identifiers[start : start + BATCH] for start in range(0, len(identifiers), BATCH)]
    with ThreadPoolExecutor(3) as threads:
        return sum(it.valid for it in threads.map(lambda batch: client.add(list_id, batch), batches))


# One that rejects an identifier is no disturbance: the list is meant to lack it.
DISTURBANCES = [it for it in Fault if it not in (Fault.REJECT, Fault.LATE, Fault.IN_PART, Fault.IN_SILENCE)]


@pytest.mark.parametrize("fault", DISTURBANCES)
def test_a_disturbed_upload_ends_with_exactly_the_right_list(
    sandbox: Sandbox, connect: Connect, waits: list[Wait], identifiers: list[str], fault: Fault
) -> None:
    answer_seconds = 2 if fault in {Fault.HANG, Fault.SLOW} else 30
    patience = replace(QUICK, answer_seconds=answer_seconds)
    client = connect(sandbox, patience=patience, observer=waits.append)
    list_id = new_list(client)
    sandbox.fail(fault, calls=Call.AMEND, times=2, after=1, seconds=3)
    assert upload(client, list_id, identifiers) == len(identifiers)
    assert sandbox.identifiers(list_id) == set(identifiers)
    reasons = " ".join(wait.reason for wait in waits)
    assert TOLD.get(fault, "") in reasons
    # A token that is refused is renewed without a wait.
    assert bool(waits) == (fault is not Fault.HTTP_401)


def test_a_token_that_ends_in_the_middle_of_an_upload_is_renewed(
    client: CriteoClient, sandbox: Sandbox, identifiers: list[str]
) -> None:
    list_id = new_list(client)
    upload(client, list_id, identifiers[: 2 * BATCH])
    sandbox.expire_tokens()
    upload(client, list_id, identifiers[2 * BATCH :])
    assert sandbox.identifiers(list_id) == set(identifiers)


@pytest.fixture
def narrow() -> Iterator[Sandbox]:
    """An embedded Criteo that takes no more than a million bytes at once."""
    with start(options=SandboxOptions(max_body_bytes=1_000_000, calls_per_minute=10_000)) as sandbox:
        yield sandbox


def test_what_is_too_large_is_halved_for_good(narrow: Sandbox, connect: Connect, identifiers: list[str]) -> None:
    client = connect(narrow)
    list_id = new_list(client)
    first = client.add(list_id, identifiers[:BATCH])
    assert (first.valid, first.calls) == (BATCH, 4)
    second = client.add(list_id, identifiers[BATCH : 2 * BATCH])
    assert (second.valid, second.calls) == (BATCH, 4)
    client.remove(list_id, identifiers[1:BATCH])
    assert narrow.identifiers(list_id) == {identifiers[0], *identifiers[BATCH : 2 * BATCH]}
    # Fifty and twenty-five thousand were too large once each, and never tried again.
    amended = [it.status for it in narrow.requests() if it.call is Call.AMEND]
    assert amended == [413, 413, *[200] * 12]


def test_one_kind_of_call_being_too_large_does_not_shrink_the_other(narrow: Sandbox, connect: Connect) -> None:
    client = connect(narrow)
    list_id = new_list(client)
    bulky = {identifier: {"story": "x" * 500} for identifier in hashes(3_000)}
    assert client.add_with_attributes(list_id, bulky).calls == 2
    assert client.add(list_id, hashes(3_000)).calls == 1
    assert narrow.identifiers(list_id) == set(bulky)


def test_a_hanging_call_ends_with_the_patience(sandbox: Sandbox, connect: Connect) -> None:
    client = connect(sandbox, patience=RetryPolicy(seconds=0.5, first_wait_seconds=0.01, answer_seconds=0.1))
    sandbox.fail(Fault.HANG, calls=Call.ADVERTISERS, times=1_000)
    with raises(ErrorCode.UNAVAILABLE, names="ReadTimeout"):
        client.advertisers()
    sandbox.stop_failing()


def test_one_answer_is_not_awaited_longer_than_patience_lasts(sandbox: Sandbox, connect: Connect) -> None:
    client = connect(sandbox, patience=RetryPolicy(seconds=0.3, answer_seconds=3_000))
    sandbox.fail(Fault.HANG, calls=Call.ADVERTISERS)
    with raises(ErrorCode.UNAVAILABLE, names="ReadTimeout"):
        client.advertisers()


IDENTIFIERS = hashes(10)
DISTURBANCES = st.tuples(
    st.sampled_from([it for it in DISTURBANCES if it not in {Fault.HANG, Fault.SLOW}] * 3 + [Fault.HANG, Fault.SLOW]),
    st.sampled_from([Call.ANY, Call.AMEND, Call.CLEAR, Call.TOKEN]),
    st.integers(1, 3),
)
STEPS = st.tuples(
    st.sampled_from(["add", "add", "remove", "clear", "expire"]),
    st.lists(st.sampled_from(IDENTIFIERS), max_size=10),
    st.none() | DISTURBANCES,
)


def act(client: CriteoClient, list_id: str, operation: str, identifiers: list[str]) -> None:
    if operation == "clear":
        client.clear(list_id)
    else:
        getattr(client, operation)(list_id, identifiers)


def until_acknowledged(client: CriteoClient, list_id: str, operation: str, identifiers: list[str]) -> None:
    for _ in range(20):
        try:
            return act(client, list_id, operation, identifiers)
        except ToolkitError:
            continue
    pytest.fail("the faults do not end")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, max_size=8))
def test_any_work_under_any_faults_leaves_the_list_as_a_set_would_be(
    sandbox: Sandbox, connect: Connect, steps: list[tuple[str, list[str], tuple[Fault, Call, int] | None]]
) -> None:
    patience = RetryPolicy(seconds=30, first_wait_seconds=0.002, longest_wait_seconds=0.01, answer_seconds=0.2)
    sandbox.reset()
    with connect(sandbox, patience=patience) as client:
        list_id = new_list(client)
        model: set[str] = set()
        for operation, identifiers, disturbance in steps:
            if disturbance:
                fault, call, times = disturbance
                sandbox.fail(fault, calls=call, times=times, reset_seconds=None, seconds=0.3)
            if operation == "expire":
                sandbox.expire_tokens()
                continue
            until_acknowledged(client, list_id, operation, identifiers)
            match operation:
                case "add":
                    model |= set(identifiers)
                case "remove":
                    model -= set(identifiers)
                case "clear":
                    model.clear()
            assert sandbox.identifiers(list_id) == model
