"""Voilà, set up for the notebooks of forms: ``python -m toolkit.app FOLDER``."""

import atexit
import os
import webbrowser
from pathlib import Path
from tempfile import mkstemp
from typing import Any

from jupyter_core.paths import jupyter_runtime_dir
from traitlets import default
from voila import notebook_renderer
from voila.app import Voila
from voila.execute import VoilaExecutor

from toolkit import errors
from toolkit.display import fragment
from toolkit.errors import ToolkitError
from toolkit.launching import kernels_transport
from toolkit.markup import markup
from toolkit.widgets.language import words_for
from toolkit.widgets.page_list import pages_in
from toolkit.widgets.surroundings import WITHOUT_CODE

NOTEBOOK_ONLY = "notebook-only"
"""The tag of cells that the application leaves out."""

# What draws widgets. No other extension of JupyterLab is loaded, whatever is installed.
_EXTENSIONS = ["@jupyter-widgets/jupyterlab-manager", "@voila-dashboards/widgets-manager8", "anywidget"]


class App(Voila):
    """Voilà for this machine only, behind a token: who opens a page acts with the key of who serves it."""

    name = "voila"

    @default("auto_token")
    def _a_token(self) -> bool:
        return True

    def initialize(self, argv: list[str] | None = None) -> None:
        """Read the arguments; what is set here gives way to them."""
        here = self.config.VoilaConfiguration
        here.template = "toolkit"
        here.classic_tree = True
        here.strip_sources = True
        here.page_config_hook = _with_pages
        here.extension_allowlist = _EXTENSIONS
        here.allow_template_override = "NO"
        here.prelaunch_hook = _without_code
        # Its own message is advice for who serves the pages, and not for who reads them.
        notebook_renderer.VoilaExecutor = TellingExecutor
        os.environ[WITHOUT_CODE] = "1"
        self.config.VoilaExporter.language_code = words_for(None).language
        self.config.KernelManager.transport = kernels_transport()
        super().initialize(argv)

    def launch_browser(self) -> None:
        """Open the first page, by a file that only its owner may read: a program's arguments are for all to see."""
        file = redirect_file(self.display_url)
        atexit.register(file.unlink, missing_ok=True)
        webbrowser.open(file.as_uri())


def redirect_file(url: str) -> Path:
    """Write a page that leads to the address, for its owner only; return its file."""
    folder = Path(jupyter_runtime_dir())
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor, name = mkstemp(prefix="toolkit-app-", suffix="-open.html", dir=folder)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        page = '<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0; url={url}">'
        file.write(markup(page + '<p><a href="{url}">Open the application</a></p>', url=url))
    return Path(name)


class TellingExecutor(VoilaExecutor):
    """Executes a page; what goes wrong in it is told in the page, in two sentences."""

    def strip_code_cell_errors(self, cell: Any) -> Any:
        """Put a notice in the place of each error of a cell."""
        cell["outputs"] = [_told(it) if it["output_type"] == "error" else it for it in cell.get("outputs", ())]
        return cell


def _told(error: Any) -> Any:
    """Return an error of a cell as an output that is read. Of what nobody foresaw the words may quote the data."""
    words = words_for(None)
    known = {it.__name__ for it in vars(errors).values() if isinstance(it, type) and issubclass(it, ToolkitError)}
    said = (
        error["evalue"].partition("\n")[0]
        if error["ename"] in known
        else words.say(
            "Something unforeseen happened ({kind}). Open this page again; if it happens again, report it.",
            kind=error["ename"],
        )
    )
    html = fragment(
        markup(
            '<div class="toolkit-notice toolkit-bad" role="alert"><strong>{word}:</strong> {said}</div>',
            word=words.say("Error"),
            said=said,
        )
    )
    data = {"text/html": str(html), "text/plain": said}
    return error.__class__(
        {"output_type": "display_data", "data": error.__class__(data), "metadata": error.__class__()}
    )


def _without_code(_: Any, *, notebook: Any, **__: object) -> Any:
    """Leave out the cells that are of use only to who sees code."""
    notebook.cells = [it for it in notebook.cells if NOTEBOOK_ONLY not in it.metadata.get("tags", ())]
    return notebook


def _with_pages(page_config: dict[str, Any], **_: object) -> dict[str, Any]:
    """Add what the templates say, in the language of the forms."""
    page_config["toolkit"] = pages_in(words_for(None))
    return page_config


if __name__ == "__main__":
    App.launch_instance()
