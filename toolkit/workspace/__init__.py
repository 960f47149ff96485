"""The workspace: where its tables lie, its database, its connections with their sealed secrets, its exports."""

from toolkit.workspace.connections import CONSENT_TEXT, Connection, Connections, ConnectionSetup, OfExports
from toolkit.workspace.credentials import Credentials
from toolkit.workspace.export import Export, Mode
from toolkit.workspace.folder import WorkspaceFolder
from toolkit.workspace.people import JoinRequest, People, Person, Role
from toolkit.workspace.schedule import Every, Schedule, Weekday
from toolkit.workspace.settings import Settings

__all__ = [
    "CONSENT_TEXT",
    "Connection",
    "ConnectionSetup",
    "Connections",
    "Credentials",
    "Every",
    "Export",
    "JoinRequest",
    "Mode",
    "OfExports",
    "People",
    "Person",
    "Role",
    "Schedule",
    "Settings",
    "Weekday",
    "WorkspaceFolder",
]
