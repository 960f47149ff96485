"""What needs attention, and what is well."""

from collections.abc import Sequence
from typing import Any

import ipywidgets
from markupsafe import Markup

from toolkit.display import Card, cards, table_of_texts
from toolkit.markup import joined, markup
from toolkit.refresh import Health, HealthLevel
from toolkit.widgets.components import button, buttons
from toolkit.widgets.form import Form
from toolkit.workspace import Workspace


class HealthPanel(Form):
    """``workspace.health()`` as a page: the worst first."""

    in_python = "workspace.health()"

    def __init__(self, workspace: Workspace, *, language: str | None = None) -> None:
        super().__init__(workspace, language=language)
        self.draw(self.words.say("Health"), self._parts)

    def _parts(self) -> Sequence[Any]:
        self.refresh = button(self.words.say("Refresh"))
        self.findings = ipywidgets.HTML()
        self.on_click(self.refresh, self.look)
        self.look()
        return [buttons(self.refresh), self.message.widget, self.findings]

    def look(self) -> None:
        """Look at everything now; Criteo is not asked."""
        self.say_busy(self.words.say("Everything is looked at."))

        def done(health: Health) -> None:
            self.message.clear()
            self.findings.value = _drawn(self, health)

        self.in_background(lambda _: self.workspace.health(), done=done, busy=(self.refresh,))


def _drawn(form: HealthPanel, health: Health) -> Markup:
    words = form.words
    names = {
        HealthLevel.CRITICAL: words.say("Critical"),
        HealthLevel.WARNING: words.say("Warning"),
        HealthLevel.OK: words.say("Well"),
    }
    counted = cards(
        Card(names[level], words.number(sum(it.level is level for it in health.findings)))
        for level in sorted(HealthLevel, reverse=True)
    )
    notices = [
        markup(
            '<div class="toolkit-notice toolkit-{kind}"><strong>{word}, {what} {name}:</strong> {said}</div>',
            kind="bad" if it.level is HealthLevel.CRITICAL else "warn",
            word=names[it.level],
            what=it.what,
            name=it.name,
            said=words.read(it.said),
        )
        for it in sorted(health.findings, key=lambda it: it.level, reverse=True)
        if it.level is not HealthLevel.OK
    ]
    rows = [(it.what, it.name, words.read(it.said)) for it in health.findings if it.level is HealthLevel.OK]
    head = [words.say("What"), words.say("Name"), words.say("Found")]
    return joined([counted, *notices, table_of_texts(head, rows, title=names[HealthLevel.OK])])
