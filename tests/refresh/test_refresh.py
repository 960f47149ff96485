"""The refresh runs what is due, in order, and one failure stops nobody else."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

import toolkit
from tests.alerts.conftest import Inbox
from tests.conftest import Tables, say_saved
from tests.refresh.conftest import BEGIN, MovedClock, save, statuses, written
from toolkit.errors import BusyError, ConfigurationError, ErrorCode, UnavailableError
from toolkit.exports.schedule import Schedule
from toolkit.refresh import Refresh, ScheduledRun, last_refresh, refreshes_frame, run_inline
from toolkit.sandbox import Call, Fault, Sandbox
from toolkit.state.folder import WorkspaceFolder

Refreshed = Callable[..., Refresh]


def test_all_active_exports_run_by_priority_then_by_name(workspace: toolkit.Workspace, refreshed: Refreshed) -> None:
    save(workspace, "B", priority=1)
    save(workspace, "A", priority=1)
    save(workspace, "Off", schedule=Schedule.off())
    save(workspace, "Idle", active=False)
    save(workspace, "Detached")
    workspace.exports.detach("Detached")
    done = refreshed()
    assert [it.export for it in done.exports] == ["A", "B", "Nightly"]
    assert done.exit_code == 0
    assert done.headline.endswith("finished; 3 successful")
    assert workspace.runs.frame["started_by"].to_list() == ["refresh"] * 3
    assert workspace.runs[done.exports[0].run].refresh == done.id


def test_one_failure_stops_nobody_and_is_told_once_until_it_is_well_again(
    workspace: toolkit.Workspace, refreshed: Refreshed, tables: Tables, inbox: Inbox
) -> None:
    tables.write(segments={"Some": ["C000", "C001"]})
    written(tables, BEGIN - timedelta(hours=1))
    save(workspace, "A", segments=["Some"], thresholds={"contract_limit_profiles": 1})
    done = refreshed()
    assert statuses(done) == {"A": "failed", "Nightly": "successful"}
    assert done.exit_code == 1
    assert "limit of the contract" in repr(done)
    refreshed()
    assert inbox.titles == ["Export 'A': stopped by a guard"]
    save(workspace, "A", segments=["Some"])
    assert refreshed().exit_code == 0
    refreshed()
    assert inbox.titles == ["Export 'A': stopped by a guard", "Export 'A' is well again"]


def test_the_summary_has_a_line_of_json_an_export_and_one_for_the_refresh(refreshed: Refreshed) -> None:
    export, last = [json.loads(line) for line in refreshed().json_lines.splitlines()]
    assert (export["export"], export["status"], export["due_at"]) == ("Nightly", "successful", "2027-02-01T01:00:00Z")
    assert (last["counts"], last["exit_code"], last["refresh"]) == ({"successful": 1}, 0, export["refresh"])


def test_the_list_of_refreshes_has_a_row_an_export(refreshed: Refreshed, folder: WorkspaceFolder) -> None:
    assert refreshes_frame(folder).height == 0
    first, second = refreshed().id, refreshed().id
    assert set(refreshes_frame(folder).select("refresh", "export").rows()) == {(second, "Nightly"), (first, "Nightly")}


class TestTimes:
    def test_what_is_not_due_is_not_there_and_not_skipped(
        self, workspace: toolkit.Workspace, refreshed: Refreshed, clock: MovedClock
    ) -> None:
        save(workspace, "Nightly", schedule=Schedule.daily("03:00", "21:00"))
        clock.at = BEGIN.replace(hour=3)
        assert statuses(refreshed()) == {"Nightly": "successful"}
        clock.at = BEGIN.replace(hour=20, minute=59)
        done = refreshed()
        assert done.exports == ()
        assert done.exit_code == 0
        assert "no export was due" in repr(done)
        clock.at = BEGIN.replace(hour=21)
        assert statuses(refreshed()) == {"Nightly": "successful"}
        assert workspace.runs.frame.height == 2

    def test_three_days_off_are_made_up_for_once(
        self, workspace: toolkit.Workspace, refreshed: Refreshed, clock: MovedClock
    ) -> None:
        save(workspace, "Nightly", schedule=Schedule.daily("03:00"))
        clock.at = BEGIN.replace(hour=3)
        refreshed()
        clock.at += timedelta(days=3, hours=5)
        (made_up,) = refreshed().exports
        assert (made_up.due_at, made_up.missed) == (BEGIN.replace(hour=3) + timedelta(days=3), 2)
        assert refreshed().exports == ()

    def test_times_from_before_a_schedule_was_set_are_not_missed(
        self, workspace: toolkit.Workspace, refreshed: Refreshed, folder: WorkspaceFolder, clock: MovedClock
    ) -> None:
        save(workspace, "Nightly", schedule=Schedule.daily("03:00"))
        clock.at = BEGIN.replace(hour=3)
        refreshed()
        clock.at = BEGIN.replace(hour=12)
        save(workspace, "Nightly", schedule=Schedule.daily("11:00"))
        self._say_saved(folder, "2027-02-01 12:00:00")
        assert refreshed().exports == ()
        clock.at += timedelta(days=1)
        assert statuses(refreshed()) == {"Nightly": "successful"}

    def test_saving_an_export_again_loses_no_time_that_was_missed(
        self, workspace: toolkit.Workspace, refreshed: Refreshed, folder: WorkspaceFolder, clock: MovedClock
    ) -> None:
        save(workspace, "Nightly", schedule=Schedule.daily("03:00"))
        clock.at = BEGIN.replace(hour=3)
        refreshed()
        clock.at += timedelta(days=1, hours=5)
        save(workspace, "Nightly", priority=1)
        self._say_saved(folder, "2027-02-02 07:00:00")
        assert statuses(refreshed()) == {"Nightly": "successful"}

    def test_own_times_run_once_each(self, refreshed: Refreshed, clock: MovedClock) -> None:
        nightly = Schedule.daily("02:00", time_zone="Europe/Amsterdam")
        friday = BEGIN.replace(day=26, month=3)
        ran = []
        for hours in range(24 * 3 + 12):
            clock.at = friday + timedelta(hours=hours)
            ran += [clock.at] if refreshed(schedule=nightly).exports else []
        # On Sunday the clocks skip 02:00, which is told as 03:00: 01:00 UTC, as before. From then on it is 00:00 UTC.
        assert [f"{it:%a %H}" for it in ran] == ["Fri 01", "Sat 01", "Sun 01", "Mon 00"]

    def test_exports_with_times_of_their_own_can_be_run_without_the_others(
        self, workspace: toolkit.Workspace, refreshed: Refreshed
    ) -> None:
        save(workspace, "Own", schedule=Schedule.daily("00:30"))
        assert statuses(refreshed(schedule=Schedule.off())) == {"Own": "successful"}
        assert statuses(refreshed()) == {"Nightly": "successful"}

    @staticmethod
    def _say_saved(folder: WorkspaceFolder, at: str) -> None:
        say_saved(folder, datetime.fromisoformat(f"{at}+00:00"))


class TestRetrying:
    def test_what_may_pass_is_tried_again_and_tells_nobody(
        self, refreshed: Refreshed, clock: MovedClock, inbox: Inbox, folder: WorkspaceFolder
    ) -> None:
        tries: list[bool] = []
        waiting: list[str] = []

        def twice_unavailable(scheduled: ScheduledRun, notebook: object) -> None:
            tries.append(scheduled.is_retried)
            if len(tries) < 3:
                raise UnavailableError("Criteo is down.", "Run again later.")
            run_inline(scheduled, notebook)

        clock.meanwhile = lambda: waiting.append(last_refresh(folder).exports[0].status.value)
        (export,) = refreshed(execute=twice_unavailable).exports
        assert (export.status, export.tries, export.error) == ("successful", 3, None)
        assert tries == [True, True, True]
        assert waiting == ["failed (retrying)"] * 2
        assert inbox.titles == []

    @pytest.mark.usefixtures("impatient")
    def test_a_run_that_is_tried_again_says_so_in_the_history(
        self, workspace: toolkit.Workspace, refreshed: Refreshed, criteo: Sandbox, inbox: Inbox
    ) -> None:
        criteo.fail(Fault.HTTP_503, calls=Call.CREATE, times=2)
        (export,) = refreshed().exports
        assert (export.status, export.tries) == ("successful", 3)
        assert workspace.runs.frame["status"].to_list() == ["successful", "failed (retrying)", "failed (retrying)"]
        assert inbox.titles == []

    def test_what_stays_unavailable_fails_in_the_end_and_is_told(
        self, refreshed: Refreshed, clock: MovedClock, inbox: Inbox
    ) -> None:
        tries: list[bool] = []

        def unavailable(scheduled: ScheduledRun, _: object) -> None:
            tries.append(scheduled.is_retried)
            raise BusyError("Export 'Nightly' is running already.", "Wait.")

        (export,) = refreshed(execute=unavailable).exports
        assert (export.status, tries) == ("failed", [True, True, True, False])
        assert clock.at - BEGIN == timedelta(minutes=21)
        assert inbox.titles == ["Export 'Nightly': failed (busy)"]

    def test_what_does_not_pass_is_not_tried_again(self, refreshed: Refreshed, clock: MovedClock) -> None:
        def wrong(*_: object) -> None:
            raise ConfigurationError("There is no column.", "Name another.")

        (export,) = refreshed(execute=wrong).exports
        assert (export.status, export.tries, clock.at) == ("failed", 1, BEGIN)

    def test_others_run_while_one_waits_for_its_next_try(
        self, workspace: toolkit.Workspace, refreshed: Refreshed
    ) -> None:
        save(workspace, "A")
        began = []

        def first_unavailable(scheduled: ScheduledRun, notebook: object) -> None:
            began.append(scheduled.export)
            if began == ["A"]:
                raise UnavailableError("Criteo is down.", "Run again later.")
            run_inline(scheduled, notebook)

        assert refreshed(execute=first_unavailable).exit_code == 0
        assert began == ["A", "Nightly", "A"]

    def test_something_unforeseen_stops_nobody_and_quotes_nothing(
        self, workspace: toolkit.Workspace, refreshed: Refreshed, inbox: Inbox
    ) -> None:
        save(workspace, "A")

        def unforeseen(scheduled: ScheduledRun, notebook: object) -> None:
            if scheduled.export == "A":
                raise RuntimeError("anna@mail.example")
            run_inline(scheduled, notebook)

        done = refreshed(execute=unforeseen)
        assert statuses(done) == {"A": "failed", "Nightly": "successful"}
        assert done.exports[0].error.code is ErrorCode.UNFORESEEN
        assert "RuntimeError" in done.exports[0].error.what
        assert "anna" not in repr(done) + done.json_lines + json.dumps(inbox.messages)


def test_what_a_refresh_left_is_removed_after_the_set_days_and_its_record_stays(
    workspace: toolkit.Workspace, refreshed: Refreshed, clock: MovedClock
) -> None:
    by_hand = workspace.runs.start("Nightly")
    old = refreshed(keep_days=7)
    report = workspace.runs[old.exports[0].run].report
    assert report.exists()
    clock.at += timedelta(days=8)
    kept = refreshed(keep_days=7)
    assert not report.parent.exists()
    assert workspace.runs[kept.exports[0].run].report.exists()
    assert by_hand.report.exists()
    assert workspace.runs.frame.height == 3


@pytest.mark.usefixtures("impatient")
def test_what_a_run_did_not_settle_outlives_its_report(
    workspace: toolkit.Workspace,
    refreshed: Refreshed,
    clock: MovedClock,
    criteo: Sandbox,
    held: Callable[[str], set[str]],
) -> None:
    criteo.fail(Fault.HTTP_503, calls=Call.AMEND, times=1000)
    (failed,) = refreshed(retry_after=[]).exports
    criteo.stop_failing()
    report = workspace.runs[failed.run].report
    assert report.exists()
    workspace.exports.deactivate("Nightly")
    clock.at += timedelta(days=40)
    refreshed()
    assert not report.exists()
    workspace.exports.activate("Nightly")
    assert refreshed().exit_code == 0
    assert len(held("All")) == 100
