"""What the pages say is so: links lead somewhere, commands exist, examples run."""

import re
import shutil
from pathlib import Path

import pytest

import toolkit
from tests.conftest import connect
from toolkit.audience import Status
from toolkit.checks import Check, made_suite
from toolkit.sandbox import Sandbox

PROJECT = Path(__file__).parents[1]
PAGES = [*PROJECT.glob("*.md"), *(PROJECT / "docs").rglob("*.md"), *(PROJECT / "data").glob("*.md")]


def examples(page: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", (PROJECT / page).read_text(), re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda it: str(it.relative_to(PROJECT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_every_test_of_the_threat_model_is_there() -> None:
    named = re.findall(r"`(test_\w+)`", (PROJECT / "docs" / "security.md").read_text())
    there = {
        it for file in (PROJECT / "tests").rglob("test_*.py") for it in re.findall(r"def (test_\w+)", file.read_text())
    }
    assert len(named) > 30
    assert [it for it in named if it not in there] == []


def test_every_command_of_the_readme_is_in_the_makefile() -> None:
    named = set(re.findall(r"`make ([a-z]+)", (PROJECT / "README.md").read_text()))
    targets = set(re.findall(r"^([a-z]+):", (PROJECT / "Makefile").read_text(), re.MULTILINE))
    assert {"demo", "test", "lab"} <= named <= targets


def test_the_example_of_the_readme_runs(criteo: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (example,) = examples("README.md")
    (tmp_path / "data").symlink_to(PROJECT / "data")
    monkeypatch.chdir(tmp_path)
    here = example.replace("https://api.criteo.com", criteo.url)
    here = here.replace('client_id="…"', f'client_id="{criteo.client_id}"')
    here = here.replace('client_secret="…"', f'client_secret="{criteo.client_secret}"')
    # Criteo's account has one advertiser there; the embedded one has several.
    here = here.replace('connection="Criteo",', 'connection="Criteo", advertiser_id="2711",')
    exec(compile(here, "README.md", "exec"), {})
    assert toolkit.open_workspace(tmp_path / "workspace").runs()["status"].to_list() == ["successful"]


def test_the_example_on_checks_runs(workspace: toolkit.Workspace, criteo: Sandbox) -> None:
    (example,) = examples("docs/how-it-works.md")
    connect(workspace, criteo)
    exec(compile(example.replace('"High value"', '"All"'), "how-it-works.md", "exec"), {"workspace": workspace})
    assert workspace.export("Nightly").thresholds.contract_limit_profiles == 400_000


def test_the_examples_of_the_checks_page_run(criteo: Sandbox, tmp_path: Path) -> None:
    opened = toolkit.open_workspace(
        tmp_path / "workspace",
        profiles=toolkit.Profiles(location=str(PROJECT / "data/day1/profiles"), key="CustomerId"),
        segments=toolkit.SegmentFolder(location=str(PROJECT / "data/day1/segments"), key="CustomerId"),
        create=True,
    )
    connect(opened, criteo)
    options = {"email_column": "EMail", "segments": ["High value"], "advertiser_id": "2711"}
    opened.save_export("Nightly", connection="Sandbox", **options)
    known = {"workspace": opened}
    for example in examples("docs/checks.md"):
        exec(compile(example, "checks.md", "exec"), known)
    assert sorted(opened.own_checks) == ["Consent", "Points of those who are sent"]
    assert "Consent: no negative points" in opened.check("Nightly").frame["check"].to_list()


def test_the_checks_page_names_every_check_and_its_file_is_a_suite(tmp_path: Path) -> None:
    page = (PROJECT / "docs" / "checks.md").read_text()
    named = page.replace("customer key is filled, is unique", "customer key is filled customer key is unique")
    assert [it.value for it in Check if it.value not in named] == []
    (text,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    (tmp_path / "Consent.yaml").write_text(text)
    assert made_suite("Consent", tmp_path / "Consent.yaml").frame["level"].to_list() == ["warning"]


def test_the_tests_that_the_backup_page_names_exist() -> None:
    named = set(re.findall(r"`(test_\w+)`", (PROJECT / "docs" / "backup.md").read_text()))
    there = set(re.findall(r"def (test_\w+)\(", (PROJECT / "tests" / "runs" / "test_marks.py").read_text()))
    assert len(named) > 10
    assert named <= there


def test_every_status_is_explained() -> None:
    page = (PROJECT / "docs" / "how-it-works.md").read_text()
    assert [it.value for it in Status if f"| `{it.value}` |" not in page] == []


def test_the_tables_page_names_what_there_is() -> None:
    page = (PROJECT / "docs" / "tables.md").read_text()
    for call in re.findall(r"`toolkit\.(\w+)\((.*?)\)`", page):
        name, arguments = call
        getattr(toolkit, name)(**eval(f"dict({arguments})"))


def test_the_examples_on_segments_run(tmp_path: Path) -> None:
    shutil.copytree(PROJECT / "data" / "day1", tmp_path / "day1")
    workspace = toolkit.open_workspace(
        tmp_path / "workspace",
        profiles=toolkit.Profiles(location=str(tmp_path / "day1" / "profiles"), key="CustomerId"),
        segments=toolkit.SegmentFolder(location=str(tmp_path / "day1" / "segments"), key="CustomerId"),
        create=True,
    )
    known = {"workspace": workspace}
    for example in examples("docs/segments.md"):
        exec(compile(example, "segments.md", "exec"), known)
    assert known["segment"].kind == "dynamic"
    assert known["segment"].history["version"].to_list() == [1, 2]
    assert known["segment"].size == known["draft"].size > 0
