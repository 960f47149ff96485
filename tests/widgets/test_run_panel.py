"""The run panel: what it shows while a run goes on, and what it leaves."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import toolkit
from tests.conftest import Tables, save_nightly
from tests.widgets.driving import press
from toolkit.runs import Guard, Progress, Step
from toolkit.sandbox import Call, Fault, Sandbox
from toolkit.widgets import RunPanel
from toolkit.widgets.language import Words
from toolkit.widgets.progress_view import ProgressView

pytestmark = pytest.mark.usefixtures("run_here")


def is_shown(widget: Any) -> bool:
    return widget.layout.display != "none"


def test_a_run_is_begun_watched_and_reported(workspace: toolkit.Workspace, held: Callable[[str], set[str]]) -> None:
    panel = RunPanel(workspace, "Nightly", language="en")
    press(panel, panel.start)
    assert len(held("All")) == 100
    assert panel.run is not None
    assert panel.run.status is toolkit.RunStatus.SUCCESSFUL
    assert panel.progress.share == 1
    said = "\n".join(panel.progress.lines)
    for step in ("Preparing", "Checking", "Planning", "Sending", "The run is over: Successful"):
        assert step in said
    assert "✓ Successful" in panel.report.short.value
    assert not panel.start.disabled


def test_a_dry_run_sends_nothing(workspace: toolkit.Workspace, criteo: Sandbox) -> None:
    panel = RunPanel(workspace, language="en")
    press(panel, panel.dry)
    assert criteo.lists() == []
    assert "Nothing was sent." in panel.report.short.value
    assert "Would be added" in panel.report.short.value


def test_the_whole_report_is_shown_and_put_away(workspace: toolkit.Workspace) -> None:
    panel = RunPanel(workspace, language="en")
    assert not is_shown(panel.report.open)
    press(panel, panel.dry)
    press(panel, panel.report.open)
    assert "Members by outcome" in panel.report.whole.value
    press(panel, panel.report.open)
    assert panel.report.whole.value == ""


def test_a_guard_that_stops_a_run_can_be_passed_knowingly(
    workspace: toolkit.Workspace, tables: Tables, held: Callable[[str], set[str]]
) -> None:
    save_nightly(workspace, thresholds={"most_change": 0.3})
    panel = RunPanel(workspace, language="en")
    press(panel, panel.start)
    assert not is_shown(panel.guards)
    tables.write(segments={"All": [f"C{number:03}" for number in range(10)]})
    press(panel, panel.start)
    assert is_shown(panel.guards)
    assert "more than 30%" in panel.report.short.value
    # A box of the panel is named, and no argument of Python.
    assert "tick it under" in panel.report.short.value
    assert "allow=" not in panel.report.short.value
    assert len(held("All")) == 100
    panel.allow[Guard.LARGE_CHANGE].value = True
    press(panel, panel.start)
    assert len(held("All")) == 10
    assert not is_shown(panel.guards)


def test_a_list_that_was_deleted_at_criteo_can_be_made_anew(workspace: toolkit.Workspace, criteo: Sandbox) -> None:
    panel = RunPanel(workspace, language="en")
    press(panel, panel.start)
    criteo.delete_list(criteo.lists()[0].id)
    press(panel, panel.start)
    assert is_shown(panel.remake)
    assert panel.remake.description in panel.report.short.value
    assert "if_list_gone" not in panel.report.short.value
    panel.remake.value = True
    press(panel, panel.start)
    assert panel.run is not None
    assert panel.run.status is toolkit.RunStatus.SUCCESSFUL


def test_a_viewer_is_told_in_their_language(as_viewer: toolkit.Workspace) -> None:
    panel = RunPanel(as_viewer, language="nl")
    press(panel, panel.start)
    assert "U bent een lezer van deze werkruimte" in panel.message.text
    assert "een inzender nodig" in panel.message.text


def test_a_removed_column_is_two_sentences(workspace: toolkit.Workspace, tables: Tables) -> None:
    import polars as pl

    pl.read_parquet(tables.profiles.location).rename({"EMail": "Mail"}).write_parquet(tables.profiles.location)
    panel = RunPanel(workspace, language="en")
    press(panel, panel.start)
    assert "✗ Failed" in panel.report.short.value
    assert "What to do" in panel.report.short.value
    assert "Traceback" not in panel.report.short.value


def test_what_keeps_a_run_from_beginning_is_told_and_the_last_run_stays_in_sight(
    workspace: toolkit.Workspace,
) -> None:
    panel = RunPanel(workspace, language="en")
    press(panel, panel.dry)
    workspace.exports.detach("Nightly")
    press(panel, panel.start)
    assert "no connection" in panel.message.text
    assert "dry run" in panel.report.short.value


def test_a_viewer_sees_runs_and_no_buttons(as_viewer: toolkit.Workspace) -> None:
    panel = RunPanel(as_viewer, language="en")
    assert not is_shown(panel.start)
    assert "viewer" in panel.message.text


def test_without_an_export_it_says_so(workspace: toolkit.Workspace) -> None:
    workspace.exports.remove("Nightly")
    assert "no export yet" in RunPanel(workspace, language="en").widget.children[-1].value


def test_a_run_is_canceled_and_resumed(workspace: toolkit.Workspace, held: Callable[[str], set[str]]) -> None:
    panel = RunPanel(workspace, language="en")
    panel.start.click()
    while workspace.runs.find("Nightly").is_empty():
        time.sleep(0.01)
    assert is_shown(panel.cancel)
    panel.cancel.click()
    assert "asked to end" in panel.message.text
    panel.wait()
    assert panel.run is not None
    assert panel.run.status is toolkit.RunStatus.CANCELED
    assert "■ Canceled" in panel.report.short.value
    assert not is_shown(panel.cancel)
    press(panel, panel.resume)
    assert len(held("All")) == 100
    assert not is_shown(panel.resume)


def test_a_run_that_ended_without_a_word_is_found_and_resumed(
    workspace: toolkit.Workspace, criteo: Sandbox, held: Callable[[str], set[str]]
) -> None:
    criteo.fail(Fault.SLOW, calls=Call.AMEND, seconds=60)
    code = f"import toolkit; toolkit.open_workspace({str(workspace.path)!r}).runs.start('Nightly')"
    with subprocess.Popen([sys.executable, "-c", code]) as runner:
        while not any(criteo.identifiers(it.id) for it in criteo.lists()):
            time.sleep(0.05)
        following = RunPanel(workspace, "Nightly", language="en")
        assert "goes on" in following.progress.status
        assert is_shown(following.cancel)
        runner.kill()
    following.wait()
    criteo.stop_failing()
    panel = RunPanel(workspace, "Nightly", language="en")
    assert "ended without a word" in panel.report.short.value
    press(panel, panel.resume)
    assert len(held("All")) == 100


class TestProgress:
    @pytest.fixture
    def seconds(self) -> Iterator[float]:
        return iter([0.0, 0.0, 0.0, 10.0, 10.0, 20.0])

    def test_the_bar_only_moves_forward_and_tells_the_time_left(self, seconds: Iterator[float]) -> None:
        view = ProgressView(Words("en"), clock=lambda: next(seconds))
        view.begin("It begins.")
        shares = []
        for progress in (
            Progress(Step.PREPARE),
            Progress(Step.CHECK),
            Progress(Step.PUSH, 0, 50_000),
            Progress(Step.PUSH, 12_500, 50_000),
        ):
            view.tell(progress)
            shares.append(view.share)
        assert shares == sorted(set(shares))
        assert view.status == "Sending: 12,500 of 50,000 identifiers, about 30 s left"

    def test_a_wait_is_told_in_its_own_words(self) -> None:
        view = ProgressView(Words("en"))
        view.begin("It begins.")
        view.tell(Progress(Step.PUSH, 1, 2, waiting="Waiting 3 s: Criteo is busy"))
        assert view.status == "Waiting 3 s: Criteo is busy"
        assert view.lines[-1].endswith("Waiting 3 s: Criteo is busy")
