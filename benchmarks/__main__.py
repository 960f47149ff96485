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

from benchmarks.data import MEMBERS, PROFILES, divide, make

HERE = Path(__file__).parent


def main() -> None:
    """Measure and print a table."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "toolkit-benchmarks")
    arguments.add_argument("--profiles", type=int, default=PROFILES)
    arguments.add_argument("--members", type=int, default=MEMBERS)
    arguments.add_argument("--lists", type=int, default=200, help="into how many segments the members are divided")
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
    many = divide(segments, parts=given.lists)
    one_list, many_lists = _runs(profiles, segments), _runs(profiles, many)
    for what, one, of_many in zip(("cold", "again, nothing to send"), one_list, many_lists, strict=True):
        table.add_row(f"one list, {what}", f"{one:.2f}", "", "")
        table.add_row(f"{given.lists} lists, {what}", f"{of_many:.2f}", "one list", f"{of_many / one:.2f}")
    for name, what in (
        ("checks", "the built-in checks, warm"),
        ("many_checks", f"the built-in checks of {given.lists} segments, warm"),
        ("own_checks", "the same and one of one's own, warm"),
    ):
        of = many if name == "many_checks" else segments
        table.add_row(what, f"{_warm(name, profiles, of, given.repeats):.2f}", "", "")
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


def _runs(profiles: Path, segments: Path) -> tuple[float, float]:
    """Return the times of two processes that run the same export one after the other: the second sends nothing."""
    from toolkit.sandbox import start

    with start() as criteo, tempfile.TemporaryDirectory() as workspace:
        command = [sys.executable, "-m", "benchmarks.subjects", "whole_run", profiles, segments, criteo.url, workspace]
        subprocess.run([*command, "--set-up"], check=True, cwd=HERE.parent)
        times, calls = [], 0
        for _ in range(2):
            started = time.perf_counter()
            subprocess.run(command, check=True, cwd=HERE.parent)
            times.append(time.perf_counter() - started)
            asked = len(criteo.requests())
            print(f"  {len(criteo.lists())} lists: {times[-1]:.2f} s, {asked - calls} calls")
            calls = asked
        return times[0], times[1]


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
