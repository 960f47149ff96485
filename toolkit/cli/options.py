"""Options and arguments that several commands take."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from toolkit.workspace import Workspace

WORKSPACE = Path("workspace")
WorkspaceOption = Annotated[
    Path, typer.Option("--workspace", "-w", envvar="TOOLKIT_WORKSPACE", help="Folder of the workspace.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for a program to read.")]
ExportArgument = Annotated[str, typer.Argument(help="Name of the export.")]
SegmentArgument = Annotated[str, typer.Argument(help="Name of the segment.")]
ConnectionArgument = Annotated[str, typer.Argument(help="Name of the connection.")]
PersonArgument = Annotated[str, typer.Argument(help="Name of the person.")]
AllowOption = Annotated[
    list[str] | None, typer.Option(help="A guard to pass knowingly, such as 'live campaign'; repeat for several.")
]
ColumnsOption = Annotated[
    list[str] | None, typer.Option("--column", help="A further profile column to show, masked where it looks personal.")
]
UnmaskedOption = Annotated[
    list[str] | None, typer.Option(help="A column to show as it is. The audit records who looked.")
]
ThresholdOption = Annotated[
    list[str] | None, typer.Option("--threshold", help="A limit of the checks, such as email_coverage=0.7.")
]
AtOption = Annotated[
    list[str] | None,
    typer.Option("--at", help="A time, such as 02:00; repeat it for up to four."),
]
DayOption = Annotated[list[str] | None, typer.Option("--day", help="A day of the week for these times; else all.")]
ZoneOption = Annotated[str, typer.Option("--time-zone", help="The zone of the times, such as Europe/Amsterdam.")]


def opened(workspace: Path) -> "Workspace":
    """Return the workspace in the folder."""
    from toolkit.workspace import open_workspace

    return open_workspace(workspace)


def pairs(given: Sequence[str] | None, option: str) -> dict[str, str]:
    """Return what options such as ``--host NAME=VALUE`` say, by name. The last equals sign separates."""
    split = [it.rpartition("=") for it in given or ()]
    wrong = [value for name, _, value in split if not name]
    if wrong:
        raise typer.BadParameter(f"write {option} NAME=VALUE, and not {wrong[0]!r}")
    return {name: value for name, _, value in split}
