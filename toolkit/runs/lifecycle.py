"""The record of a run from its start to its end, whatever ends it.

One run of an export at a time: the database refuses a second. A run shows that it lives by a heartbeat; one whose
process is gone, or that has been silent for a minute, is recorded as failed when somebody looks or the next begins.
"""

import threading
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from secrets import token_hex
from typing import Any

import psutil
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from toolkit.errors import BusyError, ConfigurationError, ToolkitError, UnavailableError
from toolkit.files import make_folder
from toolkit.runs.progress import Observer, Progress, Step
from toolkit.runs.run import MOVES, PASSING, RunCanceledError, RunStatus, Trigger
from toolkit.workspace import Export, WorkspaceFolder, audit
from toolkit.workspace.audit import Action
from toolkit.workspace.exports import require_manageable
from toolkit.workspace.people import Role, acting
from toolkit.workspace.records import ExportRecord, RunRecord

ENDED_WITHOUT_A_WORD: Mapping[str, str] = {
    "kind": "ProcessEnded",
    "what": "What ran it ended without a word.",
    "remedy": "Resume the export, or run it again: it sends what is missing.",
}
"""The error of a run whose process can no longer be working."""
HEARTBEAT_SECONDS = 10
SILENT_AFTER = timedelta(seconds=60)


def now() -> datetime:
    """Return the moment in UTC."""
    return datetime.now(UTC)


class RunKeeper:
    """Writes down what becomes known of a run while it goes on, and shows its steps."""

    def __init__(self, folder: WorkspaceFolder, run_id: str, observer: Observer) -> None:
        self.id = run_id
        self.timings: dict[str, float] = {}
        self._folder = folder
        self._observer = observer
        self._warnings: list[str] = []
        self._step: Step | None = None
        self._since = 0.0

    def note(self, **what: Any) -> None:
        """Set columns of the run's record."""
        with self._folder.session() as session, session.begin():
            session.execute(update(RunRecord).where(RunRecord.id == self.id).values(**what))

    def warn(self, sentences: Iterable[str]) -> None:
        """Add warnings to the run's record."""
        self._warnings.extend(sentences)
        self.note(warnings=self._warnings)

    def begin(self, step: Step) -> None:
        """Record that a step begins, and show it; raises RunCanceledError when somebody asked the run to end."""
        self.end_step()
        self._step, self._since = step, time.monotonic()
        self._observer(Progress(step))
        query = update(RunRecord).where(RunRecord.id == self.id).values(timings=self.timings)
        with self._folder.session() as session, session.begin():
            canceled_by = session.scalar(query.returning(RunRecord.cancel_by))
        if canceled_by:
            raise RunCanceledError.by(canceled_by)

    def end_step(self) -> None:
        """Take the time of the step that is under way."""
        if self._step is not None:
            self.timings[self._step.value] = round(time.monotonic() - self._since, 3)
            self._step = None


@contextmanager
def recorded_run(
    folder: WorkspaceFolder,
    export: Export,
    *,
    trigger: Trigger,
    dry_run: bool = False,
    allowed: Collection[str] = (),
    resumes: str | None = None,
    refresh_id: str | None = None,
    is_retried: bool = False,
    observer: Observer,
) -> Iterator[RunKeeper]:
    """Begin a run and record how it ends: a ToolkitError is recorded, and not raised further.

    ``is_retried`` says that who started it runs the export again when it fails of what may pass.
    So is an OSError. Any other exception, and an interrupt, is recorded and goes on. Raises BusyError when one is
    running already.
    """
    began = _begin(
        folder,
        export,
        trigger=trigger,
        dry_run=dry_run,
        allowed=sorted(allowed),
        resumes=resumes,
        refresh_id=refresh_id,
    )
    keeper = RunKeeper(folder, began, observer)
    stop = threading.Event()
    heart = threading.Thread(target=_beat, args=(keeper, stop), name="heartbeat", daemon=True)
    heart.start()
    _under_way.add(began)
    status, error = RunStatus.FAILED, None
    try:
        make_folder(folder.path / "runs" / began)
        yield keeper
        status = RunStatus.SUCCESSFUL
    except RunCanceledError as canceled:
        status = RunStatus.CANCELED
        error = {"kind": "RunCanceledError", "what": canceled.what, "remedy": canceled.remedy}
    except ToolkitError as problem:
        error = {"kind": type(problem).__name__, "what": problem.what, "remedy": problem.remedy}
        status = RunStatus.FAILED_RETRYING if is_retried and error["kind"] in PASSING else RunStatus.FAILED
    except OSError as problem:
        # Such as a full disk below the temporary files of a library: the machine's matter, not a flaw.
        error = {
            "kind": UnavailableError.__name__,
            "what": f"This machine could not do what the run needs: {problem.strerror or type(problem).__name__}.",
            "remedy": "See that its disks have room, that of temporary files too, and resume the export.",
        }
        status = RunStatus.FAILED_RETRYING if is_retried else RunStatus.FAILED
    except KeyboardInterrupt:
        status = RunStatus.CANCELED
        error = {
            "kind": "KeyboardInterrupt",
            "what": "The run was interrupted by a person.",
            "remedy": "Run the export again: it sends what is missing.",
        }
        raise
    except BaseException as problem:
        # The text of an unforeseen exception may hold anything, a person's address too; the log has its traceback.
        error = {
            "kind": type(problem).__name__,
            "what": f"Something unforeseen happened ({type(problem).__name__}).",
            "remedy": "Run the export again: nothing is lost. If it happens again, report it with the traceback.",
        }
        raise
    finally:
        stop.set()
        heart.join()
        _under_way.discard(began)
        _end(keeper, folder, status, error)


def cancel_run(folder: WorkspaceFolder, run_id: str) -> None:
    """Ask a run, of whatever process on whatever machine, to end: it does so before its next step or batch.

    Raises ConfigurationError when it is not going on, AccessError to whom may not run the export.
    """
    end_dead_runs(folder)
    with folder.session() as session, session.begin():
        actor = acting(session, folder, least=Role.CONTRIBUTOR)
        record = session.get(RunRecord, run_id)
        if record is None or not MOVES.get(RunStatus(record.status)):
            said = "There is no such run" if record is None else f"It is {record.status}"
            raise ConfigurationError(f"Run {run_id!r} can't be canceled. {said}.", "See the list of runs.")
        require_manageable(actor, record.export)
        audit.record(session, folder, actor, Action.CANCEL_RUN, record.export.name, run=run_id)
        record.cancel_by = actor.name
        if record.status == RunStatus.QUEUED:
            _move(session, run_id, RunStatus.CANCELED, finished_at=now())


def end_dead_runs(folder: WorkspaceFolder) -> None:
    """Record runs as failed whose process can no longer be working."""
    with folder.session() as session, session.begin():
        running = select(RunRecord).where(RunRecord.status == RunStatus.RUNNING.value)
        for record in [it for it in session.scalars(running) if not is_alive(folder, it)]:
            _move(session, record.id, RunStatus.FAILED, finished_at=now(), error=dict(ENDED_WITHOUT_A_WORD))


def is_alive(folder: WorkspaceFolder, record: RunRecord) -> bool:
    """Tell whether the run goes on, as far as can be seen from here."""
    gone = record.machine == folder.machine and not _goes_on_here(folder, record)
    return record.status == RunStatus.RUNNING and not gone and now() - record.heartbeat_at <= SILENT_AFTER


def _goes_on_here(folder: WorkspaceFolder, record: RunRecord) -> bool:
    # This process may have failed to record the end of a run: its database was out of reach.
    is_ours = record.process == folder.process
    return record.id in _under_way if is_ours else psutil.pid_exists(record.process)


_under_way: set[str] = set()
"""The runs that this process is at."""


def _begin(
    folder: WorkspaceFolder,
    export: Export,
    *,
    trigger: Trigger,
    dry_run: bool,
    allowed: list[str],
    resumes: str | None,
    refresh_id: str | None,
) -> str:
    moment = now()
    run_id = f"{moment:%Y%m%d-%H%M%S}-{token_hex(3)}"
    end_dead_runs(folder)
    try:
        with folder.session() as session, session.begin():
            actor = acting(session, folder, least=Role.CONTRIBUTOR)
            audit.record(session, folder, actor, Action.RUN_EXPORT, export.name, run=run_id, dry_run=dry_run)
            session.add(
                RunRecord(
                    id=run_id,
                    export_id=session.scalars(select(ExportRecord.id).where(ExportRecord.name == export.name)).one(),
                    export_version=export.version,
                    settings=export.model_dump(mode="json"),
                    status=RunStatus.RUNNING.value,
                    dry_run=dry_run,
                    person=actor.name,
                    machine=folder.machine,
                    process=folder.process,
                    toolkit_version=version("criteo-segment-toolkit"),
                    started_at=moment,
                    heartbeat_at=moment,
                    started_by=trigger.value,
                    allowed=allowed,
                    resumes=resumes,
                    refresh_id=refresh_id,
                )
            )
    except IntegrityError:
        raise BusyError(
            f"Export {export.name!r} is running already.",
            "Wait until that run is over (see the list of runs), then run it again if it is still needed.",
        ) from None
    return run_id


def _move(session: Session, run_id: str, to: RunStatus, **values: Any) -> None:
    """Give the run another status, where it may have it; a run that others ended meanwhile stays as it is."""
    sources = [it.value for it, targets in MOVES.items() if to in targets]
    session.execute(
        update(RunRecord).where(RunRecord.id == run_id, RunRecord.status.in_(sources)).values(status=to.value, **values)
    )


def _beat(keeper: RunKeeper, stop: threading.Event) -> None:
    while not stop.wait(HEARTBEAT_SECONDS):
        # A database out of reach for longer is told by the run itself; the heart tries again.
        with suppress(ToolkitError):
            keeper.note(heartbeat_at=now())


def _end(keeper: RunKeeper, folder: WorkspaceFolder, status: RunStatus, error: dict[str, str] | None) -> None:
    keeper.end_step()
    with folder.session() as session, session.begin():
        _move(session, keeper.id, status, error=error, finished_at=now(), timings=keeper.timings)
