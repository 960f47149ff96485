"""What is set up beside the notebooks, for JupyterLab and for the application without code alike."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from toolkit.project import Project
from toolkit.sandbox import SharedSandbox, StartedSandbox, attach_or_start
from toolkit.translatable import _

_LONGEST_SOCKET = 100
"""What the name of a socket may have, on any system, in bytes."""


def kernels_transport() -> str:
    """Return how kernels are reached: by sockets in Jupyter's private runtime folder, where there can be such.

    Else over TCP on this machine, as Jupyter does: without sockets of files, or in a folder whose name is too long.
    """
    from jupyter_core.paths import jupyter_runtime_dir

    longest = os.fsencode(Path(jupyter_runtime_dir()) / f"kernel-{uuid4()}-ipc-5")
    return "ipc" if os.name == "posix" and len(longest) <= _LONGEST_SOCKET else "tcp"


@contextmanager
def embedded_criteo(project: Project, *, say: Callable[[str], None]) -> Iterator[dict[str, str]]:
    """Start the project's embedded Criteo, if it has one, or share the one that runs; say which and where.

    Yields the environment in which notebooks find it.
    """
    if not project.sandbox.is_dir():
        yield {}
        return
    with attach_or_start(keep=project.sandbox) as criteo:
        shared = _(", which runs already") if isinstance(criteo, SharedSandbox) else ""
        say(f"Embedded Criteo: {criteo.url}{shared}")
        if isinstance(criteo, StartedSandbox) and criteo.taken_port is not None:
            say(
                _(
                    "Another program listens on port {taken_port}. Connections to that port don't reach "
                    "this embedded Criteo: make new ones to the address above.",
                    taken_port=criteo.taken_port,
                )
            )
        yield {"TOOLKIT_SANDBOX_URL": criteo.url}
