"""``toolkit audience``: Criteo audiences, declared here and applied there."""

from pathlib import Path
from typing import Annotated

import typer

from toolkit.cli.options import WORKSPACE, JsonOption, WorkspaceOption, opened
from toolkit.cli.output import named, show_frame, show_json, show_value
from toolkit.terminal import say
from toolkit.translatable import _

commands = typer.Typer(no_args_is_help=True, help="Declare Criteo audiences, compare and apply them.")

AudienceArgument = Annotated[str, typer.Argument(help="Name of the audience.")]
NamesArgument = Annotated[list[str] | None, typer.Argument(help="Names of audiences; all of them if left out.")]
ConnectionOption = Annotated[str, typer.Option(help="Name of the connection.")]
AdvertiserOption = Annotated[str, typer.Option(help="One of the connection's advertisers.")]
DefinitionArgument = Annotated[
    str, typer.Argument(help='Who is in it, such as \'"High value" and not "Bought last week"\'.')
]


@commands.command("list")
def list_audiences(json: JsonOption = False, workspace: WorkspaceOption = WORKSPACE) -> None:
    """List the declared audiences."""
    show_frame(opened(workspace).audiences.frame, as_json=json)


@commands.command()
def show(name: AudienceArgument, json: JsonOption = False, workspace: WorkspaceOption = WORKSPACE) -> None:
    """Show a declared audience."""
    audience = opened(workspace).audiences[name]
    if json:
        show_json(audience.model_dump(mode="json"))
        return
    from toolkit.campaigns.yaml_files import AUDIENCES_YAML

    say(AUDIENCES_YAML.text([audience]), nl=False)


@commands.command()
def save(
    name: AudienceArgument,
    definition: DefinitionArgument,
    connection: ConnectionOption,
    advertiser_id: AdvertiserOption = "",
    adopts: Annotated[str, typer.Option(help="ID of an audience at Criteo that becomes this one.")] = "",
    based_on: Annotated[int | None, typer.Option(help="The version that you edited.")] = None,
    workspace: WorkspaceOption = WORKSPACE,
) -> None:
    """Save an audience. Nothing changes at Criteo before `apply`."""
    saved = opened(workspace).audiences.save(
        name, definition, connection=connection, advertiser_id=advertiser_id, adopts=adopts, based_on=based_on
    )
    say(_("Saved Criteo audience {name!r}, version {version}.", name=name, version=saved.version))


@commands.command()
def plan(names: NamesArgument = None, json: JsonOption = False, workspace: WorkspaceOption = WORKSPACE) -> None:
    """Compare declared audiences with what is at Criteo. Nothing is changed."""
    planned = opened(workspace).audiences.plan(names or ())
    show_value(planned, planned.frame, as_json=json)


@commands.command()
def apply(
    names: NamesArgument = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Change back what somebody changed at Criteo.")
    ] = False,
    json: JsonOption = False,
    workspace: WorkspaceOption = WORKSPACE,
) -> None:
    """Bring Criteo to what is declared; exit with 1 if an audience can't be applied. Ad sets are not touched."""
    applied = opened(workspace).audiences.apply(names or (), overwrite=overwrite)
    show_value(applied, applied.frame, as_json=json)
    if applied.errors or applied.notices:
        raise typer.Exit(1)


@commands.command()
def estimate(
    definition: Annotated[str, typer.Argument(help="Who is in it, or the name of a declared audience.")],
    connection: ConnectionOption = "",
    advertiser_id: AdvertiserOption = "",
    json: JsonOption = False,
    workspace: WorkspaceOption = WORKSPACE,
) -> None:
    """Ask Criteo how many people an audience would reach. Nothing is made."""
    size = opened(workspace).audiences.estimate(definition, connection=connection, advertiser_id=advertiser_id)
    if json:
        show_json({"size": size})
        return
    say(_("Criteo doesn't say how many.") if size is None else _("{size:,} people", size=size))


@commands.command()
def sizes(json: JsonOption = False, workspace: WorkspaceOption = WORKSPACE) -> None:
    """Show how many people each audience reached over time."""
    show_frame(opened(workspace).audiences.sizes, as_json=json)


@commands.command()
def remove(name: AudienceArgument, workspace: WorkspaceOption = WORKSPACE) -> None:
    """Remove a declared audience. The audience at Criteo stays."""
    opened(workspace).audiences.remove(name)
    say(_("Removed Criteo audience {name!r}. The audience at Criteo stays.", name=name))


@commands.command()
def delete(
    audience_id: Annotated[str, typer.Argument(help="ID of an audience at Criteo that is left behind.")],
    connection: ConnectionOption,
    advertiser_id: AdvertiserOption,
    workspace: WorkspaceOption = WORKSPACE,
) -> None:
    """Delete an audience at Criteo whose declaration was removed."""
    opened(workspace).audiences.delete(audience_id, connection=connection, advertiser_id=advertiser_id)
    say(_("Deleted audience {audience_id} at Criteo.", audience_id=audience_id))


@commands.command()
def delete_segments(
    connection: ConnectionOption,
    advertiser_id: AdvertiserOption,
    json: JsonOption = False,
    workspace: WorkspaceOption = WORKSPACE,
) -> None:
    """Delete segments at Criteo that were made for audiences, and that none uses any more."""
    deleted = opened(workspace).audiences.delete_unused_segments(connection=connection, advertiser_id=advertiser_id)
    show_frame(deleted, as_json=json)


@commands.command()
def write(file: Annotated[Path, typer.Argument(help="The YAML file.")], workspace: WorkspaceOption = WORKSPACE) -> None:
    """Write all declared audiences to a YAML file."""
    opened(workspace).audiences.write(file)
    say(_("Written: {path}", path=file))


@commands.command()
def read(file: Annotated[Path, typer.Argument(help="The YAML file.")], workspace: WorkspaceOption = WORKSPACE) -> None:
    """Save the audiences of a YAML file; others stay as they are."""
    changed = opened(workspace).audiences.read(file)
    say(_("Saved: {names}", names=named(list(changed), nothing=_("nothing; all audiences are as they were"))))
