"""What ``start`` runs in a process of its own: ``python -m toolkit.sandbox.child``.

It reads one line of JSON from standard input (port, options), and writes one to standard output: its
address with the token of its control calls, or why it cannot serve. Standard input stays open as long as the
starting process lives, however that ends. Then this one says whether others still use it, and ends when none does.
"""

import json
import os
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress

from pydantic import TypeAdapter

from toolkit.errors import ToolkitError
from toolkit.sandbox.control_calls import Holds
from toolkit.sandbox.options import SandboxOptions
from toolkit.sandbox.ownership import Control, withdraw
from toolkit.sandbox.server import serve_here

_LOOK_AGAIN_SECONDS = 0.5


def main() -> None:
    """Serve until standard input ends."""
    asked = json.loads(sys.stdin.readline())
    options = TypeAdapter(SandboxOptions).validate_python(asked["options"])
    holds = Holds()
    announced: list[Control] = []

    def announce(control: Control) -> None:
        announced.append(control)
        _say({"url": control.url, "token": control.token})

    threading.Thread(target=_end_with_the_last_user, args=(holds, announced), daemon=True).start()
    try:
        serve_here(port=asked["port"], options=options, announce=announce, holds=holds)
    except ToolkitError as error:
        _say({"error": error.info.to_json()})


def _say(content: Mapping[str, object]) -> None:
    sys.stdout.write(json.dumps(content) + "\n")
    sys.stdout.flush()


def _end_with_the_last_user(holds: Holds, announced: list[Control]) -> None:
    # Not through sys.stdin: a thread that waits inside it disturbs the interpreter's own way out.
    while os.read(sys.stdin.fileno(), 1024):
        pass
    if holds.count:
        # Whoever started this one may be gone, and so not listen.
        with suppress(OSError):
            _say({"held": "by others"})
    while holds.count:
        time.sleep(_LOOK_AGAIN_SECONDS)
    for control in announced:
        withdraw(control)
    # Nothing else needs tidying up: each change was written down before it was answered.
    os._exit(0)


if __name__ == "__main__":
    main()
