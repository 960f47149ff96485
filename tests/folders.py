"""The one place at which tests reach below the interface, to the database and the keys of a workspace."""

import toolkit
from toolkit.state.folder import WorkspaceFolder


def folder_of(workspace: toolkit.Workspace) -> WorkspaceFolder:
    """Return the folder that a workspace stands on: its session, its engine, the key and the memory of who opened it."""
    return workspace._folder
