"""What is set up beside the notebooks, for JupyterLab and for the application without code alike."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from toolkit.sandbox import Sandbox, SharedSandbox, StartedSandbox, attach_or_start

KERNELS_TRANSPORT = "ipc" if os.name == "posix" else "tcp"
"""How a kernel is reached: by sockets in a folder of the account, where there are such, and not over TCP."""
PRIVATE_KERNELS = (f"--KernelManager.transport={KERNELS_TRANSPORT}",)


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
