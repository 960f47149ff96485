"""A project: a folder with notebooks, a workspace and, if you like, sample tables, to start from.

Everything in it is a copy, and yours to change. What is there already is never written over.
"""

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toolkit import bundled
from toolkit.access.founding import open_or_make
from toolkit.access.locations import Tables, require_database
from toolkit.errors import ConfigurationError
from toolkit.files import write_atomically
from toolkit.notebook_texts import in_language
from toolkit.state.folder import WorkspaceFolder
from toolkit.translatable import _

SAMPLE_KEY = "CustomerId"
_WITHOUT = "without_{}"
_IGNORED = """\
# The workspace holds hashed identifiers, and data/ customers: neither belongs in version control.
/data/
/workspace/
.ipynb_checkpoints/
"""
_README = """\
# Segments to Criteo

- `notebooks/`: run them in their order, with `toolkit lab`; `toolkit app` shows the same forms without code
- `notebooks/scheduled/run_export.ipynb`: runs an export from a scheduler
- `workspace/`: connections, exports, runs and the ledger. `toolkit` uses it when you are in this folder
- `data/`: the sample tables, if you asked for them

`toolkit --help` lists the commands, such as `toolkit segment list`. To read your own tables, run
`toolkit workspace tables --profiles LOCATION --segments FOLDER --key COLUMN`.
"""


@dataclass(frozen=True)
class Project:
    """The places in a project."""

    path: Path

    @property
    def notebooks(self) -> Path:
        """The folder of the notebooks."""
        return self.path / "notebooks"

    @property
    def workspace(self) -> Path:
        """The folder of the workspace."""
        return self.path / "workspace"

    @property
    def sandbox(self) -> Path:
        """Where the embedded Criteo keeps its lists; where this folder is, it runs beside the notebooks."""
        return self.workspace / "sandbox"

    def sample_day(self, day: int) -> Path:
        """Return the folder of the sample tables of a day, 1 or 2."""
        return self.path / "data" / f"day{day}"

    @classmethod
    def open(cls, path: Path) -> "Project":
        """Return the project in a folder.

        Raises:
            ConfigurationError: The folder holds no project.
        """
        project = cls(path.resolve())
        if not project.notebooks.is_dir() or not (project.workspace / "workspace.toml").is_file():
            raise ConfigurationError(
                _("There is no project in {project}.", project=project.path),
                _("Run `toolkit init FOLDER` to make one, and name it with --project, or go into it."),
            )
        _require_own_files(project)
        return project


@dataclass(frozen=True)
class MadeProject:
    """A project after ``make_project``."""

    project: Project
    workspace: WorkspaceFolder
    written: tuple[Path, ...]
    """The files that were not there before, besides those of the workspace."""


def make_project(
    path: Path,
    tables: Tables | None = None,
    *,
    sample: bool = False,
    sandbox: bool = False,
    database: str | None = None,
) -> MadeProject:
    """Make a project, or what is missing of one; the texts of its notebooks are in the language of whoever makes it.

    Args:
        path: The folder of the project.
        tables: Where profiles and segments are.
        sample: Whether to copy the sample tables into the project, and read these.
        sandbox: Whether the notebooks use the embedded Criteo. With ``sample`` they do.
        database: URL of a PostgreSQL database for the workspace.

    Raises:
        ConfigurationError: Both sample and tables are given, or nothing can be written there.
    """
    project = Project(path.resolve())
    _require_own_files(project)
    if sample and tables is not None and (tables.profiles or tables.segments):
        raise ConfigurationError(
            _("A project reads the sample or tables of your own, and not both."),
            _("Leave out --sample, or leave out --profiles and --segments."),
        )
    written = tuple(_write(project, sample=sample, sandbox=sandbox or sample))
    read = sample_tables(project, day=1) if sample else tables
    workspace = open_or_make(project.workspace, read, database=database)
    require_database(workspace, database)
    if sandbox or sample:
        project.sandbox.mkdir(exist_ok=True)
    return MadeProject(project, workspace, written)


def sample_tables(project: Project, *, day: int) -> Tables:
    """Return where the project's copy of the sample tables of a day is."""
    from toolkit.sources import Profiles, SegmentFolder

    folder = project.sample_day(day)
    return Tables(
        Profiles(location=str(folder / "profiles"), key=SAMPLE_KEY),
        SegmentFolder(location=str(folder / "segments"), key=SAMPLE_KEY),
    )


def copy_sample(project: Project) -> Iterator[Path]:
    """Copy the sample tables of both days into the project; yield the files that were not there."""
    for day in (1, 2):
        source = bundled.sample_day(day)
        for file in sorted(source.rglob("*.parquet")):
            yield from _new(project.sample_day(day) / file.relative_to(source), _copy_of(file))


def _write(project: Project, *, sample: bool, sandbox: bool) -> Iterator[Path]:
    without = [name for name, is_in in (("sample", sample), ("sandbox", sandbox)) if not is_in]
    for notebook in sorted(bundled.NOTEBOOKS.rglob("*.ipynb")):
        if ".ipynb_checkpoints" in notebook.parts:
            continue
        adapted = in_language(_adapted(json.loads(notebook.read_text("utf-8")), without))
        text = json.dumps(adapted, indent=1, ensure_ascii=False)
        yield from _new(project.notebooks / notebook.relative_to(bundled.NOTEBOOKS), _text_of(f"{text}\n"))
    if sample:
        yield from copy_sample(project)
    yield from _new(project.path / "README.md", _text_of(_README))
    yield from _new(project.path / ".gitignore", _text_of(_IGNORED))


def _adapted(notebook: dict[str, Any], without: list[str]) -> dict[str, Any]:
    """Return the notebook for a project without the sample or the embedded Criteo.

    A cell's metadata says what the cell is then; where that is nothing, the cell is left out.
    """
    cells = []
    for cell in notebook["cells"]:
        instead = cell["metadata"].pop("toolkit", {})
        texts = [instead[key] for it in without if (key := _WITHOUT.format(it)) in instead]
        source = texts[0].splitlines(keepends=True) if texts else cell["source"]
        if source:
            cells.append({**cell, "source": source})
    return {**notebook, "cells": cells}


def _new(path: Path, write: Callable[[Path], object]) -> Iterator[Path]:
    if path.exists():
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(
            _("No project can be made in {path}: {reason}.", path=path.parent, reason=error.strerror),
            _("Name another folder, or have this one made writable for you."),
        ) from None
    write_atomically(path, write)
    yield path


def _text_of(text: str) -> Callable[[Path], object]:
    return lambda path: path.write_text(text, encoding="utf-8")


def _copy_of(file: Path) -> Callable[[Path], object]:
    return lambda path: shutil.copyfile(file, path)


def _require_own_files(project: Project) -> None:
    """Raise ConfigurationError when the project would be the toolkit itself, whose files are for reading only."""
    if bundled.holds(project.notebooks):
        raise ConfigurationError(
            _(
                "{project} holds the toolkit itself, whose notebooks and sample tables are not written to.",
                project=project.path,
            ),
            _("Name another folder, such as `toolkit init project --sample`."),
        )
