"""``toolkit ad-set``: which audience each ad set targets."""

from typing import Annotated

import typer

from toolkit.cli.audiences import AdvertiserOption, ConnectionOption
from toolkit.cli.options import WORKSPACE, JsonOption, WorkspaceOption, opened
from toolkit.cli.output import show_value
from toolkit.terminal import say

commands = typer.Typer(no_args_is_help=True, help="Find ad sets, and link Criteo audiences to them.")

AdSetArgument = Annotated[str, typer.Argument(help="ID of the ad set.")]


@commands.command("list")
def list_ad_sets(
    connection: ConnectionOption,
    advertiser_id: AdvertiserOption = "",
    campaign_id: Annotated[str, typer.Option(help="Only ad sets of this campaign.")] = "",
    json: JsonOption = False,
    workspace: WorkspaceOption = WORKSPACE,
) -> None:
    """List the ad sets of an advertiser, with their status and what they target."""
    found = opened(workspace).ad_sets.find(connection=connection, advertiser_id=advertiser_id, campaign_id=campaign_id)
    show_value(found, found.frame, as_json=json)


@commands.command()
def link(
    ad_set_id: AdSetArgument,
    audience: Annotated[str, typer.Argument(help="Name of the declared audience.")],
    replaces: Annotated[
        str, typer.Option(help="The audience that the ad set targets now, by ID or name: it may be replaced.")
    ] = "",
    workspace: WorkspaceOption = WORKSPACE,
) -> None:
    """Let an ad set target a declared audience. Administrators only."""
    say(opened(workspace).ad_sets.link(ad_set_id, audience, replaces=replaces).sentence)


@commands.command()
def unlink(
    ad_set_id: AdSetArgument,
    audience: Annotated[str, typer.Argument(help="The audience that the ad set targets now, by ID or name.")],
    connection: ConnectionOption,
    advertiser_id: AdvertiserOption = "",
    workspace: WorkspaceOption = WORKSPACE,
) -> None:
    """Let an ad set target no audience any more. Administrators only."""
    done = opened(workspace).ad_sets.unlink(ad_set_id, audience, connection=connection, advertiser_id=advertiser_id)
    say(done.sentence)
