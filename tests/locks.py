"""Takes what only Spark needs out of the lock into one of its own: ``python -m tests.locks``, after ``uv pip compile``."""

import re
from pathlib import Path

from packaging.requirements import Requirement

PROJECT = Path(__file__).parents[1]
LOCK, SPARK_LOCK = PROJECT / "requirements.lock", PROJECT / "requirements-spark.lock"


def split(lock: str, first: str = "pyspark") -> tuple[str, str]:
    """Return a lock without a package and what nothing else needs, and the lock of these.

    Args:
        lock: Pins, each followed by indented comments that say what needs it.
        first: The package.
    """
    pins = {Requirement(it.partition("\n")[0]).name: it for it in re.split(r"(?m)^(?=\S)", lock) if it.strip()}
    needed_by = {name: set(re.findall(r"(?m)^ +# +(?:via )?([\w.-]+)", pin)) - {"via"} for name, pin in pins.items()}
    apart = {first}
    while more := {name for name, by in needed_by.items() if by and by <= apart} - apart:
        apart |= more
    kept = "".join(pin for name, pin in pins.items() if name not in apart)
    kept = re.sub(rf"(?m)^    #   ({'|'.join(map(re.escape, sorted(apart)))})\n", "", kept)
    return kept, "".join(pin for name, pin in pins.items() if name in apart)


if __name__ == "__main__":
    kept, apart = split(LOCK.read_text())
    LOCK.write_text(kept)
    SPARK_LOCK.write_text(apart)
