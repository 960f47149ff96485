"""The exports, and what may be done with them."""

from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets
import polars as pl

from toolkit.access.people import Role
from toolkit.exports.export import Export
from toolkit.markup import markup
from toolkit.runs import AbandonedLists
from toolkit.widgets.components import button, buttons, heading, paragraph, show
from toolkit.widgets.export_form import ExportForm
from toolkit.widgets.form import Form
from toolkit.widgets.history_panel import HistoryPanel
from toolkit.widgets.language import local_zone
from toolkit.widgets.permissions import may_manage, why_not
from toolkit.widgets.run_panel import RunPanel
from toolkit.widgets.run_view import status_text
from toolkit.widgets.schedule_field import schedule_text
from toolkit.widgets.table_view import TableView
from toolkit.workspace import Workspace

_OF_AN_EXPORT = dict.fromkeys(("name", "connection", "type", "segments", "active", "schedule", "permission"), pl.String)


class ExportsList(Form):
    """``workspace.exports`` as a table; each action is a line of the Python interface, or another form."""

    in_python = "workspace.exports"

    def __init__(self, workspace: Workspace, *, language: str | None = None) -> None:
        super().__init__(workspace, language=language)
        self.draw(self.words.say("Exports"), self._parts)

    def _parts(self) -> Sequence[Any]:
        say = self.words.say
        self.exports = TableView(
            self,
            what=say("Export"),
            key="name",
            headings={
                "name": say("Display name"),
                "connection": say("Connection"),
                "type": say("Type"),
                "segments": say("Segments"),
                "status": say("Status"),
                "refreshed": say("Last run"),
                "active": say("Active"),
                "schedule": say("Schedule"),
                "permission": say("You may"),
            },
            on_choose=self._choose,
        )
        self.add = button(say("Add export"), style="primary")
        self.refresh = button(say("Refresh"))
        self.edit = button(say("View / Edit"))
        self.run = button(say("Run"))
        self.history = button(say("History"))
        self.duplicate = button(say("Create duplicate"))
        self.activate = button(say("Activate"), hint=say("The scheduled refresh runs it."))
        self.deactivate = button(say("Deactivate"), hint=say("The scheduled refresh leaves it out."))
        self.detach = button(say("Detach connection"))
        self.remove = button(say("Remove"), style="danger")
        self._managing = (self.edit, self.run, self.duplicate, self.remove)
        self.actions = buttons(
            *(self.edit, self.run, self.history, self.duplicate),
            *(self.activate, self.deactivate, self.detach, self.remove),
        )
        self._why_not = paragraph("", kind="toolkit-help")
        self.area = ipywidgets.VBox()
        self.opened: Form | None = None
        """The form that an action opened."""
        self.on_click(self.add, lambda: self._open(ExportForm(self.workspace, language=self.words.language)))
        self.on_click(self.refresh, self.look)
        self.on_click(
            self.edit, lambda: self._open(ExportForm(self.workspace, self._required(), language=self.words.language))
        )
        self.on_click(
            self.run, lambda: self._open(RunPanel(self.workspace, self._required(), language=self.words.language))
        )
        self.on_click(
            self.history,
            lambda: self._open(HistoryPanel(self.workspace, self._required(), language=self.words.language)),
        )
        self.on_click(self.duplicate, self._ask_for_name)
        self.on_click(self.activate, lambda: self._change(self.workspace.exports.activate))
        self.on_click(self.deactivate, lambda: self._change(self.workspace.exports.deactivate))
        self.on_click(self.detach, self._ask_to_detach)
        self.on_click(self.remove, self._ask_to_remove)
        show(self.add, when=self.workspace.people.me.role is not Role.VIEWER)
        self.look()
        self.watch()
        return [
            buttons(self.add, self.refresh),
            self.exports.widget,
            self.actions,
            self._why_not,
            self.message.widget,
            self.area,
        ]

    def look(self) -> None:
        """Show the exports as they are now."""
        words = self.words
        connections = dict(self.workspace.connections.items())
        last = _last_runs(self.workspace.runs.newest)
        rows = [
            self._row(it, connections[it.connection].type if it.connection in connections else "")
            for it in self.workspace.exports.values()
        ]
        frame = pl.DataFrame(rows, schema=_OF_AN_EXPORT, orient="row")
        shown = frame.join(last, left_on="name", right_on="export", how="left", maintain_order="left")
        statuses = {it: status_text(words, it) for it in shown["status"].drop_nulls().unique()}
        self.exports.fill(shown.with_columns(pl.col("status").replace(statuses).fill_null(words.say("Not started"))))
        self._choose()

    def look_again(self) -> None:
        """Show the exports as they are now, unless something is being done with one of them."""
        if not self.area.children:
            self.look()

    def _row(self, export: Export, kind: str) -> tuple[str, ...]:
        say = self.words.say
        return (
            export.name,
            export.connection or say("No connection"),
            kind,
            ", ".join(export.segments),
            say("Yes") if export.active else say("No"),
            schedule_text(self.words, export.schedule),
            say("Edit and run") if may_manage(self.workspace, export) else say("Look"),
        )

    def _choose(self) -> None:
        name = self.exports.chosen
        self._close()
        show(self.actions, when=name is not None)
        export = None if name is None else self.workspace.exports[name]
        manages = export is not None and may_manage(self.workspace, export)
        for action in self._managing:
            show(action, when=manages)
        has_connection = export is not None and bool(export.connection)
        show(self.detach, when=manages and has_connection)
        # Saving anew, as these two do, takes a connection.
        show(self.activate, when=manages and has_connection and export is not None and not export.active)
        show(self.deactivate, when=manages and has_connection and export is not None and export.active)
        show(self._why_not, when=name is not None and not manages)
        if name is not None and not manages:
            self._why_not.value = markup("<p>{text}</p>", text=why_not(self.words, self.workspace))

    def _required(self) -> str:
        name: str | None = self.exports.chosen
        assert name is not None  # noqa: S101  # no action is offered before one is chosen
        return name

    def _open(self, form: Form) -> None:
        self.message.clear()
        self.opened = form
        close = button(self.words.say("Close"))
        self.on_click(close, self.look)
        self.area.children = [form.widget, buttons(close)]

    def _close(self) -> None:
        self.opened = None
        self.area.children = []

    def _change(self, act: Callable[[str], Export]) -> None:
        saved = act(self._required())
        self.look()
        words = self.words
        self.say_done(
            words.say("Export {name} is active: the scheduled refresh runs it.", name=saved.name)
            if saved.active
            else words.say("Export {name} is not active: the scheduled refresh leaves it out.", name=saved.name)
        )

    def _ask_for_name(self) -> None:
        say, name = self.words.say, self._required()
        self.message.clear()
        self.new_name = self.field(ipywidgets.Text(description=say("Display name"), continuous_update=False))
        self.confirm = button(say("Create duplicate"), style="primary")
        leave = button(say("Leave as it is"))

        def confirmed() -> None:
            if self.missing(self.new_name):
                return
            saved = self.workspace.exports.duplicate(name, self.new_name.value.strip())
            self.look()
            self.exports.chosen = saved.name
            self.say_done(
                say("Export {name} is saved, version {version}.", name=saved.name, version=saved.version),
                say("It did not run."),
            )

        self.on_click(self.confirm, confirmed)
        self.on_click(leave, self._close)
        title = heading(say("Create a duplicate of export {name}", name=name))
        self.area.children = [title, self.new_name.widget, buttons(self.confirm, leave)]

    def _ask_to_detach(self) -> None:
        say, name = self.words.say, self._required()
        self._ask(
            say("Detach the connection of export {name}", name=name),
            say("It keeps its settings, and does not run until it is saved with another connection."),
            say("Detach connection"),
            lambda: self.workspace.exports.detach(name),
            say("Export {name} has no connection now.", name=name),
        )

    def _ask_to_remove(self) -> None:
        say, name = self.words.say, self._required()
        self._ask(
            say("Remove export {name}", name=name),
            say("Its runs, and its lists at Criteo, stay."),
            say("Remove for good"),
            lambda: self.workspace.exports.remove(name),
            say("Export {name} is removed.", name=name),
        )

    def _ask(self, title: str, text: str, act: str, do: Callable[[], AbandonedLists], done: str) -> None:
        self.message.clear()
        self.confirm = button(act, style="danger")
        leave = button(self.words.say("Leave as it is"))

        def confirmed() -> None:
            left = do()
            self.look()
            self.say_done(
                " ".join([done, *map(self.words.read, (*left.campaigns, *(it.sentence for it in left.untended)))])
            )

        self.on_click(self.confirm, confirmed)
        self.on_click(leave, self._close)
        self.area.children = [heading(title), paragraph(text), buttons(self.confirm, leave)]


def _last_runs(runs: pl.DataFrame) -> pl.DataFrame:
    """Return ``export``, ``status`` and ``refreshed`` of each export's newest run."""
    moment = pl.col("started_at").dt.convert_time_zone(local_zone()).dt.strftime("%Y-%m-%d %H:%M")
    return runs.select("export", "status", refreshed=moment)
