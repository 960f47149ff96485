"""JupyterLab on the notebooks, with an embedded Criteo beside it."""

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from toolkit.errors import ConfigurationError
from toolkit.sandbox import attach_or_start

# JupyterLab asks whether it may look for news, and looks for newer versions and extensions, unless it is told not to.
NO_CALLS_OUT = (
    f"--LabApp.app_settings_dir={Path(__file__).with_name('lab_settings')}",
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
        command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={notebooks}", *NO_CALLS_OUT, *arguments]
        try:
            environment = os.environ | {"TOOLKIT_SANDBOX_URL": criteo.url}
            return subprocess.run(command, env=environment, check=False).returncode  # noqa: S603  # the person's own words
        except KeyboardInterrupt:
            return 0
