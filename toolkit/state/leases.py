"""Leases: who may change something, as long as it lives, and nobody else.

A lease is a row in the database. Its number is a fencing token: whoever takes something over has a higher one, and
whoever lost it is told so when the number is compared, in the transaction that writes. Whether a holder lives is judged
by the database's clock alone, since the clocks of two machines differ; a process of this machine that is gone is dead
at once.
"""

import os
import platform
import re
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import Float, select, update
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.functions import FunctionElement

from toolkit.criteo import RetryPolicy
from toolkit.errors import ConfigurationError, LeaseLostError, ToolkitError
from toolkit.state.folder import WorkspaceFolder
from toolkit.state.models import LeaseRecord
from toolkit.translatable import _

TIMES_VARIABLE = "TOOLKIT_LEASE_SECONDS"


@dataclass(frozen=True)
class LeaseTimes:
    """How long things last, in seconds; the environment variable ``TOOLKIT_LEASE_SECONDS`` sets others.

    It is written as ``heartbeat=1 silent=5 call=10``.
    """

    heartbeat: float = 10
    """Between two signs of life."""
    silent: float = 60
    """Without a sign of life, after which a holder may be dead."""
    call: float = RetryPolicy.answer_seconds
    """The longest that a call to Criteo may be under way."""
    landing: float = RetryPolicy.answer_seconds
    """How long what a process sent that is gone may still be carried out."""
    forgotten: float = 24 * 60 * 60
    """After which nothing is expected any more of a holder that is not known to be dead."""

    @property
    def takeover(self) -> float:
        """How long after the last sign of life others may take over from a holder that is not known to be dead."""
        return self.silent + self.call


def lease_times(environment: Mapping[str, str] = os.environ) -> LeaseTimes:
    """Return the times that hold; raises ConfigurationError when the environment variable can't be read."""
    said = environment.get(TIMES_VARIABLE, "")
    known = {it.name for it in fields(LeaseTimes)}
    given = dict(_SECONDS.findall(said))
    if _SECONDS.sub("", said).strip() or given.keys() - known:
        raise ConfigurationError(
            _(
                "The environment variable {times_variable} is {said!r}, which can't be read.",
                times_variable=TIMES_VARIABLE,
                said=said,
            ),
            _("Write for example heartbeat=10 silent=60; it knows {names}.", names=", ".join(sorted(known))),
        )
    return LeaseTimes(**{name: float(seconds) for name, seconds in given.items()})


_SECONDS = re.compile(r"(\w+)=(\d+(?:\.\d+)?)(?=\s|$)")


class Death(StrEnum):
    """Why a lease holds no more."""

    ENDED = "ended"
    """Its holder gave it back, or somebody else ended it."""
    GONE = "gone"
    """The process of its holder is gone."""
    SILENT = "silent"
    """Its holder gave no sign of life for long: it may still be there, and be stopped."""


class DatabaseNow(FunctionElement[float]):
    """The database's own time, in Unix seconds; in PostgreSQL that of the statement, not of its transaction."""

    type = Float()
    inherit_cache = True


@compiles(DatabaseNow, "postgresql")
def _now_of_postgresql(*_: Any, **__: Any) -> str:
    return "extract(epoch FROM clock_timestamp())::double precision"


@compiles(DatabaseNow, "sqlite")
def _now_of_sqlite(*_: Any, **__: Any) -> str:
    return "((julianday('now') - 2440587.5) * 86400.0)"


@dataclass(frozen=True)
class Lease:
    """A lease that this process took; ``holder`` says whose it is, in words."""

    folder: WorkspaceFolder
    number: int
    """The fencing token."""
    holder: str

    def require(self, session: Session) -> None:
        """Compare the number and give a sign of life, in the caller's transaction; raises LeaseLostError."""
        held = session.execute(
            update(LeaseRecord)
            .where(LeaseRecord.number == self.number, LeaseRecord.ended_at.is_(None))
            .values(heartbeat_at=DatabaseNow())
            .returning(LeaseRecord.number)
        ).one_or_none()
        if held is None:
            raise self.lost

    def is_held(self, session: Session) -> bool:
        """Tell whether ``require`` would pass."""
        try:
            self.require(session)
        except LeaseLostError:
            return False
        return True

    def guard(self) -> None:
        """Ask in a transaction of its own; raises LeaseLostError when it was lost."""
        with self.folder.session() as session, session.begin():
            self.require(session)

    @property
    def lost(self) -> LeaseLostError:
        """The error of who lost it."""
        return LeaseLostError(
            _(
                "{holder} gave no sign of life for a while, lost its lease, and changes nothing any more.",
                holder=self.holder,
            ),
            _(
                "See the list of runs for one that took over. If there is none, run the export again: it "
                "sends what is missing."
            ),
        )

    @contextmanager
    def held(self, end: Callable[[Session, bool], None]) -> Iterator[None]:
        """Give signs of life while something goes on, then give the lease back, however that ends.

        Args:
            end: Records the end, in the transaction that gives the lease back: it is told whether it was still held.
        """
        try:
            with self._beating():
                yield
        finally:
            try:
                with self.folder.session() as session, session.begin():
                    end(session, self._release(session))
            finally:
                # This process is done with it, whether or not the database could be told.
                _held.discard((str(self.folder.path), self.number))

    def _release(self, session: Session) -> bool:
        """Give it back; tell whether it was still held."""
        ended = session.execute(
            update(LeaseRecord)
            .where(LeaseRecord.number == self.number, LeaseRecord.ended_at.is_(None))
            .values(ended_at=DatabaseNow())
            .returning(LeaseRecord.number)
        ).one_or_none()
        return ended is not None

    @contextmanager
    def _beating(self) -> Iterator[None]:
        """Give signs of life meanwhile."""
        stop = threading.Event()
        heart = threading.Thread(target=self._beat, args=(stop,), name="heartbeat", daemon=True)
        heart.start()
        try:
            yield
        finally:
            stop.set()
            heart.join()

    def _beat(self, stop: threading.Event) -> None:
        while not stop.wait(lease_times().heartbeat):
            # A database out of reach for longer is told by what the holder does itself; the heart tries again.
            with suppress(ToolkitError):
                try:
                    self.guard()
                except LeaseLostError:
                    return


_held: set[tuple[str, int]] = set()
"""The leases that this process holds, by the folder of the workspace."""


def take_lease(session: Session, folder: WorkspaceFolder, *, holder: str) -> Lease:
    """Make a lease, in the caller's transaction."""
    record = LeaseRecord(
        machine=folder.machine,
        place=_place(),
        process=folder.process,
        process_started=_start_of(folder.process),
        heartbeat_at=DatabaseNow(),
    )
    session.add(record)
    session.flush()
    _held.add((str(folder.path), record.number))
    return Lease(folder, record.number, holder)


def end_if_dead(session: Session, folder: WorkspaceFolder, number: int) -> Death | None:
    """End a lease whose holder can no longer be working; return why it holds no more, None when it does.

    A holder that is not known to be dead lives until it gave no sign of life for ``LeaseTimes.takeover``.
    """
    record = _read(session, number)
    if record.ended_at is not None:
        return Death.ENDED
    is_it = (LeaseRecord.number == number, LeaseRecord.ended_at.is_(None))
    if _is_gone(folder, record):
        session.execute(update(LeaseRecord).where(*is_it).values(ended_at=DatabaseNow(), gone_at=DatabaseNow()))
        return Death.GONE
    times = lease_times()
    # A sign of life that is to come was given before the database's clock was set back.
    session.execute(
        update(LeaseRecord)
        .where(*is_it, LeaseRecord.heartbeat_at > DatabaseNow() + times.silent)
        .values(heartbeat_at=DatabaseNow())
    )
    # The age is compared where it is written: the holder may have given a sign of life since it was read.
    silent = session.execute(
        update(LeaseRecord)
        .where(*is_it, LeaseRecord.heartbeat_at < DatabaseNow() - times.takeover)
        .values(ended_at=DatabaseNow())
        .returning(LeaseRecord.number)
    ).one_or_none()
    return None if silent is None else Death.SILENT


def death_of(session: Session, folder: WorkspaceFolder, number: int) -> Death | None:
    """Return why a lease holds no more, as far as can be seen from here, None when it does; nothing is changed."""
    record = _read(session, number)
    if record.ended_at is not None:
        return Death.ENDED
    if _is_gone(folder, record):
        return Death.GONE
    fresh = select(LeaseRecord.number).where(
        LeaseRecord.number == number, LeaseRecord.heartbeat_at >= DatabaseNow() - lease_times().takeover
    )
    return None if session.scalar(fresh) is not None else Death.SILENT


def is_alive(session: Session, folder: WorkspaceFolder, number: int) -> bool:
    """Tell whether the holder of a lease is at work, as far as can be seen from here; nothing is changed."""
    return death_of(session, folder, number) is None


def nothing_lands_any_more(session: Session, folder: WorkspaceFolder, number: int) -> bool:
    """Tell whether nothing that the former holder of a lease sent can still be carried out.

    That is so some time after its process was seen to be gone, or a day after its last sign of life.
    """
    record = _read(session, number)
    if record.ended_at is not None and record.gone_at is None and _is_gone(folder, record):
        session.execute(update(LeaseRecord).where(LeaseRecord.number == number).values(gone_at=DatabaseNow()))
    times = lease_times()
    over = select(LeaseRecord.number).where(
        LeaseRecord.number == number,
        LeaseRecord.ended_at.is_not(None),
        (LeaseRecord.gone_at <= DatabaseNow() - times.landing)
        | (LeaseRecord.heartbeat_at <= DatabaseNow() - times.forgotten),
    )
    return session.scalar(over) is not None


def call_patience() -> RetryPolicy | None:
    """Return how long a call of a lease's holder may take; None where it is what is so everywhere."""
    times = lease_times()
    return None if times.call == LeaseTimes.call else RetryPolicy(answer_seconds=times.call)


def _read(session: Session, number: int) -> LeaseRecord:
    return session.get_one(LeaseRecord, number, populate_existing=True)


def _is_gone(folder: WorkspaceFolder, record: LeaseRecord) -> bool:
    """Tell whether the process is known to be gone; of one elsewhere, or before a restart, nothing is known."""
    if record.machine != folder.machine or record.place != _place():
        return False
    if record.process == folder.process and record.process_started == _start_of(folder.process):
        # This process may have failed to record the end: its database was out of reach.
        return (str(folder.path), record.number) not in _held
    return _start_of(record.process) != record.process_started


@cache
def _place() -> str:
    """Return what tells the process numbers of this machine, since it was started, from those of another."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return f"{platform.node()} {uuid.getnode():x}"


def _start_of(process: int) -> str:
    """Return when a process began, in a form that no clock changes; empty when there is none, or it is dead.

    Numbers of processes are used again: two that began at other times are two.
    """
    try:
        # The name, in brackets, may hold anything.
        told = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        state, threads, started = told[0], int(told[17]), told[19]
    except (FileNotFoundError, ProcessLookupError):
        return _start_without_proc(process)
    # One whose first thread has ended may go on in another.
    return "" if state in "ZX" and threads <= 1 else started


def _start_without_proc(process: int) -> str:
    try:
        return f"{psutil.Process(process).create_time():.0f}"
    except psutil.NoSuchProcess:
        return ""
