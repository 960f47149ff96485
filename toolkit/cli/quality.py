"""``toolkit quality``: what the profile columns hold."""

from toolkit.cli.options import WORKSPACE, JsonOption, WorkspaceOption, opened
from toolkit.cli.output import show_value


def show_quality(json: JsonOption = False, workspace: WorkspaceOption = WORKSPACE) -> None:
    """Profile the profile table: what each column holds, and which columns hold emails, mobile IDs or keys."""
    found = opened(workspace).quality()
    show_value(found, found.frame, as_json=json)
