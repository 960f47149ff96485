"""A run brings the lists at Criteo to what the segments are, and records what it did."""

import hashlib
import threading
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

import toolkit
from tests.conftest import Tables, connect, save_nightly
from tests.raising import require
from toolkit.errors import BusyError, ConfigurationError, ErrorCode, RunFailedError
from toolkit.runs import Because
from toolkit.sandbox import Call, Fault, Sandbox
from toolkit.validation import Check, CheckOutcome

pytestmark = pytest.mark.on_both_databases

Held = Callable[[str], set[str]]


def sha256(*addresses: str) -> set[str]:
    return {hashlib.sha256(address.encode()).hexdigest() for address in addresses}


def everybody(*, but: range = range(0)) -> set[str]:
    return sha256(*(f"person{number}@mail.example" for number in range(100) if number not in but))


def amendments(criteo: Sandbox) -> list[tuple[str | None, int]]:
    return [(it.operation, it.identifiers) for it in criteo.requests() if it.identifiers]


def failed_checks(run: toolkit.Run) -> list[tuple[str, str | None]]:
    """Return the checks that stopped the run, each with its segment."""
    return [(it.check, it.segment) for it in run.checks if it.outcome is CheckOutcome.ERROR]


class TestMirror:
    def test_the_first_run_sends_everything_and_the_next_nothing(
        self, workspace: toolkit.Workspace, criteo: Sandbox, held: Held
    ) -> None:
        first = workspace.runs.start("Nightly").raise_for_status()
        assert held("All") == everybody()
        second = workspace.runs.start("Nightly").raise_for_status()
        assert first.frame.select("added", "removed", "batches").row(0) == (100, 0, 1)
        assert second.frame.select("added", "removed", "batches").row(0) == (0, 0, 0)
        assert amendments(criteo) == [("add", 100)]

    def test_only_the_difference_is_sent(
        self, workspace: toolkit.Workspace, tables: Tables, criteo: Sandbox, held: Held
    ) -> None:
        tables.write(segments={"All": [f"C{number:03}" for number in range(90)]})
        workspace.runs.start("Nightly").raise_for_status()
        tables.write(segments={"All": [f"C{number:03}" for number in range(5, 100)]})
        run = workspace.runs.start("Nightly").raise_for_status()
        assert held("All") == everybody(but=range(5))
        assert run.frame.select("added", "removed").row(0) == (10, 5)
        # Batches are sent in parallel, so that their order is open.
        assert sorted(amendments(criteo)) == [("add", 10), ("add", 90), ("remove", 5)]

    def test_a_changed_form_replaces_the_identifiers(
        self, workspace: toolkit.Workspace, criteo: Sandbox, held: Held
    ) -> None:
        workspace.runs.start("Nightly").raise_for_status()
        save_nightly(workspace, form="md5")
        workspace.runs.start("Nightly").raise_for_status()
        assert held("All") == {hashlib.md5(f"person{n}@mail.example".encode()).hexdigest() for n in range(100)}

    def test_a_segment_that_left_the_export_is_told(
        self, workspace: toolkit.Workspace, tables: Tables, held: Held
    ) -> None:
        tables.write(segments={"Few": ["C001"]})
        workspace.runs.start("Nightly").raise_for_status()
        save_nightly(workspace, segments=["Few"])
        run = workspace.runs.start("Nightly").raise_for_status()
        assert held("Few") == sha256("person1@mail.example")
        assert run.outcome == "successful with warnings"
        assert [(it.segment, it.because) for it in run.abandoned] == [("All", Because.SEGMENT)]


class TestBatches:
    def test_hold_as_many_identifiers_as_asked_for(
        self, workspace: toolkit.Workspace, criteo: Sandbox, held: Held
    ) -> None:
        planned = workspace.runs.start("Nightly", batch_size=30, dry_run=True).raise_for_status()
        run = workspace.runs.start("Nightly", batch_size=30).raise_for_status()
        assert held("All") == everybody()
        assert run.frame["batches"].to_list() == planned.frame["batches"].to_list() == [4]
        assert sorted(amendments(criteo)) == [("add", 10), ("add", 30), ("add", 30), ("add", 30)]

    @pytest.mark.parametrize("size", [0, 50_001])
    def test_that_criteo_would_not_take_are_refused_before_the_run(
        self, workspace: toolkit.Workspace, size: int
    ) -> None:
        with pytest.raises(ConfigurationError):
            workspace.runs.start("Nightly", batch_size=size)
        assert workspace.runs.frame.is_empty()


class TestOtherModes:
    def test_append_never_removes(self, workspace: toolkit.Workspace, tables: Tables, held: Held) -> None:
        save_nightly(workspace, mode="append")
        tables.write(segments={"All": ["C001", "C002"]})
        workspace.runs.start("Nightly").raise_for_status()
        tables.write(segments={"All": ["C002", "C003"]})
        workspace.runs.start("Nightly").raise_for_status()
        assert held("All") == sha256(*(f"person{number}@mail.example" for number in (1, 2, 3)))

    @pytest.mark.parametrize(("before", "after"), [("sha256", "plain"), ("plain", "sha256")])
    def test_append_in_another_form_sends_anew(
        self, workspace: toolkit.Workspace, tables: Tables, held: Held, before: str, after: str
    ) -> None:
        addresses = {f"person{number}@mail.example" for number in (1, 2)}
        tables.write(segments={"All": ["C001", "C002"]})
        save_nightly(workspace, mode="append", form=before)
        workspace.runs.start("Nightly").raise_for_status()
        save_nightly(workspace, mode="append", form=after)
        for members in (["C001"], ["C001", "C002"]):
            tables.write(segments={"All": members})
            assert workspace.runs.start("Nightly").raise_for_status().warnings == ()
        assert held("All") == sha256(*addresses) | addresses
        assert workspace.runs.start("Nightly").frame.select("added", "batches").row(0) == (0, 0)
        save_nightly(workspace, mode="mirror", form=after)
        workspace.runs.start("Nightly").raise_for_status()
        assert held("All") == (addresses if after == "plain" else sha256(*addresses))
        assert workspace.runs.start("Nightly").frame.select("added", "batches").row(0) == (0, 0)

    def test_replace_empties_the_list_and_sends_all(
        self, workspace: toolkit.Workspace, criteo: Sandbox, held: Held
    ) -> None:
        save_nightly(workspace, mode="replace")
        workspace.runs.start("Nightly").raise_for_status()
        run = workspace.runs.start("Nightly").raise_for_status()
        assert held("All") == everybody()
        assert run.frame.select("added", "removed", "batches").row(0) == (100, 0, 2)

    def test_replace_mends_a_workspace_that_lost_its_snapshot(self, workspace: toolkit.Workspace, held: Held) -> None:
        workspace.runs.start("Nightly").raise_for_status()
        for snapshot in (workspace.path / "lists").iterdir():
            snapshot.write_bytes(b"damaged")
        lost = workspace.runs.start("Nightly")
        assert lost.status is toolkit.RunStatus.FAILED
        assert lost.error is not None
        assert "mode='replace'" in lost.error.remedy
        save_nightly(workspace, mode="replace")
        workspace.runs.start("Nightly").raise_for_status()
        save_nightly(workspace)
        assert workspace.runs.start("Nightly").raise_for_status().frame["added"].sum() == 0
        assert held("All") == everybody()

    def test_plain_addresses_are_sent_as_such_and_lists_that_lose_one_are_sent_whole(
        self, workspace: toolkit.Workspace, tables: Tables, held: Held
    ) -> None:
        save_nightly(workspace, form="plain")
        tables.write(segments={"All": ["C001", "C002"]})
        workspace.runs.start("Nightly").raise_for_status()
        assert held("All") == {"person1@mail.example", "person2@mail.example"}
        tables.write(segments={"All": ["C002", "C003"]})
        workspace.runs.start("Nightly").raise_for_status()
        assert held("All") == {"person2@mail.example", "person3@mail.example"}


class TestDryRun:
    def test_sends_nothing_and_says_what_would_be_sent(self, workspace: toolkit.Workspace, criteo: Sandbox) -> None:
        before = len(criteo.requests())
        run = workspace.runs.start("Nightly", dry_run=True).raise_for_status()
        assert run.frame.select("added", "batches").row(0) == (100, 1)
        assert len(criteo.requests()) == before
        assert workspace.runs.start("Nightly").frame["added"].item() == 100


class TestChecks:
    def test_an_error_stops_the_run_before_anything_is_sent(
        self, workspace: toolkit.Workspace, tables: Tables, criteo: Sandbox
    ) -> None:
        tables.write({f"C{number:03}": None if number < 60 else "a@mail.example" for number in range(100)})
        before = len(criteo.requests())
        run = workspace.runs.start("Nightly")
        assert run.status is toolkit.RunStatus.FAILED
        assert len(criteo.requests()) == before
        assert failed_checks(run) == [(Check.EMAIL_COVERAGE, "All")]
        with pytest.raises(RunFailedError):
            run.raise_for_status()

    def test_the_contracts_limit_stops_the_run(self, workspace: toolkit.Workspace, criteo: Sandbox) -> None:
        save_nightly(workspace, thresholds=toolkit.Thresholds(contract_limit_profiles=99))
        run = workspace.runs.start("Nightly")
        assert failed_checks(run) == [(Check.CONTRACT_LIMIT, None)]
        assert criteo.lists() == []

    def test_a_warning_is_told_and_the_run_goes_on(
        self, workspace: toolkit.Workspace, tables: Tables, held: Held
    ) -> None:
        tables.write(segments={"Empty": []})
        save_nightly(workspace, segments=["All", "Empty"])
        run = workspace.runs.start("Nightly").raise_for_status()
        assert run.outcome == "successful with warnings"
        assert held("Empty") == set()
        assert {it.outcome for it in run.checks} == {CheckOutcome.PASSED, CheckOutcome.WARNING}

    def test_an_email_column_that_went_missing_fails_its_check(
        self, workspace: toolkit.Workspace, tables: Tables
    ) -> None:
        profiles = tables.folder / "profiles.parquet"
        pl.read_parquet(profiles).rename({"EMail": "EmailAddress"}).write_parquet(profiles)
        run = workspace.runs.start("Nightly")
        assert run.error is not None
        assert run.error.code is ErrorCode.DATA
        assert failed_checks(run) == [(Check.EMAIL_COLUMN, None)]
        assert "EmailAddress" in run.error.remedy


class TestLists:
    def test_a_list_of_that_name_that_is_not_ours_is_left_alone(
        self, workspace: toolkit.Workspace, criteo: Sandbox, tmp_path: Path, tables: Tables, held: Held
    ) -> None:
        other = toolkit.open_workspace(
            tmp_path / "other", profiles=tables.profiles, segments=tables.segments, create=True
        )
        connect(other, criteo)
        save_nightly(other)
        other.runs.start("Nightly").raise_for_status()
        run = workspace.runs.start("Nightly")
        require(run.error, ErrorCode.CONFIGURATION, names="'All'")
        save_nightly(workspace, list_name="{segment} of {export}")
        workspace.runs.start("Nightly").raise_for_status()
        assert held("All") == held("All of Nightly") == everybody()

    def test_a_list_deleted_at_criteo_stops_the_run_unless_it_may_be_made_anew(
        self, workspace: toolkit.Workspace, criteo: Sandbox, held: Held
    ) -> None:
        workspace.runs.start("Nightly").raise_for_status()
        criteo.delete_list(criteo.lists()[0].id)
        assert workspace.runs.start("Nightly").status is toolkit.RunStatus.FAILED
        assert criteo.lists() == []
        workspace.runs.start("Nightly", if_list_gone="remake").raise_for_status()
        assert held("All") == everybody()

    def test_a_changed_name_renames_the_list(self, workspace: toolkit.Workspace, criteo: Sandbox, held: Held) -> None:
        workspace.runs.start("Nightly").raise_for_status()
        save_nightly(workspace, list_name="Segment {segment}")
        workspace.runs.start("Nightly").raise_for_status()
        assert [it.name for it in criteo.lists()] == ["Segment All"]
        assert held("Segment All") == everybody()


class TestFaults:
    def test_what_was_sent_but_not_acknowledged_is_settled_by_the_next_run(
        self, workspace: toolkit.Workspace, tables: Tables, criteo: Sandbox, held: Held
    ) -> None:
        criteo.fail(Fault.DROP_AFTER, calls=Call.AMEND, times=1)
        criteo.fail(Fault.HTTP_401, calls=Call.AMEND, times=2)
        broken = workspace.runs.start("Nightly")
        assert broken.status is toolkit.RunStatus.FAILED
        assert held("All") == everybody()
        # Nobody acknowledged these hundred; ten of them have left the segment since.
        tables.write(segments={"All": [f"C{number:03}" for number in range(10, 100)]})
        workspace.runs.start("Nightly").raise_for_status()
        assert held("All") == everybody(but=range(10))

    @pytest.mark.parametrize("form", ["sha256", "plain"])
    def test_append_sends_what_was_not_acknowledged(
        self, workspace: toolkit.Workspace, tables: Tables, criteo: Sandbox, held: Held, form: str
    ) -> None:
        save_nightly(workspace, mode="append", form=form)
        criteo.fail(Fault.HTTP_401, calls=Call.AMEND, times=2)
        assert workspace.runs.start("Nightly").status is toolkit.RunStatus.FAILED
        tables.write(segments={"All": ["C001"]})
        workspace.runs.start("Nightly").raise_for_status()
        assert len(held("All")) == 1
        tables.write(segments={"All": ["C001", "C002"]})
        workspace.runs.start("Nightly").raise_for_status()
        assert len(held("All")) == 2
        assert [operation for operation, _ in amendments(criteo)] == ["add", "add"]

    def test_a_second_run_of_an_export_is_refused_while_one_is_running(
        self, workspace: toolkit.Workspace, criteo: Sandbox, held: Held
    ) -> None:
        criteo.fail(Fault.SLOW, calls=Call.AMEND, times=1, seconds=3)
        first = threading.Thread(target=workspace.runs.start, args=("Nightly",))
        first.start()
        while first.is_alive() and workspace.runs.frame.filter(status="running").is_empty():
            first.join(0.05)
        with pytest.raises(BusyError):
            workspace.runs.start("Nightly")
        first.join()
        assert workspace.runs.frame["status"].to_list() == ["successful"]
        assert held("All") == everybody()


class TestRecord:
    def test_tells_the_inputs_the_version_and_who(self, workspace: toolkit.Workspace, tables: Tables) -> None:
        save_nightly(workspace)
        run = workspace.runs.start("Nightly", trigger="schedule")
        assert (run.export_version, run.started_by) == (2, "schedule")
        assert {Path(it.path).name: it.rows for it in run.inputs} == {
            "profiles.parquet": 100,
            "All.parquet": 100,
        }
        assert workspace.runs[run.id] == run
        assert workspace.runs.find("Nightly").select("run", "status", "added").row(0) == (
            run.id,
            "successful",
            100,
        )

    @pytest.mark.parametrize("form", ["sha256", "plain"])
    def test_nothing_in_the_workspace_holds_an_address_or_the_secret(
        self, workspace: toolkit.Workspace, tables: Tables, criteo: Sandbox, form: str
    ) -> None:
        save_nightly(workspace, form=form)
        workspace.runs.start("Nightly").raise_for_status()
        criteo.fail(Fault.HTTP_401, calls=Call.AMEND, times=2)
        tables.write(segments={"All": ["C001"]})
        failed = workspace.runs.start("Nightly")
        assert failed.status is toolkit.RunStatus.FAILED
        kept = b"".join(it.read_bytes() for it in workspace.path.rglob("*") if it.is_file())
        assert b"@mail.example" not in kept
        assert criteo.client_secret.encode() not in kept
        assert "@mail.example" not in repr(failed) + failed._repr_html_()

    def test_the_report_is_one_page_with_a_picture_that_needs_no_network(self, workspace: toolkit.Workspace) -> None:
        page = workspace.runs.start("Nightly").report.read_text(encoding="utf-8")
        assert 'title="included: 100"' in page
        assert "successful" in page
        assert "src=" not in page
        assert "<script" not in page
