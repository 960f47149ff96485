"""JupyterLab on the notebooks, with an embedded Criteo beside it."""

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from toolkit.beside import embedded_criteo, kernels_transport, make_sample_workspace
from toolkit.errors import ConfigurationError

# JupyterLab asks whether it may look for news, and looks for newer versions and extensions, unless it is told not to.
NO_CALLS_OUT = (
    f"--LabApp.app_settings_dir={Path(__file__).with_name('lab_settings')}",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    "--LabApp.extension_manager=readonly",
)


def settings() -> tuple[str, ...]:
    """Return what JupyterLab is set to, as its arguments."""
    return (*NO_CALLS_OUT, f"--KernelManager.transport={kernels_transport()}")


def run_lab(project: Path, arguments: Sequence[str], *, say: Callable[[str], None]) -> int:
    """Serve the project's notebooks until interrupted; ``arguments`` go to JupyterLab. Return its exit code."""
    notebooks = project / "notebooks"
    if not notebooks.is_dir():
        raise ConfigurationError(f"There is no folder {notebooks}.", "Run this in a checkout of the project.")
    make_sample_workspace(project, say=say)
    with embedded_criteo(project, say=say) as criteo:
        command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={notebooks}", *settings(), *arguments]
        try:
            environment = os.environ | {"TOOLKIT_SANDBOX_URL": criteo.url}
            return subprocess.run(command, env=environment, check=False).returncode  # noqa: S603  # the person's own words
        except KeyboardInterrupt:
            return 0
