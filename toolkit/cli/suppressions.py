"""``toolkit suppression`` and ``toolkit forget``: people who are never sent again; ``toolkit disclose`` before that."""

from pathlib import Path
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
    phone_column: Annotated[str | None, typer.Option(help="Column with phone numbers, plain or hashed.")] = None,
    phone_region: Annotated[str, typer.Option(help="Country of phone numbers that name none, such as NL.")] = "",
    gum_column: Annotated[str | None, typer.Option(help="Column with GUM IDs.")] = None,
    identity_link_column: Annotated[str | None, typer.Option(help="Column with LiveRamp IDs.")] = None,
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
        phone_column=phone_column,
        phone_region=phone_region,
        gum_column=gum_column,
        identity_link_column=identity_link_column,
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


def _asked(keyword: str) -> str:
    from toolkit.identifiers import identifier_types

    labels = {it.keyword: it.label for it in identifier_types()}
    answer: str = typer.prompt(labels.get(keyword, keyword), hide_input=True, err=True)
    return answer


def forget(
    customer: Annotated[
        str | None, typer.Option(help="The customer key. Without it, you are asked for the identifier.")
    ] = None,
    known_by: Annotated[
        str, typer.Option(help="What you are asked for: email, madid, phone, gum or identity_link.")
    ] = "email",
    phone_region: Annotated[str, typer.Option(help="Country of a phone number that names none, such as NL.")] = "",
    json: JsonOption = False,
    workspace: WorkspaceOption = WORKSPACE,
) -> None:
    """Remove a person from every list that was ever filled, and keep them out of later runs."""
    # Asked for, so that no address is in the shell's history.
    asked = {} if customer is not None else {known_by: _asked(known_by), "phone_region": phone_region}
    forgotten = opened(workspace).forget(customer=customer, **asked)
    show_value(forgotten, forgotten.frame, as_json=json)
    if not forgotten.done:
        raise typer.Exit(1)


def disclose(
    customer: Annotated[
        str | None, typer.Option(help="The customer key. Without it, you are asked for the identifier.")
    ] = None,
    known_by: Annotated[
        str, typer.Option(help="What you are asked for: email, madid, phone, gum or identity_link.")
    ] = "email",
    phone_region: Annotated[str, typer.Option(help="Country of a phone number that names none, such as NL.")] = "",
    page: Annotated[Path | None, typer.Option(help="Write the page for the person to this HTML file.")] = None,
    document: Annotated[Path | None, typer.Option(help="Write the document to verify to this JSON file.")] = None,
    json: JsonOption = False,
    workspace: WorkspaceOption = WORKSPACE,
) -> None:
    """Show which lists held a person, from when to when and by which run. The audit records that you did."""
    asked = {} if customer is not None else {known_by: _asked(known_by), "phone_region": phone_region}
    disclosure = opened(workspace).disclose(customer=customer, **asked)
    if page is not None:
        disclosure.to_html(page)
    if document is not None:
        disclosure.to_json(document)
    say(disclosure.document.model_dump_json(indent=2) if json else repr(disclosure))


def verify_disclosure(
    document: Annotated[Path, typer.Argument(help="The JSON file of the disclosure.")],
    workspace: WorkspaceOption = WORKSPACE,
) -> None:
    """Verify that a disclosure was made here and not altered since. The exit code is 1 when it is not genuine."""
    found = opened(workspace).verify_disclosure(document)
    say(str(found))
    if not found.is_genuine:
        raise typer.Exit(1)
