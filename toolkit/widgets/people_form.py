"""The people of a workspace: let somebody in by the line that they sent, change a role, remove somebody."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import ipywidgets
import polars as pl
from markupsafe import Markup

from toolkit.access.people import Role
from toolkit.collections.people import NewPerson
from toolkit.errors import AccessError
from toolkit.markup import joined, markup
from toolkit.widgets.components import button, buttons, heading, paragraph, show
from toolkit.widgets.form import Form
from toolkit.widgets.labels import term
from toolkit.widgets.language import local_zone
from toolkit.widgets.table_view import TableView
from toolkit.workspace import Workspace

_PUBLIC_KEY = re.compile(r'public_key="(?P<key>[0-9a-f]{64})"')
_NAME = re.compile(r'people\.add\("(?P<name>(?:[^"\\]|\\.)*)"')
_ROOT = re.compile(r'root="(?P<root>[^"]+)"')


@dataclass(frozen=True)
class JoinLine:
    """What stands in the line by which somebody asks to be let in. It is read, and never executed."""

    name: str
    public_key: str
    root: str

    @classmethod
    def read(cls, line: str) -> "JoinLine | None":
        """Return what the line says; None when it is no such line."""
        key, name, root = _PUBLIC_KEY.search(line), _NAME.search(line), _ROOT.search(line)
        if key is None or name is None:
            return None
        try:
            # The name stands there as JSON writes it.
            return cls(json.loads(f'"{name["name"]}"'), key["key"], root["root"] if root else "")
        except ValueError:
            return None


class PeopleForm(Form):
    """``workspace.people`` as a table, with its verbs."""

    in_python = "workspace.people"

    def __init__(self, workspace: Workspace, *, language: str | None = None) -> None:
        super().__init__(workspace, language=language)
        self.draw(self.words.say("People"), self._parts)

    def _parts(self) -> Sequence[Any]:
        say = self.words.say
        try:
            _ = self.workspace.people.me
        except AccessError:
            return self._asking()
        self._administers = self.workspace.people.me.role is Role.ADMINISTRATOR
        self.people = TableView(
            self,
            what=say("Person"),
            key="name",
            headings={"name": say("Name"), "role": say("Role"), "added_by": say("Added by"), "added": say("Added")},
            on_choose=self._choose,
        )
        self.line = self.field(
            ipywidgets.Textarea(description=say("Line of the colleague"), rows=2, continuous_update=False),
            help_text=say("They see it on this page when they open it with their own account."),
        )
        roles = [(term(self.words, it), it) for it in Role]
        self.role = self.field(ipywidgets.Dropdown(options=roles, value=Role.CONTRIBUTOR, description=say("Role")))
        self.add = button(say("Let in"), style="primary")
        self.answer = ipywidgets.HTML()
        self.new_role = self.field(ipywidgets.Dropdown(options=roles, description=say("New role")))
        self.change = button(say("Change role"))
        self.remove = button(say("Remove"), style="danger")
        self._area = ipywidgets.VBox()
        self.actions = ipywidgets.VBox([self.new_role.widget, buttons(self.change, self.remove), self._area])
        self.on_click(self.add, self._add)
        self.on_click(self.change, self._change)
        self.on_click(self.remove, self._ask_to_remove)
        self.look()
        self.watch()
        letting_in = [heading(say("Let a colleague in")), self.line.widget, self.role.widget, buttons(self.add)]
        return [
            self.people.widget,
            self.actions,
            self.message.widget,
            *(letting_in if self._administers else [paragraph(say("Administrators let people in and out."))]),
            self.answer,
        ]

    def _asking(self) -> Sequence[Any]:
        """Return what somebody sees whom the workspace does not know: the line by which they ask to be let in."""
        say = self.words.say
        line = self.workspace.people.join().line
        return [
            paragraph(
                say("This workspace does not know you yet. Send this line to an administrator, who lets you in.")
            ),
            ipywidgets.HTML(_line_html(line)),
        ]

    def look(self) -> None:
        """Show the people as they are now."""
        moment = pl.col("added_at").dt.convert_time_zone(local_zone()).dt.strftime("%Y-%m-%d %H:%M")
        roles = {it.value: term(self.words, it) for it in Role}
        self.people.fill(self.workspace.people.frame.with_columns(added=moment, role=pl.col("role").replace(roles)))
        self._choose()

    def look_again(self) -> None:
        """Show the people as they are now."""
        self.look()

    def _choose(self) -> None:
        self._area.children = []
        name = self.people.chosen
        show(self.actions, when=self._administers and name is not None)
        if name is not None:
            self.new_role.control.value = self.workspace.people[name].role

    def _required(self) -> str:
        name: str | None = self.people.chosen
        assert name is not None  # noqa: S101  # no action is offered before one is chosen
        return name

    def _add(self) -> None:
        say = self.words.say
        self.message.clear()
        self.answer.value = ""
        asked = JoinLine.read(self.line.value)
        self.line.problem = "" if asked else say("This is not such a line. Copy the whole of it, in one piece.")
        if asked is None:
            return
        added = self.workspace.people.add(
            asked.name, public_key=asked.public_key, role=self.role.value, root=asked.root
        )
        self.line.control.value = ""
        self._tell_added(added)
        self.announce_change()

    def _tell_added(self, added: NewPerson) -> None:
        say = self.words.say
        self.look()
        self.say_done(say("{name} is let in as {role}.", name=added.name, role=term(self.words, added.role)))
        text = say("Hand this line back to them: with it they know that they see the same workspace.")
        self.answer.value = joined([markup("<p>{text}</p>", text=text), _line_html(added.answer)])

    def _change(self) -> None:
        name = self._required()
        changed = self.workspace.people.change_role(name, self.new_role.value)
        self.look()
        self.say_done(self.words.say("{name} is {role} now.", name=name, role=term(self.words, changed.role)))

    def _ask_to_remove(self) -> None:
        say, name = self.words.say, self._required()
        self.confirm = button(say("Remove {name}", name=name), style="danger")
        leave = button(say("Leave as it is"))

        def remove() -> None:
            connections = self.workspace.people.remove(name)
            self.people.chosen = None
            self.look()
            rotate = say("Replace the secret of {connections}: they could open it.", connections=", ".join(connections))
            self.say_done(say("{name} is removed.", name=name), *([rotate] if connections else []))
            self.announce_change()

        self.on_click(self.confirm, remove)
        self.on_click(leave, self._choose)
        self._area.children = [
            paragraph(say("They can look, change and run nothing any more.")),
            buttons(self.confirm, leave),
        ]


def _line_html(line: str) -> Markup:
    return markup('<pre class="toolkit-line" tabindex="0"><code>{line}</code></pre>', line=line)
