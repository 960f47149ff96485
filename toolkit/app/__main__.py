"""Voilà, set up for the notebooks of forms: ``python -m toolkit.app FOLDER``."""

import webbrowser
from typing import Any

from traitlets import default
from voila.app import Voila

from toolkit.forms.language import words_for
from toolkit.forms.pages import pages_in

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
        self.config.VoilaExporter.language_code = words_for(None).language
        super().initialize(argv)

    def launch_browser(self) -> None:
        """Open the first page, with the token."""
        webbrowser.open(self.display_url)


def _with_pages(page_config: dict[str, Any], **_: object) -> dict[str, Any]:
    """Add what the templates say, in the language of the forms."""
    page_config["toolkit"] = pages_in(words_for(None))
    return page_config


if __name__ == "__main__":
    App.launch_instance()
