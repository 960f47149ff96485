"""What a plan tells, beside what is at Criteo."""

import json
import shutil
from pathlib import Path

import polars as pl
import pytest

import toolkit
from tests.campaigns.helpers import ADVERTISER, list_ids, steps, strip_mark
from tests.campaigns.test_saved_audiences import save
from tests.conftest import Tables, save_nightly
from tests.folders import folder_of
from toolkit import AudienceStep as Step
from toolkit.campaigns import lookalike
from toolkit.errors import AccessError, ConfigurationError, ErrorCode, UnknownNameError
from toolkit.sandbox import Permission, Sandbox


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


def test_unknown_names_are_refused(sent: toolkit.Workspace) -> None:
    for act in (sent.audiences.plan, sent.audiences.apply):
        with pytest.raises(UnknownNameError):
            act("Bset")


def test_values_show_themselves(sent: toolkit.Workspace) -> None:
    save(sent, "A <b>", definition="All")
    for it in (sent.audiences.plan(), sent.audiences.apply(), sent.audiences.plan(), sent.audiences["A <b>"]):
        assert "A <b>" in repr(it)
        assert "<b>" not in it._repr_html_().replace("&lt;b&gt;", "")


def test_health_tells_what_was_changed_at_criteo(sent: toolkit.Workspace, criteo: Sandbox) -> None:
    save(sent, definition="All")
    save(sent, "New", definition="Half")
    (applied,) = sent.audiences.apply("Best").raise_for_status()

    def told() -> dict[str, str]:
        found = sent.health(ask_criteo=True).findings
        return {it.name: it.level.name for it in found if it.what == "Criteo audience"}

    assert told() == {"Best": "OK", "New": "OK"}
    criteo.change_audience(applied.audience_id, name="Theirs")
    assert told() == {"Best": "WARNING", "New": "OK"}
    before = len(criteo.requests())
    assert not [it for it in sent.health().findings if it.what == "Criteo audience"]
    assert len(criteo.requests()) == before
    for permission in (Permission.READ_AUDIENCES, Permission.MANAGE_AUDIENCES):
        criteo.withdraw_permission(permission)
    assert told() == {"Best": "OK", "New": "OK"}  # why nobody knows is said


def test_what_somebody_deleted_at_criteo_is_told(sent: toolkit.Workspace, criteo: Sandbox) -> None:
    save(sent, definition="All")
    (applied,) = sent.audiences.apply().raise_for_status()
    criteo.delete_audience(applied.audience_id)

    def told() -> str:
        (found,) = [it for it in sent.health(ask_criteo=True).findings if it.what == "Criteo audience"]
        return found.level.name

    assert told() == "WARNING"
    (planned,) = sent.audiences.plan()
    assert (planned.step, planned.is_lost, planned.sentence != "") == (Step.CREATE, True, True)
    sent.audiences.apply().raise_for_status()
    assert told() == "OK"
    # What the workspace deleted itself is not lost.
    sent.audiences.remove("Best")
    (left,) = sent.audiences.plan()
    sent.audiences.delete(left.audience_id, connection="Sandbox", advertiser_id=ADVERTISER)
    save(sent, definition="All")
    assert told() == "OK"


def test_what_went_to_another_advertiser_is_left_behind(sent: toolkit.Workspace, criteo: Sandbox) -> None:
    save(sent, definition="retargeting(All)", advertiser_id="2712")
    sent.audiences.apply().raise_for_status()
    save(sent, definition="All")
    found = {it.advertiser_id: it.step for it in sent.audiences.plan()}
    assert found == {ADVERTISER: Step.CREATE, "2712": Step.LEFT_BEHIND}


def test_what_lost_all_declarations_is_left_behind(
    sent: toolkit.Workspace, tables: Tables, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup = tmp_path / "backup"
    shutil.copytree(folder_of(sent).path, backup)
    save(sent, definition="All")
    sent.audiences.apply().raise_for_status()
    monkeypatch.setenv("TOOLKIT_MEMORY", str(tmp_path / "another machine"))
    restored = toolkit.open_workspace(backup, profiles=tables.profiles, segments=tables.segments)
    assert steps(restored) == {"Best": Step.LEFT_BEHIND}


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
