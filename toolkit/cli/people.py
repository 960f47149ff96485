"""``toolkit people``: who may do what in a workspace."""

from shlex import join as join_words
from typing import Annotated

import typer

from toolkit.cli.options import WORKSPACE, JsonOption, PersonArgument, WorkspaceOption, opened
from toolkit.cli.output import named, show_json, show_value
from toolkit.terminal import say
from toolkit.translatable import _

commands = typer.Typer(no_args_is_help=True, help="Join a workspace; add and remove people, change their roles.")

RoleOption = Annotated[str, typer.Option(help="viewer, contributor or administrator.")]


@commands.command("list")
def list_people(json: JsonOption = False, workspace: WorkspaceOption = WORKSPACE) -> None:
    """List the people of the workspace."""
    people = opened(workspace).people
    show_value(people, people.frame, as_json=json)


@commands.command()
def me(workspace: WorkspaceOption = WORKSPACE) -> None:
    """Show who you are in this workspace, by your key."""
    person = opened(workspace).people.me
    say(f"{person.name}: {person.role.value}")


@commands.command()
def join(
    name: Annotated[str | None, typer.Argument(help="Your name here; your account's name by default.")] = None,
    json: JsonOption = False,
    workspace: WorkspaceOption = WORKSPACE,
) -> None:
    """Make your key pair if you have none, and print what an administrator runs to add you."""
    request = opened(workspace).people.join(name)
    if json:
        show_json({"name": request.name, "public_key": request.public_key, "root": request.root})
    else:
        say(repr(request))
        identity = ["--public-key", request.public_key, "--root", request.root]
        say(
            _(
                "Or, in a terminal: {command}",
                command=join_words(["toolkit", "people", "add", request.name, *identity]),
            )
        )


@commands.command()
def add(
    name: PersonArgument,
    public_key: Annotated[str, typer.Option(help="The public key that the person sent you.")],
    role: RoleOption = "contributor",
    root: Annotated[str, typer.Option(help="The fingerprint of the workspace that the person sent you.")] = "",
    workspace: WorkspaceOption = WORKSPACE,
) -> None:
    """Add a person to the workspace."""
    say(repr(opened(workspace).people.add(name, public_key=public_key, role=role, root=root)))


@commands.command()
def change_role(name: PersonArgument, role: RoleOption, workspace: WorkspaceOption = WORKSPACE) -> None:
    """Change a person's role, and with it the connections they may use."""
    say(repr(opened(workspace).people.change_role(name, role)))


@commands.command()
def remove(name: PersonArgument, workspace: WorkspaceOption = WORKSPACE) -> None:
    """Remove a person from the workspace."""
    to_rotate = opened(workspace).people.remove(name)
    say(_("Removed {name!r}. Connections to rotate: {names}", name=name, names=named(to_rotate, nothing=_("none"))))
