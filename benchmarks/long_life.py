"""Measures a workspace that is years old: ``python -m benchmarks.long_life``.

The workspace is made by the toolkit's own code, with one true run of each export; the runs of the years before are
copies of these, with histories of the lists' members beside. It is kept in the folder named by ``--folder`` for the
next time. Each question is asked twice in a process of its own: for the first time, and again. A form
is there once it is drawn; what it goes on with beside that is told apart.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from copy import copy
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    import toolkit

HERE = Path(__file__).parent
LONG_AGO = 1_700_000_000
YEARS = 5
MEMBERS = 20
CHANGED = 5
"""One of so many lists changes in a run."""


@dataclass(frozen=True)
class Sizes:
    """How old the workspace is."""

    runs: int
    lists: int
    segments: int
    exports: int = 10

    @property
    def name(self) -> str:
        """What its folder is called."""
        return f"long-life-{self.runs}-{self.lists}-{self.segments}"


OLD = Sizes(runs=3_000, lists=500, segments=10_000)


@dataclass(frozen=True)
class Answer:
    """How long processors worked to answer a question, in seconds."""

    what: str
    first: float
    """For the first time in a process."""
    beside: float
    """How long a form went on, once it was drawn."""
    again: float


def main() -> None:
    """Make the workspace unless it is there, measure, and print a table."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "toolkit-benchmarks")
    arguments.add_argument("--runs", type=int, default=OLD.runs)
    arguments.add_argument("--lists", type=int, default=OLD.lists)
    arguments.add_argument("--segments", type=int, default=OLD.segments, help="how many segments the folder has")
    arguments.add_argument("--only", action="append", choices=QUESTIONS, help="measure this alone")
    given = arguments.parse_args()
    sizes = Sizes(given.runs, given.lists, given.segments)
    table = Table(title=about(sizes))
    for heading in ("what", "at first, s of a processor", "and what goes on beside", "again"):
        table.add_column(heading, justify="left" if heading == "what" else "right")
    for it in measure(given.folder, sizes, given.only or QUESTIONS):
        table.add_row(it.what, f"{it.first:.2f}", f"{it.beside:.2f}", f"{it.again:.2f}")
    Console().print(table)


def about(sizes: Sizes) -> str:
    """Return what is measured."""
    return f"{sizes.runs:,} runs in {YEARS} years, {sizes.lists:,} lists, {sizes.segments:,} segments in the folder"


def measure(folder: Path, sizes: Sizes, names: Iterable[str]) -> Iterator[Answer]:
    """Ask each question in a process of its own; the workspace is made in the folder unless it is there."""
    at = make(folder / sizes.name, sizes)
    code = "import sys; from benchmarks.long_life import ask; ask(*sys.argv[1:])"
    for name in names:
        asked = [sys.executable, "-c", code, name, str(at)]
        told = subprocess.run(asked, check=True, cwd=HERE.parent, stdout=subprocess.PIPE, env=os.environ | _own(at))
        yield Answer(name, *json.loads(told.stdout.splitlines()[-1]))


def ask(name: str, at: str) -> None:
    """Ask in this process, and print how long processors worked each time."""
    import toolkit
    import toolkit.preview
    import toolkit.widgets  # what an import takes is measured elsewhere
    from toolkit.widgets.form import Form

    opened = toolkit.open_workspace(Path(at) / "workspace")
    took = []
    for _ in range(2):
        before = time.process_time()
        answer = QUESTIONS[name](opened)
        took.append(time.process_time() - before)
        if isinstance(answer, Form):
            answer.wait()
        took.append(time.process_time() - before - took[-1])
    print(json.dumps(took[:3]))


def _opened(name: str, *values: object) -> Callable[["toolkit.Workspace"], object]:
    """Return what opens a form."""

    def act(workspace: "toolkit.Workspace") -> object:
        from toolkit import widgets

        return getattr(widgets, name)(workspace, *values, language="en")

    return act


QUESTIONS: dict[str, Callable[["toolkit.Workspace"], object]] = {
    "runs.frame": lambda it: it.runs.frame,
    "runs of one export": lambda it: it.runs.find("Export 0"),
    "runs, shown": lambda it: repr(it.runs),
    "runs.trend": lambda it: it.runs.trend(),
    "runs.trend of one export": lambda it: it.runs.trend("Export 0"),
    "runs.membership": lambda it: it.runs.membership(),
    "runs.membership of one export": lambda it: it.runs.membership("Export 0"),
    "runs.flapping": lambda it: it.runs.flapping(),
    "health": lambda it: it.health(),
    "overview": lambda it: it.overview,
    "segments": lambda it: list(it.segments),
    "segments with their sizes": lambda it: it.segments.frame,
    "preview of one export": lambda it: it.exports.preview("Export 0"),
    "preview of one segment": lambda it: it.preview("Segment 00000", email_column="EMail"),
    "form: history": _opened("HistoryPanel"),
    "form: start page": _opened("StartPage"),
    "form: exports": _opened("ExportsList"),
    "form: export": _opened("ExportForm", "Export 0"),
    "form: segments": _opened("SegmentsList"),
    "form: build a segment": _opened("SegmentForm"),
    "form: preview": _opened("PreviewForm"),
    "form: run an export": _opened("RunPanel", "Export 0"),
    "form: health": _opened("HealthPanel"),
}


def make(at: Path, sizes: Sizes) -> Path:
    """Make the workspace unless it is there; return the folder that holds it and its tables."""
    if (at / "made").exists():
        return at
    shutil.rmtree(at, ignore_errors=True)
    at.mkdir(parents=True)
    before = dict(os.environ)
    os.environ.update(_own(at))
    try:
        _write_tables(at, sizes.segments)
        opened = _with_true_runs(at, sizes)
        _live_on(opened.path, sizes)
    finally:
        os.environ.clear()
        os.environ.update(before)
    (at / "made").touch()
    return at


def _own(at: Path) -> dict[str, str]:
    """Return the environment in which nothing of the person who measures is used."""
    own = {"TOOLKIT_KEY_FILE": at / "key", "TOOLKIT_MEMORY": at / "memory", "XDG_CACHE_HOME": at / "cache"}
    return {name: str(it) for name, it in own.items()}


def _write_tables(at: Path, segments: int) -> None:
    keys = pl.select(CustomerId=pl.format("C{}", pl.int_range(0, 10 * MEMBERS)))
    (at / "segments").mkdir()
    keys.with_columns(EMail=pl.format("{}@mail.example", "CustomerId")).write_parquet(at / "profiles.parquet")
    for number in range(segments):
        file = at / "segments" / f"Segment {number:05}.parquet"
        keys.slice(number % (9 * MEMBERS), MEMBERS).write_parquet(file)
        os.utime(file, (LONG_AGO, LONG_AGO))
    os.utime(at / "profiles.parquet", (LONG_AGO, LONG_AGO))


def _with_true_runs(at: Path, sizes: Sizes) -> "toolkit.Workspace":
    import toolkit
    from toolkit.sandbox import ADVERTISERS, CLIENT_ID, CLIENT_SECRET, SandboxOptions, start

    opened = toolkit.open_workspace(
        at / "workspace",
        profiles=toolkit.Profiles(location=str(at / "profiles.parquet"), key="CustomerId"),
        segments=toolkit.SegmentFolder(location=str(at / "segments"), key="CustomerId"),
        create=True,
    )
    with start(options=SandboxOptions(calls_per_minute=100_000)) as criteo:
        opened.connections.connect(
            "Criteo", host=criteo.url, client_id=CLIENT_ID, client_secret=CLIENT_SECRET, i_agree=True
        )
        each = sizes.lists // sizes.exports
        for number in range(sizes.exports):
            opened.exports.save(
                f"Export {number}",
                connection="Criteo",
                advertiser_id=ADVERTISERS[0].id,
                email_column="EMail",
                segments=[f"Segment {it:05}" for it in range(number * each, (number + 1) * each)],
                list_name=f"Export {number} {{segment}}",
                thresholds={"most_change": 1, "least_size": 0},
            )
            opened.runs.start(f"Export {number}").raise_for_status()
    return opened


def _live_on(path: Path, sizes: Sizes) -> None:
    """Bring the runs of the years before, a copy of the true run of each export, and what they did to the lists."""
    from sqlalchemy import select

    from toolkit.runs.history_parts import take_part, write_part
    from toolkit.state.folder import WorkspaceFolder
    from toolkit.state.models import BatchRecord, ContactListRecord, RunRecord

    folder = WorkspaceFolder.open(path)
    first = datetime.now(UTC) - timedelta(days=365 * YEARS)
    runs = sizes.runs // sizes.exports
    step = timedelta(days=365 * YEARS) / runs
    for export_id in range(1, sizes.exports + 1):
        with folder.session() as session:
            true_run = session.scalars(select(RunRecord).where(RunRecord.export_id == export_id)).one()
            batch = session.scalars(select(BatchRecord).where(BatchRecord.run_id == true_run.id).limit(1)).one()
            ids = list(session.scalars(select(ContactListRecord.id).where(ContactListRecord.export_id == export_id)))
        took = (true_run.finished_at or true_run.started_at) - true_run.started_at
        for number in range(runs - 1):
            at = first + number * step
            run_id = f"{at:%Y%m%d-%H%M%S}-{export_id:06x}"
            shutil.copytree(path / "runs" / true_run.id, path / "runs" / run_id)
            with folder.session() as session, session.begin():
                session.add(_copy_of(true_run, id=run_id, started_at=at, finished_at=at + took))
                session.flush()
                for list_id in ids[number % CHANGED :: CHANGED]:
                    record = session.get_one(ContactListRecord, list_id)
                    session.add(_copy_of(batch, id=None, run_id=run_id, contact_list_id=list_id, sent_at=at))
                    changes = _changes(record.settled + 1).with_columns(run=pl.lit(run_id), at=pl.lit(at))
                    take_part(session, folder, record, write_part(folder, record, changes))
        with folder.session() as session, session.begin():
            newest = session.scalars(select(BatchRecord.id).order_by(BatchRecord.id.desc()).limit(1)).one()
            for list_id in ids:
                session.get_one(ContactListRecord, list_id).snapshot_batch = newest
    _sweep(path)


def _copy_of(record: object, **values: object) -> object:
    kind = type(record)
    columns = {it.key: getattr(record, it.key) for it in kind.__table__.columns}  # type: ignore[attr-defined]
    return kind(**{name: copy(it) for name, it in columns.items()} | values)


def _changes(number: int) -> pl.DataFrame:
    """Return who entered or left in the change of a number: every second time those leave who entered."""
    from toolkit.runs.membership import changes_of

    some = _members(number // 2 if number % 2 else number // 2 - 1, member=True)
    return changes_of(some, some.clear()) if number % 2 else changes_of(some.clear(), some)


def _sweep(path: Path) -> None:
    """Remove what the runs of an hour later would have removed: files of the history that others took in."""
    from toolkit.state.folder import WorkspaceFolder
    from toolkit.state.models import HistoryPartRecord

    with WorkspaceFolder.open(path).reading() as session:
        named = {path / it.file for it in session.query(HistoryPartRecord)}
    for file in (path / "history").rglob("*.parquet"):
        if file not in named:
            file.unlink()


def _members(seed: int, *, member: bool) -> pl.DataFrame:
    numbers = pl.int_range(seed % 7, seed % 7 + MEMBERS, eager=True)
    return pl.DataFrame({"number": numbers}).select(
        customer=pl.format("C{}", "number"),
        identifier=pl.format("{}", pl.col("number").hash(1).cast(pl.String).str.zfill(64)),
        member=pl.lit(member),
    )


if __name__ == "__main__":
    main()
