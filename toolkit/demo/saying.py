"""How the demo talks."""

from collections.abc import Callable

Say = Callable[[str], None]
