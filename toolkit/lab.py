"""JupyterLab on the notebooks, with an embedded Criteo beside it."""

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from toolkit.errors import ConfigurationError
from toolkit.sandbox import attach_or_start

# JupyterLab looks for news, for its newer versions and for extensions on the network unless it is told not to.
_NO_CALLS_OUT = (
    "--LabApp.news_url=None",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    "--LabApp.extension_manager=readonly",
)


def run_lab(project: Path, arguments: Sequence[str], *, say: Callable[[str], None]) -> int:
    """Serve the project's notebooks until interrupted; ``arguments`` go to JupyterLab. Return its exit code."""
    notebooks = project / "notebooks"
    if not notebooks.is_dir():
        raise ConfigurationError(f"There is no folder {notebooks}.", "Run this in a checkout of the project.")
    with attach_or_start(keep=project / "workspace" / "sandbox") as criteo:
        say(f"Embedded Criteo: {criteo.url}")
        command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={notebooks}", *_NO_CALLS_OUT, *arguments]
        try:
            return subprocess.run(command, env=os.environ | {"TOOLKIT_SANDBOX_URL": criteo.url}, check=False).returncode
        except KeyboardInterrupt:
            return 0
