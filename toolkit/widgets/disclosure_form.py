"""Answer somebody who asks which lists held them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ipywidgets

from toolkit.access.people import Role
from toolkit.identifiers import identifier_types
from toolkit.runs import Disclosure
from toolkit.widgets.components import button, buttons, paragraph
from toolkit.widgets.form import Form
from toolkit.workspace import Workspace

_CUSTOMER = "customer"


class DisclosureForm(Form):
    """``workspace.disclose``: which lists held a person, as a page and a document that can be verified."""

    in_python = "workspace.disclose(email=…)"

    def __init__(self, workspace: Workspace, *, language: str | None = None) -> None:
        super().__init__(workspace, language=language)
        self.disclosure: Disclosure | None = None
        """What was disclosed last."""
        self.draw(self.words.say("Disclose to a person"), self._parts)

    def _parts(self) -> Sequence[Any]:
        say = self.words.say
        if self.workspace.people.me.role is Role.VIEWER:
            return [paragraph(say("You are a viewer: a contributor can answer a request to see what is known."))]
        self.kind = self.field(
            ipywidgets.RadioButtons(
                options=[*((say(it.label), it.keyword) for it in identifier_types()), (say("Customer key"), _CUSTOMER)],
                description=say("Known by"),
            )
        )
        self.person = self.field(
            ipywidgets.Text(description=say("Identifier or key"), continuous_update=False),
            help_text=say("It is not kept in the page, nor in a log."),
        )
        self.place = self.field(
            ipywidgets.Text(description=say("Save to folder"), continuous_update=False),
            help_text=say("Optional: the page for the person, and the document to verify."),
        )
        self.act = button(say("Disclose"), style="primary")
        self.outcome = ipywidgets.HTML()
        self.on_click(self.act, self._disclose)
        return [
            self.kind.widget,
            self.person.widget,
            self.place.widget,
            buttons(self.act),
            self.message.widget,
            self.outcome,
        ]

    def _disclose(self) -> None:
        say = self.words.say
        self.message.clear()
        self.outcome.value = ""
        place = self.place.value.strip()
        if self.missing(self.person):
            return
        self.place.problem = say("There is no such folder.") if place and not Path(place).is_dir() else ""
        if self.place.problem:
            return
        given = {self.kind.value: self.person.value.strip()}
        self.say_busy(say("The person is looked for in all lists."))

        def disclose(_: Any) -> Disclosure:
            disclosure = self.workspace.disclose(**given)
            if place:
                name = Path(place) / disclosure.document.disclosure.id
                disclosure.to_html(name.with_suffix(".html"))
                disclosure.to_json(name.with_suffix(".json"))
            return disclosure

        def done(disclosure: Disclosure) -> None:
            self.disclosure = disclosure
            # The page keeps no address of anybody.
            self.person.control.value = ""
            self.outcome.value = disclosure._repr_html_()
            if not disclosure.found:
                self.message.show(
                    say("Warning"),
                    say("The person was found in no profile and no list. Check the spelling."),
                    say("The audit records the disclosure all the same."),
                    kind="warning",
                )
            else:
                self.say_done(say("The audit records the disclosure, without the person."))
            self.announce_change()

        self.in_background(disclose, done=done, busy=(self.act,), failed=lambda: self.tell_at(self.person))
