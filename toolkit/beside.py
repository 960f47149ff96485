"""What is set up beside the notebooks, for JupyterLab and for the application without code alike."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from toolkit.sandbox import Sandbox, SharedSandbox, StartedSandbox, attach_or_start
from toolkit.tables import Profiles, SegmentFolder
from toolkit.workspace.locations import Tables
from toolkit.workspace.making import open_or_make

_LONGEST_SOCKET = 100
"""What the name of a socket may have, on any system, in bytes."""


def kernels_transport() -> str:
    """Return how kernels are reached: by sockets in Jupyter's private runtime folder, where there can be such.

    Else over TCP on this machine, as Jupyter does: without sockets of files, or in a folder whose name is too long.
    """
    from jupyter_core.paths import jupyter_runtime_dir

    longest = os.fsencode(Path(jupyter_runtime_dir()) / f"kernel-{uuid4()}-ipc-5")
    return "ipc" if os.name == "posix" and len(longest) <= _LONGEST_SOCKET else "tcp"


def make_sample_workspace(project: Path, *, say: Callable[[str], None]) -> None:
    """Make the workspace of the notebooks, on the sample data, unless the project has one."""
    data = project / "data" / "day1"
    if not data.is_dir():
        return
    tables = Tables(
        Profiles(location=str(data / "profiles"), key="CustomerId"),
        SegmentFolder(location=str(data / "segments"), key="CustomerId"),
    )
    made = open_or_make(project / "workspace", tables)
    if made.is_new:
        say(f"New workspace: {made.path}, on the sample data")


@contextmanager
def embedded_criteo(project: Path, *, say: Callable[[str], None]) -> Iterator[Sandbox]:
    """Start the embedded Criteo of the project's workspace, or share the one that runs; say which and where."""
    with attach_or_start(keep=project / "workspace" / "sandbox") as criteo:
        shared = ", which runs already" if isinstance(criteo, SharedSandbox) else ""
        say(f"Embedded Criteo: {criteo.url}{shared}")
        if isinstance(criteo, StartedSandbox) and criteo.taken_port is not None:
            say(
                f"Another program listens on port {criteo.taken_port}. Connections to that port don't reach this "
                "embedded Criteo: make new ones to the address above."
            )
        yield criteo
