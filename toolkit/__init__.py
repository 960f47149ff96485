"""Send customer segments to Criteo from notebooks: preview, check, push and look back.

Nothing is loaded until it is used: ``import toolkit`` is cheap.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from toolkit.audience import Audience, IdentifierForm, Status, SuppressedBy
    from toolkit.checks import Check, Level, Thresholds
    from toolkit.errors import (
        LeaseLostError,
        LedgerDivergedError,
        SignatureError,
        SuppressionsLostError,
        ToolkitError,
        TrustError,
        UnusableRowsError,
    )
    from toolkit.interface import Workspace, open_workspace
    from toolkit.preview import Preview
    from toolkit.refresh import Refresh, RefreshOptions, ScheduledRun
    from toolkit.runs import AbandonedList, AbandonedLists, Run, RunStatus
    from toolkit.tables import Profiles, SegmentFolder, SegmentTable
    from toolkit.workspace import CONSENT_TEXT, Connection, Credentials, Export, Mode, People, Role, Schedule

_HOME = {
    "AbandonedList": "runs",
    "AbandonedLists": "runs",
    "Audience": "audience",
    "CONSENT_TEXT": "workspace",
    "Check": "checks",
    "Connection": "workspace",
    "Credentials": "workspace",
    "Export": "workspace",
    "IdentifierForm": "audience",
    "LeaseLostError": "errors",
    "LedgerDivergedError": "errors",
    "Level": "checks",
    "Mode": "workspace",
    "People": "workspace",
    "Preview": "preview",
    "Profiles": "tables",
    "Refresh": "refresh",
    "RefreshOptions": "refresh",
    "Role": "workspace",
    "Run": "runs",
    "RunStatus": "runs",
    "Schedule": "workspace",
    "ScheduledRun": "refresh",
    "SegmentFolder": "tables",
    "SegmentTable": "tables",
    "SignatureError": "errors",
    "Status": "audience",
    "SuppressedBy": "audience",
    "SuppressionsLostError": "errors",
    "Thresholds": "checks",
    "ToolkitError": "errors",
    "TrustError": "errors",
    "UnusableRowsError": "errors",
    "Workspace": "interface",
    "open_workspace": "interface",
}

__all__ = [
    "CONSENT_TEXT",
    "AbandonedList",
    "AbandonedLists",
    "Audience",
    "Check",
    "Connection",
    "Credentials",
    "Export",
    "IdentifierForm",
    "LeaseLostError",
    "LedgerDivergedError",
    "Level",
    "Mode",
    "People",
    "Preview",
    "Profiles",
    "Refresh",
    "RefreshOptions",
    "Role",
    "Run",
    "RunStatus",
    "Schedule",
    "ScheduledRun",
    "SegmentFolder",
    "SegmentTable",
    "SignatureError",
    "Status",
    "SuppressedBy",
    "SuppressionsLostError",
    "Thresholds",
    "ToolkitError",
    "TrustError",
    "UnusableRowsError",
    "Workspace",
    "open_workspace",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'toolkit' has no attribute {name!r}")
    return getattr(import_module(f"toolkit.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
