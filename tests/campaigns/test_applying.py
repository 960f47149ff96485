"""Apply against the embedded Criteo: what is changed there, also after an interruption."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

import toolkit
from tests.campaigns.helpers import ADVERTISER, actions, list_ids, steps, strip_mark
from tests.campaigns.test_saved_audiences import save
from tests.folders import folder_of
from toolkit import AudienceStep as Step
from toolkit.campaigns import lookalike, retargeting, segment
from toolkit.errors import ConfigurationError
from toolkit.sandbox import Call, Fault, Sandbox


def test_applying_twice_changes_once(sent: toolkit.Workspace, criteo: Sandbox) -> None:
    save(sent, "Rest", segment("All") - segment("Half"))
    assert steps(sent) == {"Rest": Step.CREATE}
    assert criteo.audiences() == []
    (applied,) = sent.audiences.apply().raise_for_status()
    (held,) = criteo.audiences()
    ids = list_ids(criteo)
    assert json.loads(held.algebra) == {
        "and": [{"audienceSegmentId": ids["All"]}, {"not": {"audienceSegmentId": ids["Half"]}}]
    }
    assert (held.name, held.id, applied.size) == ("Rest", applied.audience_id, 31)
    requests = len([it for it in criteo.requests() if it.method in ("POST", "PATCH") and "search" not in it.path])
    (again,) = sent.audiences.apply().raise_for_status()
    writes = [it for it in criteo.requests() if it.method in ("POST", "PATCH") and "search" not in it.path][requests:]
    assert (again.step, [it.path.rpartition("/")[2] for it in writes]) == (Step.UNCHANGED, ["token", "compute-sizes"])
    assert actions(sent).count("create Criteo audience at Criteo") == 1
    assert sent.audiences.sizes["size"].to_list() == [31, 31]
    assert sent.audiences.plan().is_up_to_date


def test_a_changed_declaration_is_applied(sent: toolkit.Workspace, criteo: Sandbox) -> None:
    save(sent, definition="All")
    sent.audiences.apply().raise_for_status()
    save(sent, definition="All and Half")
    assert steps(sent) == {"Best": Step.CHANGE}
    (planned,) = sent.audiences.plan()
    assert (planned.definition, planned.at_criteo) == ('"All" and "Half"', '"All"')
    sent.audiences.apply().raise_for_status()
    (held,) = criteo.audiences()
    assert len(json.loads(held.algebra)["and"]) == 2
    assert steps(sent) == {"Best": Step.UNCHANGED}


def test_adopting_is_declared(sent: toolkit.Workspace, criteo: Sandbox) -> None:
    save(sent, definition="All")
    (applied,) = sent.audiences.apply().raise_for_status()
    strip_mark(sent, applied.audience_id)
    save(sent, "Mine", definition="Half", adopts=applied.audience_id)
    save(sent, "Nothing", definition="Half", adopts="99")
    assert steps(sent) == {"Best": Step.BLOCKED, "Mine": Step.ADOPT, "Nothing": Step.BLOCKED}
    sent.audiences.apply("Mine").raise_for_status()
    (held,) = criteo.audiences()
    assert (held.id, held.name) == (applied.audience_id, "Mine")
    assert steps(sent)["Mine"] is Step.UNCHANGED


class TestInterrupted:
    """Calls are cut off before and after they take effect: applying again goes on, and doubles nothing."""

    @pytest.mark.one_case
    @pytest.mark.parametrize("fault", [Fault.DROP_AFTER, Fault.DROP_BEFORE])
    @pytest.mark.parametrize("call", [Call.CREATE, Call.CREATE_AUDIENCES, Call.UPDATE_AUDIENCES, Call.SIZE_AUDIENCES])
    def test_a_lost_answer_is_found(self, sent: toolkit.Workspace, criteo: Sandbox, fault: Fault, call: Call) -> None:
        save(sent, definition="All")
        if call is Call.UPDATE_AUDIENCES:
            sent.audiences.apply().raise_for_status()
        save(sent, definition=lookalike("All", size=10_000) - segment("Half"))
        criteo.fail(fault, calls=call)
        sent.audiences.apply().raise_for_status()
        assert steps(sent) == {"Best": Step.UNCHANGED}
        assert len(criteo.audiences()) == 1
        assert actions(sent).count("create segment at Criteo") == 1

    @pytest.mark.one_case
    @pytest.mark.parametrize("when", ["before", "after"])
    @pytest.mark.parametrize("call", ["create_segment", "create_audience", "change_audience"])
    def test_a_kill_is_taken_up(
        self,
        sent: toolkit.Workspace,
        criteo: Sandbox,
        monkeypatch: pytest.MonkeyPatch,
        call: str,
        when: str,
    ) -> None:
        from toolkit.campaigns.criteo_side import AdvertiserSide

        save(sent, definition="All")
        if call == "change_audience":
            sent.audiences.apply().raise_for_status()
        save(sent, definition=lookalike("All", size=10_000) - segment("Half"))
        with monkeypatch.context() as patched:
            patched.setattr(AdvertiserSide, call, _killed(getattr(AdvertiserSide, call), when))
            with pytest.raises(KeyboardInterrupt):
                sent.audiences.apply()
        sent.audiences.apply().raise_for_status()
        assert steps(sent) == {"Best": Step.UNCHANGED}
        assert len(criteo.audiences()) == 1

    def test_two_at_once_make_one(self, sent: toolkit.Workspace, criteo: Sandbox) -> None:
        save(sent, definition=lookalike("All", size=10_000) - segment("Half"))
        criteo.fail(Fault.SLOW, calls=[Call.CREATE, Call.CREATE_AUDIENCES], seconds=0.5, times=4)
        others = [toolkit.open_workspace(sent.path) for _ in range(2)]
        with ThreadPoolExecutor() as threads:
            ended = list(threads.map(lambda it: it.audiences.apply(), others))
        assert [it.errors for it in ended] == [(), ()]
        assert len(criteo.audiences()) == 1
        assert steps(sent) == {"Best": Step.UNCHANGED}

    def test_a_late_search_doubles_nothing(self, sent: toolkit.Workspace, criteo: Sandbox) -> None:
        save(sent, definition=retargeting())
        criteo.fail(Fault.LATE, calls=[Call.SEARCH, Call.SEARCH_AUDIENCES], times=4)
        sent.audiences.apply()
        sent.audiences.apply().raise_for_status()
        assert len(criteo.audiences()) == 1
        assert steps(sent) == {"Best": Step.UNCHANGED}


def _killed(call: Callable[..., object], when: str) -> Callable[..., object]:
    def killed(*given: object, **named: object) -> None:
        if when == "after":
            call(*given, **named)
        raise KeyboardInterrupt

    return killed


class TestLeftBehind:
    def test_a_removed_one_stays_until_deleted(self, sent: toolkit.Workspace, criteo: Sandbox) -> None:
        save(sent, definition="All")
        (applied,) = sent.audiences.apply().raise_for_status()
        sent.audiences.remove("Best")
        assert steps(sent) == {"Best": Step.LEFT_BEHIND}
        assert len(sent.audiences.apply()) == 0
        assert len(criteo.audiences()) == 1
        sent.audiences.delete(applied.audience_id, connection="Sandbox", advertiser_id=ADVERTISER)
        assert criteo.audiences() == []

    def test_declared_again_it_goes_on(self, sent: toolkit.Workspace, criteo: Sandbox) -> None:
        save(sent, definition="All")
        sent.audiences.apply().raise_for_status()
        sent.audiences.remove("Best")
        save(sent, definition="Half")
        assert steps(sent) == {"Best": Step.CHANGE}

    @pytest.mark.one_case
    @pytest.mark.parametrize("how", ["declared", "linked", "changed", "others"])
    def test_no_other_is_deleted(self, sent: toolkit.Workspace, criteo: Sandbox, how: str) -> None:
        save(sent, definition="All")
        (applied,) = sent.audiences.apply().raise_for_status()
        if how == "linked":
            sent.ad_sets.link("610001", "Best")
        if how != "declared":
            sent.audiences.remove("Best")
        if how == "changed":
            criteo.change_audience(applied.audience_id, name="Theirs")
        if how == "others":
            strip_mark(sent, applied.audience_id)
        with pytest.raises(ConfigurationError):
            sent.audiences.delete(applied.audience_id, connection="Sandbox", advertiser_id=ADVERTISER)
        assert len(criteo.audiences()) == 1

    def test_one_that_moved_to_another_advertiser_is_left(self, sent: toolkit.Workspace) -> None:
        save(sent, definition="All")
        save(sent, "Other", definition="Half")
        sent.audiences.apply().raise_for_status()
        save(sent, definition="retargeting(All)", advertiser_id="2712")
        assert [it.step for it in sent.audiences.plan() if it.name == "Best"] == [Step.CREATE, Step.LEFT_BEHIND]


def test_a_refresh_keeps_sizes(sent: toolkit.Workspace, criteo: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    from toolkit.campaigns import measuring
    from toolkit.criteo import RetryPolicy
    from toolkit.refresh import refresh, run_inline

    save(sent, definition="All")
    save(sent, "Not applied", definition="Half")
    sent.audiences.apply("Best").raise_for_status()
    ended = refresh(folder_of(sent), execute=run_inline)
    assert sent.audiences.sizes["audience"].to_list() == ["Best", "Best"]
    assert ended.warnings == ()
    monkeypatch.setattr(measuring, "PATIENCE", RetryPolicy(seconds=0.5))
    criteo.fail(Fault.HTTP_500, calls=Call.SEARCH_AUDIENCES, times=50)
    monday = refresh(folder_of(sent), execute=run_inline)
    assert monday.exports[0].status is toolkit.RunStatus.SUCCESSFUL
    assert [it.code for it in monday.warnings] == [toolkit.NoticeCode.AUDIENCES_NOT_MEASURED]


@pytest.mark.one_case
@pytest.mark.parametrize("names", [(), "Best"])
def test_what_was_made_is_told_without_its_size(
    sent: toolkit.Workspace, criteo: Sandbox, names: tuple[str, ...] | str
) -> None:
    save(sent, definition="All")
    criteo.fail(Fault.HTTP_401, calls=Call.SEARCH_AUDIENCES, times=10, after=2)
    applied = sent.audiences.apply(names)
    criteo.stop_failing()
    assert [(it.step, it.error, it.size) for it in applied] == [(Step.CREATE, None, None)]
    assert len(applied.notices) == 1
    assert [it.name for it in criteo.audiences()] == ["Best"]
