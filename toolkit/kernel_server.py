"""A process that has imported what a run needs, and of which each export gets a Jupyter kernel of its own by a fork.

Run by the refresh as ``python -P -m toolkit.kernel_server``, on Linux. It imports once what takes seconds, and always
has one kernel ready: forked, with the toolkit imported, and waiting to be told which notebook it serves. A kernel that
was told serves that notebook alone, and the next one is forked.

Polars must not be imported before a fork, because its threads would be missing after it: that is left to each kernel.
The threads that numpy, scipy and pyarrow bring along are made for forks (OpenBLAS and jemalloc take care of theirs).

It ends when the refresh does, however that ends, and its kernels with it: the one that waits sees that nobody will
tell it, and one that serves a notebook that its parent is gone, as every kernel of Jupyter does.
"""

import atexit
import gc
import json
import os
import select
import signal
import socket
import sys
import threading
import time
import warnings
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from toolkit.importing import import_great_expectations, without_garbage_collection

READY = b"ready\n"
"""What the server says once it can fork."""
_BEGUN = b"begun\n"
"""What a kernel says when it was told which notebook it serves."""
_LONGEST_END_SECONDS = 4.0
"""A kernel that waits and has not ended by then is stuck. The refresh waits a little longer for this process."""
NEVER_BEFORE_A_FORK = "polars"
_BEFORE_A_FORK = (
    "ipykernel.debugger",
    "ipykernel.kernelapp",
    "ipykernel.ipkernel",
    "ipykernel.zmqshell",
    "IPython.core.completer",
    "alembic.runtime.migration",
    "asyncio",
    "bleach",
    "great_expectations.render",
    "great_expectations.validator.validator",
    "idna",
    "ipywidgets",
    "jinja2",
    "nacl.public",
    "narwhals.stable.v1",
    "orjson",
    "pandas",
    "psutil",
    "pyarrow.pandas_compat",
    "pyarrow.parquet",
    "pydantic.dataclasses",
    "requests",
    "rich.progress",
    "sqlalchemy.dialects.sqlite",
    "sqlalchemy.orm",
    "tenacity",
    "tqdm.auto",
    "yaml",
)
"""What a run and its report use."""
_REHEARSAL = "toolkit.refresh.rehearsal"
"""What each kernel does before it is needed, of what a fork can't take along."""


@dataclass(frozen=True)
class _Waiting:
    """A kernel that was not told yet which notebook it serves."""

    pid: int
    line: socket.socket

    def serve(self, order: bytes) -> bool:
        """Tell it; False when it is gone."""
        with self.line, suppress(OSError):
            self.line.sendall(order)
            return read_line(self.line) == _BEGUN
        return False

    def end(self) -> None:
        """Let it end, and wait for it: killed, it would leave what a library has in temporary files."""
        self.line.close()
        with suppress(ChildProcessError):
            handle = os.pidfd_open(self.pid)
            ended, _, _ = select.select([handle], [], [], _LONGEST_END_SECONDS)
            os.close(handle)
            if not ended:
                os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)


def main(control: socket.socket) -> None:
    """Fork a kernel for each order that comes in, until the refresh is gone."""
    # Of the debugger, which every kernel imports: it would warn that it can't step through Python's own modules.
    os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"
    with without_garbage_collection():
        import_great_expectations()
        for name in _BEFORE_A_FORK:
            import_module(name)
    if NEVER_BEFORE_A_FORK in sys.modules or threading.active_count() > 1:
        # In a version of a library that imports Polars or runs a thread. Each kernel is started anew then.
        return
    gc.freeze()
    with suppress(OSError):  # the refresh ended meanwhile
        control.sendall(READY)
    waiting = _fork(control)
    while order := read_line(control):
        _reap()
        if not (is_served := waiting.serve(order)):
            # It died while it waited: the order is given to another, once.
            waiting = _fork(control)
            is_served = waiting.serve(order)
        pid = waiting.pid
        with suppress(OSError):
            if is_served:
                handle = os.pidfd_open(pid)
                socket.send_fds(control, [json.dumps({"pid": pid}).encode() + b"\n"], [handle])
                os.close(handle)
            else:
                control.sendall(b"{}\n")
        waiting = _fork(control)
    waiting.end()
    _reap()


def read_line(line: socket.socket) -> bytes:
    """Return what comes in up to the end of a line; nothing when the other side is gone. One line is sent at a time."""
    received = bytearray()
    while not received.endswith(b"\n"):
        try:
            part = line.recv(65536)
        except ConnectionResetError:  # gone without having read what it was sent
            part = b""
        if not part:
            return b""
        received += part
    return bytes(received)


def _fork(control: socket.socket) -> _Waiting:
    """Fork a kernel; in the new process this does not return before its notebook is served."""
    ours, its = socket.socketpair()
    with warnings.catch_warnings():
        # Of the threads that Python warns of, their libraries take care.
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid:
        its.close()
        return _Waiting(pid, ours)
    control.close()
    ours.close()
    _wait_and_serve(its)
    # What Python takes apart at its end, libzmq's threads may still look at: they abort with a word on standard error.
    atexit._run_exitfuncs()  # as multiprocessing ends a process that was forked
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _wait_and_serve(line: socket.socket) -> None:
    """Import what a run needs, wait for the order, and be a kernel of Jupyter until that is shut down."""
    os.setsid()
    with without_garbage_collection():
        import_module(_REHEARSAL).rehearse()
    gc.freeze()
    order = read_line(line)
    if not order:
        return
    told: dict[str, Any] = json.loads(order)
    os.environ.clear()
    os.environ.update(told["environment"])
    # As the debugger, which every kernel imports, would have set it now.
    os.environ.setdefault("PYDEVD_USE_FRAME_EVAL", "NO")
    # By this Jupyter's kernels see that whoever started them is gone.
    parent = os.getppid()
    os.environ["JPY_PARENT_PID"] = str(parent)
    os.chdir(told["folder"])
    time.tzset()
    _draw_other_random_numbers()
    line.sendall(_BEGUN)
    line.close()
    launcher = find_spec("ipykernel_launcher")
    sys.argv = [launcher.origin if launcher and launcher.origin else "ipykernel_launcher", *told["arguments"]]
    from ipykernel import kernelapp

    kernelapp.launch_new_instance(argv=[*told["arguments"], f"--IPKernelApp.parent_handle={parent}"])


def _draw_other_random_numbers() -> None:
    """Let numpy draw other numbers than in the kernels before; Python's own generators see to it themselves."""
    if "numpy.random" in sys.modules:
        sys.modules["numpy.random"].seed()


def _reap() -> None:
    """Let the kernels that ended go."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])))
