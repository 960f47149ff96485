"""A process that is measured as a whole, and what was read of it."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Reading:
    """One measurement."""

    seconds: float
    peak_bytes: int | None = None
    """The most memory that the process had; None where several processes worked."""
    processor_seconds: float | None = None
    """How long processors worked for it: it depends less on what else the machine does."""


@dataclass
class Figure:
    """What was measured of one thing, and what it stands beside."""

    key: str
    what: str
    against: str | None = None
    """The key of what it is compared with, which was measured in turn with it."""
    seconds: list[float] = field(default_factory=list)
    peak_bytes: int | None = None
    processor_seconds: float | None = None
    """The least of all."""

    def add(self, reading: Reading) -> None:
        """Take a measurement up."""
        self.seconds.append(reading.seconds)
        if reading.peak_bytes is not None:
            self.peak_bytes = max(self.peak_bytes or 0, reading.peak_bytes)
        if reading.processor_seconds is not None:
            known = [it for it in (self.processor_seconds, reading.processor_seconds) if it is not None]
            self.processor_seconds = min(known)

    @property
    def least(self) -> float:
        """The shortest time: what the others have more is the machine's."""
        return min(self.seconds)

    @property
    def middle(self) -> float:
        """The median."""
        return median(self.seconds)

    def ratio(self, figures: "dict[str, Figure]") -> float | None:
        """Return the shortest time against that of what it stands beside; None where there is nothing."""
        beside = figures.get(self.against or "")
        return None if beside is None or not beside.seconds else self.least / beside.least

    def processor_ratio(self, figures: "dict[str, Figure]") -> float | None:
        """Return the same for how long processors worked."""
        beside = figures.get(self.against or "")
        if beside is None or beside.processor_seconds is None or self.processor_seconds is None:
            return None
        return self.processor_seconds / beside.processor_seconds

    def as_json(self) -> dict[str, object]:
        """Return the figure as JSON has it."""
        return asdict(self)


def measure(command: Sequence[str]) -> Reading:
    """Run a module of Python to its end in a fresh process.

    Raises:
        subprocess.CalledProcessError: It failed.
    """
    started = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", *command], cwd=HERE.parent)
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    unit = 1 if sys.platform == "darwin" else 1024
    return Reading(seconds, used.ru_maxrss * unit, used.ru_utime + used.ru_stime)
