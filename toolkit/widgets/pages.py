"""The notebooks of forms, as a person finds them."""

from dataclasses import dataclass
from typing import Any

from toolkit.translatable import mark
from toolkit.widgets.language import Words


@dataclass(frozen=True)
class Page:
    """A notebook of forms: its file, its title, and what it is for. Both texts are in the catalogs."""

    file: str
    title: str
    about: str


def pages() -> tuple[Page, ...]:
    """Return the notebooks in the order in which a newcomer needs them."""
    return (
        Page(
            "01_connections.ipynb",
            mark("Connections"),
            mark("Add the account at Criteo, and say who can use it."),
        ),
        Page(
            "02_preview_a_segment.ipynb",
            mark("Preview a segment"),
            mark("See who would be sent, and who not and why. Nothing leaves this machine."),
        ),
        Page(
            "03_exports.ipynb",
            mark("Exports"),
            mark("Choose what is sent, and when. Saving does not run it."),
        ),
        Page(
            "04_run_and_history.ipynb",
            mark("Run and history"),
            mark("Run an export, watch it, and look back at what became of each run."),
        ),
    )


def pages_in(words: Words) -> dict[str, Any]:
    """Return what an application says of its pages, in this language."""
    return {
        "language": words.language,
        "start": words.say("Start"),
        "title": words.say("Customer segments to Criteo"),
        "pages": [{"file": it.file, "title": words.say(it.title), "about": words.say(it.about)} for it in pages()],
    }
