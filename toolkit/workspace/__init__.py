"""The workspace: where its tables lie, its database, its connections with their sealed secrets, its exports."""

from toolkit.workspace.connections import CONSENT_TEXT, Connection
from toolkit.workspace.exports import Export, Mode
from toolkit.workspace.folder import WorkspaceFolder
from toolkit.workspace.settings import Settings

__all__ = ["CONSENT_TEXT", "Connection", "Export", "Mode", "Settings", "WorkspaceFolder"]
