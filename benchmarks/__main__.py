"""Measures the main job on one million members out of ten million profiles: ``make bench``.

Each figure is the best of several runs. ``--profiles`` and ``--members`` make it smaller; tables are kept in the
folder named by ``--folder`` for the next time.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.data import MEMBERS, PROFILES, make

HERE = Path(__file__).parent


def main() -> None:
    """Measure and print a table."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "toolkit-benchmarks")
    arguments.add_argument("--profiles", type=int, default=PROFILES)
    arguments.add_argument("--members", type=int, default=MEMBERS)
    arguments.add_argument("--repeats", type=int, default=3)
    given = arguments.parse_args()
    profiles, segments = make(given.folder, profiles=given.profiles, members=given.members)
    table = Table(title=f"{given.members:,} members out of {given.profiles:,} profiles")
    for heading in ("what", "seconds", "against", "ratio"):
        table.add_column(heading, justify="left" if heading in ("what", "against") else "right")

    warm = {name: _warm(name, profiles, segments, given.repeats) for name in ("bare_query", "prepare", "preview")}
    table.add_row("bare Polars query, warm", f"{warm['bare_query']:.2f}", "", "")
    table.add_row(
        "prepare an audience, warm",
        f"{warm['prepare']:.2f}",
        "bare query",
        f"{warm['prepare'] / warm['bare_query']:.2f}",
    )
    table.add_row(
        "preview, warm",
        f"{warm['preview']:.2f}",
        "prepare",
        f"{warm['preview'] / warm['prepare']:.2f}",
    )
    cold = {
        name: _best(lambda name=name: _cold(name, profiles, segments), given.repeats)
        for name in ("pandas_sequential", "whole_run")
    }
    table.add_row("pandas + hashlib + sequential upload, cold", f"{cold['pandas_sequential']:.2f}", "", "")
    table.add_row(
        "a whole run (checked, recorded, reported), cold",
        f"{cold['whole_run']:.2f}",
        "pandas",
        f"{cold['whole_run'] / cold['pandas_sequential']:.2f}",
    )
    for name, what in (
        ("checks", "the built-in checks, warm"),
        ("own_checks", "the same and one of one's own, warm"),
    ):
        table.add_row(what, f"{_warm(name, profiles, segments, given.repeats):.2f}", "", "")
    for name, what in (("quality", "quality of the profiles, warm"), ("build", "build a segment of one in ten, warm")):
        table.add_row(what, f"{_warm(name, profiles, segments, given.repeats):.2f}", "", "")
    Console().print(table)


def _best(measure: Callable[[], float], repeats: int) -> float:
    return min(measure() for _ in range(repeats))


def _warm(name: str, profiles: Path, segments: Path, repeats: int) -> float:
    """Return the best time of a step inside one process that did it once before."""
    from benchmarks import subjects

    step = getattr(subjects, name)
    step(profiles, segments)

    def measure() -> float:
        started = time.perf_counter()
        step(profiles, segments)
        return time.perf_counter() - started

    return _best(measure, repeats)


def _cold(name: str, profiles: Path, segments: Path) -> float:
    """Return the time of a fresh process that does the whole, against an embedded Criteo in another process."""
    from toolkit.sandbox import start

    with start() as criteo, tempfile.TemporaryDirectory() as workspace:
        command = [sys.executable, "-m", "benchmarks.subjects", name, profiles, segments, criteo.url, workspace]
        if name == "whole_run":
            subprocess.run([*command, "--set-up"], check=True, cwd=HERE.parent)
        started = time.perf_counter()
        subprocess.run(command, check=True, cwd=HERE.parent)
        took = time.perf_counter() - started
        (held,) = criteo.lists()
        print(f"  {name}: {took:.2f} s, {held.size:,} identifiers at Criteo")
        return took


if __name__ == "__main__":
    main()
