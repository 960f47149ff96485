"""A run, as it was recorded."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any, Self

import polars as pl
from polars.datatypes import DataType, DataTypeClass
from sqlalchemy import Row, Select, Text, cast, func, select
from sqlalchemy.orm import Session

from toolkit.access.people import require_actor
from toolkit.audience import LEFT_OUT
from toolkit.display import text_table, word
from toolkit.errors import DataError, ErrorCode, ErrorInfo, RunFailedError, UnknownNameError
from toolkit.files import read_parquet
from toolkit.runs.abandoned_lists import AbandonedList
from toolkit.runs.guards import Guard
from toolkit.runs.list_figures import SCHEMA, list_figures_of, read_list_figures
from toolkit.runs.list_result import ListResult, frame_of
from toolkit.runs.notices import Notice, NoticeCode
from toolkit.runs.stored import ABANDONED, CHECKS, INPUTS, LISTS, NOTICES, error_in
from toolkit.sources.files import InputFile
from toolkit.spreadsheets import FrameForPeople
from toolkit.state.folder import WorkspaceFolder
from toolkit.state.models import ExportRecord, RunRecord
from toolkit.state.places import place_of_run, require_run_id
from toolkit.state.states import RunStatus, Trigger
from toolkit.translatable import _
from toolkit.validation import DATA_DOCS, CheckResults, CheckRow

WITH_WARNINGS = "successful with warnings"
"""The outcome of a run that was successful and warns of something."""


class RunKind(StrEnum):
    """What a run did to the lists."""

    RUN = "run"
    """It brought them to what the export says."""
    DRY_RUN = "dry run"
    """Nothing: its figures tell what a run would have done."""
    FORGET = "data subject request"
    """It removed one person."""
    LISTS = "list left behind"
    """It emptied or deleted one list."""

    @classmethod
    def of(cls, *, dry_run: bool, started_by: Trigger) -> Self:
        """Return the kind of a run by what is recorded of it."""
        if dry_run:
            return cls(cls.DRY_RUN)
        kinds = {Trigger.FORGET: cls.FORGET, Trigger.LISTS: cls.LISTS}
        return cls(kinds.get(started_by, cls.RUN))


@dataclass(frozen=True, repr=False)
class Run:
    """One execution of an export, running or over.

    Examples:
        >>> run = workspace.runs[workspace.runs.frame["run"][0]]
        >>> run.outcome, run.report.name
        ('successful', 'report.html')
        >>> run.frame.select("segment", "members", "exportable", "added").rows()
        [('High value', 1871, 1751, 1751)]
    """

    id: str
    export: str
    export_version: int
    status: RunStatus
    dry_run: bool
    started_by: Trigger
    person: str
    started_at: datetime
    finished_at: datetime | None
    inputs: tuple[InputFile, ...]
    """The files that it read, as they were when it began."""
    lists: tuple[ListResult, ...]
    """What became of each contact list."""
    checks: tuple[CheckRow, ...]
    warnings: tuple[Notice, ...]
    notes: tuple[Notice, ...]
    """What is worth knowing, and no reason to worry: such as waits that Criteo asked for."""
    error: ErrorInfo | None
    timings: Mapping[str, float]
    """Seconds by step."""
    allowed: tuple[Guard, ...]
    """Guards that were passed knowingly."""
    resumes: str | None
    """The run that it took up."""
    refresh: str | None
    """The refresh that started it."""
    toolkit_version: str
    folder: Path
    abandoned: tuple[AbandonedList, ...] = ()
    """Lists of the export that nobody fills any more and that still hold people, as ``workspace.lists.left_behind``."""

    @property
    def frame(self) -> pl.DataFrame:
        """A row a segment: members, exportable, each reason for leaving out, and what was sent.

        In a dry run ``added`` and ``removed`` are what would be sent. ``size`` is what the list held of this
        afterwards, null when the run did not come so far. ``retries`` counts the calls that were repeated.
        """
        return frame_of(self.lists)

    @property
    def figures(self) -> pl.DataFrame:
        """The frame as it is shown: without reasons that left nobody out, and columns that tell nothing here."""
        frame = self.frame
        counts = [*(it.value for it in LEFT_OUT), "rejected", "retries"]
        zeros = [it for it in counts if not frame[it].sum()]
        same = [it for it in ("advertiser_id", "identifier_type") if frame[it].n_unique() == 1]
        unknown = [it for it in ("size", "held_by_criteo", "matches") if frame[it].is_null().all()]
        beside = ["identifiers"] if frame["identifiers"].equals(frame["exportable"]) else []
        return frame.drop([*zeros, *same, *unknown, *beside])

    @property
    def report(self) -> Path:
        """The report as an HTML page."""
        return self.folder / "report.html"

    @property
    def rejected(self) -> pl.DataFrame:
        """The identifiers that Criteo named as invalid: ``segment``, ``customer`` (the key), ``identifier`` (hashed).

        Criteo names a sample of them; ``frame["rejected"]`` counts all.
        """
        path = self.folder / "rejected.parquet"
        return FrameForPeople(read_parquet(path) if path.exists() else pl.DataFrame(schema=_REJECTED_SCHEMA))

    @property
    def unexpected(self) -> pl.DataFrame:
        """The members for whom a check failed: ``check``, ``segment``, ``customer`` (the key)."""
        path = self.folder / "unexpected.parquet"
        return FrameForPeople(read_parquet(path) if path.exists() else CheckResults(()).unexpected)

    @property
    def data_docs(self) -> Path | None:
        """What Great Expectations was asked and found, as an HTML page; None when the run did not come to check."""
        path = self.folder / DATA_DOCS
        return path if path.exists() else None

    @property
    def outcome(self) -> str:
        """The status in words: of a successful run, whether with warnings."""
        return WITH_WARNINGS if self.status is RunStatus.SUCCESSFUL and self.warnings else self.status.value

    @property
    def seconds(self) -> float | None:
        """How long it took; None while it goes on."""
        return None if self.finished_at is None else (self.finished_at - self.started_at).total_seconds()

    def to_dict(self) -> dict[str, Any]:
        """Return all that the record tells, as values that JSON can hold; no identifier is among it."""
        kept = {field.name: getattr(self, field.name) for field in fields(self) if field.name != "folder"}
        values = {
            "inputs": INPUTS.to_plain(self.inputs),
            "lists": LISTS.to_plain(self.lists),
            "checks": CHECKS.to_plain(self.checks),
            "warnings": NOTICES.to_plain(self.warnings),
            "notes": NOTICES.to_plain(self.notes),
            "error": None if self.error is None else self.error.to_plain(),
            "abandoned": ABANDONED.to_plain(self.abandoned),
        }
        moments = {
            name: None if (at := kept[name]) is None else at.isoformat() for name in ("started_at", "finished_at")
        }
        return {
            **kept,
            **values,
            **moments,
            "status": self.status.value,
            "started_by": self.started_by.value,
            "allowed": [it.value for it in self.allowed],
            "outcome": self.outcome,
            "seconds": self.seconds,
        }

    def to_json(self) -> str:
        """Return ``to_dict`` as JSON."""
        import orjson

        return orjson.dumps(self.to_dict(), option=orjson.OPT_INDENT_2).decode()

    def raise_for_status(self) -> "Run":
        """Return the run when it was successful; raise RunFailedError with what happened and what to do if not."""
        if self.status is RunStatus.SUCCESSFUL:
            return self
        error = (
            self.error
            or RunFailedError(
                _("Run {id} is {status}.", id=self.id, status=self.status.value), _("Run the export again.")
            ).info
        )
        raise RunFailedError(
            _("Run {id} of export {export!r}: {what}", id=self.id, export=self.export, what=error.what), error.remedy
        )

    def __repr__(self) -> str:
        lines = [str(self.headline)]
        if self.lists:
            lines.append(text_table(self.figures))
        if self.error:
            lines.append(str(self.error))
        lines += [f"Warning: {warning}" for warning in self.warnings]
        return "\n".join([*lines, *(f"Note: {note}" for note in self.notes)])

    def _repr_html_(self) -> str:
        from toolkit.runs.report import html_fragment

        return html_fragment(self)

    @property
    def headline(self) -> str:
        """What ran, how it ended and how long it took."""
        what = (
            _("Dry run {run} of export {export!r}", run=self.id, export=self.export)
            if self.dry_run
            else _("Run {run} of export {export!r}", run=self.id, export=self.export)
        )
        outcome = word(self.outcome)
        if self.seconds is None:
            return _("{what}: {outcome}", what=what, outcome=outcome)
        return _("{what}: {outcome} in {seconds:.1f} s", what=what, outcome=outcome, seconds=self.seconds)


def value_of(session: Session, record: RunRecord, folder: WorkspaceFolder) -> Run:
    """Return the run that a record tells of.

    One that is recorded as running, whose process can no longer be working, is told as failed: whoever looks writes
    nothing, and whoever acts next records it.
    """
    from toolkit.runs.lifecycle import error_if_dead

    found_dead = error_if_dead(session, folder, record)
    try:
        return Run(
            id=record.id,
            export=_name_in(record.settings),
            export_version=record.export_version,
            status=record.status if found_dead is None else RunStatus.FAILED,
            dry_run=record.dry_run,
            started_by=record.started_by,
            person=record.person,
            started_at=record.started_at,
            finished_at=record.finished_at,
            inputs=INPUTS.from_json(record.inputs),
            lists=LISTS.from_json(record.lists),
            checks=CHECKS.from_json(record.checks),
            warnings=NOTICES.from_json(record.warnings),
            notes=NOTICES.from_json(record.notes),
            error=found_dead or error_in(record.error),
            timings=record.timings,
            allowed=tuple(map(Guard, record.allowed)),
            resumes=record.resumes,
            refresh=record.refresh_id,
            toolkit_version=record.toolkit_version,
            folder=place_of_run(folder.path, record.id),
            abandoned=ABANDONED.from_json(record.abandoned),
        )
    except (KeyError, TypeError, ValueError):
        raise _altered(record.id) from None


def _altered(run_id: str) -> DataError:
    # Its values may be anything, so that their words are left out.
    return DataError(
        _("Row {record} of table runs in the workspace's database is not as the toolkit writes it.", record=run_id),
        _("Somebody changed the database, or it is damaged: bring it back from a backup."),
    )


def _name_in(settings: Mapping[str, object]) -> str:
    name = settings["name"]
    if not isinstance(name, str):
        raise TypeError
    return name


@lru_cache(maxsize=1_000)
def _name_written(settings: str) -> str:
    """Return the name in settings as they are written: an export's are mostly the same, and long."""
    return _name_in(json.loads(settings))


def run_of(folder: WorkspaceFolder, run_id: str) -> Run:
    """Return a run by its id; raises UnknownNameError when there is none."""
    with folder.reading() as session:
        require_actor(session, folder)
        record = session.get(RunRecord, run_id)
        if record is None:
            raise UnknownNameError(
                _("There is no run {run_id!r}.", run_id=run_id), _("See their ids in the list of runs.")
            )
        return value_of(session, record, folder)


def last_run(folder: WorkspaceFolder, export: str) -> Run | None:
    """Return the newest run of the export, dry runs and data subject requests aside."""
    query = (
        select(RunRecord)
        .join(ExportRecord)
        .where(ExportRecord.name == export, *_SENDS_SEGMENTS)
        .order_by(RunRecord.started_at.desc(), RunRecord.id.desc())
        .limit(1)
    )
    with folder.reading() as session:
        record = session.scalar(query)
        return None if record is None else value_of(session, record, folder)


def run_before(folder: WorkspaceFolder, run: Run) -> Run | None:
    """Return the successful run of the export before this one, dry runs and data subject requests aside."""
    query = (
        select(RunRecord)
        .join(ExportRecord)
        .where(ExportRecord.name == run.export, RunRecord.status == RunStatus.SUCCESSFUL, *_SENDS_SEGMENTS)
        .where(RunRecord.started_at < run.started_at, RunRecord.id != run.id)
        .order_by(RunRecord.started_at.desc(), RunRecord.id.desc())
        .limit(1)
    )
    with folder.reading() as session:
        record = session.scalar(query)
        return None if record is None else value_of(session, record, folder)


def stopped_by_other_ledger(run: Run | None) -> list[Notice]:
    """Return what is told of the last run of an export when another ledger had changed its lists."""
    if run is None or run.error is None or run.error.code is not ErrorCode.LEDGER_DIVERGED:
        return []
    said = _(
        "The last run stopped here ({other_ledger}): {what}", other_ledger=Guard.OTHER_LEDGER.value, what=run.error.what
    )
    return [Notice(NoticeCode.WOULD_STOP, said)]


def last_inputs(folder: WorkspaceFolder, export: str) -> tuple[InputFile, ...]:
    """Return the files that the last successful run of the export read, dry runs and data subject requests aside."""
    query = (
        select(RunRecord.inputs)
        .join(ExportRecord)
        .where(ExportRecord.name == export, RunRecord.status == RunStatus.SUCCESSFUL, *_SENDS_SEGMENTS)
        .order_by(RunRecord.started_at.desc())
        .limit(1)
    )
    with folder.reading() as session:
        return INPUTS.from_json(session.scalar(query) or [])


def past_runs(folder: WorkspaceFolder, export: str, *, most: int) -> list[Run]:
    """Return the newest successful runs of the export, dry runs aside."""
    query = (
        select(RunRecord)
        .join(ExportRecord)
        .where(ExportRecord.name == export, RunRecord.status == RunStatus.SUCCESSFUL, *_SENDS_SEGMENTS)
        .order_by(RunRecord.started_at.desc())
        .limit(most)
    )
    with folder.reading() as session:
        return [value_of(session, record, folder) for record in session.scalars(query)]


def _read_rows(session: Session, folder: WorkspaceFolder, query: Select[RunRecord]) -> pl.DataFrame:
    """Return a row a run with the columns of ``_RUNS_SCHEMA`` but the sums, and its ``state``, its recorded status.

    There may be thousands: what frames don't show is not read.
    """
    from toolkit.runs.lifecycle import error_if_dead

    rows = session.execute(query.with_only_columns(*_IN_FRAMES)).all()
    running = [it.id for it in rows if it.status is RunStatus.RUNNING]
    records = session.scalars(select(RunRecord).where(RunRecord.id.in_(running))) if running else ()
    dead = {it.id: error_if_dead(session, folder, it) for it in records}
    schema = {name: dtype for name, dtype in _RUNS_SCHEMA.items() if name not in _SUMS} | {"state": pl.String}
    return pl.DataFrame([_row_of(it, dead.get(it.id)) for it in rows], schema=schema, orient="row")


def _row_of(row: Row[Any], found_dead: ErrorInfo | None) -> tuple[object, ...]:
    try:
        status = row.status if found_dead is None else RunStatus.FAILED
        warns = status is RunStatus.SUCCESSFUL and bool(NOTICES.from_json(row.warnings))
        error = found_dead or error_in(row.error)
        return (
            require_run_id(row.id),
            _name_written(row.settings),
            row.export_version,
            WITH_WARNINGS if warns else status.value,
            RunKind.of(dry_run=row.dry_run, started_by=row.started_by).value,
            row.dry_run,
            row.started_by.value,
            row.person,
            row.started_at,
            None if row.finished_at is None else (row.finished_at - row.started_at).total_seconds(),
            None if error is None else error.what,
            status.value,
        )
    except (KeyError, TypeError, ValueError):
        raise _altered(row.id) from None


def _read_figures(
    session: Session, folder: WorkspaceFolder, query: Select[RunRecord], columns: Sequence[str]
) -> pl.DataFrame:
    """Return these figures of each list of the runs; raises DataError where one is not as the toolkit writes it."""
    figures = read_list_figures(session, query, columns)
    if figures is None:
        runs = [value_of(session, it, folder) for it in session.scalars(query)]
        figures = list_figures_of((it.id, it.lists) for it in runs)
    return figures


def trend(folder: WorkspaceFolder, export: str | None = None, *, newest: int | None = None) -> pl.DataFrame:
    """Return a row a run and contact list, the oldest first: how sizes, adds, removes, rejects and matches moved.

    It tells what was done at Criteo: dry runs are left out, and so are the lists that a run which failed did not come
    to. ``size`` is what the list holds of this export and segment since the run; it is null when that is not known.
    ``held_by_criteo``, ``matches`` and ``match_rate`` (from 0 to 1) are what Criteo counted before the run sent
    anything; null where it did not count the list. With ``newest`` only the newest so many runs that have rows are
    told, and older ones are not read.
    """
    oldest_first = RunRecord.started_at, RunRecord.id
    query = select(RunRecord).join(ExportRecord).where(~RunRecord.dry_run)
    if export is not None:
        query = query.where(ExportRecord.name == export)
    with folder.reading() as session:
        require_actor(session, folder)
        if newest is None:
            return _trend_of(session, folder, query.order_by(*oldest_first))
        # Runs that failed before they sent anything have no rows, so that more may have to be read.
        read, known = newest, session.scalars(select(func.count()).select_from(query.subquery())).one()
        while True:
            ids = query.with_only_columns(RunRecord.id).order_by(*(it.desc() for it in oldest_first)).limit(read)
            last = select(RunRecord).where(RunRecord.id.in_(ids)).order_by(*oldest_first)
            frame = _trend_of(session, folder, last)
            told = frame["run"].unique(maintain_order=True)
            if told.len() >= newest or read >= known:
                return frame.filter(pl.col("run").is_in(told.tail(newest).implode()))
            read *= _MORE


def _trend_of(session: Session, folder: WorkspaceFolder, query: Select[RunRecord]) -> pl.DataFrame:
    runs = _read_rows(session, folder, query).select("run", "export", at="started_at", status="state")
    figures = _read_figures(session, folder, query, list(SCHEMA))
    is_done = pl.col("size").is_not_null() | (pl.col("added") != 0) | (pl.col("removed") != 0)
    frame = (
        figures.join(runs, on="run", how="inner", maintain_order="left")
        .filter((pl.col("status") == RunStatus.SUCCESSFUL.value) | is_done)
        .select(list(_TREND_SCHEMA))
    )
    rate = pl.when(pl.col("held_by_criteo") > 0).then(pl.col("matches") / pl.col("held_by_criteo"))
    return frame.with_columns(match_rate=rate.cast(pl.Float64))


def runs_frame(folder: WorkspaceFolder, export: str | None = None) -> pl.DataFrame:
    """Return a row a run, the newest first, of one export or of all."""
    query = select(RunRecord).join(ExportRecord).order_by(RunRecord.started_at.desc(), RunRecord.id.desc())
    if export is not None:
        query = query.where(ExportRecord.name == export)
    with folder.reading() as session:
        require_actor(session, folder)
        return _frame_of(session, folder, query)


def last_runs_frame(folder: WorkspaceFolder) -> pl.DataFrame:
    """Return a row an export: its newest run, as in ``runs_frame``, dry runs and data subject requests aside.

    An export that has the name of a removed one goes on with its runs.
    """
    newest_first = RunRecord.started_at.desc(), RunRecord.id.desc()
    place = func.row_number().over(partition_by=ExportRecord.name, order_by=newest_first).label("place")
    ranked = select(RunRecord.id, place).join(ExportRecord).where(*_SENDS_SEGMENTS).subquery()
    newest = select(ranked.c.id).where(ranked.c.place == 1)
    with folder.reading() as session:
        require_actor(session, folder)
        query = select(RunRecord).where(RunRecord.id.in_(newest)).order_by(*newest_first)
        return _frame_of(session, folder, query)


def _frame_of(session: Session, folder: WorkspaceFolder, query: Select[RunRecord]) -> pl.DataFrame:
    frame = _read_rows(session, folder, query)
    figures = _read_figures(session, folder, query, _SUMS)
    sums = figures.group_by("run").agg(pl.col(_SUMS).sum())
    counted = frame.join(sums, on="run", how="left", maintain_order="left")
    return counted.select(pl.col(it).fill_null(0) if it in _SUMS else pl.col(it) for it in _RUNS_SCHEMA)


_MORE = 4
"""How many times as many runs are read where those that were read have too few rows."""
_IN_FRAMES = (
    RunRecord.id,
    cast(RunRecord.settings, Text).label("settings"),
    RunRecord.export_version,
    RunRecord.status,
    RunRecord.dry_run,
    RunRecord.started_by,
    RunRecord.person,
    RunRecord.started_at,
    RunRecord.finished_at,
    RunRecord.warnings,
    RunRecord.error,
)
_SENDS_SEGMENTS = (~RunRecord.dry_run, RunRecord.started_by.not_in([Trigger.FORGET, Trigger.LISTS]))

_TREND_SCHEMA: dict[str, DataType | DataTypeClass] = {
    "at": pl.Datetime("us", "UTC"),
    "run": pl.String,
    "export": pl.String,
    "status": pl.String,
    "segment": pl.String,
    "advertiser_id": pl.String,
    "identifier_type": pl.String,
    "list_id": pl.String,
    "size": pl.Int64,
    "members": pl.Int64,
    "exportable": pl.Int64,
    "added": pl.Int64,
    "removed": pl.Int64,
    "rejected": pl.Int64,
    "held_by_criteo": pl.Int64,
    "matches": pl.Int64,
}
_SUMS = ("exportable", "added", "removed", "rejected")
_REJECTED_SCHEMA: dict[str, DataType | DataTypeClass] = {
    "segment": pl.String,
    "customer": pl.String,
    "identifier": pl.String,
}
_RUNS_SCHEMA: dict[str, DataType | DataTypeClass] = {
    "run": pl.String,
    "export": pl.String,
    "version": pl.Int64,
    "status": pl.String,
    "kind": pl.String,
    "dry_run": pl.Boolean,
    "started_by": pl.String,
    "person": pl.String,
    "started_at": pl.Datetime("us", "UTC"),
    "seconds": pl.Float64,
    "exportable": pl.Int64,
    "added": pl.Int64,
    "removed": pl.Int64,
    "rejected": pl.Int64,
    "error": pl.String,
}
