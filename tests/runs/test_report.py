"""The report of a run says what Criteo confirmed and nothing else, marks what failed, and escapes what others wrote."""

import os
import re
from dataclasses import replace
from pathlib import Path

import pytest

import toolkit
from tests.conftest import Tables, save_nightly
from toolkit.display import change
from toolkit.runs.matrix_of_checks import checks_matrix
from toolkit.runs.report import html_fragment, write_report
from toolkit.runs.summary import Totals, cards_of, sentence_of
from toolkit.sandbox import Call, Fault, Sandbox
from toolkit.validation import CheckOutcome, CheckRow


class TestSentence:
    def test_of_runs(self, workspace: toolkit.Workspace, tables: Tables) -> None:
        first = workspace.runs.start("Nightly").raise_for_status()
        assert sentence_of(first) == "Nightly updated its 1 list at Criteo: 100 identifiers added, 0 removed."
        again = workspace.runs.start("Nightly").raise_for_status()
        assert sentence_of(again) == "Nightly found nothing to add to its 1 list, and nothing to remove."
        tables.write(segments={"All": ["C001"]})
        dry = workspace.runs.start("Nightly", dry_run=True, allow=["large change"])
        assert sentence_of(dry).startswith("Nothing was sent: ")
        assert "0 identifiers added and 99 removed" in sentence_of(dry)

    def test_of_one_that_failed_claims_only_what_was_confirmed(
        self, workspace: toolkit.Workspace, criteo: Sandbox
    ) -> None:
        """Its list was emptied, and what was sent after that may have arrived."""
        workspace.runs.start("Nightly").raise_for_status()
        criteo.fail(Fault.HTTP_401, calls=Call.AMEND, times=9)
        failed = workspace.runs.start("Nightly", mode="replace")
        assert criteo.lists()[0].size == 0
        assert sentence_of(failed) == "Nightly: failed. Criteo confirmed 0 identifiers added and 0 removed."

    def test_of_one_for_a_person_and_for_a_list_is_of_these(self, workspace: toolkit.Workspace) -> None:
        workspace.runs.start("Nightly").raise_for_status()
        workspace.forget(customer="C001")
        workspace.exports.remove("Nightly")
        workspace.lists.empty(workspace.lists.left_behind.frame["list_id"].item())
        ended, forgot, _ = list(workspace.runs.values())
        assert sentence_of(forgot) == "Removal of one person from the lists of Nightly: successful."
        assert sentence_of(ended) == "End of lists that Nightly filled: successful."


def test_figures_tell_the_change_against_the_run_before(workspace: toolkit.Workspace, tables: Tables) -> None:
    before = workspace.runs.start("Nightly").raise_for_status()
    tables.write(segments={"All": [f"C{number:03}" for number in range(90)]})
    now = workspace.runs.start("Nightly").raise_for_status()
    found = {it.name: (it.figure, it.note) for it in cards_of(now, before)}
    assert found["Included"] == ("90", "-10 against last time")
    assert found["Left out"] == ("0", "as last time")
    assert (found["Added"][0], found["Removed"][0]) == ("0", "10")
    assert "against last time" in now.report.read_text()
    assert cards_of(now)[0].note == ""


@pytest.mark.parametrize(("before", "said"), [(None, ""), (5, "as last time"), (2, "+3 against last time")])
def test_a_change_is_told_where_there_was_a_last_time(before: int | None, said: str) -> None:
    assert change(5, before) == said


def test_people_with_a_device_id_too_count_once(workspace: toolkit.Workspace) -> None:
    run = workspace.runs.start("Nightly").raise_for_status()
    (of_emails,) = run.lists
    of_devices = replace(of_emails, identifier_type="madid", added=40)
    totals = Totals.of([of_emails, of_devices])
    assert (totals.members, totals.included, totals.added) == (100, 100, 140)


def _row(check: str, segment: str | None, outcome: CheckOutcome) -> CheckRow:
    return CheckRow(check, segment, outcome, "at least one member", "0", None, None)


def _cells(html: str) -> list[list[str]]:
    rows = re.findall(r"<tr>(.*?)</tr>", html, re.DOTALL)
    return [[re.sub(r"<[^>]+>", "", it).strip() for it in re.findall(r"<t[hd].*?</t[hd]>", row)] for row in rows]


def test_the_matrix_marks_each_failure_at_its_segment() -> None:
    checks = [
        _row("limit of an export", None, CheckOutcome.PASSED),
        _row("segment has members", "A <b>", CheckOutcome.PASSED),
        _row("segment has members", "B", CheckOutcome.ERROR),
    ]
    html = checks_matrix(checks)
    assert "<b>" not in html
    matrix = _cells(html)[:3]
    assert matrix[0] == ["", "the export", "A &lt;b&gt;", "B"]
    assert matrix[1] == ["limit of an export", "✓ passed", "", ""]
    assert matrix[2] == ["segment has members", "", "✓ passed", "✗ error"]
    assert ["B", "segment has members", "error", "at least one member", "0"] in _cells(html)


def test_of_many_segments_the_matrix_shows_those_with_a_failure() -> None:
    checks = [_row("segment has members", f"S{it}", CheckOutcome.PASSED) for it in range(50)]
    checks.append(_row("useful size", "S7", CheckOutcome.WARNING))
    assert _cells(checks_matrix(checks))[0] == ["", "S7"]


def test_the_link_leads_to_the_report_from_the_notebook(
    tables: Tables, workspace: toolkit.Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = workspace.runs.start("Nightly").raise_for_status()
    odd = tmp_path / "Campaign #1 100% [a?]"
    (odd / "notebooks").mkdir(parents=True)
    moved = replace(run, folder=odd / "runs" / run.id)
    moved.folder.mkdir(parents=True)
    write_report(moved)
    monkeypatch.chdir(odd / "notebooks")
    (link,) = re.findall(r'href="([^"]+)"', html_fragment(moved))
    assert link == f"../runs/{run.id}/report.html"
    monkeypatch.chdir(tmp_path)
    (link,) = re.findall(r'href="([^"]+)"', html_fragment(moved))
    assert link.startswith("Campaign%20%231%20100%25%20%5Ba%3F%5D/runs/")
    assert os.path.exists(moved.report)  # noqa: PTH110  # by the path that the link is made of


def test_how_it_ran_tells_batches_repeated_calls_and_seconds(workspace: toolkit.Workspace, criteo: Sandbox) -> None:
    criteo.fail(Fault.HTTP_503, calls=Call.AMEND, times=1)
    run = workspace.runs.start("Nightly", batch_size=50).raise_for_status()
    found = _cells(run.report.read_text())
    (heads,) = [it for it in found if "batches" in it]
    (told,) = [it for it in found[found.index(heads) + 1 :] if it[:1] == ["All"]]
    assert told[heads.index("batches")] == "2"
    assert told[heads.index("retries")] == "1"
    assert run.timings
    assert {it[0] for it in found} >= set(run.timings)


def test_what_others_wrote_is_text(workspace: toolkit.Workspace, tables: Tables) -> None:
    tables.write(segments={"<script>x": ["C001"]})
    save_nightly(workspace, segments=["<script>x"])
    run = workspace.runs.start("Nightly", allow=["large change"])
    assert "<script" not in run.report.read_text() + run._repr_html_()
