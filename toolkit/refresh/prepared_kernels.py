"""Kernels that are ready before an export needs one: forks of a process that has imported what a run needs.

A kernel takes seconds to start and import, a tiny export less than one. Where no kernel can be forked (Windows, macOS,
a Linux without process handles), and whenever something is wrong with the process that forks them, a kernel is started
for the export as Jupyter starts any: slower, and otherwise the same.
"""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypedDict, cast

from toolkit.kernel_server import READY, read_line

if TYPE_CHECKING:
    from jupyter_client.connect import KernelConnectionInfo
    from jupyter_client.manager import AsyncKernelManager

_WORTH_IT_FROM = 2
"""Exports of one refresh from which on it is faster to prepare kernels than to start each."""
_LONGEST_START_SECONDS = 60.0
_LONGEST_FORK_SECONDS = 30.0
_OLD_AFTER_SECONDS = 900.0
"""After this a server is replaced, because what it imported may have been upgraded on the disk."""
_MOST_FAILURES = 3
"""After so many, kernels are started as Jupyter starts any."""
_LONGEST_END_SECONDS = 1.0
"""A kernel that has not ended this long after it was asked to is busy."""
_LOOKS_EVERY_SECONDS = 0.02
_LAUNCHER = "ipykernel_launcher"


class PreparedKernels:
    """The process that forks kernels, begun when it is entered and ended with it; it is replaced when it fails."""

    def __init__(self, folder: Path, *, exports: int) -> None:
        self._folder = folder
        self._is_used = exports >= _WORTH_IT_FROM and can_fork()
        self._server: _Server | None = None
        self._failures = 0

    def __enter__(self) -> Self:
        if self._is_used:
            self._server = self._begun()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._end()

    def take(self, arguments: Sequence[str], *, folder: str, environment: Mapping[str, str]) -> "ForkedKernel | None":
        """Return a kernel that serves nothing else, started with these arguments; None when there is none."""
        if not self._is_used or self._failures >= _MOST_FAILURES:
            return None
        if self._server is not None and self._server.age_seconds > _OLD_AFTER_SECONDS:
            self._end()
        if self._server is None:
            self._server = self._begun()
        if self._server is None:
            return None
        try:
            return self._server.fork(arguments, folder=folder, environment=environment)
        except OSError:  # it is gone, or says nothing for too long
            # One that never could fork will not the next time.
            self._failures += 1 if self._server.is_ready else _MOST_FAILURES
            self._end()
            return None

    def _begun(self) -> "_Server | None":
        try:
            return _Server(self._folder)
        except OSError:
            self._failures += 1
            return None

    def _end(self) -> None:
        if self._server is not None:
            self._server.end()
            self._server = None


class _Server:
    """A running ``toolkit.kernel_server``."""

    def __init__(self, folder: Path) -> None:
        ours, its = socket.socketpair()
        with its:
            # Begun as a kernel is: it imports nothing from the folder, and is interrupted by nobody's keyboard.
            self._process = subprocess.Popen(  # noqa: S603  # this interpreter
                [sys.executable, "-P", "-m", "toolkit.kernel_server", str(its.fileno())],
                cwd=folder,
                pass_fds=[its.fileno()],
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        self._line = ours
        self._begun_at = time.monotonic()
        self.is_ready = False

    @property
    def age_seconds(self) -> float:
        return time.monotonic() - self._begun_at

    def fork(self, arguments: Sequence[str], *, folder: str, environment: Mapping[str, str]) -> "ForkedKernel | None":
        """Return a new kernel, None when none came to life. Raises OSError when the server is of no use."""
        if not self.is_ready:
            self._line.settimeout(_LONGEST_START_SECONDS)
            if read_line(self._line) != READY:
                raise ConnectionError
            self.is_ready = True
        self._line.settimeout(_LONGEST_FORK_SECONDS)
        order = {"arguments": list(arguments), "folder": folder, "environment": dict(environment)}
        self._line.sendall(json.dumps(order).encode() + b"\n")
        answer, handles, _, _ = socket.recv_fds(self._line, 4096, 1)
        if not answer:
            raise ConnectionError
        return ForkedKernel(json.loads(answer)["pid"], handles[0]) if handles else None

    def end(self) -> None:
        self._line.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(5)
        self._process.kill()
        self._process.wait()


class ForkedKernel:
    """A kernel that is another process's child, with the interface of ``subprocess.Popen`` that Jupyter uses."""

    stdin = stdout = stderr = None

    def __init__(self, pid: int, handle: int) -> None:
        self.pid = pid
        self._handle: int | None = handle

    def poll(self) -> int | None:
        """Return None while it runs; then 0, because only its parent is told how it ended."""
        return self._ended(within_seconds=0)

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it ended."""
        ended = self._ended(within_seconds=timeout)
        if ended is None:
            raise subprocess.TimeoutExpired(_LAUNCHER, timeout or 0)
        self._close()
        return ended

    def send_signal(self, number: int) -> None:
        """Send it a signal; nothing when it ended."""
        if self._handle is not None:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._handle, number)

    def kill(self) -> None:
        """End it."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def _ended(self, *, within_seconds: float | None) -> int | None:
        if self._handle is None:
            return 0
        ended, _, _ = select.select([self._handle], [], [], within_seconds)
        return 0 if ended else None

    def _close(self) -> None:
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


class _Launch(TypedDict):
    folder: str
    environment: Mapping[str, str]


def _of_launch(given: Mapping[str, Any]) -> _Launch:
    """Return where and with what environment Jupyter starts a kernel."""
    environment = given.get("env")
    return _Launch(
        folder=str(given.get("cwd") or Path.cwd()), environment=os.environ if environment is None else environment
    )


@cache
def can_fork() -> bool:
    """Tell whether kernels can be forked on this machine."""
    if sys.platform != "linux":
        return False
    try:
        os.close(os.pidfd_open(os.getpid()))
    except OSError:
        return False
    return True


def kernel_manager(kernels: PreparedKernels | None) -> "type[AsyncKernelManager]":
    """Return what starts a kernel: ``python3`` is this interpreter, also where a user has another of that name."""
    import asyncio
    from uuid import uuid4

    from ipykernel.kernelspec import get_kernel_dict
    from jupyter_client.kernelspec import NATIVE_KERNEL_NAME, KernelSpec
    from jupyter_client.manager import AsyncKernelManager
    from jupyter_client.provisioning.local_provisioner import LocalProvisioner

    from toolkit.refresh.kernel_client import KernelClient

    class Prepared(LocalProvisioner):
        async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> "KernelConnectionInfo":
            taken = None if kernels is None else kernels.take(cmd[cmd.index(_LAUNCHER) + 1 :], **_of_launch(kwargs))
            if taken is None:
                return await super().launch_kernel(cmd, **kwargs)
            self.process = cast("subprocess.Popen[bytes]", taken)  # it has what is used of one
            # It leads a group of its own, so that what it starts ends with it.
            self.pid = self.pgid = taken.pid
            self.cwd = kwargs.get("cwd", Path.cwd())
            return self.connection_info

    class OwnInterpreter(AsyncKernelManager):
        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.client_factory = KernelClient
            if self.kernel_name == NATIVE_KERNEL_NAME:
                self.kernel_id = str(uuid4())
                self.provisioner = Prepared(kernel_id=self.kernel_id, kernel_spec=self.kernel_spec, parent=self)

        @property
        def kernel_spec(self) -> KernelSpec | None:
            if self.kernel_name != NATIVE_KERNEL_NAME:
                return super().kernel_spec
            # It starts in the workspace, where colleagues write: no module of that folder is imported.
            return KernelSpec(**get_kernel_dict(python_arguments=["-P"]))

        async def shutdown_kernel(  # type: ignore[override]  # a coroutine in the class above, where types can't tell
            self, now: bool = False, restart: bool = False
        ) -> None:
            # Jupyter interrupts a kernel before it asks it to end. The kernel may have sent its last answer and not be
            # done with the question: then it tells of the interrupt on standard error. So it is asked first, and only
            # one that is busy with a cell is interrupted.
            if not now and self.owns_kernel and self.has_kernel:
                await self.request_shutdown(restart=restart)
                if await self._has_ended(within_seconds=_LONGEST_END_SECONDS):
                    await self.cleanup_resources(restart=restart)
                    return
            await super().shutdown_kernel(now=now, restart=restart)

        async def _has_ended(self, *, within_seconds: float) -> bool:
            until = time.monotonic() + within_seconds
            while await self.is_alive():
                if time.monotonic() > until:
                    return False
                await asyncio.sleep(_LOOKS_EVERY_SECONDS)
            if self.provisioner is not None:
                await self.provisioner.wait()
            return True

    return OwnInterpreter
