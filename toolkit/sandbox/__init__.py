"""An embedded Criteo on this machine's loopback: it keeps Criteo's rules, and fails when it is told to.

``start`` runs one in a process of its own, ``attach`` reaches one that runs already, ``serve`` is one in the
foreground. It knows nothing of segments or exports: what it says is Criteo's contract, version 2026-07.
"""

from collections.abc import Callable

from toolkit.extras import Extra, require
from toolkit.sandbox.campaigns import DeliveryStatus
from toolkit.sandbox.control import Sandbox, attach
from toolkit.sandbox.faults import Call, Fault, PlannedFault
from toolkit.sandbox.lists import Operation
from toolkit.sandbox.options import (
    ADVERTISERS,
    CLIENT_ID,
    CLIENT_SECRET,
    MOST_IDENTIFIERS_IN_A_CALL,
    VERSION,
    Advertiser,
    Permission,
    SandboxOptions,
)
from toolkit.sandbox.process import PORT, SharedSandbox, StartedSandbox, attach_or_start, start
from toolkit.sandbox.views import HeldAdSet, HeldAudience, HeldList, LoggedRequest

__all__ = [
    "ADVERTISERS",
    "CLIENT_ID",
    "CLIENT_SECRET",
    "MOST_IDENTIFIERS_IN_A_CALL",
    "PORT",
    "VERSION",
    "Advertiser",
    "Call",
    "DeliveryStatus",
    "Fault",
    "HeldAdSet",
    "HeldAudience",
    "HeldList",
    "LoggedRequest",
    "Operation",
    "Permission",
    "PlannedFault",
    "Sandbox",
    "SandboxOptions",
    "SharedSandbox",
    "StartedSandbox",
    "attach",
    "attach_or_start",
    "serve",
    "start",
]


def serve(*, port: int, options: SandboxOptions, announce: Callable[[str], None]) -> None:
    """Serve on loopback until interrupted; port 0 is any free one.

    ``announce`` is given the address once the sandbox answers. Raises ConfigurationError if the port is
    taken or what is kept cannot be opened or read, BusyError if another sandbox keeps its lists in the same
    folder.
    """
    require(Extra.SANDBOX, "The embedded Criteo")
    from toolkit.sandbox.server import serve_here

    serve_here(port=port, options=options, announce=lambda control: announce(control.url))
