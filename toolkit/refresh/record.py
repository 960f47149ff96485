"""The record of a refresh from its beginning to its end, whatever ends it.

One refresh at a time: the database refuses a second, which waits. A refresh holds a lease, as a run does; one whose
process is gone, or that was silent for long, is recorded as killed when the next begins, which goes on with what it
left. If it is still there it finds that it lost its lease, and runs nothing more.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.metadata import version
from secrets import token_hex
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from toolkit.access.people import Role, require_actor
from toolkit.errors import BusyError
from toolkit.refresh.clock import Clock
from toolkit.refresh.due import OVER, Due, due_exports, is_refresh_due
from toolkit.refresh.options import RefreshOptions
from toolkit.state.folder import WorkspaceFolder
from toolkit.state.leases import Lease, end_if_dead, is_alive, take_lease
from toolkit.state.models import ExportRecord, LeaseRecord, RefreshedExportRecord, RefreshRecord, RunRecord
from toolkit.state.states import RefreshStatus, RunStatus
from toolkit.translatable import _

_LOOK_AGAIN_SECONDS = 5
_EMPTY_ONES_STAY = timedelta(days=1)
"""How long the record stays of a refresh at which nothing was due: asked for each quarter of an hour, they are many."""


@dataclass(frozen=True)
class Begun:
    """A refresh that goes on, and what it has to do."""

    id: str
    lease: Lease
    asked_at: datetime
    todo: tuple[Due, ...]


@dataclass(frozen=True)
class _Left:
    """What a killed refresh, and those that it went on with, did and did not."""

    refresh: str | None
    runs_all: bool
    undone: dict[str, datetime]
    done: frozenset[str]


@contextmanager
def recorded_refresh(folder: WorkspaceFolder, options: RefreshOptions, clock: Clock) -> Iterator[Begun]:
    """Begin a refresh, when no other goes on, and record how it ends; raises BusyError when another does for long."""
    begun = _begin_in_turn(folder, options, clock)
    status = RefreshStatus.KILLED

    def end(session: Session, is_held: bool) -> None:
        # What others recorded who took over stays.
        if is_held:
            ended = update(RefreshRecord).where(RefreshRecord.id == begun.id)
            session.execute(ended.values(status=status, finished_at=clock.now()))

    with begun.lease.held(end):
        yield begun
        status = RefreshStatus.FINISHED


def note_refresh(folder: WorkspaceFolder, begun: Begun, **what: Any) -> None:
    """Set columns of the refresh's record; raises LeaseLostError when another took over."""
    with folder.session() as session, session.begin():
        begun.lease.require(session)
        session.execute(update(RefreshRecord).where(RefreshRecord.id == begun.id).values(**what))


def note_export(folder: WorkspaceFolder, begun: Begun, export: str, **what: Any) -> None:
    """Set columns of what the refresh makes of an export; raises LeaseLostError when another refresh took over."""
    with folder.session() as session, session.begin():
        begun.lease.require(session)
        number = session.scalars(select(ExportRecord.id).where(ExportRecord.name == export)).one()
        session.execute(
            update(RefreshedExportRecord)
            .where(RefreshedExportRecord.refresh_id == begun.id, RefreshedExportRecord.export_id == number)
            .values(**what)
        )


def running_refresh(folder: WorkspaceFolder) -> RefreshRecord | None:
    """Return the refresh that goes on, None when none does."""
    with folder.reading() as session:
        record = session.scalar(select(RefreshRecord).where(RefreshRecord.status == RefreshStatus.RUNNING))
        return record if record is not None and is_alive(session, folder, record.lease) else None


def _begin_in_turn(folder: WorkspaceFolder, options: RefreshOptions, clock: Clock) -> Begun:
    asked_at = clock.now()
    while True:
        try:
            return _begin(folder, options, asked_at=asked_at, now=clock.now())
        except IntegrityError:
            other = running_refresh(folder)
        if clock.now() - asked_at >= options.wait_for_others:
            who = (
                "Another refresh"
                if other is None
                else f"Refresh {other.id} of {other.person!r} on {_machine(folder, other)}"
            )
            raise BusyError(
                _(
                    "{who} goes on, and did so for all of the {wait_for_others} that this one waited.",
                    who=who,
                    wait_for_others=options.wait_for_others,
                ),
                _(
                    "Wait until it is over; if it hangs, end its process, and the next refresh goes on "
                    "with what it left."
                ),
            )
        clock.sleep(_LOOK_AGAIN_SECONDS)


def _begin(folder: WorkspaceFolder, options: RefreshOptions, *, asked_at: datetime, now: datetime) -> Begun:
    _end_dead_refreshes(folder, now=now)
    left = _left_undone(folder, goes_on_since=asked_at - options.resume_window)
    runs_all = is_refresh_due(options.schedule, last=_last_of_all(folder), asked_at=asked_at)
    todo = due_exports(folder, asked_at=asked_at, now=now, runs_all=runs_all, left=left.undone, done=left.done)
    refresh_id = f"{asked_at:%Y%m%d-%H%M%S}-{token_hex(3)}"
    with folder.session() as session, session.begin():
        actor = require_actor(session, folder, least=Role.CONTRIBUTOR)
        lease = take_lease(session, folder, holder=f"Refresh {refresh_id}")
        session.add(
            RefreshRecord(
                id=refresh_id,
                asked_at=asked_at,
                runs_all=runs_all or left.runs_all,
                schedule=options.schedule.model_dump(mode="json"),
                takes_up=left.refresh,
                status=RefreshStatus.RUNNING,
                person=actor.name,
                lease=lease.number,
                toolkit_version=version("criteo-segment-toolkit"),
            )
        )
        session.flush()
        _queue(session, refresh_id, todo)
        _forget_empty_ones(session, before=asked_at - _EMPTY_ONES_STAY)
    return Begun(refresh_id, lease, asked_at, tuple(todo))


def _queue(session: Session, refresh_id: str, todo: Sequence[Due]) -> None:
    numbers = {it.name: it.id for it in session.scalars(select(ExportRecord))}
    session.add_all(
        RefreshedExportRecord(
            refresh_id=refresh_id,
            export_id=numbers[due.export.name],
            position=position,
            due_at=due.at,
            missed=due.missed,
            schedule=due.export.schedule.model_dump(mode="json"),
            status=RunStatus.QUEUED,
        )
        for position, due in enumerate(todo, start=1)
    )


def _forget_empty_ones(session: Session, *, before: datetime) -> None:
    session.execute(
        delete(RefreshRecord).where(
            RefreshRecord.asked_at < before,
            RefreshRecord.status == RefreshStatus.FINISHED,
            ~RefreshRecord.runs_all,
            RefreshRecord.id.not_in(select(RefreshedExportRecord.refresh_id)),
        )
    )


def _end_dead_refreshes(folder: WorkspaceFolder, *, now: datetime) -> None:
    """Record refreshes as killed whose process can no longer be working, and the runs of theirs that came to an end."""
    with folder.session() as session, session.begin():
        running = select(RefreshRecord).where(RefreshRecord.status == RefreshStatus.RUNNING)
        for record in [it for it in session.scalars(running) if end_if_dead(session, folder, it.lease) is not None]:
            record.status = RefreshStatus.KILLED
            record.finished_at = now
        killed = select(RefreshRecord.id).where(RefreshRecord.status == RefreshStatus.KILLED)
        undone = select(RefreshedExportRecord).where(
            RefreshedExportRecord.refresh_id.in_(killed), RefreshedExportRecord.status.not_in(OVER)
        )
        for export in session.scalars(undone):
            run = select(RunRecord).where(
                RunRecord.refresh_id == export.refresh_id,
                RunRecord.export_id == export.export_id,
                RunRecord.status == RunStatus.SUCCESSFUL,
            )
            found = session.scalars(run.order_by(RunRecord.started_at.desc())).first()
            if found is not None:
                export.status, export.run_id, export.finished_at = found.status, found.id, found.finished_at


def _left_undone(folder: WorkspaceFolder, *, goes_on_since: datetime) -> _Left:
    """Return what the last refresh left, when it was killed; what it did counts when it was not long ago."""
    undone: dict[str, datetime] = {}
    done: set[str] = set()
    runs_all = False
    with folder.reading() as session:
        newest = select(RefreshRecord).order_by(RefreshRecord.asked_at.desc(), RefreshRecord.lease.desc()).limit(1)
        last = record = session.scalar(newest)
        if last is None or last.status != RefreshStatus.KILLED:
            return _Left(None, runs_all=False, undone={}, done=frozenset())
        while record is not None and record.status == RefreshStatus.KILLED:
            counts = record.asked_at >= goes_on_since
            runs_all = runs_all or (counts and record.runs_all)
            its = select(RefreshedExportRecord, ExportRecord.name).join(ExportRecord)
            for export, name in session.execute(its.where(RefreshedExportRecord.refresh_id == record.id)):
                if export.status not in OVER and name not in done:
                    undone.setdefault(name, export.due_at)
                elif export.status in OVER and counts and name not in undone:
                    done.add(name)
            record = session.get(RefreshRecord, record.takes_up) if record.takes_up else None
    return _Left(last.id, runs_all=runs_all, undone=undone, done=frozenset(done))


def _last_of_all(folder: WorkspaceFolder) -> datetime | None:
    query = (
        select(RefreshRecord.asked_at).where(RefreshRecord.runs_all).order_by(RefreshRecord.asked_at.desc()).limit(1)
    )
    with folder.reading() as session:
        return session.scalar(query)


def _machine(folder: WorkspaceFolder, record: RefreshRecord) -> str:
    with folder.reading() as session:
        return session.get_one(LeaseRecord, record.lease).machine
