"""The record of a run from its start to its end, whatever ends it.

One run of an export at a time: the database refuses a second. A run holds a lease, see ``workspace/leases.py``; one
whose process is gone, or that has been silent for long, is recorded as failed when somebody looks or the next begins.
If it is still there it finds that it lost its lease, and neither changes nor records anything any more.
"""

import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from secrets import token_hex
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from toolkit.access.people import Role, require_actor
from toolkit.errors import (
    BusyError,
    ConfigurationError,
    ErrorCode,
    ErrorInfo,
    LeaseLostError,
    ProcessEndedError,
    RunCanceledError,
    ToolkitError,
    translated,
)
from toolkit.exports.export import Export
from toolkit.exports.saved_exports import require_manageable
from toolkit.files import make_folder
from toolkit.runs.abandoned_lists import AbandonedList
from toolkit.runs.batches import close_batches, close_batches_of_the_dead
from toolkit.runs.guards import Guard
from toolkit.runs.list_result import ListResult
from toolkit.runs.notices import Notice, NoticeCode
from toolkit.runs.progress import PROGRESS_FILE, Observer, Progress, Step
from toolkit.runs.stored import ABANDONED, CHECKS, INPUTS, LISTS, NOTICES, code_in
from toolkit.sources.files import InputFile
from toolkit.state import audit
from toolkit.state.audit import Action
from toolkit.state.folder import WorkspaceFolder
from toolkit.state.leases import Death, Lease, death_of, end_if_dead, take_lease
from toolkit.state.models import ExportRecord, RunRecord
from toolkit.state.states import RunStatus, Trigger
from toolkit.translatable import _
from toolkit.validation import CheckRow


def now() -> datetime:
    """Return the moment in UTC."""
    return datetime.now(UTC)


class RunRecorder:
    """Writes down what becomes known of a run while it goes on, and shows its steps."""

    def __init__(self, folder: WorkspaceFolder, run_id: str, lease: Lease, observer: Observer) -> None:
        self.id = run_id
        self.lease = lease
        self.timings: dict[str, float] = {}
        self.under_way: set[int] = set()
        """The batches that calls are under way of."""
        self._folder = folder
        self._observer = observer
        self._warnings: list[Notice] = []
        self._step: Step | None = None
        self._since = 0.0

    def note_inputs(self, inputs: Iterable[InputFile]) -> None:
        """Record the files that it reads; raises LeaseLostError when another run took over, as all that records."""
        self._set(inputs=INPUTS.to_json(inputs))

    def note_lists(self, lists: Iterable[ListResult], notes: Iterable[Notice] = ()) -> None:
        """Record what became of the lists so far, and what is worth knowing, in the place of what was."""
        self._set(lists=LISTS.to_json(lists), notes=NOTICES.to_json(notes))

    def note_checks(self, checks: Iterable[CheckRow]) -> None:
        """Record what the checks found."""
        self._set(checks=CHECKS.to_json(checks))

    def note_abandoned(self, abandoned: Iterable[AbandonedList]) -> None:
        """Record the lists of the export that are left behind."""
        self._set(abandoned=ABANDONED.to_json(abandoned))

    def _set(self, **columns: Any) -> None:
        with self._folder.session() as session, session.begin():
            self.lease.require(session)
            session.execute(update(RunRecord).where(RunRecord.id == self.id).values(**columns))

    def warn(self, code: NoticeCode, sentences: Iterable[str]) -> None:
        """Add warnings to the run's record."""
        self.warn_all(Notice(code, it) for it in sentences)

    def warn_all(self, notices: Iterable[Notice]) -> None:
        """Add warnings of several kinds to the run's record."""
        found = list(notices)
        self._warnings += found
        if found:
            self._set(warnings=NOTICES.to_json(self._warnings))

    def begin(self, step: Step) -> None:
        """Record that a step begins, and show it.

        Raises RunCanceledError when somebody asked the run to end, LeaseLostError when another took over.
        """
        self.end_step()
        # Here and not as the run is recorded: one whose folder can't be made fails as of any other error.
        make_folder(self._folder.path / "runs" / self.id)
        self._step, self._since = step, time.monotonic()
        self._observer(Progress(step))
        query = update(RunRecord).where(RunRecord.id == self.id).values(timings=self.timings)
        with self._folder.session() as session, session.begin():
            self.lease.require(session)
            canceled_by = session.scalar(query.returning(RunRecord.cancel_by))
        if canceled_by:
            raise RunCanceledError.by(canceled_by)

    def end_step(self) -> None:
        """Take the time of the step that is under way."""
        if self._step is not None:
            self.timings[self._step.value] = round(time.monotonic() - self._since, 3)
            self._step = None


@contextmanager
def track_run(
    folder: WorkspaceFolder,
    export: Export,
    *,
    trigger: Trigger,
    dry_run: bool = False,
    allowed: Collection[Guard] = (),
    resumes: str | None = None,
    refresh_id: str | None = None,
    is_retried: bool = False,
    observer: Observer,
) -> Iterator[RunRecorder]:
    """Begin a run and record how it ends.

    A ToolkitError or an OSError is recorded, and not raised further. Any other exception, and an interrupt, is
    recorded and goes on. ``is_retried`` says that who started it runs the export again when it fails of what may pass.

    Raises:
        BusyError: A run of the export is going on already.
    """
    began, lease = _begin(
        folder,
        export,
        trigger=trigger,
        dry_run=dry_run,
        allowed=sorted(it.value for it in allowed),
        resumes=resumes,
        refresh_id=refresh_id,
    )
    keeper = RunRecorder(folder, began, lease, observer)
    status, error = RunStatus.FAILED, None

    def end(session: Session, is_held: bool) -> None:
        _end(session, keeper, status, error, is_held=is_held)

    with lease.held(end):
        try:
            _warn_of_lost_leases(keeper, folder, export)
            yield keeper
            keeper.end_step()
            status = RunStatus.SUCCESSFUL
        except BaseException as problem:
            keeper.end_step()
            error = translated(problem).info
            status = _status_of(error, is_retried=is_retried)
            if not isinstance(problem, (ToolkitError, OSError)):
                # The log has its traceback.
                raise


def cancel_run(folder: WorkspaceFolder, run_id: str) -> None:
    """Ask a run, of whatever process on whatever machine, to end: it does so before its next step or batch.

    Raises ConfigurationError when it is not going on, AccessError to whom may not run the export.
    """
    end_dead_runs(folder)
    with folder.session() as session, session.begin():
        actor = require_actor(session, folder, least=Role.CONTRIBUTOR)
        record = session.get(RunRecord, run_id)
        if record is None or record.status != RunStatus.RUNNING:
            said = _("There is no such run") if record is None else _("It is {status}", status=record.status)
            raise ConfigurationError(
                _("Run {run_id!r} can't be canceled. {said}.", run_id=run_id, said=said), _("See the list of runs.")
            )
        require_manageable(actor, record.export)
        audit.record(session, folder, actor, Action.CANCEL_RUN, record.export.name, run=run_id)
        record.cancel_by = actor.name


def end_dead_runs(folder: WorkspaceFolder) -> None:
    """Record runs as failed whose process can no longer be working, or that were silent for long."""
    ended = []
    with folder.session() as session, session.begin():
        running = select(RunRecord.id, RunRecord.lease).where(RunRecord.status == RunStatus.RUNNING)
        for run_id, lease in session.execute(running).all():
            death = end_if_dead(session, folder, lease)
            if death is not None:
                _end_as(session, run_id, RunStatus.FAILED, finished_at=now(), error=_error_of(death, run_id).to_json())
                ended.append(run_id)
    for run_id in ended:
        (folder.path / "runs" / run_id / PROGRESS_FILE).unlink(missing_ok=True)


def error_if_dead(session: Session, folder: WorkspaceFolder, record: RunRecord) -> ErrorInfo | None:
    """Return the error of a run that is recorded as running and can no longer be; nothing is recorded.

    None when it goes on, or is over.
    """
    if record.status != RunStatus.RUNNING:
        return None
    death = death_of(session, folder, record.lease)
    return None if death is None else _error_of(death, record.id)


def _error_of(death: Death, run_id: str) -> ErrorInfo:
    return _ENDED_WITHOUT_A_WORD if death is Death.GONE else _lost_lease(run_id)


_ENDED_WITHOUT_A_WORD = ProcessEndedError(
    _("What ran it ended without a word."), _("Resume the export, or run it again: it sends what is missing.")
).info


def _lost_lease(run_id: str) -> ErrorInfo:
    return LeaseLostError(
        _(
            "Run {run_id} gave no sign of life for a while, and lost its lease: it changes nothing any more.",
            run_id=run_id,
        ),
        _("See the list of runs for one that took over, or run the export again: it sends what is missing."),
    ).info


def _status_of(error: ErrorInfo, *, is_retried: bool) -> RunStatus:
    """Return how a run ended that this error ended."""
    if error.code in (ErrorCode.CANCELED, ErrorCode.INTERRUPTED):
        return RunStatus.CANCELED
    return RunStatus.FAILED_RETRYING if is_retried and error.is_transient else RunStatus.FAILED


def _warn_of_lost_leases(keeper: RunRecorder, folder: WorkspaceFolder, export: Export) -> None:
    """Tell of the run before this one when it lost its lease; how much is sent again is told once that is planned."""
    before = (
        select(RunRecord.id, RunRecord.error)
        .join(ExportRecord)
        .where(ExportRecord.name == export.name, RunRecord.id != keeper.id, ~RunRecord.dry_run)
        .order_by(RunRecord.lease.desc())
        .limit(1)
    )
    with folder.reading() as session:
        found = session.execute(before).one_or_none()
    if found is not None and code_in(found.error) is ErrorCode.LEASE_LOST:
        keeper.warn(
            NoticeCode.LEASE_LOST,
            [
                _(
                    "Run {found} before this one gave no sign of life for a while, and lost its lease. "
                    "What it had not sent by then it does not send any more; this run sends what is "
                    "missing.",
                    found=found.id,
                )
            ],
        )


def _begin(
    folder: WorkspaceFolder,
    export: Export,
    *,
    trigger: Trigger,
    dry_run: bool,
    allowed: list[str],
    resumes: str | None,
    refresh_id: str | None,
) -> tuple[str, Lease]:
    moment = now()
    run_id = f"{moment:%Y%m%d-%H%M%S}-{token_hex(3)}"
    end_dead_runs(folder)
    try:
        with folder.session() as session, session.begin():
            actor = require_actor(session, folder, least=Role.CONTRIBUTOR)
            audit.record(session, folder, actor, Action.RUN_EXPORT, export.name, run=run_id, dry_run=dry_run)
            close_batches_of_the_dead(session, folder)
            lease = take_lease(session, folder, holder=f"Run {run_id}")
            session.add(
                RunRecord(
                    id=run_id,
                    export_id=session.scalars(select(ExportRecord.id).where(ExportRecord.name == export.name)).one(),
                    export_version=export.version,
                    settings=export.model_dump(mode="json"),
                    status=RunStatus.RUNNING,
                    dry_run=dry_run,
                    person=actor.name,
                    lease=lease.number,
                    toolkit_version=version("criteo-segment-toolkit"),
                    started_at=moment,
                    started_by=trigger,
                    allowed=allowed,
                    resumes=resumes,
                    refresh_id=refresh_id,
                )
            )
    except IntegrityError:
        raise BusyError(
            _("Export {export!r} is running already.", export=export.name),
            _("Wait until that run is over (see the list of runs), then run it again if it is still needed."),
        ) from None
    return run_id, lease


def _end_as(session: Session, run_id: str, to: RunStatus, **values: Any) -> None:
    """End the run so; one that others ended meanwhile stays as it is."""
    is_running = (RunRecord.id == run_id, RunRecord.status == RunStatus.RUNNING)
    session.execute(update(RunRecord).where(*is_running).values(status=to, **values))


def _end(session: Session, keeper: RunRecorder, status: RunStatus, error: ErrorInfo | None, *, is_held: bool) -> None:
    close_batches(session, keeper.id, but=keeper.under_way)
    if is_held:
        stored = None if error is None else error.to_json()
        _end_as(session, keeper.id, status, error=stored, finished_at=now(), timings=keeper.timings)
        return
    # Others ended it meanwhile, or are about to. Of its own end it says why, and nothing else.
    _end_as(session, keeper.id, RunStatus.FAILED, finished_at=now())
    lost = update(RunRecord).where(RunRecord.id == keeper.id, RunRecord.status == RunStatus.FAILED)
    session.execute(lost.values(error=_lost_lease(keeper.id).to_json()))
