"""What hangs on a list, where Criteo says less than all."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.criteo.scripted import Answer, Scripted
from toolkit.criteo import CriteoClient, RetryPolicy
from toolkit.targeting import find_usage


@pytest.fixture
def scripted() -> Iterator[Scripted]:
    with Scripted() as server:
        yield server


@pytest.fixture
def client(scripted: Scripted) -> Iterator[CriteoClient]:
    patience = RetryPolicy(seconds=1, first_wait_seconds=0.01)
    opened = CriteoClient(
        client_id=scripted.client_id, client_secret=scripted.client_secret, host=scripted.url, patience=patience
    )
    with opened:
        yield opened


def found(*items: Any) -> Answer:
    return Answer(body={"data": [{"id": it, "attributes": attributes} for it, attributes in items]})


NONE = found()
VIPS = {"name": "VIPs", "algebra": {"audienceSegmentId": "1"}, "adSetIds": ["7", "8", "9"]}


def live(name: str, status: str = "live") -> dict[str, Any]:
    return {"name": name, "schedule": {"deliveryStatus": status}}


def test_hidden_and_odd_ad_sets_are_doubts(scripted: Scripted, client: CriteoClient) -> None:
    scripted.answer(NONE, found(("3", VIPS)), found(("3", VIPS)), found(("7", live("Summer")), ("8", live("Odd", "x"))))
    scripted.answers = [NONE, found(("3", VIPS)), NONE, found(("7", live("Summer")), ("8", live("Odd", "dreaming")))]
    used = find_usage(client, ["1"], advertiser_ids=["2711"])["1"]
    assert [it.name for it in used.live] == ["Summer"]
    assert used.hidden == ("8", "9")
    assert len(used.doubts) == 1


def test_an_audience_without_its_ad_sets_is_a_doubt(scripted: Scripted, client: CriteoClient) -> None:
    untold = {"name": "VIPs", "algebra": {"audienceSegmentId": "1"}}
    scripted.answers = [NONE, found(("3", untold)), NONE]
    used = find_usage(client, ["1"], advertiser_ids=["2711"])["1"]
    assert ([it.name for it in used.untold], used.live, len(used.doubts)) == (["VIPs"], (), 1)


def test_an_unreadable_audience_counts_for_each_list(scripted: Scripted, client: CriteoClient) -> None:
    future = {"name": "New", "algebra": {"segments": ["1"]}, "adSetIds": ["7"]}
    scripted.answers = [NONE, found(("3", future)), NONE, found(("7", live("Summer")))]
    usage = find_usage(client, ["1", "2"], advertiser_ids=["2711"])
    assert [[it.name for it in used.live] for used in usage.lists.values()] == [["Summer"], ["Summer"]]
    assert usage.frame["if_emptied"].to_list() == ["unknown", "unknown"]


def test_what_is_refused_is_said_and_not_raised(scripted: Scripted, client: CriteoClient) -> None:
    scripted.answers = [NONE, found(("3", VIPS)), NONE, Answer(status=403)]
    used = find_usage(client, ["1"], advertiser_ids=["2711"])["1"]
    assert (used.live, used.hidden, used.may_pass) == ((), (), False)
    assert "VIPs" in used.doubts[0]
    scripted.answers = [Answer(status=503)]
    assert find_usage(client, ["1"], advertiser_ids=["2711"])["1"].may_pass
    assert find_usage(client, [], advertiser_ids=[]).lists == {}
