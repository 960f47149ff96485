"""The notebooks of forms, as a person finds them."""

from dataclasses import dataclass
from typing import Any

from toolkit.bundled import HOME
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
        Page(HOME, mark("Start"), mark("See how each export stands, and what needs you.")),
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
        Page(
            "05_build_segments.ipynb",
            mark("Build segments"),
            mark("Make a segment of the profiles that meet a condition."),
        ),
        Page(
            "06_suppression.ipynb",
            mark("Suppression"),
            mark("Keep people out of all runs, and answer a request to be forgotten."),
        ),
        Page(
            "07_people_and_audit.ipynb",
            mark("People and audit"),
            mark("Let colleagues in, and see who did what."),
        ),
        Page(
            "08_health.ipynb",
            mark("Health"),
            mark("See what needs attention: refreshes, exports, connections, disk."),
        ),
        Page(
            "09_audiences.ipynb",
            mark("Criteo audiences"),
            mark("Combine lists into audiences at Criteo, and link these to ad sets."),
        ),
    )


def pages_in(words: Words) -> dict[str, Any]:
    """Return what an application says of its pages, in this language."""
    return {
        "language": words.language,
        "home": HOME,
        "title": words.say("Customer segments to Criteo"),
        "pages": [{"file": it.file, "title": words.say(it.title), "about": words.say(it.about)} for it in pages()],
    }
