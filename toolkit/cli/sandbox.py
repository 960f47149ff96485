"""``toolkit sandbox``: an embedded Criteo on this machine."""

from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from toolkit.terminal import say


def serve_sandbox(
    port: Annotated[int, typer.Option(help="Port on the loopback address; 0 takes a free one.")] = 8765,
    keep: Annotated[Path | None, typer.Option(help="Folder that keeps the lists over a restart.")] = None,
    fault: Annotated[
        list[str] | None, typer.Option(help="What goes wrong, as fault:call:times:after, such as http_503:amend:2.")
    ] = None,
    token_seconds: Annotated[float, typer.Option(help="How long a token lives, in seconds.")] = 900,
    calls_per_minute: Annotated[int, typer.Option(help="Calls that are let through in a minute.")] = 250,
    match_rate: Annotated[float, typer.Option(help="Share of the identifiers that Criteo knows, from 0 to 1.")] = 0.7,
) -> None:
    """Start an embedded Criteo on this machine, to try everything without an account."""
    from toolkit.sandbox import CLIENT_ID, CLIENT_SECRET, PlannedFault, SandboxOptions, serve

    def announce(address: str) -> None:
        say(
            f"Embedded Criteo at {address}, until Ctrl+C. Point a connection at it:\n"
            f'workspace.connections.connect("Sandbox", host="{address}", client_id="{CLIENT_ID}", '
            f'client_secret="{CLIENT_SECRET}", i_agree=True)\n'
            f"Or, in a terminal: CRITEO_CLIENT_SECRET={quote(CLIENT_SECRET)} toolkit connection connect Sandbox "
            f"--host {address} --client-id {CLIENT_ID}"
        )

    options = SandboxOptions(
        keep=keep,
        faults=tuple(map(PlannedFault.parse, fault or [])),
        token_life_seconds=token_seconds,
        calls_per_minute=calls_per_minute,
        match_rate=match_rate,
    )
    serve(port=port, options=options, announce=announce)
