"""Output that a terminal can't show, or that nobody reads, changes neither a command nor its exit code."""

import csv
import io
import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

import toolkit
from tests.conftest import Tables
from toolkit.spreadsheets import without_formulas

TERMINALS = [
    {"PYTHONIOENCODING": "ascii"},
    {"PYTHONIOENCODING": "cp1252"},
    {"LANG": "C", "LC_ALL": "C"},
]
NAMES = "Zoë 李 €"


@pytest.fixture
def named(tmp_path: Path, tables: Tables) -> Path:
    folder = tmp_path / "workspace"
    workspace = toolkit.open_workspace(folder, profiles=tables.profiles, segments=tables.segments, create=True)
    workspace.segments.build(NAMES, where="CustomerId < 'C010'")
    return folder


def command(
    folder: Path, *arguments: str, env: dict[str, str], closing: str = ""
) -> subprocess.CompletedProcess[bytes]:
    words = [sys.executable, "-m", "toolkit", *arguments, "-w", str(folder)]
    shell = ["sh", "-c", f'"$@" {closing}', "sh", *words]
    return subprocess.run(shell, capture_output=True, timeout=120, check=False, env={**os.environ, **env})


@pytest.mark.parametrize("env", TERMINALS, ids=str)
def test_any_encoding_takes_a_command(named: Path, env: dict[str, str]) -> None:
    ended = command(named, "segment", "preview", NAMES, "--email-column", "EMail", env=env)
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert b"Zo" in ended.stdout


@pytest.mark.parametrize("env", TERMINALS, ids=str)
def test_any_encoding_takes_an_error(named: Path, env: dict[str, str]) -> None:
    ended = command(named, "segment", "preview", "né李", "--email-column", "EMail", env=env)
    assert ended.returncode == 2
    assert b"Traceback" not in ended.stderr


@pytest.mark.parametrize("closing", [">&-", "2>&-", ">&- 2>&-"])
def test_a_closed_stream_keeps_the_exit_code(named: Path, closing: str) -> None:
    assert command(named, "segment", "list", env={}, closing=closing).returncode == 0
    assert command(named, "export", "check", "none", env={}, closing=closing).returncode == 2


def test_a_broken_pipe_keeps_the_exit_code(named: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    words = [sys.executable, "-m", "toolkit", "segment", "list", "-w", str(named)]
    ended = subprocess.run(words, stdout=writer, stderr=subprocess.PIPE, timeout=120, check=False)
    os.close(writer)
    assert (ended.returncode, ended.stderr) == (0, b"")


BAR = """
import os, sys
from toolkit.progress_bar import progress_bar
from toolkit.runs.progress import Progress
mode = sys.argv[1]
class Odd:
    encoding = "ascii"
    closed = False
    def isatty(self): return True
    def fileno(self): return 2
    def flush(self): pass
    def write(self, text):
        if mode == "pipe": raise BrokenPipeError(32, "gone")
        text.encode("ascii")
sys.stderr = None if mode == "none" else Odd()
with progress_bar("Zo\\u00eb") as observe:
    observe(Progress(step="sending", done=1, total=2))
print("done")
"""


@pytest.mark.parametrize("mode", ["pipe", "ascii", "none"])
def test_a_bar_never_breaks_a_run(mode: str) -> None:
    ended = subprocess.run([sys.executable, "-c", BAR, mode], capture_output=True, timeout=120, check=False)
    assert (ended.returncode, ended.stdout.strip()) == (0, b"done")


FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "\uff1d1", "\uff0b1", "\uff0d1", "\uff201", "\ufeff=1"]  # fmt: skip


@pytest.mark.parametrize("cell", FORMULAS)
def test_a_spreadsheet_runs_no_cell(cell: str) -> None:
    frame = without_formulas(pl.DataFrame({cell: [cell, "C1", None]}))
    assert frame.columns == [f"'{cell}"]
    assert frame.to_series().to_list() == [f"'{cell}", "C1", None]


def test_numbers_and_other_text_stay() -> None:
    frame = pl.DataFrame({"a": [-1, 2], "b": ["a-b", "1=1"], "c": ["", "'x"]})
    assert without_formulas(frame).equals(frame)


def test_frames_for_people_write_no_formulas(workspace: toolkit.Workspace, tables: Tables) -> None:
    tables.write(segments={"=1+1": ["C001", "@SUM(1)"]})
    workspace.exports.duplicate("Nightly", "=2+2")
    preview = workspace.preview("=1+1", email_column="EMail")
    frames = (workspace.audit.frame, workspace.exports.frame, workspace.segments.frame, preview.left_out)
    for frame in frames:
        cells = [cell for row in csv.reader(io.StringIO(frame.write_csv())) for cell in row]
        assert any(it.startswith(("'=", "'@")) for it in cells)
        assert not any(it.startswith(("=", "@")) for it in cells)
