"""What ``start`` runs in a process of its own: ``python -m toolkit.sandbox.child``.

It reads one line of JSON from standard input (port, options), and writes one to standard output: its
address, or why it cannot serve. Standard input stays open as long as the starting process lives, however
that ends; then this one ends too.
"""

import json
import os
import sys
import threading

from pydantic import TypeAdapter

from toolkit.errors import ToolkitError
from toolkit.sandbox.options import SandboxOptions
from toolkit.sandbox.server import serve_here


def main() -> None:
    """Serve until standard input ends."""
    asked = json.loads(sys.stdin.readline())
    options = TypeAdapter(SandboxOptions).validate_python(asked["options"])
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    try:
        serve_here(port=asked["port"], options=options, announce=lambda url: _say({"url": url}))
    except ToolkitError as error:
        _say({"error": type(error).__name__, "what": error.what, "remedy": error.remedy})


def _say(content: dict[str, str]) -> None:
    sys.stdout.write(json.dumps(content) + "\n")
    sys.stdout.flush()


def _end_with_the_parent() -> None:
    # Not through sys.stdin: a thread that waits inside it disturbs the interpreter's own way out.
    while os.read(sys.stdin.fileno(), 1024):
        pass
    # Nothing needs tidying up: each change was written down before it was answered.
    os._exit(0)


if __name__ == "__main__":
    main()
