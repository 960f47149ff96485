"""What others do while audiences are applied is neither overwritten nor passed over."""

import json
from collections.abc import Callable
from typing import Any

import pytest

import toolkit
from tests.campaigns.helpers import ADVERTISER, list_ids, steps
from tests.campaigns.test_saved_audiences import save
from tests.folders import folder_of
from toolkit import AudienceStep as Step
from toolkit.campaigns import applying
from toolkit.campaigns.applying import planner
from toolkit.criteo import NewAudience, Segment
from toolkit.criteo.http import Request
from toolkit.criteo.transport import Transport
from toolkit.errors import ErrorCode
from toolkit.sandbox import Sandbox


def do_after_planning(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Let something happen once between the plan of an audience and what is written."""
    go_on = applying._with_segments
    waiting = [act]

    def also(*given: Any) -> Any:
        if waiting:
            waiting.pop()()
        return go_on(*given)

    monkeypatch.setattr(applying, "_with_segments", also)


def combination(criteo: Sandbox) -> object:
    (there,) = criteo.audiences()
    return json.loads(there.algebra)


def test_a_newer_version_is_not_replaced_by_an_older_one(
    sent: toolkit.Workspace, criteo: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(sent, definition="All")
    sent.audiences.apply().raise_for_status()
    save(sent, definition="All or Half")

    def save_and_apply() -> None:
        save(sent, definition="Half")
        sent.audiences.apply().raise_for_status()

    do_after_planning(monkeypatch, save_and_apply)
    (applied,) = sent.audiences.apply()
    assert applied.error is not None
    assert applied.error.code is ErrorCode.CONFIGURATION
    assert combination(criteo) == {"audienceSegmentId": list_ids(criteo)["Half"]}
    assert steps(sent) == {"Best": Step.UNCHANGED}


def test_what_is_removed_meanwhile_is_not_made(
    sent: toolkit.Workspace, criteo: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(sent, definition="All")
    do_after_planning(monkeypatch, lambda: sent.audiences.remove("Best"))
    (applied,) = sent.audiences.apply()
    assert applied.error is not None
    assert criteo.audiences() == []


def test_what_another_process_made_and_somebody_changed_stays(
    sent: toolkit.Workspace, criteo: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(sent, definition="All")
    theirs = {"audienceSegmentId": list_ids(criteo)["Half"]}

    def apply_and_change() -> None:
        (made,) = sent.audiences.apply().raise_for_status()
        criteo.change_audience(made.audience_id, algebra=theirs)

    do_after_planning(monkeypatch, apply_and_change)
    (applied,) = sent.audiences.apply()
    assert applied.error is not None
    assert combination(criteo) == theirs
    assert steps(sent) == {"Best": Step.DRIFTED}


def test_two_that_make_the_same_make_one(
    sent: toolkit.Workspace, criteo: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(sent, definition="All")
    do_after_planning(monkeypatch, lambda: sent.audiences.apply().raise_for_status())
    sent.audiences.apply().raise_for_status()
    assert len(criteo.audiences()) == 1


@pytest.mark.parametrize("answered", [{"name": "Other"}, {"algebra": {"audienceSegmentId": "410002"}}])
@pytest.mark.parametrize("again", [False, True])
def test_what_criteo_answers_otherwise_is_not_applied(
    sent: toolkit.Workspace, monkeypatch: pytest.MonkeyPatch, answered: dict[str, object], again: bool
) -> None:
    save(sent, definition="All")
    if again:
        sent.audiences.apply().raise_for_status()
        save(sent, definition="All and Half")
    call = Transport.call

    def otherwise(self: Transport, request: Request) -> Any:
        answer = call(self, request)
        if request.method == "PATCH" or request.path.endswith("audiences/create"):
            for it in answer["data"]:
                # Of one that is made, another name is no answer to what was asked.
                it["attributes"] |= answered
        return answer

    monkeypatch.setattr(Transport, "call", otherwise)
    (applied,) = sent.audiences.apply()
    assert applied.error is not None
    assert applied.error.code is ErrorCode.UNAVAILABLE


def test_a_used_segment_stays_though_pages_shift(
    sent: toolkit.Workspace, criteo: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(sent, "Uses", definition="retargeting(All)")
    (made,) = sent.audiences.apply().raise_for_status()
    used = json.loads(criteo.audiences()[0].algebra)["audienceSegmentId"]
    of_all = Segment(list_ids(criteo)["All"])
    with planner(folder_of(sent), "Sandbox", ADVERTISER) as here:
        calls = here.side._criteo.audiences
        calls.delete([made.audience_id])
        many = [NewAudience(ADVERTISER, f"Audience {number}", of_all) for number in range(100)]
        user, last = NewAudience(ADVERTISER, "User", Segment(used)), NewAudience(ADVERTISER, "Last", of_all)
        for result in calls.create([*many, user, last]):
            result.require()
    sent.audiences.remove("Uses")
    first = criteo.audiences()[0].id
    call = Transport.call
    waiting = [lambda: criteo.delete_audience(first)]

    def shifting(self: Transport, request: Request) -> Any:
        answer = call(self, request)
        if request.path.endswith("audiences/search") and waiting:
            waiting.pop()()
        return answer

    monkeypatch.setattr(Transport, "call", shifting)
    deleted = sent.audiences.delete_unused_segments(connection="Sandbox", advertiser_id=ADVERTISER)
    assert (deleted.height, waiting) == (0, [])
