"""``toolkit audit`` and ``toolkit trust``: what was done, and whether it can be relied on."""

from typing import Annotated

import typer

from toolkit.cli.options import WORKSPACE, JsonOption, WorkspaceOption, opened, pairs
from toolkit.cli.output import show_frame
from toolkit.terminal import say
from toolkit.translatable import _


def show_audit(
    verify: Annotated[
        bool, typer.Option("--verify", help="Verify that no row was changed or removed, and that all are signed.")
    ] = False,
    json: JsonOption = False,
    workspace: WorkspaceOption = WORKSPACE,
) -> None:
    """Show who did what, the newest first. With --verify, the exit code is 1 when something was changed."""
    here = opened(workspace)
    if not verify:
        show_frame(here.audit.frame.drop("public_key"), as_json=json)
        return
    broken = here.audit.verify()
    if broken is not None:
        say(str(broken))
        raise typer.Exit(1)
    altered = here.altered_rows
    text = "\n".join(map(str, altered)) or _("The audit is as it was written, and all rows are as they were signed.")
    say(text)
    if altered:
        raise typer.Exit(1)


def trust(
    root: Annotated[
        str | None, typer.Argument(help="The fingerprint of the workspace, as an administrator told you.")
    ] = None,
    newest_row: Annotated[
        int | None, typer.Option(help="The newest row of the audit, when a backup was restored on purpose.")
    ] = None,
    host: Annotated[list[str] | None, typer.Option(help="Where a connection goes now, as NAME=URL.")] = None,
    workspace: WorkspaceOption = WORKSPACE,
) -> None:
    """Confirm how the workspace differs from what this machine remembers. Without options, print its fingerprint."""
    here = opened(workspace)
    if root is None and newest_row is None and not host:
        say(here.root)
        return
    here.trust(root, newest_row=newest_row, hosts=pairs(host, "--host"))
    say(_("This machine remembers it."))
