"""The refresh: every export that is due, one after the other, whatever becomes of the others."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import select

from toolkit.alerts import AlertKey, Subject, dispatch, record_state, trouble_of_run
from toolkit.campaigns.measuring import measure_audiences
from toolkit.errors import (
    BusyError,
    ConfigurationError,
    ErrorInfo,
    InputNotReadyError,
    ToolkitError,
    UnavailableError,
    going_on,
)
from toolkit.exports.connections import consented_advertisers, credentials_of
from toolkit.exports.export import Export
from toolkit.refresh.clock import Clock, SystemClock
from toolkit.refresh.due import Due
from toolkit.refresh.freshness import FileStability, NotReady, first_not_ready, readable_for
from toolkit.refresh.notebook import execute_notebook, require_notebook
from toolkit.refresh.options import RefreshOptions
from toolkit.refresh.prepared_kernels import PreparedKernels
from toolkit.refresh.record import Begun, note_export, note_refresh, recorded_refresh
from toolkit.refresh.result import Refresh, refresh_of
from toolkit.refresh.scheduled_run import ScheduledRun
from toolkit.runs import Run, RunStatus, end_dead_runs, run_of
from toolkit.runs.leftovers import sweep_workspace
from toolkit.runs.notices import Notice, NoticeCode
from toolkit.runs.report import write_report
from toolkit.runs.stored import NOTICES
from toolkit.segments import StartedBy, built_segments_of, rebuild_if_stale
from toolkit.state.folder import WorkspaceFolder
from toolkit.state.models import ExportRecord, RefreshRecord, RunRecord
from toolkit.state.places import place_of_refresh, place_of_run
from toolkit.translatable import _

Execute = Callable[[ScheduledRun, Path], None]
"""Runs an export, and leaves the executed notebook at the path; raises the ToolkitError that kept it from beginning."""

_LOOK_AGAIN = timedelta(seconds=10)
_LONGEST_NAME = 100
_PLANS = "plan-*.parquet"
"""What the ledger of a run that did not come to its end still reads."""


def refresh(
    folder: WorkspaceFolder,
    options: RefreshOptions | None = None,
    *,
    clock: Clock | None = None,
    execute: Execute | None = None,
) -> Refresh:
    """Run the exports that are due, and return what became of each.

    Waits for another refresh that goes on; raises BusyError when that takes too long, ConfigurationError when the
    notebook can't be used, LeaseLostError when this one was silent for so long that another took over. ``execute`` runs
    one export, by default through the notebook.
    """
    chosen, timed = options or RefreshOptions(), clock or SystemClock()
    if execute is None:
        require_notebook(chosen.notebook)
    with recorded_refresh(folder, chosen, timed) as begun:
        # Kernels are prepared when notebooks are executed; what is begun here ends with the refresh.
        needed = len(begun.todo) if execute is None else 0
        with PreparedKernels(folder.path, exports=needed) as kernels:
            work = _Work(folder, begun, chosen, timed, execute or _by_notebook(folder, chosen, kernels))
            work.do()
        _remove_old(folder, before=timed.now() - timedelta(days=chosen.keep_days))
        sweep_workspace(folder)
    return refresh_of(folder, begun.id)


def run_inline(scheduled: ScheduledRun, _: Path) -> None:
    """Run the export without a notebook, which is faster and leaves none."""
    scheduled.run()


def _by_notebook(folder: WorkspaceFolder, options: RefreshOptions, kernels: PreparedKernels) -> Execute:
    def execute(scheduled: ScheduledRun, notebook: Path) -> None:
        execute_notebook(
            options.notebook,
            to=notebook,
            parameters=scheduled.model_dump(),
            cwd=folder.path,
            longest_seconds=int(options.longest_run.total_seconds()),
            kernels=kernels,
        )

    return execute


@dataclass
class _Todo:
    """An export that is not done yet."""

    due: Due
    position: int
    not_before: datetime
    tries: int = 0
    begun_at: datetime | None = None
    waits_since: datetime | None = None
    """Since when its tables are waited for."""
    runs: list[str] = field(default_factory=list)
    """Its runs that are known, of this refresh or of one that was killed."""

    @property
    def name(self) -> str:
        return self.due.export.name


class _Work:
    """The exports of one refresh: those that wait let others pass."""

    def __init__(
        self, folder: WorkspaceFolder, begun: Begun, options: RefreshOptions, clock: Clock, execute: Execute
    ) -> None:
        self._folder = folder
        self._begun = begun
        self._options = options
        self._clock = clock
        self._execute = execute
        self._looks = FileStability()
        self._warnings: dict[Notice, None] = {}
        self._broken: dict[str, ErrorInfo] = {}
        now = clock.now()
        self._todo = [_Todo(due, position, not_before=now) for position, due in enumerate(begun.todo, start=1)]

    def do(self) -> None:
        """Run what is due until nothing is left, then tell people what is new."""
        self._check_connections()
        while self._todo:
            now = self._clock.now()
            next_up = next((it for it in self._todo if it.not_before <= now), None) or min(
                self._todo, key=lambda it: it.not_before
            )
            wait = (next_up.not_before - now).total_seconds()
            if wait > 0:
                self._clock.sleep(wait)
            if self._is_over_whatever_comes(next_up):
                self._todo.remove(next_up)
        with going_on(self._note_not_measured):
            for reason in measure_audiences(self._folder):
                self._warnings[Notice(NoticeCode.AUDIENCES_NOT_MEASURED, reason)] = None
        self._tell()

    def _note_not_measured(self, error: ToolkitError) -> None:
        self._warnings[Notice(NoticeCode.AUDIENCES_NOT_MEASURED, error.info.sentences)] = None

    def _check_connections(self) -> None:
        """Find out which connections can't be used, so that what depends on them is not tried one by one."""
        for name in dict.fromkeys(it.due.export.connection for it in self._todo):
            matter = AlertKey(Subject.CONNECTION, name)
            try:
                consented_advertisers(name, credentials_of(self._folder, name))
            except (BusyError, UnavailableError):
                continue  # it may pass: the runs will see
            except ToolkitError as error:
                self._broken[name] = error.info
            self._note(matter, self._broken.get(name))

    def _is_over_whatever_comes(self, todo: _Todo) -> bool:
        """Do what can be done for an export now; one that fails in a way that nobody foresaw keeps no other from it."""
        troubles: list[ToolkitError] = []
        with going_on(troubles.append):
            return self._is_over(todo)
        return self._end_without_run(todo, troubles[0], can_retry=False)

    def _is_over(self, todo: _Todo) -> bool:
        """Do what can be done for an export now; tell whether that was all."""
        if self._outlives_its_refresh(todo):
            return False
        if todo.runs:
            last = run_of(self._folder, todo.runs[-1])
            if last.status is RunStatus.SUCCESSFUL:
                return self._end(todo, last)
        connection = todo.due.export.connection
        if connection in self._broken:
            trouble = self._broken[connection]
            return self._skip(todo, _("Connection {connection!r} can't be used.", connection=connection), trouble)
        unready = first_not_ready(
            self._folder, todo.due.export, looks=self._looks, options=self._options, now=self._clock.now()
        )
        if unready is not None:
            return self._wait_or_skip(todo, unready)
        return self._build_and_run(todo)

    def _build_and_run(self, todo: _Todo) -> bool:
        unbuilt = self._unbuilt_segment(todo.due.export)
        if unbuilt is not None:
            name, error = unbuilt
            if error.is_transient:
                return self._wait_or_skip(todo, NotReady(name, error.info))
            self._note(AlertKey(Subject.TABLE, name), error.info)
            return self._skip(todo, _("It depends on the {name}.", name=name), error.info)
        for table in readable_for(self._folder, todo.due.export):
            self._note(AlertKey(Subject.TABLE, table), None)
        return self._run(todo)

    def _unbuilt_segment(self, export: Export) -> tuple[str, ToolkitError] | None:
        """Build the dynamic segments of the export anew, and return the first that can't be, with the reason."""
        for name in built_segments_of(self._folder, export):
            try:
                rebuild_if_stale(self._folder, name, started_by=StartedBy.REFRESH)
            except ToolkitError as error:
                return f"segment {name!r}", error
        return None

    def _outlives_its_refresh(self, todo: _Todo) -> bool:
        """Tell whether a run goes on that a refresh began which was killed; if so, wait for it."""
        end_dead_runs(self._folder)
        query = (
            select(RunRecord.id)
            .join(ExportRecord)
            .where(
                ExportRecord.name == todo.name,
                RunRecord.status == RunStatus.RUNNING,
                RunRecord.refresh_id.is_not(None),
            )
        )
        with self._folder.reading() as session:
            running = session.scalar(query)
        if running is None:
            return False
        todo.runs.append(running)
        todo.not_before = self._clock.now() + _LOOK_AGAIN
        return True

    def _wait_or_skip(self, todo: _Todo, unready: NotReady) -> bool:
        now = self._clock.now()
        todo.waits_since = todo.waits_since or now
        if now - todo.waits_since < self._options.wait_for_inputs:
            todo.not_before = now + _LOOK_AGAIN
            return False
        error = InputNotReadyError(unready.error.what, unready.error.remedy).info
        self._note(AlertKey(Subject.TABLE, unready.table), error)
        return self._skip(todo, _("It depends on the {table}.", table=unready.table), error)

    def _skip(self, todo: _Todo, because: str, trouble: ErrorInfo) -> bool:
        self._note_export(
            todo,
            status=RunStatus.SKIPPED,
            error=replace(trouble, what=_("{because} {what}", because=because, what=trouble.what)),
            finished_at=self._clock.now(),
            tries=todo.tries,
        )
        self._tell()
        return True

    def _run(self, todo: _Todo) -> bool:
        notebook = self._notebook(todo)
        todo.begun_at = todo.begun_at or self._clock.now()
        can_retry = todo.tries < len(self._options.retry_after)
        todo.tries += 1
        self._note_export(
            todo,
            status=RunStatus.RUNNING,
            tries=todo.tries,
            notebook=str(notebook.relative_to(self._folder.path)),
            begun_at=todo.begun_at,
        )
        scheduled = ScheduledRun(
            workspace=str(self._folder.path), export=todo.name, refresh=self._begun.id, is_retried=can_retry
        )
        troubles: list[ToolkitError] = []
        with going_on(troubles.append):
            self._execute(scheduled, notebook)
        run = self._run_since(todo)
        if run is None:
            return self._end_without_run(todo, next(iter(troubles), None), can_retry=can_retry)
        self._write_missing_report(run)
        if can_retry and run.error is not None and run.error.is_transient:
            return self._retry(todo, run.error, run=run.id)
        return self._end(todo, run)

    def _write_missing_report(self, run: Run) -> None:
        """Write the report of a run that did not come to do so; one that can't be written changes nothing else."""
        try:
            if not run.report.exists():
                write_report(run, language=self._folder.settings.language)
        except (OSError, UnavailableError) as error:
            text = _("The report of run {run} is missing. {error}", run=run.id, error=error)
            self._warnings[Notice(NoticeCode.REPORT_MISSING, text)] = None

    def _end_without_run(self, todo: _Todo, trouble: ToolkitError | None, *, can_retry: bool) -> bool:
        failed = trouble or ConfigurationError(
            _("The notebook {notebook} did not run the export.", notebook=self._options.notebook),
            _("Use the one that the toolkit has."),
        )
        error = failed.info
        if can_retry and error.is_transient:
            return self._retry(todo, error, run=None)
        self._note_export(todo, status=RunStatus.FAILED, error=error, finished_at=self._clock.now())
        self._note(AlertKey(Subject.EXPORT, todo.name), error)
        self._tell()
        return True

    def _retry(self, todo: _Todo, error: ErrorInfo, *, run: str | None) -> bool:
        wait = self._options.retry_after[todo.tries - 1]
        todo.not_before = self._clock.now() + wait
        self._note_export(todo, status=RunStatus.FAILED_RETRYING, error=error, run_id=run)
        return False

    def _end(self, todo: _Todo, run: Run) -> bool:
        self._note_export(todo, status=run.status, error=run.error, run_id=run.id, finished_at=self._clock.now())
        matter = AlertKey(Subject.EXPORT, todo.name)
        match run.status:
            case RunStatus.SUCCESSFUL:
                self._note(matter, None)
            case RunStatus.FAILED:
                self._note(matter, trouble_of_run(run))
                self._tell()
        return True

    def _run_since(self, todo: _Todo) -> Run | None:
        """Return the run that the try began, once it is over; None when it did not get so far."""
        end_dead_runs(self._folder)
        query = (
            select(RunRecord.id)
            .join(ExportRecord)
            .where(ExportRecord.name == todo.name, RunRecord.refresh_id == self._begun.id)
            .order_by(RunRecord.started_at.desc(), RunRecord.id.desc())
        )
        with self._folder.reading() as session:
            found = [it for it in session.scalars(query) if it not in todo.runs]
        if not found:
            return None
        run = run_of(self._folder, found[0])
        if run.status is RunStatus.RUNNING:
            return None
        todo.runs.append(run.id)
        return run

    def _notebook(self, todo: _Todo) -> Path:
        name = quote(todo.name, safe=" ")[:_LONGEST_NAME]
        again = f" (try {todo.tries + 1})" if todo.tries else ""
        return self._folder.path / "refreshes" / self._begun.id / f"{todo.position:02} {name}{again}.ipynb"

    def _note_export(
        self, todo: _Todo, *, status: RunStatus, error: ErrorInfo | None = None, **columns: str | int | datetime | None
    ) -> None:
        stored = None if error is None else error.to_json()
        note_export(self._folder, self._begun, todo.name, status=status, error=stored, **columns)

    def _note(self, matter: AlertKey, trouble: ErrorInfo | None) -> None:
        record_state(self._folder, matter, trouble, at=self._clock.now())

    def _tell(self) -> None:
        self._warnings |= dict.fromkeys(dispatch(self._folder))
        note_refresh(self._folder, self._begun, warnings=NOTICES.to_json(self._warnings))


def _remove_old(folder: WorkspaceFolder, *, before: datetime) -> None:
    """Remove the notebooks and reports of refreshes before then; their records stay, and what a run did not settle."""
    old = RefreshRecord.asked_at < before
    with folder.reading() as session:
        refreshes = session.scalars(select(RefreshRecord.id).where(old)).all()
        runs = session.scalars(
            select(RunRecord.id).join(RefreshRecord, RunRecord.refresh_id == RefreshRecord.id).where(old)
        ).all()
    for path in [place_of_refresh(folder.path, it) for it in refreshes]:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
    for path in [it for it in (place_of_run(folder.path, run) for run in runs) if not it.is_symlink()]:
        for file in [it for it in path.glob("*") if not it.match(_PLANS)]:
            file.unlink()
        if path.exists() and not any(path.iterdir()):
            path.rmdir()
