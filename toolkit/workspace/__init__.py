"""The workspace: where its tables lie, its database, its connections with their sealed secrets, its exports."""

from toolkit.workspace.connections import CONSENT_TEXT, Connection, ConnectionSetup, OfExports
from toolkit.workspace.credentials import Credentials
from toolkit.workspace.export import Export, Mode
from toolkit.workspace.folder import WorkspaceFolder
from toolkit.workspace.people import JoinRequest, Person, Role
from toolkit.workspace.schedule import Every, Schedule, Weekday
from toolkit.workspace.settings import Settings

__all__ = [
    "CONSENT_TEXT",
    "Connection",
    "ConnectionSetup",
    "Credentials",
    "Every",
    "Export",
    "JoinRequest",
    "Mode",
    "OfExports",
    "Person",
    "Role",
    "Schedule",
    "Settings",
    "Weekday",
    "WorkspaceFolder",
]
