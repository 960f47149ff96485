"""``toolkit segment``: the segments of the catalog, and those built from the profiles."""

from typing import Annotated, Any

import typer

from toolkit.cli.options import (
    WORKSPACE,
    ColumnsOption,
    JsonOption,
    SegmentArgument,
    ThresholdOption,
    UnmaskedOption,
    WorkspaceOption,
    opened,
    pairs,
)
from toolkit.cli.output import show_frame, show_json, show_value
from toolkit.cli.previews import HtmlOption, LeftOutOption, MembersOption, keep_preview
from toolkit.terminal import say
from toolkit.translatable import _

commands = typer.Typer(no_args_is_help=True, help="List, preview, draft, build and remove segments.")

WhereOption = Annotated[str, typer.Option(help="Who belongs to it: what stands after WHERE in SQL.")]


@commands.command("list")
def list_segments(json: JsonOption = False, workspace: WorkspaceOption = WORKSPACE) -> None:
    """List the segments, with their sizes."""
    show_frame(opened(workspace).segments.frame, as_json=json)


@commands.command()
def show(name: SegmentArgument, json: JsonOption = False, workspace: WorkspaceOption = WORKSPACE) -> None:
    """Show a segment: its size and, if it was built here, its condition and history."""
    segment = opened(workspace).segments[name]
    show_value(segment, segment.history, as_json=json)


@commands.command()
def draft(
    name: SegmentArgument,
    where: WhereOption,
    json: JsonOption = False,
    workspace: WorkspaceOption = WORKSPACE,
) -> None:
    """Find out who would be in a segment. Nothing is saved."""
    found = opened(workspace).segments.draft(name, where=where)
    if json:
        show_json({"segment": name, "size": found.size, "added": found.added, "removed": found.removed})
    else:
        say(repr(found))


@commands.command()
def build(
    name: SegmentArgument,
    where: WhereOption,
    dynamic: Annotated[
        bool | None, typer.Option("--dynamic/--static", help="Build it again at each refresh and run, or keep it.")
    ] = None,
    workspace: WorkspaceOption = WORKSPACE,
) -> None:
    """Build a segment of the profiles that meet a condition, in the place of one that was built under that name."""
    say(repr(opened(workspace).segments.build(name, where=where, dynamic=dynamic)))


@commands.command()
def rebuild(name: SegmentArgument, workspace: WorkspaceOption = WORKSPACE) -> None:
    """Build a segment again by its condition, with the profiles as they are now."""
    say(repr(opened(workspace).segments.rebuild(name)))


@commands.command()
def remove(name: SegmentArgument, workspace: WorkspaceOption = WORKSPACE) -> None:
    """Remove a segment that was built here. Contact lists at Criteo stay."""
    opened(workspace).segments.remove(name)
    say(_("Removed segment {name!r}.", name=name))


@commands.command()
def preview(
    names: Annotated[list[str] | None, typer.Argument(help="Segments; all when you name none.")] = None,
    email_column: Annotated[
        list[str] | None, typer.Option(help="The profile column that holds the email; repeat for several.")
    ] = None,
    madid_column: Annotated[list[str] | None, typer.Option(help="Mobile advertising IDs, instead.")] = None,
    phone_column: Annotated[list[str] | None, typer.Option(help="Phone numbers, instead.")] = None,
    phone_region: Annotated[str, typer.Option(help="Country of phone numbers that name none, such as NL.")] = "",
    gum_column: Annotated[list[str] | None, typer.Option(help="GUM IDs, instead.")] = None,
    identity_link_column: Annotated[list[str] | None, typer.Option(help="LiveRamp IDs, instead.")] = None,
    separator: Annotated[str, typer.Option(help="What stands between several identifiers in one field.")] = "",
    exclude: Annotated[list[str] | None, typer.Option(help="A segment whose members are never sent.")] = None,
    form: Annotated[str, typer.Option(help="How emails are sent: sha256, md5, sha256_of_md5 or plain.")] = "sha256",
    threshold: ThresholdOption = None,
    column: ColumnsOption = None,
    unmasked: UnmaskedOption = None,
    members: MembersOption = None,
    html: HtmlOption = None,
    left_out: LeftOutOption = None,
    json: JsonOption = False,
    workspace: WorkspaceOption = WORKSPACE,
) -> None:
    """Preview segments: included and excluded customers, with reasons. Nothing is sent."""
    from toolkit.preview import FIRST_MEMBERS
    from toolkit.validation import Thresholds

    limits: dict[str, Any] = dict(pairs(threshold, "--threshold"))
    if not any((email_column, madid_column, phone_column, gum_column, identity_link_column)):
        raise typer.BadParameter("name a column with identifiers, such as --email-column EMail")
    here = opened(workspace)
    shown = here.preview(
        names or list(here.segments),
        email_column=email_column,
        madid_column=madid_column or (),
        phone_column=phone_column or (),
        phone_region=phone_region,
        gum_column=gum_column or (),
        identity_link_column=identity_link_column or (),
        separator=separator,
        exclude=exclude or (),
        form=form,
        thresholds=Thresholds(**limits),
        columns=column or (),
        unmasked=unmasked or (),
        members=FIRST_MEMBERS if members is None else members,
    )
    show_value(shown, shown.counts, as_json=json)
    keep_preview(shown, html=html, left_out=left_out)
