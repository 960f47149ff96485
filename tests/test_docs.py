"""What the pages say is so: links lead somewhere, commands exist, examples run."""

import inspect
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
import typing
import zlib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import typer

import toolkit
from tests.conftest import connect
from toolkit.audience import Status
from toolkit.cli import app
from toolkit.sandbox import Sandbox
from toolkit.validation import Check, load_suite

PROJECT = Path(__file__).parents[1]
PAGES = [*PROJECT.glob("*.md"), *(PROJECT / "docs").rglob("*.md"), *(PROJECT / "data").glob("*.md")]


def examples(page: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", (PROJECT / page).read_text(), re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda it: str(it.relative_to(PROJECT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_every_test_of_the_threat_model_is_where_it_says() -> None:
    """A file that is named after tests, with nothing but commas or words between, is the file of all of these."""
    page = (PROJECT / "docs" / "security.md").read_text()
    said = re.findall(r"((?:`test_\w+`,? ?)+)(?:\(|in\s)?(?:`(tests/[\w/]+\.py)`)?", page)
    named = {
        (file or "tests/state/test_attacks.py", it) for tests, file in said for it in re.findall(r"`(\w+)`", tests)
    }
    there = {
        (str(file.relative_to(PROJECT)), it)
        for file in (PROJECT / "tests").rglob("test_*.py")
        for it in re.findall(r"def (test_\w+)", file.read_text())
    }
    assert len(named) > 50
    assert named - there == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda it: str(it.relative_to(PROJECT)))
def test_every_named_test_is_there(page: Path) -> None:
    there = {
        it: set(re.findall(r"(?:def|class) ([tT]est\w+)", it.read_text()))
        for it in (PROJECT / "tests").rglob("test_*.py")
    }
    text = page.read_text()
    assert [it for it in re.findall(r"\btests/\w[\w/]*\.py", text) if not (PROJECT / it).exists()] == []
    known = set(dir(toolkit.Workspace)).union(*there.values())
    assert [it for it in re.findall(r"`(test_\w+)`", text) if it not in known] == []
    in_files = re.findall(r"\b(tests/\w[\w/]*\.py)::([\w:]+)", text)
    assert [it for it in in_files if not set(it[1].split("::")) <= there[PROJECT / it[0]]] == []


@pytest.mark.parametrize(("page", "least"), [("security", 30), ("backup", 18), ("how-it-works", 12)])
def test_claims_name_their_tests(page: str, least: int) -> None:
    assert len(re.findall(r"\btest_\w+", (PROJECT / "docs" / f"{page}.md").read_text())) >= least


def test_every_command_of_the_readme_is_in_the_makefile() -> None:
    named = set(re.findall(r"`make ([a-z]+)", (PROJECT / "README.md").read_text()))
    targets = set(re.findall(r"^([a-z]+):", (PROJECT / "Makefile").read_text(), re.MULTILINE))
    assert {"demo", "lab"} <= named <= targets


def commands(page: Path) -> Iterator[str]:
    """The commands that a page names: in code, or in a block of them."""
    text = page.read_text()
    blocks = re.findall(r"```(?:sh|bash|)\n(.*?)```", text, re.DOTALL)
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    inline = re.findall(r"(?<!`)`([^`]+)`(?!`)", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    for found in (" ".join(it.split()) for it in [*lines, *inline]):
        words = re.sub(r"^(\w+=\S+ )+|^\.venv/bin/", "", found)
        if re.match(r"toolkit( [a-z\-]|$)", words):
            yield words.partition(" | ")[0].partition(" && ")[0]


def commands_of_messages() -> Iterator[str]:
    """The commands that errors and reports of the toolkit advise."""
    for file in (PROJECT / "toolkit").rglob("*.py"):
        for found in re.findall(r"`{1,2}(toolkit [a-z][^`]*)`", file.read_text()):
            yield re.sub(r"\{\w+\}", "NAME", " ".join(found.split()))


def assert_taken(command: str) -> None:
    """See that there is such a command, and that it takes these options."""
    _, *words = shlex.split(command.replace("…", "X"))
    found = typer.main.get_command(app)
    while isinstance(found, typer.core.TyperGroup) and words and words[0] in found.commands:
        found = found.commands[words.pop(0)]
    if words and words != ["--help"]:
        assert not isinstance(found, typer.core.TyperGroup) or found.invoke_without_command, command
        found.make_context(command, words)


NAMED = sorted({it for page in PAGES if page.name != "CHANGELOG.md" for it in commands(page)})


@pytest.mark.parametrize("command", NAMED)
def test_every_command_is_taken(command: str) -> None:
    assert_taken(command)


def leaves(group: click.Command, path: tuple[str, ...] = ()) -> Iterator[str]:
    if not isinstance(group, typer.core.TyperGroup) or (group.invoke_without_command and path):
        yield " ".join(("toolkit", *path))
    if isinstance(group, typer.core.TyperGroup):
        for name, command in group.commands.items():
            yield from leaves(command, (*path, name))


def test_each_command_has_its_row() -> None:
    page = (PROJECT / "docs" / "commands.md").read_text()
    rows = re.findall(r"^\| `(toolkit [^`]+)` \|", page, re.MULTILINE)
    assert sorted(rows) == sorted(leaves(typer.main.get_command(app)))


def test_many_commands_are_named() -> None:
    nouns = {it.split()[1] for it in NAMED if " " in it}
    assert nouns > {"init", "export", "run", "segment", "list", "people", "refresh", "schedule", "health", "workspace"}


@pytest.mark.parametrize("command", sorted(set(commands_of_messages())))
def test_every_advised_command_is_taken(command: str) -> None:
    assert_taken(command)


def test_old_spellings_are_gone() -> None:
    files = [*PAGES, *(PROJECT / "toolkit").rglob("*.py"), PROJECT / "Makefile"]
    assert [it.name for it in files if re.search(r"python -m toolkit [a-z]", it.read_text())] == []


def test_the_examples_of_the_checks_page_run(criteo: Sandbox, tmp_path: Path) -> None:
    opened = toolkit.open_workspace(
        tmp_path / "workspace",
        profiles=toolkit.Profiles(location=str(PROJECT / "data/day1/profiles"), key="CustomerId"),
        segments=toolkit.SegmentFolder(location=str(PROJECT / "data/day1/segments"), key="CustomerId"),
        create=True,
    )
    connect(opened, criteo)
    opened.connections.rename("Sandbox", "Criteo")
    options = {"email_column": "EMail", "segments": ["High value"], "advertiser_id": "2711"}
    opened.exports.save("Nightly", connection="Criteo", **options)
    known = {"workspace": opened}
    for example in examples("docs/checks.md"):
        exec(compile(example, "checks.md", "exec"), known)
    assert opened.exports["Nightly"].thresholds.contract_limit_profiles == 400_000
    assert sorted(opened.checks) == ["Consent", "Points of those who are sent"]
    assert "Consent: no negative points" in opened.exports.check("Nightly").frame["check"].to_list()


def test_the_checks_page_names_every_check_and_its_file_is_a_suite(tmp_path: Path) -> None:
    page = (PROJECT / "docs" / "checks.md").read_text()
    named = page.replace("customer key is filled, is unique", "customer key is filled customer key is unique")
    assert [it.value for it in Check if it.value not in named] == []
    (text,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    (tmp_path / "Consent.yaml").write_text(text)
    assert load_suite("Consent", tmp_path / "Consent.yaml").frame["level"].to_list() == ["warning"]


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


def test_the_map_has_the_layers_of_the_import_rules() -> None:
    settings = tomllib.loads((PROJECT / "pyproject.toml").read_text())
    (contract,) = settings["tool"]["importlinter"]["contracts"]
    layers = [set(it.split(" | ")) for it in contract["layers"]]
    rows = re.findall(r"^\| (`toolkit\.[^|]*) \|", (PROJECT / "docs" / "architecture.md").read_text(), re.MULTILINE)
    assert [set(re.findall(r"`(\S+)`", row)) for row in rows] == layers


def test_the_architecture_page_names_what_there_is() -> None:
    page = re.sub(r"```.*?```", "", (PROJECT / "docs" / "architecture.md").read_text(), flags=re.DOTALL)
    named = set(re.findall(r"`([^`\n]+)`", page))
    files = {it for it in named if re.match(r"(toolkit|docs)/\S+$", it) and "<" not in it}
    assert len(files) > 40
    assert {it for it in files if not (PROJECT / it).exists()} == set()
    code = "\n".join(file.read_text() for file in (PROJECT / "toolkit").rglob("*.py"))
    names = {it for it in named if re.fullmatch(r"[A-Za-z_]*[A-Z_][A-Za-z_]+", it)}
    assert len(names) > 15
    assert {it for it in names if not re.search(rf"\b{it}\b", code)} == set()


BUILD_WITHOUT_NETWORK = """
import socket, sys
def refuse(*_): raise OSError("the documentation is built without a network")
socket.socket.connect = socket.getaddrinfo = refuse
from properdocs.__main__ import cli
cli(sys.argv[1:])
"""


def build(to: Path, *, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Build the documentation as the Makefile does, into another folder."""
    (recipe,) = re.findall(r"/properdocs (.*)", (PROJECT / "Makefile").read_text())
    command = [sys.executable, "-c", BUILD_WITHOUT_NETWORK, *shlex.split(recipe), "--site-dir", str(to)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=300, check=False)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The documentation as a site; a link that leads nowhere ends the build."""
    folder = tmp_path_factory.mktemp("site")
    built = build(folder, cwd=PROJECT)
    assert built.returncode == 0, built.stderr
    return folder


@pytest.fixture(scope="module")
def described(site: Path) -> set[str]:
    """What has an entry in the reference, by each name that it goes by: the inventory that other sites link to."""
    compressed = (site / "objects.inv").read_bytes().split(b"\n", maxsplit=4)[4]
    entries = zlib.decompress(compressed).decode().splitlines()
    return {entry.split(" ", maxsplit=1)[0] for entry in entries}


def test_the_reference_has_each_public_name(described: set[str]) -> None:
    assert {f"toolkit.{it}" for it in toolkit.__all__} - described == set()


def test_the_reference_has_each_method(described: set[str]) -> None:
    methods = {f"toolkit.{it.__name__}.{name}" for it in INTERFACE for name in vars(it) if not name.startswith("_")}
    assert len(methods) > 60
    assert methods - described == set()


INTERFACE = (toolkit.Workspace, *toolkit.Collection.__subclasses__())


def types_of_the_interface() -> set[type]:
    members = [it for of in INTERFACE for it in vars(of).values()]
    members = [getattr(it, "fget", getattr(it, "func", it)) for it in members]
    functions = [it for it in members if inspect.isfunction(it) and not it.__name__.startswith("_")]
    hints = [hint for it in (*functions, toolkit.open_workspace) for hint in typing.get_type_hints(it).values()]
    return {it for hint in hints for it in own_types(hint)}


def own_types(annotation: object) -> Iterator[type]:
    if inspect.isclass(annotation) and annotation.__module__.startswith("toolkit"):
        yield annotation
    for part in typing.get_args(annotation):
        yield from own_types(part)


def test_the_reference_has_each_type_of_the_interface(described: set[str]) -> None:
    used = {f"{it.__module__}.{it.__qualname__}" for it in types_of_the_interface()}
    assert len(used) > 40
    assert used - described == set()


def test_each_type_of_the_interface_is_public() -> None:
    public = [getattr(toolkit, it) for it in toolkit.__all__]
    assert [it for it in types_of_the_interface() if it not in public] == []


def test_each_error_is_public() -> None:
    import toolkit.__main__  # whatever defines an error is imported

    known = {toolkit.ToolkitError}
    while more := {it for error in known for it in error.__subclasses__()} - known:
        known |= more
    ours = {it for it in known if it.__module__.startswith("toolkit.") and ".sandbox." not in it.__module__}
    assert len(ours) > 15
    assert [it.__name__ for it in ours if getattr(toolkit, it.__name__, None) is not it] == []


def test_the_site_can_be_searched(site: Path) -> None:
    assert "Runs.start" in (site / "search" / "search_index.json").read_text()
    assert 'data-md-component="search"' in (site / "index.html").read_text()


def test_the_site_loads_nothing_from_another_host(site: Path) -> None:
    loaded = re.compile(
        r"""<(?:script|img|iframe|source)\b[^>]*\bsrc=["']?(?:https?:)?//|<link\b[^>]*\bhref=["']?(?:https?:)?//"""
        r"""|url\(["']?(?:https?:)?//|@import\s+["'](?:https?:)?//"""
    )
    files = [it for ending in ("html", "css") for it in site.rglob(f"*.{ending}")]
    assert len(files) > 30
    assert [it.name for it in files if loaded.search(it.read_text())] == []
    # Material's script fetches what draws these diagrams.
    assert [it.name for it in files if 'class="mermaid"' in it.read_text()] == []


@pytest.mark.parametrize(
    ("text", "is_built"),
    [
        ("[page](index.md), [anchor](#page)\n\n::: toolkit.Mode", True),
        ("[page](missing.md)", False),
        ("[anchor](#missing)", False),
        ("[name][toolkit.Missing]", False),
        ("::: toolkit.Missing", False),
    ],
)
def test_a_broken_link_ends_the_build(text: str, is_built: bool, tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    settings = (PROJECT / "mkdocs.yml").read_text()
    (tmp_path / "mkdocs.yml").write_text(settings[: settings.index("\nnav:")])
    (tmp_path / "docs" / "index.md").write_text(f"# Page\n\n{text}\n")
    assert (build(tmp_path / "site", cwd=tmp_path).returncode == 0) is is_built
