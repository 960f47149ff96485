"""What was recorded in one language is read in another: runs, reports, previews, health, notifications, errors."""

import json
import re
from pathlib import Path
from threading import Thread

import pytest

import toolkit
from tests.alerts.conftest import Inbox, inbox
from tests.conftest import Tables, save_nightly
from toolkit import NoticeCode
from toolkit.display import word
from toolkit.errors import ConfigurationError
from toolkit.runs.report import report_page
from toolkit.sandbox import Call, Fault, Sandbox
from toolkit.state import settings
from toolkit.translatable import reading_in, shown

__all__ = ["inbox"]
ENGLISH = re.compile(r"\b(the|and|would|which|of the)\b")


def text_of(html: str) -> str:
    """What a person reads of a page, without names and files."""
    return re.sub(r"<style.*?</style>|<svg.*?</svg>|<[^>]*>", " ", html, flags=re.S)


def speak_dutch(workspace: toolkit.Workspace) -> toolkit.Workspace:
    file = workspace.path / "workspace.toml"
    file.write_text('language = "nl"\n' + file.read_text())
    return toolkit.open_workspace(workspace.path)


def failed(workspace: toolkit.Workspace) -> toolkit.Run:
    save_nightly(workspace, thresholds={"email_coverage": 1.0, "levels": {"segment has members": "error"}})
    run = workspace.runs.start("Nightly", trigger="schedule")
    assert run.error is not None
    return run


@pytest.fixture
def uncovered(workspace: toolkit.Workspace, tables: Tables) -> toolkit.Workspace:
    tables.write(emails={"C000": "a@mail.example", "C001": None}, segments={"All": ["C000", "C001"]})
    return workspace


def test_run_is_read_in_any_language(uncovered: toolkit.Workspace) -> None:
    run = failed(uncovered)
    assert run.report.read_text().startswith('<!doctype html>\n<html lang="en">')
    assert "What happened:" in text_of(run.report.read_text())
    with reading_in("nl"):
        page = report_page(uncovered.runs[run.id])
        cell = uncovered.runs[run.id]._repr_html_()
    assert page.startswith('<!doctype html>\n<html lang="nl">')
    assert [ENGLISH.findall(text_of(it)) for it in (page, cell)] == [[], []]
    assert "verwacht minstens 100%, gevonden 50,0%" in text_of(page)
    assert str(run.error) == str(uncovered.runs[run.id].error)
    assert "Check 'members with an e-mail'" in str(run.error)


def test_report_for_programs_is_english(uncovered: toolkit.Workspace) -> None:
    run = failed(speak_dutch(uncovered))
    kept = json.loads((run.folder / "report.json").read_text())
    assert kept["error"].keys() == {"code", "what", "remedy", "is_transient"}
    assert {type(it["text"]) for it in kept["warnings"]} == {str}
    assert {type(it["expected"]) for it in kept["checks"]} == {str}
    assert kept["error"]["what"].startswith("Check ")


def test_workspace_chooses_the_language_of_pages(uncovered: toolkit.Workspace) -> None:
    run = failed(speak_dutch(uncovered))
    assert run.data_docs is not None
    overview = run.data_docs.read_text().partition("<details>")[0]
    assert ENGLISH.findall(text_of(run.report.read_text()) + text_of(overview)) == []


def test_workspace_chooses_the_language_of_notifications(uncovered: toolkit.Workspace, inbox: Inbox) -> None:
    failed(speak_dutch(uncovered))
    assert inbox.titles == ["Export 'Nightly': gestopt door een grens"]
    assert ENGLISH.findall(inbox.messages[0]["message"]) == []


def test_language_without_a_catalog_is_refused(workspace: toolkit.Workspace) -> None:
    file = workspace.path / "workspace.toml"
    file.write_text('language = "fr"\n' + file.read_text())
    with pytest.raises(ConfigurationError) as found:
        settings.read(workspace.path)
    assert "choose one of en, nl" in found.value.what
    assert "kies een van en, nl" in shown(found.value.what, "nl")


def test_preview_says_what_a_check_does(uncovered: toolkit.Workspace) -> None:
    save_nightly(uncovered, thresholds={"email_coverage": 1.0, "levels": {"members with an e-mail": "warning"}})
    codes = {it.code for it in uncovered.exports.preview("Nightly").warnings}
    assert NoticeCode.CHECK_FAILED in codes
    assert NoticeCode.WOULD_STOP not in codes
    with reading_in("nl"):
        page = uncovered.exports.preview("Nightly")._repr_html_()
    assert ENGLISH.findall(text_of(page)) == []
    assert "Een run zou doorgaan, met een waarschuwing." in page


def test_errors_of_criteo_are_translated(workspace: toolkit.Workspace, criteo: Sandbox) -> None:
    criteo.fail(Fault.HTTP_401, calls=Call.AMEND, times=9)
    run = workspace.runs.start("Nightly")
    assert run.error is not None
    assert "Criteo weigerde dit" in shown(run.error.what, "nl")
    assert ENGLISH.findall(shown(run.error.remedy, "nl")) == []


def test_tables_of_a_workspace_are_translated(workspace: toolkit.Workspace) -> None:
    workspace.runs.start("Nightly")
    with reading_in("nl"):
        shown_as = [
            it._repr_html_()
            for it in (workspace, workspace.exports, workspace.runs, workspace.health(), workspace.quality())
        ]
    assert [ENGLISH.findall(text_of(it)) for it in shown_as] == [[]] * len(shown_as)


def test_another_thread_reads_its_own_language(workspace: toolkit.Workspace, tmp_path: Path) -> None:
    run = workspace.runs.start("Nightly")
    pages: dict[str, str] = {}

    def read(language: str) -> None:
        with reading_in(language):
            pages[language] = report_page(run)

    threads = [Thread(target=read, args=(it,)) for it in ("en", "nl")]
    for it in threads:
        it.start()
    for it in threads:
        it.join()
    assert [pages[it].count(f'lang="{it}"') for it in ("en", "nl")] == [1, 1]
    assert ("Included" in pages["en"], "Opgenomen" in pages["nl"]) == (True, True)


def test_pictures_speak_the_language_that_was_chosen(workspace: toolkit.Workspace) -> None:
    preview = workspace.preview("All", email_column="EMail")
    with reading_in("nl"):
        (rows,) = preview.funnel_chart.to_dict()["datasets"].values()
    assert [(it["step"], it["label"]) for it in rows] == [
        ("leden", "100 (100,0%)"),
        (shown(word("exportable"), "nl"), "100 (100,0%)"),
    ]
