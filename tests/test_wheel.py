"""The wheel, in an environment of its own and in a folder of its own, runs everything; the checkout is not there."""

import hashlib
import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = Path(__file__).parents[1]
EXTRAS = ("app", "delta", "iceberg", "notify", "postgresql", "sandbox", "schedule")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of a copy of the project, as the build makes it."""
    copy = tmp_path_factory.mktemp("source") / "project"
    kept = ("toolkit", "notebooks", "data")
    for name in kept:
        shutil.copytree(PROJECT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(PROJECT / name, copy / name)
    # What an editor leaves does not get into it.
    (copy / "notebooks" / ".ipynb_checkpoints").mkdir(exist_ok=True)
    (copy / "notebooks" / ".ipynb_checkpoints" / "left.ipynb").write_text("{}")
    target = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(target)]
    subprocess.run(command, cwd=copy, check=True, capture_output=True, timeout=120)
    (built,) = target.iterdir()
    return built


def needed(extras: tuple[str, ...]) -> Iterator[str]:
    """The distributions that the package needs with these extras, by what is installed."""
    declared = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    left = [Requirement(it) for it in declared["dependencies"]]
    left += [Requirement(it) for extra in extras for it in declared["optional-dependencies"][extra]]
    seen: set[tuple[str, frozenset[str]]] = set()
    while left:
        requirement = left.pop()
        key = (canonicalize_name(requirement.name), frozenset(requirement.extras))
        if key in seen:
            continue
        seen.add(key)
        try:
            found = distribution(requirement.name)
        except PackageNotFoundError:
            continue
        for further in map(Requirement, found.requires or ()):
            wanted = [{"extra": ""}, *({"extra": it} for it in requirement.extras)]
            if further.marker is None or any(further.marker.evaluate(it) for it in wanted):
                left.append(further)
    yield from {name for name, _ in seen}


@dataclass(frozen=True)
class Environment:
    """A virtual environment with the wheel and what it needs, and nothing else of this one."""

    path: Path
    home: Path

    @property
    def packages(self) -> Path:
        return Path(sysconfig.get_path("purelib", vars={"base": str(self.path), "platbase": str(self.path)}))

    def run(self, *command: str, cwd: Path, timeout: int = 400, **variables: str) -> "subprocess.CompletedProcess[str]":
        clean = {name: text for name, text in os.environ.items() if not name.startswith(("PYTHON", "TOOLKIT_", "XDG_"))}
        home = {"HOME": str(self.home), "TOOLKIT_KEY_FILE": str(self.home / "key"), "COLUMNS": "200"}
        program = self.path / ("Scripts" if os.name == "nt" else "bin") / command[0]
        return subprocess.run(
            [str(program), *command[1:]],
            cwd=cwd,
            env=clean | home | {"TOOLKIT_MEMORY": str(self.home / "memory")} | variables,
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout,
        )

    def written(self) -> dict[str, str]:
        """The files of the package itself, and what they hold."""
        files = (it for it in (self.packages / "toolkit").rglob("*") if it.is_file() and it.suffix != ".pyc")
        return {str(it): hashlib.sha256(it.read_bytes()).hexdigest() for it in files}


def make(path: Path, wheel: Path, extras: tuple[str, ...]) -> Environment:
    """Make an environment; what is needed is linked from this one, which takes seconds and no network."""
    venv.create(path, with_pip=False, symlinks=os.name != "nt")
    home = path.parent / f"home of {path.name}"
    home.mkdir()
    made = Environment(path, home)
    for name in needed(extras):
        if name == "criteo-segment-toolkit":
            continue
        for file in distribution(name).files or ():
            top = file.parts[0]
            link = made.packages / top
            if top not in ("..", "__pycache__") and not top.endswith(".pth") and not link.exists():
                link.symlink_to(Path(str(distribution(name).locate_file(top))))
    python = path / ("Scripts" if os.name == "nt" else "bin") / "python"
    install = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*install, str(wheel)], check=True, capture_output=True, timeout=300)
    return made


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Environment:
    """An environment with all extras."""
    return make(tmp_path_factory.mktemp("whole") / "venv", wheel, EXTRAS)


@pytest.fixture(scope="module")
def core(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Environment:
    """An environment without extras."""
    return make(tmp_path_factory.mktemp("core") / "venv", wheel, ())


def test_notebooks_and_sample_are_in_the_wheel(wheel: Path) -> None:
    inside = {it for it in zipfile.ZipFile(wheel).namelist() if it.startswith("toolkit/_bundled/")}
    notebooks = {it for it in (PROJECT / "notebooks").rglob("*.ipynb") if ".ipynb_checkpoints" not in it.parts}
    tables = {it for day in ("day1", "day2") for it in (PROJECT / "data" / day).rglob("*.parquet")}
    assert inside == {f"toolkit/_bundled/{it.relative_to(PROJECT).as_posix()}" for it in notebooks | tables}


def test_no_code_but_the_package_is_in_the_wheel(wheel: Path) -> None:
    tops = {it.partition("/")[0] for it in zipfile.ZipFile(wheel).namelist()}
    assert {it for it in tops if not it.endswith(".dist-info")} == {"toolkit"}


def test_the_demo_runs_without_the_checkout(whole: Environment, tmp_path: Path) -> None:
    before = whole.written()
    done = whole.run("toolkit", "demo", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "All lists hold exactly what they should" in done.stdout
    assert str(PROJECT) not in done.stdout
    assert whole.written() == before


def test_a_project_of_the_sample_is_a_copy(whole: Environment, tmp_path: Path) -> None:
    before = whole.written()
    assert whole.run("toolkit", "init", "project", "--sample", cwd=tmp_path).returncode == 0
    project = tmp_path / "project"
    built = whole.run("toolkit", "segment", "build", "Dutch", "--where", "Country = 'Netherlands'", cwd=project)
    assert built.returncode == 0, built.stderr
    assert (project / "data" / "day1" / "segments" / "Dutch.parquet").is_file()
    assert whole.written() == before


def test_the_lines_of_the_readme_run(whole: Environment, tmp_path: Path) -> None:
    page = (PROJECT / "README.md").read_text().partition("## Your own tables")[2]
    lines = page.partition("```bash\n")[2].partition("```")[0].splitlines()
    shutil.copytree(PROJECT / "data" / "day1", tmp_path / "data")
    at = tmp_path
    for line in lines:
        program, *words = shlex.split(line)
        if program == "cd":
            at /= words[0]
        elif program == "toolkit":
            # The last opens a browser.
            done = whole.run(program, *words, *(["--version"] if words == ["lab"] else []), cwd=at)
            assert done.returncode == 0, (line, done.stderr)
    assert (lines[0].split()[0], lines[-1], at.name) == ("pip", "toolkit lab", "project")


@pytest.mark.parametrize("command", ["lab", "app"])
def test_notebooks_of_a_sample_open_beside_criteo(whole: Environment, tmp_path: Path, command: str) -> None:
    whole.run("toolkit", "init", "project", "--sample", cwd=tmp_path)
    done = whole.run("toolkit", command, "--project", "project", "--version", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Embedded Criteo: http://127.0.0.1:" in done.stdout


def test_the_core_reads_previews_and_checks(core: Environment, tmp_path: Path) -> None:
    assert core.run("toolkit", "init", "project", "--sample", cwd=tmp_path).returncode == 0
    project = tmp_path / "project"
    for command in (
        ("quality", "--json"),
        ("segment", "list"),
        ("segment", "preview", "High value", "--email-column", "EMail", "--html", "preview.html"),
        ("health",),
    ):
        done = core.run("toolkit", *command, cwd=project)
        assert done.returncode == 0, done.stderr
    forms = "import toolkit.widgets, toolkit; w = toolkit.open_workspace('workspace'); toolkit.widgets.ExportsList(w)"
    done = core.run("python", "-c", forms, cwd=project)
    assert done.returncode == 0, done.stderr


def test_modules_of_the_core_need_no_extra(core: Environment, tmp_path: Path) -> None:
    walk = (
        "import importlib, pkgutil, toolkit\n"
        "names = [it.name for it in pkgutil.walk_packages(toolkit.__path__, 'toolkit.', onerror=lambda _: None)]\n"
        "for name in names:\n"
        "    if name.endswith(('__main__', 'migrations.env')): continue\n"
        "    try: importlib.import_module(name)\n"
        "    except ModuleNotFoundError as error: print(name, error.name)\n"
    )
    done = core.run("python", "-c", walk, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    missing = dict(line.split() for line in done.stdout.splitlines())
    # Of these only what asks for the extra first imports anything.
    of_extras = ("toolkit.sandbox.", "toolkit.sources.engines.")
    assert {name for name in missing if not name.startswith(of_extras)} == set()
    assert set(missing.values()) <= {"fastapi", "starlette", "uvicorn", "duckdb"}


ASKS = "import toolkit; toolkit.Profiles(location='table', key='CustomerId').columns"
NOTIFIES = "from toolkit.alerts.channels import configured_channels; configured_channels()"


@pytest.mark.parametrize(
    ("extra", "command"),
    [
        ("sandbox", ("toolkit", "demo")),
        ("sandbox", ("toolkit", "sandbox")),
        ("sandbox", ("python", "-c", "from toolkit.sandbox import start; start()")),
        ("app", ("toolkit", "app")),
        ("schedule", ("toolkit", "refresh")),
        ("postgresql", ("toolkit", "workspace", "create", "new", "--database", "postgresql://host/segments")),
        ("delta", ("python", "-c", ASKS)),
        ("iceberg", ("python", "-c", ASKS)),
        ("notify", ("python", "-c", NOTIFIES)),
    ],
    ids=lambda it: it if isinstance(it, str) else "-".join(it[:2]).replace("python--c", "python"),
)
def test_a_missing_extra_names_itself(core: Environment, tmp_path: Path, extra: str, command: tuple[str, ...]) -> None:
    core.run("toolkit", "workspace", "create", "workspace", cwd=tmp_path)
    marks = {"delta": "_delta_log/00000000000000000000.json", "iceberg": "metadata/v1.metadata.json"}
    mark = tmp_path / "table" / marks.get(extra, "none.parquet")
    mark.parent.mkdir(parents=True)
    mark.write_text("{}")
    done = core.run(*command, cwd=tmp_path, TOOLKIT_NOTIFY="json://localhost" if extra == "notify" else "")
    assert done.returncode != 0
    assert f"pip install 'criteo-segment-toolkit[{extra}]'" in done.stderr
    if command[0] == "toolkit":
        assert (done.returncode, len(done.stderr.splitlines())) == (2, 2)
