"""What the pages have one do is done as it stands, in the order in which it stands there.

Blocks of Python and of ``sh`` are run; ``bash`` is for what a test can't do, such as to install or to serve.
"""

import os
import re
import shlex
from pathlib import Path

import polars as pl
import pytest
from nacl.signing import SigningKey
from PIL import Image
from typer.testing import CliRunner

import toolkit
from tests.conftest import say_written_before
from toolkit.cli import app
from toolkit.errors import ErrorCode, ToolkitError, family
from toolkit.project import make_project
from toolkit.sandbox import Sandbox

PROJECT = Path(__file__).parents[1]
DOCS = PROJECT / "docs"
PICTURES = DOCS / "pictures"
FROM_NOTHING = ("README.md", "docs/first-ten-minutes.md")
TASKS = tuple(
    f"docs/{it}.md"
    for it in (
        "connect",
        "tables",
        "engines",
        "segments",
        "preview",
        "exports",
        "consent",
        "runs",
        "schedule",
        "history",
        "suppress",
        "audiences",
        "team",
        "forms",
        "troubleshooting",
    )
)
CASES = {"docs/runs.md": "resume"}
"""A block that holds this is only about a run that failed, and there is none."""

Names = dict[str, object]


def blocks(page: str) -> list[tuple[str, str]]:
    """Return the kind and the text of each block that is run."""
    return re.findall(r"^```(python|sh)\n(.*?)^```", (PROJECT / page).read_text(), re.DOTALL | re.MULTILINE)


def play(page: str, known: Names) -> int:
    """Run what the page has one do; return how many blocks there were."""
    found = [(kind, text) for kind, text in blocks(page) if page not in CASES or CASES[page] not in text]
    for kind, text in found:
        if kind == "python":
            exec(compile(text, page, "exec"), known)
        else:
            for line in text.splitlines():
                do(line, page)
    return len(found)


def do(line: str, page: str) -> None:
    """Run a line of a terminal: a command of the toolkit, or a change of folder."""
    program, *arguments = shlex.split(line)
    if program == "cd":
        os.chdir(arguments[0])
        return
    assert program == "toolkit", f"{page}: {line}"
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, f"{page}: {line}\n{result.output}"


@pytest.fixture
def anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def sample(anywhere: Path, criteo: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Names:
    """A project with the sample, a connection, and an export ``Nightly`` that ran once, as the reference has it."""
    monkeypatch.setenv("CRITEO_CLIENT_ID", criteo.client_id)
    monkeypatch.setenv("CRITEO_CLIENT_SECRET", criteo.client_secret)
    make_project(anywhere, sample=True)
    for file in anywhere.rglob("*.parquet"):
        say_written_before(file)
    workspace = toolkit.open_workspace("workspace")
    workspace.connections.connect(
        "Criteo", credentials=toolkit.Credentials.from_environment(host=criteo.url), i_agree=True
    )
    workspace.exports.save(
        "Nightly", connection="Criteo", advertiser_id="2711", email_column="EMail", segments=["High value"]
    )
    assert workspace.runs.start("Nightly").outcome == "successful"
    return {
        "toolkit": toolkit,
        "pl": pl,
        "workspace": workspace,
        "host": criteo.url,
        "key_of_bob": SigningKey.generate().verify_key.encode().hex(),
    }


@pytest.mark.parametrize("page", FROM_NOTHING)
def test_from_nothing_to_a_list(page: str, anywhere: Path, criteo: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOOLKIT_SANDBOX_URL", criteo.url)
    assert play(page, {}) >= 2
    assert [it.name for it in criteo.lists()] == ["High value"]
    held = toolkit.open_workspace("workspace").exports.preview("Nightly").exportable
    assert len(criteo.identifiers(criteo.lists()[0].id)) == held > 1000


def test_the_readme_starts_a_criteo_of_its_own(anywhere: Path) -> None:
    known: Names = {}
    try:
        play("README.md", known)
        assert toolkit.open_workspace("workspace").runs.frame["status"].to_list() == ["successful"]
    finally:
        known["criteo"].close()  # type: ignore[attr-defined]


@pytest.mark.parametrize("page", TASKS)
def test_what_a_page_does_works(page: str, sample: Names) -> None:
    assert play(page, sample) > 0


def test_each_page_with_python_is_tried() -> None:
    with_python = {f"docs/{it.name}" for it in DOCS.glob("*.md") if blocks(f"docs/{it.name}")}
    # Others try these: what they show is compared.
    assert with_python - {"docs/checks.md", "docs/architecture.md"} == {*TASKS, *FROM_NOTHING} - {"README.md"}


def test_each_error_code_has_its_section() -> None:
    sections = re.findall(
        r"^### `(\w+)`\n\n`(\w+)`(, transient)?: ", (DOCS / "troubleshooting.md").read_text(), re.MULTILINE
    )
    kinds = {it.code: it for it in family() if it.__module__ == ToolkitError.__module__}
    assert kinds.keys() == set(ErrorCode)
    assert len(sections) == len(kinds)
    assert {it[0]: (it[1], bool(it[2])) for it in sections} == {
        code.value: (kind.__name__, kind.is_transient) for code, kind in kinds.items()
    }


def test_each_error_code_is_in_the_overview() -> None:
    named = re.findall(r"\[`(\w+)`\]\(#(\w+)\)", (DOCS / "troubleshooting.md").read_text())
    assert sorted(named) == sorted((it.value, it.value) for it in ErrorCode)


def shown(page: Path) -> list[str]:
    return re.findall(r"pictures/([\w-]+\.png)", page.read_text())


def test_each_picture_is_there_and_is_used() -> None:
    used = {it for page in (PROJECT / "README.md", *DOCS.rglob("*.md")) for it in shown(page)}
    assert len(used) > 20
    assert used == {it.name for it in PICTURES.iterdir()}


def test_each_picture_has_both_themes_and_is_described() -> None:
    for page in DOCS.rglob("*.md"):
        pictures = re.findall(
            r"^!\[(.*)\]\((?:\.\./)?pictures/([\w-]+)-(\w+)\.png(#\S+)?\)$", page.read_text(), re.MULTILINE
        )
        assert len(pictures) == len(shown(page)), page
        for light, dark in zip(pictures[::2], pictures[1::2], strict=True):
            assert light == (light[0], light[1], "light", "#only-light")
            assert dark == (light[0], light[1], "dark", "#only-dark")
            assert len(light[0]) > 30


def test_pictures_are_small_and_hold_nothing_but_pictures() -> None:
    sizes = {it.name: it.stat().st_size for it in PICTURES.iterdir()}
    assert {name: size for name, size in sizes.items() if size > 150_000} == {}
    assert sum(sizes.values()) < 2_500_000
    for file in PICTURES.iterdir():
        with Image.open(file) as picture:
            assert picture.format == "PNG"
            assert picture.info.keys() <= {"transparency"}
