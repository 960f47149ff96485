"""Measures the toolkit beside its peers: ``make bench``.

Each round measures each thing once, in turn. ``--profiles``, ``--members``, ``--big`` and the others make it smaller;
tables are kept in the folder named by ``--folder`` for the next time.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.comparison import Sizes, compare, has_sdk
from benchmarks.data import MEMBERS, PROFILES
from benchmarks.long_life import OLD, QUESTIONS, measure
from benchmarks.measuring import Figure
from benchmarks.page import read, what_got_worse, write


def main() -> None:
    """Measure, and print a table; write the page, or compare with it, when that is asked for."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "toolkit-benchmarks")
    arguments.add_argument("--profiles", type=int, default=PROFILES)
    arguments.add_argument("--members", type=int, default=MEMBERS)
    arguments.add_argument("--big", type=int, default=10 * PROFILES, help="profiles of the table with two columns")
    arguments.add_argument("--lists", type=int, default=200, help="into how many segments the members are divided")
    arguments.add_argument("--exports", type=int, default=8, help="how many tiny exports are refreshed")
    arguments.add_argument("--many-exports", type=int, default=100, help="how many are refreshed in a longer night")
    arguments.add_argument("--repeats", type=int, default=3)
    arguments.add_argument("--write", type=Path, metavar="PAGE", help="write the figures to this page, and JSON beside")
    arguments.add_argument("--check", type=Path, metavar="PAGE", help="exit 1 when a ratio is worse than that page's")
    given = arguments.parse_args()
    sizes = Sizes(
        given.profiles, given.members, given.big, given.lists, given.exports, given.many_exports, given.repeats
    )
    console = Console()
    if not has_sdk():
        console.print("Criteo's official SDK is not installed, and is left out: pip install --group bench")
    figures: dict[str, Figure] = {}
    for figures in compare(given.folder, sizes, say=lambda line: console.print(line, highlight=False)):
        if given.write is not None:  # after each round: all of them may take an hour
            write(given.write, figures, sizes, load=os.getloadavg()[1] / (os.cpu_count() or 1))
    console.print(_table(figures))
    answers = [] if given.check else list(measure(given.folder, OLD, QUESTIONS))
    if given.write is not None:
        write(given.write, figures, sizes, load=os.getloadavg()[1] / (os.cpu_count() or 1), answers=answers)
    for it in answers:
        console.print(f"{it.what}: {it.first:.2f} s of a processor, again {it.again:.2f} s", highlight=False)
    if given.check is not None:
        worse = what_got_worse(figures, read(given.check))
        console.print("\n".join(worse) or "No ratio is worse.")
        sys.exit(1 if worse else 0)


def _table(figures: dict[str, Figure]) -> Table:
    table = Table(title="The toolkit beside its peers")
    for heading in ("what", "shortest, s", "median", "longest", "ratio", "memory, GB"):
        table.add_column(heading, justify="left" if heading == "what" else "right")
    for it in figures.values():
        ratio = it.ratio(figures)
        table.add_row(
            it.what,
            f"{it.least:.2f}",
            f"{it.middle:.2f}",
            f"{max(it.seconds):.2f}",
            "" if ratio is None else f"{ratio:.2f}",
            "" if it.peak_bytes is None else f"{it.peak_bytes / 1e9:.2f}",
        )
    return table


if __name__ == "__main__":
    main()
