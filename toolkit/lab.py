"""JupyterLab on the notebooks of a project, with its embedded Criteo beside it."""

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from toolkit.bundled import HOME
from toolkit.launching import embedded_criteo, kernels_transport
from toolkit.project import Project

# JupyterLab asks whether it may look for news, and looks for newer versions and extensions, unless it is told not to.
NO_CALLS_OUT = (
    f"--LabApp.app_settings_dir={Path(__file__).with_name('lab_settings')}",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    "--LabApp.extension_manager=readonly",
)


def settings() -> tuple[str, ...]:
    """Return what JupyterLab is set to, as its arguments."""
    return (*NO_CALLS_OUT, f"--KernelManager.transport={kernels_transport()}")


def _first_page(project: Project) -> list[str]:
    """Return what opens the start page; a project that was made before there was one opens as it did."""
    has_start = (project.notebooks / HOME).is_file()
    return [f"--LabApp.default_url=/lab/tree/{HOME}"] if has_start else []


def run_lab(project: Path, arguments: Sequence[str], *, say: Callable[[str], None]) -> int:
    """Serve the project's notebooks until interrupted; ``arguments`` go to JupyterLab. Return its exit code.

    Raises:
        ConfigurationError: The folder holds no project.
    """
    opened = Project.open(project)
    with embedded_criteo(opened, say=say) as environment:
        served = [f"--ServerApp.root_dir={opened.notebooks}", *_first_page(opened)]
        command = [sys.executable, "-m", "jupyterlab", *served, *settings(), *arguments]
        try:
            return subprocess.run(command, env=os.environ | environment, check=False).returncode  # noqa: S603  # the person's own words
        except KeyboardInterrupt:
            return 0
