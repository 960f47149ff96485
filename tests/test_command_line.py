"""The same as the Python interface, from a terminal."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

import toolkit
from tests.conftest import Tables
from tests.folders import folder_of
from toolkit.sandbox import Sandbox


def command(*arguments: str, folder: Path | None = None) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "toolkit", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env=os.environ | {"COLUMNS": "200", "NO_COLOR": "1"},
    )


def test_help_lists_the_commands() -> None:
    text = command("--help").stdout
    assert all(
        re.search(rf"\b{name}\b", text) for name in ("init", "segment", "export", "run", "connection", "demo", "lab")
    )


def test_a_preview_tells_who_would_be_sent(workspace: toolkit.Workspace, criteo: Sandbox) -> None:
    done = command("segment", "preview", "All", "--email-column", "EMail", "-w", str(workspace.path))
    assert "100 of 100 members exportable" in done.stdout
    of_export = command("export", "preview", "Nightly", "-w", str(workspace.path)).stdout
    assert "100 of 100 members exportable" in of_export
    assert "A run would add 100 identifiers and remove 0." in of_export
    assert criteo.lists() == []


def test_a_preview_without_an_email_column_is_refused(workspace: toolkit.Workspace) -> None:
    done = command("segment", "preview", "-w", str(workspace.path))
    assert done.returncode == 2
    assert "--email-column" in done.stderr


def test_a_run_sends_and_is_listed(
    workspace: toolkit.Workspace, criteo: Sandbox, held: Callable[[str], set[str]]
) -> None:
    done = command("run", "start", "Nightly", "--batch-size", "30", "-w", str(workspace.path))
    assert done.returncode == 0, done.stderr
    assert len(held("All")) == 100
    assert sorted(it.identifiers for it in criteo.requests() if it.identifiers) == [10, 30, 30, 30]
    report = Path(re.search(r"^Report: (.+)$", done.stdout, re.MULTILINE)[1])
    assert report.is_file()
    listed = command("run", "list", "Nightly", "-w", str(workspace.path)).stdout
    assert "successful" in listed


def test_a_failed_run_exits_with_one_and_says_what_to_do(workspace: toolkit.Workspace, tables: Tables) -> None:
    tables.write(emails={"C000": None})
    done = command("run", "start", "Nightly", "-w", str(workspace.path))
    assert done.returncode == 1
    assert "Nothing was sent." in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["run", "start", "Nigthly"], "There is no export 'Nigthly'"),
        (["segment", "preview", "Al", "--email-column", "EMail"], "There is no segment 'Al'"),
        (["segment", "preview", "All", "--email-column", "Email"], "'EMail'"),
    ],
)
def test_a_wrong_name_exits_with_two_and_names_the_nearest(
    workspace: toolkit.Workspace, arguments: list[str], expected: str
) -> None:
    done = command(*arguments, "-w", str(workspace.path))
    assert done.returncode == 2
    assert expected in done.stderr
    assert "Traceback" not in done.stderr


def test_segments_are_built_and_listed(workspace: toolkit.Workspace) -> None:
    at = ("-w", str(workspace.path))
    built = command("segment", "build", "Some", "--where", "CustomerId < 'C010'", "--dynamic", *at)
    assert "Segment 'Some': 10 members" in built.stdout
    assert "Segment 'Some': 10 members" in command("segment", "rebuild", "Some", *at).stdout
    assert (workspace.segments["Some"].kind, workspace.segments["Some"].history.height) == ("dynamic", 2)
    listed = command("segment", "list", *at).stdout
    assert re.search(r"Some +10 .* dynamic +CustomerId < 'C010'", listed)
    assert re.search(r"All +100 .* from elsewhere", listed)


def test_joining_prints_the_line_for_an_administrator(workspace: toolkit.Workspace) -> None:
    assert (
        'workspace.people.add("anna", public_key="'
        in command("people", "join", "anna", "-w", str(workspace.path)).stdout
    )


def test_the_audit_is_shown_and_verified(workspace: toolkit.Workspace) -> None:
    assert "save export" in command("audit", "-w", str(workspace.path)).stdout
    assert command("audit", "--verify", "-w", str(workspace.path)).returncode == 0
    with folder_of(workspace).session() as session, session.begin():
        session.connection().exec_driver_sql("UPDATE audit SET person = 'x' WHERE id = 2")
    broken = command("audit", "--verify", "-w", str(workspace.path))
    assert (broken.returncode, broken.stdout) == (1, "Row 2 of the audit was altered.\n")


def test_a_folder_without_a_workspace_is_told(tmp_path: Path) -> None:
    done = command("run", "list", folder=tmp_path)
    assert done.returncode == 2
    assert "workspace" in done.stderr


class TestSandbox:
    @pytest.fixture
    def start(self) -> Iterator[Callable[..., tuple[str, str]]]:
        """Start one with these arguments; return the two lines that it says."""
        started: list[subprocess.Popen[str]] = []

        def run(*arguments: str) -> tuple[str, str]:
            all_arguments = [sys.executable, "-u", "-m", "toolkit", "sandbox", "--port", "0", *arguments]
            started.append(subprocess.Popen(all_arguments, stdout=subprocess.PIPE, text=True))
            return started[-1].stdout.readline(), started[-1].stdout.readline()

        yield run
        for process in started:
            with process:
                process.terminate()

    def test_the_line_that_it_prints_makes_a_connection(
        self, start: Callable[..., tuple[str, str]], workspace: toolkit.Workspace
    ) -> None:
        _, line = start()
        made = eval(line.replace('"Sandbox"', '"Another"'), {"workspace": workspace})
        assert "2711" in made.advertisers

    def test_it_fails_as_it_is_told(self, start: Callable[..., tuple[str, str]]) -> None:
        said, _ = start("--fault", "http_503:advertisers:2", "--fault", "not_json:token")
        address = re.search(r"http://127\.0\.0\.1:\d+", said)[0]
        statuses = [requests.get(f"{address}/2026-07/advertisers/me", timeout=5).status_code for _ in range(3)]
        assert statuses == [503, 503, 401]

    def test_a_fault_that_it_does_not_know_is_refused_with_those_it_knows(self) -> None:
        done = command("sandbox", "--fault", "flood")
        assert done.returncode == 2
        assert "'flood' is no fault." in done.stderr
        assert "http_503" in done.stderr
