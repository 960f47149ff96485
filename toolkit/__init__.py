"""Send customer segments to Criteo from notebooks: preview, check, push and look back.

Nothing is loaded until it is used: ``import toolkit`` is cheap.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from toolkit.audience import Audience, IdentifierForm, Status, SuppressedBy
    from toolkit.checks import Check, Level, Thresholds
    from toolkit.errors import (
        AccessError,
        BusyError,
        ChangingInputError,
        ConfigurationError,
        DataError,
        ErrorCode,
        ErrorInfo,
        GuardError,
        InputNotReadyError,
        LeaseLostError,
        LedgerDivergedError,
        ListGoneError,
        PortTakenError,
        ProcessEndedError,
        RunCanceledError,
        RunFailedError,
        RunInterruptedError,
        SignatureError,
        SuppressionsLostError,
        TooLargeError,
        ToolkitError,
        TrustError,
        UnavailableError,
        UnforeseenError,
        UnusableRowsError,
    )
    from toolkit.interface import Workspace, open_workspace
    from toolkit.preview import Preview
    from toolkit.refresh import Refresh, RefreshOptions, ScheduledRun
    from toolkit.runs import (
        AbandonedList,
        AbandonedLists,
        ListResult,
        Notice,
        NoticeCode,
        Run,
        RunStatus,
    )
    from toolkit.tables import Profiles, SegmentFolder, SegmentTable
    from toolkit.workspace import CONSENT_TEXT, Connection, Credentials, Export, Mode, People, Role, Schedule

_HOME = {
    "AbandonedList": "runs",
    "AbandonedLists": "runs",
    "AccessError": "errors",
    "Audience": "audience",
    "BusyError": "errors",
    "CONSENT_TEXT": "workspace",
    "ChangingInputError": "errors",
    "Check": "checks",
    "ConfigurationError": "errors",
    "Connection": "workspace",
    "Credentials": "workspace",
    "DataError": "errors",
    "ErrorCode": "errors",
    "ErrorInfo": "errors",
    "Export": "workspace",
    "GuardError": "errors",
    "IdentifierForm": "audience",
    "InputNotReadyError": "errors",
    "LeaseLostError": "errors",
    "LedgerDivergedError": "errors",
    "Level": "checks",
    "ListGoneError": "errors",
    "ListResult": "runs",
    "Mode": "workspace",
    "Notice": "runs",
    "NoticeCode": "runs",
    "People": "workspace",
    "PortTakenError": "errors",
    "Preview": "preview",
    "ProcessEndedError": "errors",
    "Profiles": "tables",
    "Refresh": "refresh",
    "RefreshOptions": "refresh",
    "Role": "workspace",
    "Run": "runs",
    "RunCanceledError": "errors",
    "RunFailedError": "errors",
    "RunInterruptedError": "errors",
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
    "TooLargeError": "errors",
    "ToolkitError": "errors",
    "TrustError": "errors",
    "UnavailableError": "errors",
    "UnforeseenError": "errors",
    "UnusableRowsError": "errors",
    "Workspace": "interface",
    "open_workspace": "interface",
}

__all__ = [
    "CONSENT_TEXT",
    "AbandonedList",
    "AbandonedLists",
    "AccessError",
    "Audience",
    "BusyError",
    "ChangingInputError",
    "Check",
    "ConfigurationError",
    "Connection",
    "Credentials",
    "DataError",
    "ErrorCode",
    "ErrorInfo",
    "Export",
    "GuardError",
    "IdentifierForm",
    "InputNotReadyError",
    "LeaseLostError",
    "LedgerDivergedError",
    "Level",
    "ListGoneError",
    "ListResult",
    "Mode",
    "Notice",
    "NoticeCode",
    "People",
    "PortTakenError",
    "Preview",
    "ProcessEndedError",
    "Profiles",
    "Refresh",
    "RefreshOptions",
    "Role",
    "Run",
    "RunCanceledError",
    "RunFailedError",
    "RunInterruptedError",
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
    "TooLargeError",
    "ToolkitError",
    "TrustError",
    "UnavailableError",
    "UnforeseenError",
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
