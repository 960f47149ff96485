"""Keep people out of all runs, and answer a request to be forgotten."""

from collections.abc import Sequence
from typing import Any

import ipywidgets
import polars as pl

from toolkit.access.people import Role
from toolkit.identifiers import identifier_types
from toolkit.runs import Forgotten
from toolkit.widgets.code import call_of
from toolkit.widgets.components import Folded, button, buttons, heading, paragraph, show
from toolkit.widgets.form import Form
from toolkit.widgets.language import local_zone
from toolkit.widgets.next_step import CodeLine
from toolkit.widgets.table_view import TableView
from toolkit.workspace import Workspace

_CUSTOMER = "customer"


class ForgetForm(Form):
    """``workspace.forget``: remove a person from every list, and keep them out of later runs."""

    in_python = "workspace.forget(email=…)"

    def __init__(self, workspace: Workspace, *, language: str | None = None) -> None:
        super().__init__(workspace, language=language)
        self.forgotten: Forgotten | None = None
        """What became of the last request."""
        self.draw(self.words.say("Forget a person"), self._parts)

    def _parts(self) -> Sequence[Any]:
        say = self.words.say
        if self.workspace.people.me.role is Role.VIEWER:
            return [paragraph(say("You are a viewer: a contributor can answer a request to be forgotten."))]
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
        self.sure = self.field(
            ipywidgets.Checkbox(
                description=say("Remove this person from every list at Criteo, and keep them out of later runs")
            )
        )
        self.act = button(say("Forget this person"), style="danger")
        self.outcome = ipywidgets.HTML()
        self.on_click(self.act, self._forget)
        return [
            self.kind.widget,
            self.person.widget,
            self.sure.widget,
            buttons(self.act),
            self.message.widget,
            self.outcome,
        ]

    def _forget(self) -> None:
        say = self.words.say
        self.message.clear()
        self.outcome.value = ""
        self.sure.problem = "" if self.sure.value else say("This must be ticked to go on.")
        if self.missing(self.person) or self.sure.problem:
            return
        given = {self.kind.value: self.person.value.strip()}
        self.say_busy(say("The person is looked for, and removed from the lists."))

        def done(forgotten: Forgotten) -> None:
            self.forgotten = forgotten
            # The page keeps no address of somebody who is to be forgotten.
            self.person.control.value = ""
            self.sure.control.value = False
            self.outcome.value = forgotten._repr_html_()
            self._tell(forgotten)
            self.announce_change()

        self.in_background(
            lambda _: self.workspace.forget(**given), done=done, busy=(self.act,), failed=self._at_person
        )

    def _at_person(self) -> None:
        self.tell_at(self.person)

    def _tell(self, forgotten: Forgotten) -> None:
        say = self.words.say
        if not forgotten.found:
            self.message.show(
                say("Warning"),
                say("The person was found in no profile and no list. Check the spelling."),
                say("What you gave is kept out of later runs all the same."),
                kind="warning",
            )
        elif not forgotten.done:
            self.message.show(
                say("Warning"), say("Something is left to do: see below, then try again."), kind="warning"
            )
        else:
            self.say_done(
                self.words.some(
                    "The person was removed from {count} list, and is kept out of later runs.",
                    "The person was removed from {count} lists, and is kept out of later runs.",
                    forgotten.lists,
                )
            )


class SuppressionForm(Form):
    """``workspace.suppressions``: the entries, and a table of people to add."""

    in_python = "workspace.suppressions.add(table, email_column=…)"

    def __init__(self, workspace: Workspace, *, language: str | None = None) -> None:
        super().__init__(workspace, language=language)
        self.draw(self.words.say("Keep people out of all runs"), self._parts)

    def _parts(self) -> Sequence[Any]:
        say = self.words.say
        role = self.workspace.people.me.role
        self._role = role
        self.file = self.field(
            ipywidgets.Text(description=say("Table of people"), continuous_update=False),
            help_text=say("A Parquet, Delta or CSV table: a path on this machine, or a URL of your storage."),
        )
        self.columns = {
            it.column_option: self.field(
                ipywidgets.Text(description=say("Column: {label}", label=say(it.label)), continuous_update=False)
            )
            for it in identifier_types()
        }
        """The column of each type of identifier, by its option."""
        self.email, *_others = self.columns.values()
        self.email.explain(say("Plain or hashed. Leave it empty when the table has customer keys alone."))
        self.settings = {
            setting.name: self.field(
                ipywidgets.Text(description=say(setting.label), continuous_update=False),
                help_text=say(setting.help_text),
            )
            for it in identifier_types()
            for setting in it.settings
            if not setting.is_required
        }
        others = [it.widget for it in (*_others, *self.settings.values())]
        self.others = Folded(self.accessible, say("Other identifiers"), others)
        self.customer = self.field(
            ipywidgets.Text(description=say("Column with customer keys"), continuous_update=False)
        )
        self.skip = self.field(ipywidgets.Checkbox(description=say("Leave out rows that name nobody")))
        self.add = button(say("Add to the suppression list"), style="primary")
        self.entries = TableView(
            self,
            what=say("Entry"),
            key="entry",
            headings={
                "entry": say("Entry"),
                "made": say("Added"),
                "by": say("Who"),
                "source": say("From"),
                "customers": say("Customers"),
                "lifted": say("Lifted"),
            },
            on_choose=self._choose,
        )
        self.lift = button(say("Lift this entry"), style="danger")
        self.code = CodeLine(self)
        self.actions = buttons(self.lift)
        self._area = ipywidgets.VBox()
        self.on_click(self.add, self._add)
        self.on_click(self.lift, self._ask_to_lift)
        self.look()
        self.watch()
        named = (self.file.widget, self.email.widget, self.customer.widget, self.others.widget)
        adding = [*named, self.skip.widget, buttons(self.add)]
        return [
            *(adding if role is not Role.VIEWER else []),
            self.message.widget,
            self.code.widget,
            heading(say("Suppression list")),
            self.entries.widget,
            self.actions,
            self._area,
        ]

    def look(self) -> None:
        """Show the entries as they are now: how many people each names, never who."""
        zone = local_zone()
        frame = pl.DataFrame(self.workspace.suppressions.frame).with_columns(
            made=pl.col("at").dt.convert_time_zone(zone).dt.strftime("%Y-%m-%d %H:%M"),
            lifted=pl.col("lifted_at").dt.convert_time_zone(zone).dt.strftime("%Y-%m-%d %H:%M").fill_null(""),
        )
        self._in_force = set(frame.filter(lifted="")["entry"])
        self.entries.fill(frame)
        self._choose()

    def look_again(self) -> None:
        """Show the entries as they are now."""
        self.look()

    def _choose(self) -> None:
        self._area.children = []
        can_be_lifted = self.entries.chosen in self._in_force and self._role is Role.ADMINISTRATOR
        show(self.actions, when=can_be_lifted)

    def _add(self) -> None:
        say = self.words.say
        self.message.clear()
        self.code.clear()
        if self.missing(self.file):
            return
        columns = {
            option: field.value.strip()
            for option, field in (*self.columns.items(), ("customer_column", self.customer))
            if field.value.strip()
        }
        self.email.problem = "" if columns else say("Name a column with identifiers, or one with customer keys.")
        if not columns:
            return
        place, skip = self.file.value.strip(), bool(self.skip.value)
        settings = {name: field.value.strip() for name, field in self.settings.items() if field.value.strip()}
        options: dict[str, Any] = {**columns, **settings, **({"skip_unusable": True} if skip else {})}
        self.say_busy(say("The people are added."))

        def done(added: Any) -> None:
            self.look()
            told = self.words.read(added.headline)
            if added.entry is None:
                self.message.show(say("Warning"), told, kind="warning")
                return
            self.say_done(told, say("The next run leaves them out."))
            self.code.show(call_of("workspace.suppressions.add", place, **options))

        self.in_background(
            lambda _: self.workspace.suppressions.add(place, **options),
            done=done,
            busy=(self.add,),
            failed=lambda: self.tell_at(self.file),
        )

    def _ask_to_lift(self) -> None:
        say, entry = self.words.say, self.entries.chosen
        assert entry is not None  # noqa: S101  # no action is offered before one is chosen
        self.confirm = button(say("Lift this entry"), style="danger")
        leave = button(say("Leave as it is"))

        def lift() -> None:
            self.workspace.suppressions.lift(entry)
            self.look()
            self.say_done(say("Entry {entry} is lifted.", entry=entry))

        self.on_click(self.confirm, lift)
        self.on_click(leave, self._choose)
        self._area.children = [
            paragraph(say("Its people may be sent again, unless another entry names them.")),
            buttons(self.confirm, leave),
        ]
