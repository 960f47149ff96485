"""The notebooks as an application without code, through Voilà, with an embedded Criteo beside it."""

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from toolkit.extras import Extra, require
from toolkit.launching import embedded_criteo
from toolkit.project import Project
from toolkit.translatable import _

_TEMPLATES = Path(__file__).with_name("share")


def run_app(project: Path, arguments: Sequence[str], *, say: Callable[[str], None]) -> int:
    """Serve the project's notebooks until interrupted; ``arguments`` go to Voilà. Return its exit code.

    Raises:
        MissingExtraError: Voilà is not installed.
        ConfigurationError: The folder holds no project.
    """
    require(Extra.APP, _("The application without code"), otherwise=_("open the notebooks with `toolkit lab`"))
    opened = Project.open(project)
    with embedded_criteo(opened, say=say) as environment:
        command = [sys.executable, "-m", "toolkit.app", str(opened.notebooks), *arguments]
        try:
            return subprocess.run(command, env=os.environ | served_with() | environment, check=False).returncode  # noqa: S603  # the person's own words
        except KeyboardInterrupt:
            return 0


def served_with() -> dict[str, str]:
    """Return the environment in which Voilà finds the application's pages."""
    known = os.environ.get("JUPYTER_PATH")
    return {"JUPYTER_PATH": os.pathsep.join([str(_TEMPLATES), *([known] if known else [])])}
