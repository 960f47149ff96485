"""Time, as the refresh takes it, so that a test can pass a quarter in a minute."""

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the moment, and lets time pass."""

    def now(self) -> datetime:
        """Return the moment in UTC."""

    def sleep(self, seconds: float) -> None:
        """Wait so long."""


class SystemClock:
    """The clock of the machine."""

    def now(self) -> datetime:
        """Return the moment in UTC."""
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        """Wait so long."""
        time.sleep(seconds)
