"""Runs in processes of their own, that die where they are told to, or find the disk full."""

import multiprocessing
import os
import resource
import signal
import sys
import threading
import time
from collections import Counter
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from operator import attrgetter
from pathlib import Path
from typing import Any, NamedTuple

import psutil

import toolkit
from toolkit.errors import ToolkitError
from toolkit.runs import RunStatus

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.faults.preloaded"])


class Place(NamedTuple):
    """An instant of a run: the ``number``-th time that it is about to do this."""

    what: str
    number: int


NOWHERE = Place("nowhere", 0)
_AT_REST = {psutil.STATUS_STOPPED, psutil.STATUS_ZOMBIE}
DONE = "done"
"""What is not a run came to its end."""


class OwnProcess:
    """A run of the export ``Nightly`` in a process of its own."""

    def __init__(
        self,
        workspace: Path,
        *,
        dies_at: Place | None = None,
        stops_at: Place | None = None,
        largest_file: int | None = None,
        method: str = "runs.start",
        subject: str = "Nightly",
        **options: Any,
    ) -> None:
        """Start it; no file that it writes may have more bytes than ``largest_file``.

        It dies at ``dies_at``, and is stopped at ``stops_at``; with NOWHERE it tells all ``places`` at which it could.

        Another ``method`` of the workspace is called with its ``subject`` and the options where one is given.
        """
        self._said, says = _CONTEXT.Pipe(duplex=False)
        self._process: ForkServerProcess = _CONTEXT.Process(
            target=_run,
            args=(
                workspace,
                dict(os.environ),
                says,
                dies_at,
                stops_at,
                largest_file,
                (method, subject),
                options,
            ),
            daemon=True,
        )
        self._process.start()
        says.close()

    def wait_until_begun(self) -> None:
        """Wait until it is about to run the export."""
        self._said.recv()

    def ends_within(self, seconds: float) -> bool:
        """Tell whether it ends by itself within these seconds."""
        self._process.join(max(seconds, 0))
        return self._process.exitcode is not None

    def kill(self) -> bool:
        """End it in the middle of whatever it does; tell whether that was the end of it."""
        self._process.kill()
        return self.was_killed()

    def interrupt(self) -> None:
        """Interrupt it, as a notebook's stop button does."""
        assert self._process.pid is not None
        os.kill(self._process.pid, signal.SIGINT)

    def was_killed(self) -> bool:
        """Wait for its end, and tell whether it was killed."""
        self._process.join()
        return self._process.exitcode == -signal.SIGKILL

    def stop(self) -> bool:
        """Stop it in the middle of whatever it does, as a machine does that sleeps; tell whether it had not ended."""
        assert self._process.pid is not None
        # It may have ended since it was last looked at: the server of forks has waited for it then.
        with suppress(ProcessLookupError):
            os.kill(self._process.pid, signal.SIGSTOP)
        return self._is_stopped()

    def _is_stopped(self) -> bool:
        """Wait until it is stopped; tell whether it is, or has ended."""
        try:
            while (status := psutil.Process(self._process.pid).status()) not in _AT_REST:
                time.sleep(0.005)
        except psutil.NoSuchProcess:
            return False
        return status == psutil.STATUS_STOPPED

    def go_on(self) -> None:
        """Let it go on after it was stopped."""
        assert self._process.pid is not None
        os.kill(self._process.pid, signal.SIGCONT)

    def stops(self) -> bool:
        """Wait until it has stopped itself; tell whether it has, or ended before."""
        if self._said.recv() != _STOPPED:
            return False
        return self._is_stopped()

    def places(self) -> "list[Place]":
        """Wait for its end, and return the instants at which it could have died or been stopped."""
        found = list(iter(self._said.recv, RunStatus.SUCCESSFUL.value))
        self._process.join()
        return found

    @property
    def exit_code(self) -> int | None:
        """What it ended with."""
        self._process.join()
        return self._process.exitcode

    @property
    def outcome(self) -> str:
        """How its run ended: the status, or the kind of the error that was raised."""
        said = str(self._said.recv())
        self._process.join()
        return said


def _run(
    workspace: Path,
    environment: dict[str, str],
    says: Connection,
    dies_at: Place | None,
    stops_at: Place | None,
    largest_file: int | None,
    called: tuple[str, str],
    options: dict[str, Any],
) -> None:
    os.environ.update(environment)
    opened = toolkit.open_workspace(workspace)
    if dies_at is not None:
        _die_at(dies_at, workspace, says)
    if stops_at is not None:
        _stop_at(stops_at, workspace, says)
    if largest_file is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))
    says.send(_BEGUN)
    try:
        method, subject = called
        result = attrgetter(method)(opened)(subject, **options)
        says.send(result.status.value if isinstance(result, toolkit.Run) else DONE)
    except ToolkitError as error:
        says.send(type(error).__name__)


def _die_at(place: Place, workspace: Path, says: Connection) -> None:
    """Kill this process at an instant at which something is about to change.

    That is: a file below the workspace is about to be made, renamed or dropped, bytes are about to be sent over HTTP, or
    a transaction that wrote is about to be committed. What lies between two such instants changes nothing, so that one
    who dies there leaves what one leaves who dies at the second.
    """
    from sqlalchemy import Engine, event

    passed: Counter[str] = Counter()
    lock = threading.Lock()
    wrote: set[Any] = set()

    def pass_by(what: str) -> None:
        with lock:
            passed[what] += 1
            here = Place(what, passed[what])
            if place == NOWHERE:
                says.send(here)
        if here == place:
            os.kill(os.getpid(), signal.SIGKILL)

    def on_audit(name: str, arguments: tuple[Any, ...]) -> None:
        if name == "http.client.send":
            pass_by("send")
        elif name not in _FILE_EVENTS or not str(arguments[0]).startswith(str(workspace)):
            return
        elif name != "open" or arguments[2] & (os.O_WRONLY | os.O_RDWR):
            pass_by(f"{_FILE_EVENTS[name]} {_kind_of_file(str(arguments[0]))}")

    def on_statement(connection: Any, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith(("INSERT", "UPDATE", "DELETE")):
            wrote.add(connection)

    def on_commit(connection: Any) -> None:
        if connection in wrote:
            wrote.discard(connection)
            pass_by(f"commit of {_who_commits()}")

    sys.addaudithook(on_audit)
    event.listen(Engine, "before_cursor_execute", on_statement)
    event.listen(Engine, "commit", on_commit)


def _stop_at(place: Place, workspace: Path, says: Connection) -> None:
    """Stop this process at an instant at which something is about to change, and no transaction is open.

    That is: a transaction is about to begin, bytes are about to be sent over HTTP, or a file below the workspace is about
    to be made, renamed or dropped. At ``NOWHERE`` it only tells of all of them.
    """
    from sqlalchemy import event
    from sqlalchemy.orm import Session

    passed: Counter[str] = Counter()
    open_ones: set[int] = set()
    lock = threading.Lock()

    def pass_by(what: str) -> None:
        if threading.get_ident() in open_ones:
            return
        with lock:
            passed[what] += 1
            here = Place(what, passed[what])
            if place == NOWHERE:
                says.send(here)
            elif here == place:
                # No other thread may hold the database locked meanwhile.
                while open_ones:
                    time.sleep(0.001)
                says.send(_STOPPED)
                # Sent to the process it might arrive a moment later, when this thread has gone on.
                signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)

    def on_audit(name: str, arguments: tuple[Any, ...]) -> None:
        if name == "http.client.send":
            pass_by("send body" if arguments[1][:1] == b"{" else f"send {bytes(arguments[1][:6]).split()[0].decode()}")
        elif name not in _FILE_EVENTS or not str(arguments[0]).startswith(str(workspace)):
            return
        elif name != "open" or arguments[2] & (os.O_WRONLY | os.O_RDWR):
            pass_by(f"{_FILE_EVENTS[name]} {_kind_of_file(str(arguments[0]))}")

    def on_transaction(_session: object, transaction: Any) -> None:
        if transaction.parent is not None:
            return
        if threading.current_thread().name != "heartbeat":
            pass_by(f"transaction of {_who_commits()}")
        with lock:
            open_ones.add(threading.get_ident())

    def on_end(_session: object, transaction: Any) -> None:
        if transaction.parent is None:
            open_ones.discard(threading.get_ident())

    sys.addaudithook(on_audit)
    event.listen(Session, "after_transaction_create", on_transaction)
    event.listen(Session, "after_transaction_end", on_end)


_BEGUN = "begun"
_STOPPED = "stopped"
_FILE_EVENTS = {"open": "write", "os.mkdir": "make", "os.rename": "rename", "os.remove": "drop"}


def _kind_of_file(path: str) -> str:
    if "history" in Path(path).parts:
        return "history"
    return "plan" if "plan-" in path else "report" if "report" in path else Path(path).parent.name


def _who_commits() -> str:
    frame = sys._getframe()
    while frame.f_back is not None:
        frame = frame.f_back
        module = frame.f_globals.get("__name__", "")
        if module.startswith("toolkit.") and not module.endswith(".folder"):
            return f"{module}.{frame.f_code.co_qualname}"
    return "nobody"
