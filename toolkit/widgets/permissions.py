"""What the person who acts may do with an export, so that a form offers that and nothing else.

The workspace refuses by itself what may not be done; this only tells it beforehand.
"""

from toolkit.access.people import Role
from toolkit.exports.export import Export
from toolkit.widgets.language import Words
from toolkit.workspace import Workspace


def may_manage(workspace: Workspace, export: Export) -> bool:
    """Tell whether the person may edit, run and remove the export."""
    if workspace.people.me.role is Role.VIEWER:
        return False
    return not export.connection or export.connection in workspace.connections


def why_not(words: Words, workspace: Workspace) -> str:
    """Return why the person may only look at an export."""
    if workspace.people.me.role is Role.VIEWER:
        return words.say("You are a viewer: you may look. Ask an administrator to make you a contributor.")
    return words.say("The connection of this export is not shared with you: you may look. Ask an administrator for it.")
