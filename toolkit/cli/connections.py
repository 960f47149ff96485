"""``toolkit connection``: the accounts at Criteo that exports send through."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from toolkit.cli.options import WORKSPACE, AllowOption, ConnectionArgument, JsonOption, WorkspaceOption, opened, pairs
from toolkit.cli.output import show_frame, show_json, show_value
from toolkit.terminal import say

if TYPE_CHECKING:
    from toolkit.access.credentials import Credentials
    from toolkit.exports.connection import Connection

commands = typer.Typer(no_args_is_help=True, help="Connect with Criteo; test, share, rotate and remove connections.")

HostOption = Annotated[str | None, typer.Option(help="URL of Criteo's API, where it is another than the usual one.")]
ClientIdOption = Annotated[
    str | None, typer.Option(envvar="CRITEO_CLIENT_ID", help="Client ID of your app on Criteo's developer portal.")
]
CredentialsOption = Annotated[
    Path | None, typer.Option(help="A TOML file with client_id and client_secret that only you may read.")
]
UsersOption = Annotated[list[str], typer.Option("--user", help="'contributors', or a person by name.")]


@commands.command("list")
def list_connections(json: JsonOption = False, workspace: WorkspaceOption = WORKSPACE) -> None:
    """List the connections that you may use."""
    show_frame(opened(workspace).connections.frame, as_json=json)


@commands.command()
def show(name: ConnectionArgument, json: JsonOption = False, workspace: WorkspaceOption = WORKSPACE) -> None:
    """Show a connection, without its secret, and its advertisers."""
    connection = opened(workspace).connections[name]
    show_value(connection, connection.frame, as_json=json)


@commands.command()
def connect(
    name: ConnectionArgument,
    client_id: ClientIdOption = None,
    host: HostOption = None,
    credentials: CredentialsOption = None,
    user: Annotated[
        list[str] | None, typer.Option("--user", help="Who may use it besides administrators: 'contributors' or names.")
    ] = None,
    i_agree: Annotated[bool, typer.Option("--i-agree", help="Agree to the consent that is shown without it.")] = False,
    workspace: WorkspaceOption = WORKSPACE,
) -> None:
    """Make a connection. The client secret is in CRITEO_CLIENT_SECRET or in a file, or you are asked for it."""
    if not i_agree:
        from toolkit.exports.connection import CONSENT_TEXT

        say(CONSENT_TEXT)
        typer.confirm("Do you agree?", abort=True)
    given = _credentials(client_id, host, credentials)
    made = opened(workspace).connections.connect(
        name, credentials=given, users=_users(user or ["administrators"]), i_agree=True
    )
    say(repr(made))


@commands.command("test")
def check_access(name: ConnectionArgument, json: JsonOption = False, workspace: WorkspaceOption = WORKSPACE) -> None:
    """Authenticate with Criteo again, and record which advertisers consent now."""
    connection = opened(workspace).connections.test(name)
    show_value(connection, connection.frame, as_json=json)


@commands.command()
def share(name: ConnectionArgument, user: UsersOption, workspace: WorkspaceOption = WORKSPACE) -> None:
    """Let more people use a connection."""
    say(repr(opened(workspace).connections.share(name, _users(user))))


@commands.command()
def unshare(name: ConnectionArgument, user: UsersOption, workspace: WorkspaceOption = WORKSPACE) -> None:
    """Take a connection away from people."""
    say(repr(opened(workspace).connections.unshare(name, _users(user))))


@commands.command()
def seal(name: ConnectionArgument, workspace: WorkspaceOption = WORKSPACE) -> None:
    """Seal the secret to the people who may use the connection and can't open it yet."""
    say(repr(opened(workspace).connections.seal(name)))


@commands.command()
def rotate(
    name: ConnectionArgument,
    client_id: ClientIdOption = None,
    host: HostOption = None,
    credentials: CredentialsOption = None,
    workspace: WorkspaceOption = WORKSPACE,
) -> None:
    """Replace the secret of a connection by a new one that Criteo accepts."""
    here = opened(workspace)
    known: Connection = here.connections[name]
    say(repr(here.connections.rotate(name, _credentials(client_id, host or known.host, credentials))))


@commands.command()
def rename(
    name: ConnectionArgument,
    to: Annotated[str, typer.Argument(help="The new name.")],
    workspace: WorkspaceOption = WORKSPACE,
) -> None:
    """Rename a connection. Its exports follow."""
    say(repr(opened(workspace).connections.rename(name, to)))


@commands.command()
def remove(
    name: ConnectionArgument,
    exports: Annotated[str, typer.Option(help="What happens to its exports: detach or remove.")] = "",
    export: Annotated[list[str] | None, typer.Option(help="What happens to one export, as NAME=detach.")] = None,
    lists: Annotated[str, typer.Option(help="What happens to their lists at Criteo: keep, empty or delete.")] = "keep",
    allow: AllowOption = None,
    json: JsonOption = False,
    workspace: WorkspaceOption = WORKSPACE,
) -> None:
    """Remove a connection, which ends the transfer of data through it."""
    chosen: Any = exports or pairs(export, "--export")
    left = opened(workspace).connections.remove(name, exports=chosen, lists=lists, allow=allow or ())
    show_value(left, left.frame, as_json=json)


@commands.command()
def hosts(workspace: WorkspaceOption = WORKSPACE) -> None:
    """Show the host of each connection, as this machine remembers it, as JSON."""
    show_json(opened(workspace).connections.known_hosts)


def _users(given: list[str]) -> str | list[str]:
    return given[0] if len(given) == 1 else given


def _credentials(client_id: str | None, host: str | None, file: Path | None) -> "Credentials":
    """Take the credentials from a file, from the environment, or ask for the secret: it is never an argument."""
    import os

    from toolkit.access.credentials import SECRET_VARIABLE, Credentials
    from toolkit.criteo import CRITEO

    if file is not None:
        return Credentials.from_file(file)
    if client_id is None:
        client_id = typer.prompt("Client ID", err=True)
    where = CRITEO if host is None else host
    if secret := os.environ.get(SECRET_VARIABLE):
        return Credentials(client_id=client_id, client_secret=secret, host=where)
    return Credentials.ask(client_id=client_id, host=where)
