"""What somebody forged, copied, restored or changed meanwhile is neither taken over nor deleted."""

import json

import pytest

import toolkit
from tests.campaigns.helpers import ADVERTISER, list_ids, steps, strip_mark
from tests.campaigns.test_saved_audiences import save
from tests.conftest import Tables
from tests.state.attacking import change
from toolkit import AudienceStep as Step
from toolkit.campaigns.ownership import AudienceMark
from toolkit.errors import ErrorCode, SignatureError
from toolkit.sandbox import Sandbox


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


def test_a_mark_is_read_back() -> None:
    mark = AudienceMark("0123abcd", 7, "0" * 16)
    assert AudienceMark.in_text(mark.put_into(f"Text {mark} more")) == mark
    assert AudienceMark.in_text("[0123abcd-7 20260101-000000-abcdef 0123456789abcdef]") is None
