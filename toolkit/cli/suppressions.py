"""``toolkit suppression`` and ``toolkit forget``: people who are never sent again."""

from typing import Annotated

import typer

from toolkit.cli.options import WORKSPACE, JsonOption, WorkspaceOption, opened
from toolkit.cli.output import show_frame, show_value
from toolkit.terminal import say
from toolkit.translatable import _

commands = typer.Typer(no_args_is_help=True, help="Keep people out of later runs.")


@commands.command()
def add(
    people: Annotated[str, typer.Argument(help="Location of a Parquet, Delta or CSV table.")],
    email_column: Annotated[str | None, typer.Option(help="Column with emails, plain or hashed.")] = None,
    customer_column: Annotated[str | None, typer.Option(help="Column with customer keys.")] = None,
    madid_column: Annotated[str | None, typer.Option(help="Column with mobile advertising IDs.")] = None,
    skip_unusable: Annotated[
        bool, typer.Option("--skip-unusable", help="Add the other rows when some rows name nobody.")
    ] = False,
    json: JsonOption = False,
    workspace: WorkspaceOption = WORKSPACE,
) -> None:
    """Keep the people of a table out of later runs."""
    added = opened(workspace).suppressions.add(
        people,
        email_column=email_column,
        customer_column=customer_column,
        madid_column=madid_column,
        skip_unusable=skip_unusable,
    )
    show_value(added, added.frame, as_json=json)


@commands.command("list")
def list_entries(json: JsonOption = False, workspace: WorkspaceOption = WORKSPACE) -> None:
    """List the entries of the suppression list, without the people."""
    show_frame(opened(workspace).suppressions.frame, as_json=json)


@commands.command()
def lift(
    entry: Annotated[str, typer.Argument(help="Name of the entry.")], workspace: WorkspaceOption = WORKSPACE
) -> None:
    """Lift an entry: its people may be sent again, unless another entry names them."""
    opened(workspace).suppressions.lift(entry)
    say(_("Lifted entry {entry!r}.", entry=entry))


@commands.command()
def accept_lost(
    entries: Annotated[int, typer.Option(help="How many entries are lost, as the error says.")],
    workspace: WorkspaceOption = WORKSPACE,
) -> None:
    """Go on without entries of the suppression list that are lost."""
    opened(workspace).suppressions.accept_lost(entries=entries)
    say(_("Runs go on without {entries} lost entries.", entries=entries))


def forget(
    customer: Annotated[
        str | None, typer.Option(help="The customer key. Without it, you are asked for the email.")
    ] = None,
    json: JsonOption = False,
    workspace: WorkspaceOption = WORKSPACE,
) -> None:
    """Remove a person from every list that was ever filled, and keep them out of later runs."""
    # Asked for, so that no address is in the shell's history.
    email = typer.prompt("Email", hide_input=True, err=True) if customer is None else None
    forgotten = opened(workspace).forget(email=email, customer=customer)
    show_value(forgotten, forgotten.frame, as_json=json)
    if not forgotten.done:
        raise typer.Exit(1)
