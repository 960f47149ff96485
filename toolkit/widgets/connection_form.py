"""Set up a connection, step by step."""

from collections.abc import Sequence
from typing import Any

import ipywidgets

from toolkit.access.credentials import Credentials
from toolkit.access.people import Role
from toolkit.display import table_of_texts
from toolkit.exports.connection import Connection
from toolkit.exports.connection_setup import ConnectionSetup
from toolkit.widgets.access_field import UsersField
from toolkit.widgets.code import Written, call_of
from toolkit.widgets.components import Field, button, buttons, heading, paragraph, with_class
from toolkit.widgets.consent import CONSENT
from toolkit.widgets.export_form import ExportForm
from toolkit.widgets.form import Form
from toolkit.widgets.next_step import CodeLine, NextStep
from toolkit.widgets.secret_field import SecretField
from toolkit.workspace import Workspace

CRITEO = "https://api.criteo.com"


class ConnectionForm(Form):
    """The steps of ``workspace.connections.set_up``: name, users, consent, authentication, export user, save."""

    in_python = "workspace.connections.connect(name, credentials)"

    def __init__(
        self, workspace: Workspace, *, host: str = CRITEO, client_id: str = "", language: str | None = None
    ) -> None:
        """Draw the form; ``host`` and ``client_id`` are filled in, such as those of the embedded Criteo."""
        super().__init__(workspace, language=language)
        self.saved: Connection | None = None
        """The connection, once it is saved."""
        self._setup: ConnectionSetup | None = None
        self.draw(self.words.say("Add connection"), lambda: self._parts(host, client_id))

    def _parts(self, host: str, client_id: str) -> Sequence[Any]:
        say = self.words.say
        if self.workspace.people.me.role is not Role.ADMINISTRATOR:
            return [paragraph(say("Connections are made by administrators. Ask one of yours."))]
        self.name = self.field(ipywidgets.Text(description=say("Display name"), continuous_update=False))
        self.users = UsersField(self)
        self.agree = self.field(ipywidgets.Checkbox(description=say("I agree")))
        self.host = self.field(
            ipywidgets.Text(value=host, description=say("Address"), continuous_update=False),
            help_text=say("Criteo's is {address}; the embedded Criteo prints its own.", address=CRITEO),
        )
        self.client_id = self.field(
            ipywidgets.Text(value=client_id, description=say("Client ID"), continuous_update=False)
        )
        self.secret = self.field(
            SecretField(say("Client secret")),
            help_text=say("From your app on Criteo's developer portal. It is sealed, and never in the notebook."),
        )
        self.authenticate = button(say("Authenticate with Criteo"), style="primary")
        self.advertisers = ipywidgets.HTML()
        self.add_me = self.field(ipywidgets.Checkbox(description=say("Add yourself as export user")))
        self.save = button(say("Save"), style="primary")
        self.next = NextStep(self)
        self.code = CodeLine(self)
        self.on_click(self.authenticate, self._authenticate)
        self.on_click(self.save, self._save)
        for field in (self.name, self.agree, self.host, self.client_id):
            self.on_change(field.control, self._begin_again)
        return [
            self.name.widget,
            self.users.widget,
            heading(say("Data privacy and compliance")),
            with_class(paragraph(say(CONSENT)), "toolkit-consent"),
            self.agree.widget,
            heading(say("Connect")),
            self.host.widget,
            self.client_id.widget,
            self.secret.widget,
            buttons(self.authenticate),
            self.advertisers,
            self.add_me.widget,
            buttons(self.save),
            self.message.widget,
            self.next.widget,
            self.code.widget,
        ]

    def _begin_again(self) -> None:
        """Forget the authentication: it was for what stood there before."""
        self._setup = None
        self.advertisers.value = ""

    def _authenticate(self) -> None:
        say = self.words.say
        self.message.clear()
        self.next.clear()
        self.code.clear()
        lacking = self.missing(self.name, self.host, self.client_id, self.secret)
        if self._not_ticked(self.agree) or lacking:
            return
        credentials = Credentials(
            client_id=self.client_id.value.strip(),
            client_secret=self.secret.control.take(),
            host=self.host.value.strip(),
        )
        self._begin_again()
        setup = self.workspace.connections.set_up(self.name.value.strip()).agree()
        self.say_busy(say("Criteo is asked for the advertisers that consented."))
        self.in_background(
            lambda _: setup.authenticate(credentials),
            done=self._show_advertisers,
            busy=(self.authenticate, self.save),
            failed=lambda: self.tell_at(self.secret),
        )

    def _show_advertisers(self, setup: ConnectionSetup) -> None:
        say = self.words.say
        self._setup = setup
        self.advertisers.value = table_of_texts(
            [say("Advertiser ID"), say("Advertiser")],
            setup.advertisers.items(),
            title=say("Advertisers that consented"),
        )
        self.say_done(say("Criteo accepts the credentials. Add yourself as export user, then save."))

    def _save(self) -> None:
        say = self.words.say
        self.message.clear()
        if self._setup is None:
            self.missing(self.name)
            self.secret.problem = say("Authenticate with Criteo first.")
            return
        self.secret.problem = ""
        if self._not_ticked(self.add_me):
            return
        users = self.users.value
        self.saved = self._setup.share(users).add_me().save()
        self._setup = None
        self.say_done(say("Connection {name} is saved.", name=self.saved.name))
        self.code.show(
            call_of(
                "workspace.connections.connect",
                self.saved.name,
                host=self.host.value.strip(),
                client_id=self.client_id.value.strip(),
                # A secret stands in no notebook.
                client_secret=Written("getpass.getpass()"),
                users=users,
                i_agree=True,
            )
        )
        self.next.offer(
            say("Next, choose what is sent."),
            say("Add export"),
            lambda: ExportForm(self.workspace, language=self.words.language),
        )
        self.announce_change()

    def _not_ticked(self, field: Field) -> bool:
        field.problem = "" if field.value else self.words.say("This must be ticked to go on.")
        return bool(field.problem)
