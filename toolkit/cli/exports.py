"""``toolkit export``: what is sent, to which lists, when and how."""

from pathlib import Path
from typing import Annotated

import typer

from toolkit.cli.options import (
    WORKSPACE,
    AtOption,
    ColumnsOption,
    DayOption,
    ExportArgument,
    JsonOption,
    ThresholdOption,
    UnmaskedOption,
    WorkspaceOption,
    ZoneOption,
    opened,
    pairs,
)
from toolkit.cli.output import named, show_frame, show_json, show_value
from toolkit.cli.previews import HtmlOption, LeftOutOption, MembersOption, keep_preview
from toolkit.terminal import say
from toolkit.translatable import _

commands = typer.Typer(no_args_is_help=True, help="Save, preview, check, list and remove exports.")


@commands.command("list")
def list_exports(
    segment: Annotated[str, typer.Option(help="Only exports that send this segment.")] = "",
    json: JsonOption = False,
    workspace: WorkspaceOption = WORKSPACE,
) -> None:
    """List the exports."""
    here = opened(workspace)
    frame = here.exports.frame
    if segment:
        frame = frame.filter(frame["export"].is_in(list(here.exports.using(segment))))
    show_frame(frame, as_json=json)


@commands.command()
def show(name: ExportArgument, json: JsonOption = False, workspace: WorkspaceOption = WORKSPACE) -> None:
    """Show an export: all its options, as they are saved."""
    export = opened(workspace).exports[name]
    if json:
        show_json(export.model_dump(mode="json"))
        return
    from toolkit.exports.yaml_files import EXPORTS_YAML

    say(EXPORTS_YAML.text([export]), nl=False)


@commands.command()
def save(
    name: ExportArgument,
    connection: Annotated[str, typer.Option(help="Name of the connection.")],
    email_column: Annotated[
        list[str], typer.Option(help="The profile column that holds the email; repeat for several.")
    ],
    segment: Annotated[list[str], typer.Option(help="A segment, or a pattern such as 'vip_*'; repeat for several.")],
    exclude: Annotated[list[str] | None, typer.Option(help="A segment whose members are never sent.")] = None,
    advertiser_id: Annotated[str, typer.Option(help="One of the connection's advertisers.")] = "",
    advertiser_column: Annotated[str, typer.Option(help="The profile column with the advertiser's ID, instead.")] = "",
    madid_column: Annotated[
        list[str] | None, typer.Option(help="A profile column with mobile advertising IDs.")
    ] = None,
    phone_column: Annotated[list[str] | None, typer.Option(help="A profile column with phone numbers.")] = None,
    phone_region: Annotated[str, typer.Option(help="Country of phone numbers that name none, such as NL.")] = "",
    gum_column: Annotated[list[str] | None, typer.Option(help="A profile column with GUM IDs.")] = None,
    gum_caller_id: Annotated[int | None, typer.Option(help="The GUM caller ID that Criteo gave you.")] = None,
    identity_link_column: Annotated[list[str] | None, typer.Option(help="A profile column with LiveRamp IDs.")] = None,
    separator: Annotated[str, typer.Option(help="What stands between several identifiers in one field.")] = "",
    list_name: Annotated[
        str, typer.Option(help="Name of the contact lists, with {segment}, {export}, {date} and {type}.")
    ] = "{segment}",
    existing_list: Annotated[
        list[str] | None, typer.Option("--list", help="A list that is at Criteo already, as SEGMENT=ID.")
    ] = None,
    placeholder: Annotated[list[str] | None, typer.Option(help="A text that stands for a missing email.")] = None,
    consent_column: Annotated[str, typer.Option(help="The profile column that says who consents.")] = "",
    consent_value: Annotated[
        list[str] | None, typer.Option(help="A value of that column that means consent; repeat for several.")
    ] = None,
    consent_basis: Annotated[str, typer.Option(help="On what basis people consented, in words.")] = "",
    consent_basis_column: Annotated[str, typer.Option(help="The profile column that says it, instead.")] = "",
    form: Annotated[str, typer.Option(help="How emails are sent: sha256, md5, sha256_of_md5 or plain.")] = "sha256",
    mode: Annotated[str, typer.Option(help="mirror, append or replace.")] = "mirror",
    active: Annotated[
        bool, typer.Option("--active/--inactive", help="Whether `run all` and the refresh run it.")
    ] = True,
    off: Annotated[bool, typer.Option("--off", help="Never run it in a refresh.")] = False,
    at: AtOption = None,
    day: DayOption = None,
    time_zone: ZoneOption = "UTC",
    priority: Annotated[int, typer.Option(help="A refresh runs exports with a smaller one first.")] = 100,
    threshold: ThresholdOption = None,
    based_on: Annotated[int | None, typer.Option(help="The version that you edited; a newer one then stays.")] = None,
    workspace: WorkspaceOption = WORKSPACE,
) -> None:
    """Save an export, in the place of one of that name. It does not run."""
    from toolkit.exports.schedule import Schedule
    from toolkit.refresh.options import refresh_schedule

    schedule = refresh_schedule(at or [], day or [], time_zone, default=Schedule.off() if off else Schedule())
    saved = opened(workspace).exports.save(
        name,
        connection=connection,
        email_column=email_column,
        segments=segment,
        exclude=exclude or (),
        advertiser_id=advertiser_id,
        advertiser_column=advertiser_column,
        madid_column=madid_column or (),
        phone_column=phone_column or (),
        phone_region=phone_region,
        gum_column=gum_column or (),
        gum_caller_id=gum_caller_id,
        identity_link_column=identity_link_column or (),
        separator=separator,
        list_name=list_name,
        lists=pairs(existing_list, "--list"),
        placeholders=placeholder or (),
        consent_column=consent_column,
        consent_values=consent_value or (),
        consent_basis=consent_basis,
        consent_basis_column=consent_basis_column,
        form=form,
        mode=mode,
        active=active,
        schedule=schedule,
        priority=priority,
        thresholds=pairs(threshold, "--threshold"),
        based_on=based_on,
    )
    say(_("Saved export {name!r}, version {version}. It did not run.", name=saved.name, version=saved.version))


@commands.command()
def remove(name: ExportArgument, json: JsonOption = False, workspace: WorkspaceOption = WORKSPACE) -> None:
    """Remove an export. Its runs, and its lists at Criteo, stay."""
    left = opened(workspace).exports.remove(name)
    show_value(left, left.frame, as_json=json)


@commands.command()
def detach(name: ExportArgument, json: JsonOption = False, workspace: WorkspaceOption = WORKSPACE) -> None:
    """Take an export's connection away: it does not run until you save it with another."""
    left = opened(workspace).exports.detach(name)
    show_value(left, left.frame, as_json=json)


@commands.command()
def duplicate(
    name: ExportArgument,
    to: Annotated[str, typer.Argument(help="Name of the copy.")],
    workspace: WorkspaceOption = WORKSPACE,
) -> None:
    """Save a copy of an export under another name. The copy fills lists of its own."""
    say(_("Saved export {name!r}.", name=opened(workspace).exports.duplicate(name, to).name))


@commands.command()
def activate(name: ExportArgument, workspace: WorkspaceOption = WORKSPACE) -> None:
    """Let `run all` and the refresh run an export."""
    say(_("Export {name!r} is active.", name=opened(workspace).exports.activate(name).name))


@commands.command()
def deactivate(name: ExportArgument, workspace: WorkspaceOption = WORKSPACE) -> None:
    """Stop `run all` and the refresh from running an export."""
    say(_("Export {name!r} is not active.", name=opened(workspace).exports.deactivate(name).name))


@commands.command()
def preview(
    name: ExportArgument,
    ask_criteo: Annotated[bool, typer.Option("--ask-criteo", help="Let Criteo count its lists now.")] = False,
    column: ColumnsOption = None,
    unmasked: UnmaskedOption = None,
    members: MembersOption = None,
    html: HtmlOption = None,
    left_out: LeftOutOption = None,
    json: JsonOption = False,
    workspace: WorkspaceOption = WORKSPACE,
) -> None:
    """Preview an export as its next run would send it: included and excluded customers. Nothing is sent."""
    from toolkit.preview import FIRST_MEMBERS

    shown = opened(workspace).exports.preview(
        name,
        columns=column or (),
        unmasked=unmasked or (),
        members=FIRST_MEMBERS if members is None else members,
        ask_criteo=ask_criteo,
    )
    show_value(shown, shown.counts, as_json=json)
    keep_preview(shown, html=html, left_out=left_out)


@commands.command()
def check(name: ExportArgument, json: JsonOption = False, workspace: WorkspaceOption = WORKSPACE) -> None:
    """Check an export as its next run would. Nothing is sent. The exit code is 1 when a check stops the run."""
    results = opened(workspace).exports.check(name)
    show_value(results, results.frame, as_json=json)
    if not results.passed:
        raise typer.Exit(1)


@commands.command()
def write(path: Annotated[Path, typer.Argument(help="The YAML file.")], workspace: WorkspaceOption = WORKSPACE) -> None:
    """Write all exports to a YAML file, for version control."""
    opened(workspace).exports.write(path)
    say(_("Written: {path}", path=path))


@commands.command()
def read(path: Annotated[Path, typer.Argument(help="The YAML file.")], workspace: WorkspaceOption = WORKSPACE) -> None:
    """Save the exports of a YAML file. Exports that are not in the file stay as they are."""
    changed = opened(workspace).exports.read(path)
    say(_("Saved: {names}", names=named(list(changed), nothing=_("nothing; all exports are as they were"))))
