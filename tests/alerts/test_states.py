"""People are told once of a change of state, not once a run, and never of a person in the data."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

import toolkit
from tests.alerts.conftest import Inbox
from tests.conftest import Tables, save_nightly
from toolkit import NoticeCode
from toolkit.alerts import AlertKey, AlertState, Subject, alert_states, configured_channels, dispatch, record_state
from toolkit.errors import DataError, ListGoneError
from toolkit.state.folder import WorkspaceFolder

NOW = datetime(2026, 11, 24, 2, tzinfo=UTC)
NIGHTLY = AlertKey(Subject.EXPORT, "Nightly")
NO_COLUMN = DataError("There is no column 'EMail'.", "Name another.").info
GONE = ListGoneError("List 410001 is gone.", "Make it anew.").info


@pytest.fixture
def folder(workspace: toolkit.Workspace) -> WorkspaceFolder:
    return WorkspaceFolder.open(workspace.path)


def test_a_scheduled_run_that_fails_is_told_once_and_so_is_its_recovery(
    workspace: toolkit.Workspace, tables: Tables, inbox: Inbox
) -> None:
    workspace.runs.start("Nightly", trigger="schedule")
    assert inbox.titles == []
    pl.DataFrame({"CustomerId": ["C000"], "Mail": [None]}).write_parquet(tables.folder / "profiles.parquet")
    workspace.runs.start("Nightly", trigger="schedule")
    workspace.runs.start("Nightly", trigger="schedule")
    assert inbox.titles == ["Export 'Nightly': failed (data)"]
    assert "Choose the e-mail column" in inbox.messages[0]["message"]
    tables.write(emails={f"C{number:03}": f"person{number}@mail.example" for number in range(100)})
    workspace.runs.start("Nightly")
    workspace.runs.start("Nightly", trigger="schedule")
    assert inbox.titles == ["Export 'Nightly': failed (data)", "Export 'Nightly' is well again"]


def test_a_guard_that_stops_a_scheduled_run_is_told_with_its_figures(
    workspace: toolkit.Workspace, tables: Tables, inbox: Inbox
) -> None:
    save_nightly(workspace, thresholds={"most_change": 0.3})
    workspace.runs.start("Nightly", trigger="schedule")
    tables.write(segments={"All": ["C000"]})
    workspace.runs.start("Nightly", trigger="schedule")
    assert inbox.titles == ["Export 'Nightly': stopped by a guard"]
    assert "99 identifiers would be removed" in inbox.messages[0]["message"]
    workspace.runs.start("Nightly", allow=["large change"]).raise_for_status()
    assert inbox.titles[1:] == ["Export 'Nightly' is well again"]


def test_coverage_under_the_threshold_is_a_stop_by_a_guard(
    workspace: toolkit.Workspace, tables: Tables, inbox: Inbox
) -> None:
    tables.write(emails={f"C{number:03}": None for number in range(100)})
    workspace.runs.start("Nightly", trigger="schedule")
    workspace.runs.start("Nightly", trigger="schedule")
    assert inbox.titles == ["Export 'Nightly': stopped by a guard"]
    assert "found 0.0% (100 of 100 not)" in inbox.messages[0]["message"]


def test_a_person_who_sees_a_run_fail_and_a_dry_run_tell_nobody(
    workspace: toolkit.Workspace, tables: Tables, inbox: Inbox
) -> None:
    tables.write(emails={"C000": None})
    workspace.runs.start("Nightly")
    workspace.runs.start("Nightly", trigger="schedule", dry_run=True)
    assert inbox.titles == []


def test_what_can_not_be_delivered_is_a_warning_and_is_told_at_the_next_run(
    workspace: toolkit.Workspace, tables: Tables, inbox: Inbox
) -> None:
    tables.write(emails={"C000": None})
    inbox.refuses = True
    with pytest.warns(UserWarning, match="address 1 json"):
        run = workspace.runs.start("Nightly", trigger="schedule")
    assert run.status == "failed"
    inbox.refuses = False
    workspace.runs.start("Nightly", trigger="schedule")
    assert inbox.titles == ["Export 'Nightly': stopped by a guard"]


def test_trouble_that_nobody_heard_of_ends_without_a_word(folder: WorkspaceFolder, inbox: Inbox) -> None:
    inbox.refuses = True
    record_state(folder, NIGHTLY, NO_COLUMN, at=NOW)
    assert len(dispatch(folder)) == 1
    inbox.refuses = False
    record_state(folder, NIGHTLY, None, at=NOW)
    assert dispatch(folder) == []
    assert inbox.titles == []


def test_another_trouble_of_the_same_matter_is_told_too(folder: WorkspaceFolder, inbox: Inbox) -> None:
    for trouble in (NO_COLUMN, GONE, GONE):
        record_state(folder, NIGHTLY, trouble, at=NOW)
        dispatch(folder)
    assert inbox.titles == ["Export 'Nightly': failed (data)", "Export 'Nightly': failed (list gone)"]


def test_of_two_addresses_only_the_one_that_did_not_hear_is_told_again(
    folder: WorkspaceFolder, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOOLKIT_NOTIFY", f"{inbox.url} json://127.0.0.1:1/nobody-listens?cto=1")
    record_state(folder, NIGHTLY, NO_COLUMN, at=NOW)
    for _ in range(2):
        (warning,) = dispatch(folder)
        assert "address 2 json" in warning.text
    assert len(inbox.messages) == 1


def test_addresses_that_are_wrong_are_a_warning(folder: WorkspaceFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOOLKIT_NOTIFY", "nothing://s3cret")
    (warning,) = dispatch(folder)
    assert (warning.code, "Nobody was notified" in warning.text) == (NoticeCode.NOT_NOTIFIED, True)
    assert "s3cret" not in warning.text


def test_an_address_that_slipped_into_an_error_is_hidden(folder: WorkspaceFolder, inbox: Inbox) -> None:
    trouble = DataError("'anna@mail.example' at abfss://box@account.dfs.core.windows.net/a is wrong.", "Mend it.").info
    record_state(folder, NIGHTLY, trouble, at=NOW)
    dispatch(folder)
    said = inbox.messages[0]["message"]
    assert "anna" not in said
    assert "abfss://box@account.dfs.core.windows.net/a" in said
    (state,) = alert_states(folder)
    assert state.error is not None
    assert "anna" not in state.error.what


def test_a_notification_names_the_workspace_and_since_when(folder: WorkspaceFolder, inbox: Inbox) -> None:
    record_state(folder, NIGHTLY, NO_COLUMN, at=NOW)
    dispatch(folder, to=configured_channels())
    assert inbox.messages[0]["message"].splitlines() == [
        "There is no column 'EMail'.",
        "Name another.",
        f"Workspace {folder.path} on {folder.machine}, since 2026-11-24 02:00 UTC.",
    ]


def test_what_one_process_tells_another_leaves_alone(folder: WorkspaceFolder, inbox: Inbox) -> None:
    record_state(folder, NIGHTLY, NO_COLUMN, at=NOW)
    with folder.session() as session, session.begin():
        session.connection().exec_driver_sql("UPDATE matters SET telling_until = '9999-01-01 00:00:00'")
    assert dispatch(folder) == []
    assert inbox.titles == []


def test_the_same_trouble_in_other_words_is_told_once(folder: WorkspaceFolder, inbox: Inbox) -> None:
    later = NOW + timedelta(days=1)
    for trouble, at in ((NO_COLUMN, NOW), (replace(NO_COLUMN, what="Other words."), later)):
        record_state(folder, NIGHTLY, trouble, at=at)
        dispatch(folder)
    assert len(inbox.messages) == 1
    assert alert_states(folder) == (AlertState(NIGHTLY, replace(NO_COLUMN, what="Other words."), NOW),)
    record_state(folder, NIGHTLY, None, at=later)
    assert alert_states(folder) == (AlertState(NIGHTLY, None, later),)
