"""The connections, and what may be done with them."""

from collections.abc import Sequence
from typing import Any

import ipywidgets
import polars as pl

from toolkit.access.credentials import Credentials
from toolkit.access.people import Role
from toolkit.display import table_of_texts
from toolkit.exports.connection import Connection, ExportDisposal
from toolkit.runs import AbandonedLists, Guard, ListDisposal
from toolkit.widgets.access_field import CONTRIBUTORS, UsersField
from toolkit.widgets.components import Field, button, buttons, heading, paragraph, show
from toolkit.widgets.form import Form
from toolkit.widgets.language import local_zone
from toolkit.widgets.secret_field import SecretField
from toolkit.widgets.table_view import TableView
from toolkit.workspace import Workspace


class ConnectionsList(Form):
    """``workspace.connections`` as a table; each action is a line of the Python interface."""

    in_python = "workspace.connections"

    def __init__(self, workspace: Workspace, *, language: str | None = None) -> None:
        super().__init__(workspace, language=language)
        self.draw(self.words.say("Connections"), self._parts)

    def _parts(self) -> Sequence[Any]:
        say = self.words.say
        self._role = self.workspace.people.me.role
        self.connections = TableView(
            self,
            what=say("Connection"),
            key="name",
            headings={
                "name": say("Display name"),
                "type": say("Type"),
                "created": say("Created"),
                "who_has_access": say("Who has access"),
                "exports": say("Used by exports"),
                "advice": say("To do"),
            },
            on_choose=self._choose,
        )
        self.test = button(say("Test"), hint=say("Authenticates with Criteo anew."))
        self.seal = button(say("Seal to those who wait"))
        self.edit = button(say("Edit"))
        self.rotate = button(say("Replace the secret"))
        self.remove = button(say("Remove"), style="danger")
        self.refresh = button(say("Refresh"))
        self.actions = buttons(self.test, self.seal, self.edit, self.rotate, self.remove)
        self._details = ipywidgets.HTML()
        self.area = ipywidgets.VBox()
        self.on_click(self.test, self._test)
        self.on_click(self.seal, self._seal)
        self.on_click(self.edit, self._open_edit)
        self.on_click(self.rotate, self._open_rotate)
        self.on_click(self.remove, self._open_remove)
        self.on_click(self.refresh, self.look)
        hint = {
            Role.VIEWER: say("You are a viewer: connections are seen by those who may use them."),
            Role.CONTRIBUTOR: say("You see the connections that are shared with you; administrators manage them."),
            Role.ADMINISTRATOR: "",
        }[self._role]
        self.look()
        self.watch()
        return [
            *([paragraph(hint)] if hint else []),
            self.connections.widget,
            self._details,
            self.actions,
            buttons(self.refresh),
            self.area,
            self.message.widget,
        ]

    def look(self) -> None:
        """Show the connections as they are now."""
        advice = {it.name: self._advice(it) for it in self.workspace.connections.values()}
        frame = self.workspace.connections.frame.with_columns(
            created=pl.col("created_at").dt.convert_time_zone(local_zone()).dt.strftime("%Y-%m-%d %H:%M"),
            advice=pl.col("name").replace_strict(advice, default="", return_dtype=pl.String),
        )
        self.connections.fill(frame)
        self._choose()

    def look_again(self) -> None:
        """Show the connections as they are now, unless something is being done with one of them."""
        if not self.area.children:
            self.look()

    def _advice(self, connection: Connection) -> str:
        say = self.words.say
        advice = []
        if connection.waiting:
            advice.append(say("Seal it to {people}.", people=", ".join(connection.waiting)))
        if connection.rotate_because:
            advice.append(say("Replace the secret, because of {people}.", people=", ".join(connection.rotate_because)))
        return " ".join(advice)

    @property
    def _chosen(self) -> Connection | None:
        name = self.connections.chosen
        return None if name is None else self.workspace.connections[name]

    def _choose(self) -> None:
        say = self.words.say
        self.area.children = []
        chosen = self._chosen
        administers = self._role is Role.ADMINISTRATOR
        show(self.actions, when=chosen is not None)
        for action in (self.edit, self.rotate, self.remove):
            show(action, when=administers)
        show(self.seal, when=chosen is not None and bool(chosen.waiting))
        self._details.value = (
            ""
            if chosen is None
            else table_of_texts(
                [say("Advertiser ID"), say("Advertiser")],
                chosen.advertisers.items(),
                title=say("Advertisers that consented"),
            )
        )

    def _required(self) -> Connection:
        chosen = self._chosen
        assert chosen is not None  # noqa: S101  # no action is offered before one is chosen
        return chosen

    def _test(self) -> None:
        say, name = self.words.say, self._required().name
        self.say_busy(say("Criteo is asked for the advertisers that consented."))

        def done(tested: Connection) -> None:
            self.look()
            count = len(tested.advertisers)
            self.say_done(
                self.words.some(
                    "Criteo accepts the credentials: {count} advertiser consents.",
                    "Criteo accepts the credentials: {count} advertisers consent.",
                    count,
                )
            )

        self.in_background(lambda _: self.workspace.connections.test(name), done=done, busy=(self.test,))

    def _seal(self) -> None:
        chosen = self._required()
        self.workspace.connections.seal(chosen.name)
        self.look()
        self.say_done(self.words.say("The secret is sealed to {people}.", people=", ".join(chosen.waiting or ())))

    def _open_edit(self) -> None:
        say, chosen = self.words.say, self._required()
        self.new_name = self.field(
            ipywidgets.Text(value=chosen.name, description=say("Display name"), continuous_update=False)
        )
        named = self._named_users(chosen)
        by_name = chosen.open_to != CONTRIBUTORS and bool(named)
        self.users = UsersField(self, chosen=tuple(sorted(named)) if by_name else str(chosen.open_to))
        self.save = button(say("Save"), style="primary")
        self.on_click(self.save, self._save_edit)
        self._open(say("Edit connection {name}", name=chosen.name), self.new_name.widget, self.users.widget, self.save)

    def _save_edit(self) -> None:
        chosen, name = self._required(), self.new_name.value.strip()
        if self.missing(self.new_name):
            return
        wanted = self.users.value
        if wanted == CONTRIBUTORS and chosen.open_to != CONTRIBUTORS:
            self.workspace.connections.share(chosen.name, CONTRIBUTORS)
        if wanted != CONTRIBUTORS and chosen.open_to == CONTRIBUTORS:
            self.workspace.connections.unshare(chosen.name, CONTRIBUTORS)
        if wanted != CONTRIBUTORS:
            self._share_by_name(chosen.name, set() if isinstance(wanted, str) else set(wanted))
        if name != chosen.name:
            self.workspace.connections.rename(chosen.name, name)
        self.look()
        self.connections.chosen = name
        self.say_done(self.words.say("Connection {name} is saved.", name=name))

    def _share_by_name(self, connection: str, wanted: set[str]) -> None:
        using = self._named_users(self.workspace.connections[connection])
        if added := sorted(wanted - using):
            self.workspace.connections.share(connection, added)
        if removed := sorted(using - wanted):
            self.workspace.connections.unshare(connection, removed)

    def _named_users(self, connection: Connection) -> set[str]:
        """Return who uses the connection and is no administrator."""
        people = dict(self.workspace.people.items())
        return {it for it in connection.users or () if people[it].role is not Role.ADMINISTRATOR}

    def _open_rotate(self) -> None:
        say, chosen = self.words.say, self._required()
        self.client_id = self.field(ipywidgets.Text(description=say("Client ID"), continuous_update=False))
        self.secret = self.field(SecretField(say("Client secret")))
        # Whoever types a secret knows where it goes: this machine does, or they say that they do.
        self._rotated_host = chosen.host or ""
        self.know_host = self.field(ipywidgets.Checkbox(description=say("I know this address")))
        show(self.know_host.widget, when=self.workspace.connections.known_hosts.get(chosen.name) != self._rotated_host)
        self.replace = button(say("Replace the secret"), style="primary")
        self.on_click(self.replace, self._rotate)
        self._open(
            say("Replace the secret of connection {name}", name=chosen.name),
            paragraph(say("The new secret is sent to {address}.", address=self._rotated_host)),
            self.know_host.widget,
            self.client_id.widget,
            self.secret.widget,
            self.replace,
        )

    def _rotate(self) -> None:
        say, chosen = self.words.say, self._required()
        unknown = self.workspace.connections.known_hosts.get(chosen.name) != self._rotated_host
        self.know_host.problem = say("This must be ticked to go on.") if unknown and not self.know_host.value else ""
        if self.missing(self.client_id, self.secret) or self.know_host.problem:
            return
        credentials = Credentials(
            client_id=self.client_id.value.strip(),
            client_secret=self.secret.control.take(),
            host=self._rotated_host,  # the one that was shown
        )
        self.say_busy(say("Criteo is asked whether it accepts the new secret."))

        def done(_: Connection) -> None:
            self.look()
            self.say_done(say("The new secret is sealed to everybody who may use the connection."))

        self.in_background(
            lambda _: self.workspace.connections.rotate(chosen.name, credentials), done=done, busy=(self.replace,)
        )

    def _open_remove(self) -> None:
        say, chosen = self.words.say, self._required()
        of_exports = [
            (say("Detach it: it keeps its settings, and does not run"), ExportDisposal.DETACH),
            (say("Remove it"), ExportDisposal.REMOVE),
        ]
        self.of_exports: dict[str, Field] = {
            name: self.field(
                ipywidgets.Dropdown(
                    options=[(say("Choose what becomes of it"), ""), *of_exports],
                    value="",
                    description=say("Export {name}", name=name),
                )
            )
            for name in chosen.exports or ()
        }
        self.of_lists = self.field(
            ipywidgets.RadioButtons(
                options=[
                    (say("Keep them"), ListDisposal.KEEP),
                    (say("Empty them"), ListDisposal.EMPTY),
                    (say("Delete them"), ListDisposal.DELETE),
                ],
                value=ListDisposal.KEEP,
                description=say("The lists at Criteo"),
            )
        )
        self.of_campaigns = self.field(
            ipywidgets.Checkbox(description=say("Empty or delete also lists that a live ad set depends on"))
        )
        self.really_remove = button(say("Remove for good"), style="danger")
        self.on_click(self.really_remove, self._remove)
        self._open(
            say("Remove connection {name}", name=chosen.name),
            paragraph(say("This ends the transfer of data through it.")),
            *(it.widget for it in self.of_exports.values()),
            self.of_lists.widget,
            self.of_campaigns.widget,
            self.really_remove,
        )

    def _remove(self) -> None:
        say, name = self.words.say, self._required().name
        if self.missing(*self.of_exports.values()):
            return
        exports = {export: field.value for export, field in self.of_exports.items()}
        lists = self.of_lists.value
        allow = [Guard.LIVE_CAMPAIGN] if self.of_campaigns.value else []
        self.say_busy(say("The connection is removed."))

        def done(left: AbandonedLists) -> None:
            self.connections.chosen = None
            self.look()
            self.say_done(
                " ".join(
                    [
                        say("Connection {name} is removed.", name=name),
                        *(self.words.read(it.sentence) for it in left.untended),
                    ]
                )
            )

        self.in_background(
            lambda _: self.workspace.connections.remove(name, exports=exports, lists=lists, allow=allow),
            done=done,
            busy=(self.really_remove,),
        )

    def _open(self, title: str, *parts: Any) -> None:
        cancel = button(self.words.say("Leave as it is"))
        self.on_click(cancel, self._close)
        *fields, act = parts
        self.message.clear()
        self.area.children = [heading(title), *fields, buttons(act, cancel)]

    def _close(self) -> None:
        self.area.children = []
