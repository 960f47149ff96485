"""Plan and apply against the embedded Criteo: what is changed there, and what never is."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import polars as pl
import pytest

import toolkit
from tests.campaigns.test_saved_audiences import save
from tests.conftest import Tables, save_nightly
from tests.folders import folder_of
from tests.state.attacking import change
from toolkit import AudienceStep as Step
from toolkit.campaigns import lookalike, retargeting, segment
from toolkit.campaigns.ownership import AudienceMark
from toolkit.errors import AccessError, ConfigurationError, ErrorCode, SignatureError, UnknownNameError
from toolkit.sandbox import Call, Fault, Permission, Sandbox

ADVERTISER = "2711"


@pytest.fixture
def sent(workspace: toolkit.Workspace, tables: Tables) -> toolkit.Workspace:
    """A workspace that sent ``All`` and ``Half``."""
    tables.write(segments={"Half": [f"C{number:03}" for number in range(50)]})
    save_nightly(workspace, segments=["All", "Half"])
    workspace.runs.start("Nightly").raise_for_status()
    return workspace


def steps(workspace: toolkit.Workspace) -> dict[str, Step]:
    return {it.name: it.step for it in workspace.audiences.plan()}


def list_ids(criteo: Sandbox) -> dict[str, str]:
    return {it.name: it.id for it in criteo.lists()}


def actions(workspace: toolkit.Workspace) -> list[str]:
    return workspace.audit.frame["action"].to_list()


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


def test_spelling_is_no_drift(sent: toolkit.Workspace, criteo: Sandbox) -> None:
    save(sent, definition="All and not Half")
    (applied,) = sent.audiences.apply().raise_for_status()
    ids = list_ids(criteo)
    a, b = {"audienceSegmentId": ids["All"]}, {"audienceSegmentId": ids["Half"]}
    criteo.change_audience(applied.audience_id, algebra={"not": {"or": [b, {"not": a}]}})
    assert steps(sent) == {"Best": Step.UNCHANGED}


@pytest.mark.one_case
@pytest.mark.parametrize("there", [{"name": "Renamed"}, {"algebra": {"audienceSegmentId": "0"}}, {"algebra": {"x": 1}}])
def test_drift_is_told_and_kept(sent: toolkit.Workspace, criteo: Sandbox, there: dict[str, object]) -> None:
    save(sent, definition="All")
    (applied,) = sent.audiences.apply().raise_for_status()
    if there.get("algebra") == {"audienceSegmentId": "0"}:
        there = {"algebra": {"audienceSegmentId": list_ids(criteo)["Half"]}}
    criteo.change_audience(applied.audience_id, **there)  # type: ignore[arg-type]
    before = criteo.audiences()
    assert steps(sent) == {"Best": Step.DRIFTED}
    (kept,) = sent.audiences.apply()
    assert kept.error is not None
    assert kept.error.code is ErrorCode.CONFIGURATION
    assert criteo.audiences() == before
    sent.audiences.apply("Best", overwrite=True).raise_for_status()
    (held,) = criteo.audiences()
    assert (held.name, json.loads(held.algebra)) == ("Best", {"audienceSegmentId": list_ids(criteo)["All"]})
    assert steps(sent) == {"Best": Step.UNCHANGED}


def test_a_name_of_others_is_an_error(sent: toolkit.Workspace, criteo: Sandbox) -> None:
    save(sent, definition="All")
    (applied,) = sent.audiences.apply().raise_for_status()
    strip_mark(sent, applied.audience_id)
    before = criteo.audiences()
    assert steps(sent) == {"Best": Step.BLOCKED}
    (blocked,) = sent.audiences.apply("Best", overwrite=True)
    assert blocked.error is not None
    with pytest.raises(ConfigurationError):
        sent.audiences.apply().raise_for_status()
    assert criteo.audiences() == before


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


def strip_mark(workspace: toolkit.Workspace, audience_id: str, text: str = "somebody's") -> None:
    """Let an audience at Criteo be somebody's."""
    from toolkit.campaigns.applying import planner
    from toolkit.criteo import AudienceChange

    with planner(folder_of(workspace), "Sandbox", ADVERTISER) as here:
        here.side._criteo.audiences.change([AudienceChange(audience_id, description=text)])


def test_a_missing_list_blocks_only_its_own(sent: toolkit.Workspace, tables: Tables, criteo: Sandbox) -> None:
    tables.write(segments={"Unsent": ["C001"]})
    save(sent, "First", definition="Unsent or All")
    save(sent, "Second", definition="All")
    first, second = sent.audiences.apply()
    assert first.error is not None
    assert "Unsent" in first.error.what
    assert (second.step, second.error) == (Step.CREATE, None)
    assert [it.name for it in criteo.audiences()] == ["Second"]


def test_several_exports_of_a_segment_are_named(sent: toolkit.Workspace, criteo: Sandbox) -> None:
    sent.exports.duplicate("Nightly", "Other")
    sent.runs.start("Other").raise_for_status()
    save(sent, "Any", definition="All")
    save(sent, "One", definition='segment("All", export="Other")')
    assert steps(sent) == {"Any": Step.BLOCKED, "One": Step.CREATE}
    sent.audiences.apply("One").raise_for_status()
    (held,) = criteo.audiences()
    assert json.loads(held.algebra)["audienceSegmentId"] == list_ids(criteo)["All (Other)"]


def test_lists_of_each_type_are_combined(workspace: toolkit.Workspace, tables: Tables, criteo: Sandbox) -> None:
    file = tables.folder / "profiles.parquet"
    numbers = [f"{number:08}-1111-4111-8111-{number:012}" for number in range(1, 101)]
    pl.read_parquet(file).with_columns(Device=pl.Series(numbers)).write_parquet(file)
    save_nightly(workspace, list_name="{segment} {type}", madid_column="Device")
    workspace.runs.start("Nightly").raise_for_status()
    save(workspace, definition="All")
    save(workspace, "Alike", definition=lookalike("All", size=10_000))
    assert steps(workspace) == {"Alike": Step.BLOCKED, "Best": Step.CREATE}
    workspace.audiences.apply("Best").raise_for_status()
    (held,) = criteo.audiences()
    ids = {it["audienceSegmentId"] for it in json.loads(held.algebra)["or"]}
    assert ids == set(list_ids(criteo).values())


class TestMadeSegments:
    def test_they_are_made_once(self, sent: toolkit.Workspace, criteo: Sandbox) -> None:
        save(sent, "New", lookalike("All", size=10_000) - retargeting("Buyers"))
        (planned,) = sent.audiences.plan()
        assert len(planned.segments) == 2
        sent.audiences.apply().raise_for_status()
        save(sent, "Newer", lookalike("All", size=10_000) & "Half")
        sent.audiences.apply().raise_for_status()
        assert actions(sent).count("create segment at Criteo") == 2
        assert steps(sent) == {"New": Step.UNCHANGED, "Newer": Step.UNCHANGED}

    def test_another_size_is_another_segment(self, sent: toolkit.Workspace) -> None:
        save(sent, definition=lookalike("All", size=10_000))
        sent.audiences.apply().raise_for_status()
        save(sent, definition=lookalike("All", size=20_000))
        assert steps(sent) == {"Best": Step.CHANGE}
        (applied,) = sent.audiences.apply().raise_for_status()
        assert applied.size == 20_000

    def test_an_estimate_makes_nothing(self, sent: toolkit.Workspace, criteo: Sandbox) -> None:
        options = {"connection": "Sandbox", "advertiser_id": ADVERTISER}
        assert sent.audiences.estimate("All and not Half", **options) == 31
        save(sent, definition="All and not Half")
        assert sent.audiences.estimate("Best") == 31
        with pytest.raises(ConfigurationError):
            sent.audiences.estimate(lookalike("All", size=10_000), **options)
        assert criteo.audiences() == []


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


class TestTwoWorkspaces:
    def test_each_keeps_to_its_own(
        self, sent: toolkit.Workspace, criteo: Sandbox, tables: Tables, tmp_path: object
    ) -> None:
        from pathlib import Path

        from tests.conftest import connect

        save(sent, definition="All")
        sent.audiences.apply().raise_for_status()
        other = toolkit.open_workspace(
            Path(str(tmp_path)) / "other", profiles=tables.profiles, segments=tables.segments, create=True
        )
        connect(other, criteo)
        save(other, "Best", "retargeting(All)")
        save(other, "Theirs", "retargeting(All)")
        assert steps(other) == {"Best": Step.BLOCKED, "Theirs": Step.CREATE}
        other.audiences.apply("Theirs").raise_for_status()
        assert [it.name for it in other.audiences.plan().others] == ["Best"]
        save(sent, "Mine", "retargeting(All)")
        # The segment of the other workspace has the name: it may be used by its id.
        assert steps(sent)["Mine"] is Step.BLOCKED
        assert sent.audiences.plan().others[0].name == "Theirs"


class TestAttacks:
    def test_a_list_that_the_database_names_falsely(self, sent: toolkit.Workspace, criteo: Sandbox) -> None:
        save(sent, definition="All")
        change(sent, "UPDATE contact_lists SET criteo_id = :it WHERE segment = 'All'", it=list_ids(criteo)["Half"])
        assert steps(sent) == {"Best": Step.BLOCKED}
        assert sent.audiences.apply().errors != ()
        assert criteo.audiences() == []

    def test_segments_that_the_database_swaps(self, sent: toolkit.Workspace, criteo: Sandbox) -> None:
        save(sent, definition="All")
        change(sent, "UPDATE contact_lists SET segment = 'was Half' WHERE segment = 'Half'")
        change(sent, "UPDATE contact_lists SET segment = 'Half' WHERE segment = 'All'")
        change(sent, "UPDATE contact_lists SET segment = 'All' WHERE segment = 'was Half'")
        assert steps(sent) == {"Best": Step.BLOCKED}

    def test_a_forged_definition(self, sent: toolkit.Workspace, criteo: Sandbox) -> None:
        save(sent, definition="All")
        change(sent, "UPDATE criteo_audiences SET settings = REPLACE(CAST(settings AS TEXT), 'All', 'Half')")
        (applied,) = sent.audiences.apply()
        assert applied.error is not None
        assert applied.error.code is ErrorCode.SIGNATURE
        assert criteo.audiences() == []

    def test_a_forged_definition_is_not_planned(self, sent: toolkit.Workspace) -> None:
        save(sent, definition="All")
        change(sent, "UPDATE criteo_audiences SET settings = REPLACE(CAST(settings AS TEXT), 'All', 'Half')")
        (planned,) = sent.audiences.plan()
        assert planned.problem is not None
        assert (planned.step, planned.problem.code) == (Step.BLOCKED, ErrorCode.SIGNATURE)

    @pytest.mark.parametrize(
        "how", ["DELETE FROM criteo_audiences", "UPDATE criteo_audiences SET removed_at = saved_at"]
    )
    def test_what_was_forged_away_is_not_deleted(self, sent: toolkit.Workspace, criteo: Sandbox, how: str) -> None:
        save(sent, definition="All")
        (applied,) = sent.audiences.apply().raise_for_status()
        change(sent, "DELETE FROM audience_sizes")
        change(sent, how)
        with pytest.raises(SignatureError):
            sent.audiences.delete(applied.audience_id, connection="Sandbox", advertiser_id=ADVERTISER)
        assert len(criteo.audiences()) == 1

    def test_a_copy_at_criteo_is_not_taken(self, sent: toolkit.Workspace, criteo: Sandbox) -> None:
        save(sent, definition="All")
        (applied,) = sent.audiences.apply().raise_for_status()
        (held,) = criteo.audiences()
        save(sent, "Copy", definition="Half")
        _, copy = sorted(sent.audiences.apply().raise_for_status(), key=lambda it: it.name == "Copy")
        strip_mark(sent, copy.audience_id, str(held.description))
        sent.audiences.remove("Copy")
        assert steps(sent)["Best"] is Step.UNCHANGED
        assert sent.audiences.plan()["Best"].audience_id == applied.audience_id


def test_what_changes_after_planning_is_not_overwritten(
    sent: toolkit.Workspace, criteo: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    from toolkit.campaigns import applying

    save(sent, definition="All")
    (made,) = sent.audiences.apply().raise_for_status()
    save(sent, definition="All and Half")
    there = {"audienceSegmentId": list_ids(criteo)["Half"]}
    with_segments = applying._with_segments

    def and_somebody_changes(*given: object) -> object:
        criteo.change_audience(made.audience_id, algebra=there)
        return with_segments(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(applying, "_with_segments", and_somebody_changes)
    (applied,) = sent.audiences.apply()
    assert applied.error is not None
    assert json.loads(criteo.audiences()[0].algebra) == there


def test_an_answer_without_ad_sets_is_no_answer(
    sent: toolkit.Workspace, criteo: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    from toolkit.criteo import CriteoAudience
    from toolkit.criteo.audiences import AudienceCalls

    save(sent, definition="All")
    save(sent, "Other", definition="Half")
    ours, _other = sent.audiences.apply().raise_for_status()
    sent.ad_sets.link("610001", "Best")
    search = AudienceCalls.search

    def without(self: object, **filters: object) -> list[CriteoAudience]:
        return [it.model_copy(update={"ad_set_ids": None}) for it in search(self, **filters)]  # type: ignore[arg-type]

    monkeypatch.setattr(AudienceCalls, "search", without)
    with pytest.raises(ConfigurationError, match="Best"):
        sent.ad_sets.link("610001", "Other")
    sent.audiences.remove("Best")
    with pytest.raises(ConfigurationError, match="610001"):
        sent.audiences.delete(ours.audience_id, connection="Sandbox", advertiser_id=ADVERTISER)
    assert sent.ad_sets.link("610001", "Other", replaces="Best").before == "Best"


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


def test_a_deleted_list_is_told(sent: toolkit.Workspace, criteo: Sandbox) -> None:
    save(sent, definition="All")
    criteo.delete_list(list_ids(criteo)["All"])
    assert steps(sent) == {"Best": Step.BLOCKED}


def test_an_unreachable_connection_does_not_hide_the_others(sent: toolkit.Workspace, criteo: Sandbox) -> None:
    save(sent, definition="All")
    save(sent, "Zuid", "retargeting(All)", advertiser_id="2712")
    criteo.withdraw_consent("2712")
    plan = sent.audiences.plan()
    assert {it.name: it.step for it in plan} == {"Best": Step.CREATE, "Zuid": Step.BLOCKED}
    assert plan["Zuid"].problem is not None
    assert plan["Zuid"].problem.code is ErrorCode.ACCESS
    with pytest.raises(AccessError):
        sent.audiences.plan("Zuid")


def test_what_could_not_be_asked_is_not_up_to_date(sent: toolkit.Workspace, criteo: Sandbox) -> None:
    save(sent, definition="All")
    sent.audiences.apply().raise_for_status()
    criteo.withdraw_permission(Permission.READ_AUDIENCES)
    criteo.withdraw_permission(Permission.MANAGE_AUDIENCES)
    assert not sent.audiences.plan().is_up_to_date
    assert steps(sent) == {"Best": Step.BLOCKED}
    with pytest.raises(AccessError):
        sent.audiences.apply().raise_for_status()


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


def test_a_restored_workspace_takes_over_nothing(sent: toolkit.Workspace, criteo: Sandbox) -> None:
    save(sent, "Lost", definition="Half")
    sent.audiences.apply().raise_for_status()
    sent.ad_sets.link("610001", "Lost")
    (lost,) = criteo.audiences()
    # As a backup from before it was declared: the next declaration must not get its number.
    change(sent, "DELETE FROM audience_sizes")
    change(sent, "DELETE FROM criteo_audiences")
    save(sent, "New", definition="All")
    assert steps(sent) == {"New": Step.CREATE, "Lost": Step.LEFT_BEHIND}
    sent.audiences.apply().raise_for_status()
    assert lost in criteo.audiences()


def test_what_was_lost_with_a_backup_is_adopted_by_its_id(sent: toolkit.Workspace, criteo: Sandbox) -> None:
    save(sent, "Lost", definition="Half")
    save(sent, "Kept", definition="All or Half")
    sent.audiences.apply().raise_for_status()
    sent.ad_sets.link("610001", "Lost")
    lost, kept = sorted(criteo.audiences(), key=lambda it: it.name, reverse=True)
    change(sent, "DELETE FROM audience_sizes")
    change(sent, "DELETE FROM criteo_audiences WHERE name = 'Lost'")
    save(sent, "Lost", definition="All")
    (planned,) = [it for it in sent.audiences.plan() if it.step is Step.BLOCKED]
    assert f"adopts='{lost.id}'" in planned.sentence
    save(sent, "Lost", definition="All", adopts=lost.id)
    assert steps(sent) == {"Lost": Step.ADOPT, "Kept": Step.UNCHANGED}
    sent.audiences.apply().raise_for_status()
    assert steps(sent) == {"Lost": Step.UNCHANGED, "Kept": Step.UNCHANGED}
    assert {it.id for it in criteo.audiences()} == {lost.id, kept.id}
    # One that is declared is not taken from its declaration.
    save(sent, "Thief", definition="All", adopts=kept.id)
    assert steps(sent)["Thief"] is Step.BLOCKED


def test_unknown_names_are_refused(sent: toolkit.Workspace) -> None:
    for act in (sent.audiences.plan, sent.audiences.apply):
        with pytest.raises(UnknownNameError):
            act("Bset")


def test_values_show_themselves(sent: toolkit.Workspace) -> None:
    save(sent, "A <b>", definition="All")
    for it in (sent.audiences.plan(), sent.audiences.apply(), sent.audiences.plan(), sent.audiences["A <b>"]):
        assert "A <b>" in repr(it)
        assert "<b>" not in it._repr_html_().replace("&lt;b&gt;", "")


def test_a_mark_is_read_back() -> None:
    mark = AudienceMark("0123abcd", 7, "0" * 16)
    assert AudienceMark.in_text(mark.put_into(f"Text {mark} more")) == mark
    assert AudienceMark.in_text("[0123abcd-7 20260101-000000-abcdef 0123456789abcdef]") is None


class TestAdSets:
    @pytest.fixture
    def applied(self, sent: toolkit.Workspace) -> toolkit.Workspace:
        save(sent, definition="All")
        save(sent, "Second", definition="Half")
        sent.audiences.apply().raise_for_status()
        return sent

    def find(self, workspace: toolkit.Workspace, **options: str) -> toolkit.AdSets:
        return workspace.ad_sets.find(connection="Sandbox", advertiser_id=ADVERTISER, **options)

    def test_they_are_found_with_their_status(self, applied: toolkit.Workspace) -> None:
        found = self.find(applied)
        assert found.frame.row(0) == ("610001", "Summer NL", "Summer", "live", "", "")
        assert len(self.find(applied, campaign_id="510002")) == 5

    def test_linking_says_what_was_there(self, applied: toolkit.Workspace, criteo: Sandbox) -> None:
        link = applied.ad_sets.link("610001", "Best")
        assert (link.before, link.after) == ("", "Best")
        assert applied.ad_sets.link(610001, "Best").before == "Best"
        with pytest.raises(ConfigurationError):
            applied.ad_sets.link("610001", "Second")
        with pytest.raises(ConfigurationError):
            applied.ad_sets.link("610001", "Second", replaces="Other")
        assert applied.ad_sets.link("610001", "Second", replaces="Best").before == "Best"
        assert applied.audiences.plan()["Second"].ad_sets == ("Summer NL (live)",)
        with pytest.raises(ConfigurationError):
            applied.ad_sets.unlink("610001", "Best", connection="Sandbox", advertiser_id=ADVERTISER)
        applied.ad_sets.unlink("610001", "Second", connection="Sandbox", advertiser_id=ADVERTISER)
        assert [it.audience_id for it in criteo.ad_sets() if it.id == "610001"] == [None]
        assert actions(applied)[:3] == ["unlink ad set", "link ad set", "link ad set"]
        nothing = applied.ad_sets.unlink("610001", "Second", connection="Sandbox", advertiser_id=ADVERTISER)
        assert "''" not in str(nothing)

    def test_apply_links_nothing(self, applied: toolkit.Workspace, criteo: Sandbox) -> None:
        applied.ad_sets.link("610001", "Best")
        save(applied, definition="Half or All and Half")
        applied.audiences.apply().raise_for_status()
        assert [it.id for it in criteo.ad_sets() if it.audience_id] == ["610001"]

    def test_only_what_is_as_declared_is_linked(self, applied: toolkit.Workspace, criteo: Sandbox) -> None:
        criteo.change_audience(applied.audiences.plan()["Best"].audience_id, name="Theirs")
        save(applied, "Third", definition="All and Half")
        for name in ("Best", "Third"):
            with pytest.raises(ConfigurationError):
                applied.ad_sets.link("610001", name)

    def test_unknown_ones_are_refused(self, applied: toolkit.Workspace) -> None:
        with pytest.raises(UnknownNameError):
            applied.ad_sets.link("610011", "Best")  # of another advertiser
        with pytest.raises(UnknownNameError):
            applied.ad_sets.link("610001", "Bset")

    def test_without_permission_the_rest_works(self, applied: toolkit.Workspace, criteo: Sandbox) -> None:
        applied.ad_sets.link("610001", "Best")
        criteo.withdraw_permission(Permission.READ_CAMPAIGNS)
        criteo.withdraw_permission(Permission.MANAGE_CAMPAIGNS)
        with pytest.raises(AccessError):
            self.find(applied)
        with pytest.raises(AccessError):
            applied.ad_sets.link("610002", "Best")
        plan = applied.audiences.plan()
        assert plan["Best"].ad_sets == ("610001",)
        assert len(plan.notices) == 1
        save(applied, definition="Half or All and Half")
        applied.audiences.apply().raise_for_status()

    def test_a_lost_answer_is_no_harm(self, applied: toolkit.Workspace, criteo: Sandbox) -> None:
        criteo.fail(Fault.DROP_AFTER, calls=Call.LINK_AD_SET)
        assert applied.ad_sets.link("610001", "Best").after == "Best"

    def test_contributors_may_not_link(self, applied: toolkit.Workspace, as_contributor: toolkit.Workspace) -> None:
        applied.connections.share("Sandbox", "anna")
        assert len(as_contributor.ad_sets.find(connection="Sandbox", advertiser_id=ADVERTISER)) == 10
        with pytest.raises(AccessError):
            as_contributor.ad_sets.link("610001", "Best")
        save(as_contributor, "Third", definition="Half")
        as_contributor.audiences.apply("Third").raise_for_status()

    def test_viewers_may_not_apply(self, applied: toolkit.Workspace, as_viewer: toolkit.Workspace) -> None:
        with pytest.raises(AccessError):
            as_viewer.audiences.apply()
        with pytest.raises(AccessError):
            as_viewer.audiences.apply("Best")
