"""The notebooks as an application without code, through Voilà, with an embedded Criteo beside it."""

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from toolkit.beside import embedded_criteo, make_sample_workspace
from toolkit.errors import ConfigurationError

_TEMPLATES = Path(__file__).with_name("share")


def run_app(project: Path, arguments: Sequence[str], *, say: Callable[[str], None]) -> int:
    """Serve the project's notebooks until interrupted; ``arguments`` go to Voilà. Return its exit code."""
    notebooks = project / "notebooks"
    if not notebooks.is_dir():
        raise ConfigurationError(f"There is no folder {notebooks}.", "Run this in a checkout of the project.")
    make_sample_workspace(project, say=say)
    with embedded_criteo(project, say=say) as criteo:
        environment = os.environ | served_with() | {"TOOLKIT_SANDBOX_URL": criteo.url}
        command = [sys.executable, "-m", "toolkit.app", str(notebooks), *arguments]
        try:
            return subprocess.run(command, env=environment, check=False).returncode  # noqa: S603  # the person's own words
        except KeyboardInterrupt:
            return 0


def served_with() -> dict[str, str]:
    """Return the environment in which Voilà finds the application's pages."""
    known = os.environ.get("JUPYTER_PATH")
    return {"JUPYTER_PATH": os.pathsep.join([str(_TEMPLATES), *([known] if known else [])])}
