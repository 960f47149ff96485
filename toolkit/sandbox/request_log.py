"""What was asked of the sandbox: never what was sent with it."""

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from toolkit.sandbox.faults import Call
from toolkit.sandbox.lists import Operation

_MOST_ENTRIES = 100_000
_COULD_BE_PERSONAL = re.compile(r"[^/]*@[^/]*|[^/]{30,}")


@dataclass
class Entry:
    """One call. ``status`` is None until it is answered, and for ever if it never is.

    ``operation`` and ``identifiers`` are filled in once the call's body was read and found well formed.
    """

    method: str
    path: str
    call: Call
    status: int | None = None
    operation: Operation | None = None
    identifiers: int = 0


class RequestLog:
    """The last calls, in the order in which they arrived."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=_MOST_ENTRIES)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries)

    def begin(self, method: str, path: str, call: Call) -> Entry:
        """Note a call that has just arrived; parts of its path that might be an identifier are left out."""
        entry = Entry(method, _COULD_BE_PERSONAL.sub("…", path), call)
        self._entries.append(entry)
        return entry

    def clear(self) -> None:
        """Forget all calls."""
        self._entries.clear()
