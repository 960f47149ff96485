"""What is measured beside what: each thing once a round, so that a busy minute of the machine meets all of them."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.data import make_all
from benchmarks.measuring import Figure, Reading, measure
from benchmarks.refreshes import measure_refresh

if TYPE_CHECKING:
    from toolkit.sandbox import Sandbox

SUBJECTS = "benchmarks.subjects"


@dataclass(frozen=True)
class Sizes:
    """How much is measured."""

    profiles: int
    members: int
    big_profiles: int
    lists: int
    exports: int
    many_exports: int
    repeats: int


Experiment = Callable[[], Iterator[tuple[str, Reading]]]


def compare(folder: Path, sizes: Sizes, *, say: Callable[[str], None]) -> Iterator[dict[str, Figure]]:
    """Measure everything, and yield the figures by their keys after each round.

    Args:
        folder: Where the tables lie, or are written to.
        sizes: How much is measured.
        say: Takes a line a measurement.
    """
    # In a process of its own: one that is begun has, for Linux, at least the memory that this one ever had.
    counts = (sizes.profiles, sizes.members, sizes.lists, sizes.big_profiles)
    measure(["benchmarks.data", str(folder), *map(str, counts)])
    profiles, segments, many, big_profiles, big_segments = make_all(folder, *counts)
    figures = {it.key: it for it in _figures(sizes)}
    experiments: list[Experiment] = [
        *(lambda it=it: _steps(it, profiles, segments) for it in ("bare_query", "prepare", "preview")),
        *(lambda it=it: _steps(it, big_profiles, big_segments, "big_") for it in ("bare_query", "prepare")),
        lambda: _peer("pandas_sequential", profiles, segments),
        *([lambda: _peer("official_sdk", profiles, segments)] if has_sdk() else []),
        lambda: _days(profiles, segments, sizes.profiles),
        lambda: _lists(profiles, many),
        lambda: _refresh("refresh", sizes.exports),
        lambda: _refresh("refresh_many", sizes.many_exports),
    ]
    for number in range(sizes.repeats):
        for experiment in experiments:
            for key, reading in experiment():
                figures[key].add(reading)
                say(f"{number + 1}/{sizes.repeats}  {figures[key].what}: {reading.seconds:.2f} s")
        yield {key: it for key, it in figures.items() if it.seconds}


def has_sdk() -> bool:
    """Tell whether Criteo's official SDK is installed (``pip install --group bench``)."""
    return find_spec("criteo_api_marketingsolutions_v2026_07") is not None


def _figures(sizes: Sizes) -> list[Figure]:
    members, profiles, big = f"{sizes.members:,}", f"{sizes.profiles:,}", f"{sizes.big_profiles:,}"
    return [
        Figure("bare_query", f"bare Polars query, {members} of {profiles} profiles"),
        Figure("prepare", "prepare the audience: the same, with a status for every member", "bare_query"),
        Figure("preview", "preview", "prepare"),
        Figure("big_bare_query", f"bare Polars query, {members} of {big} profiles of two columns"),
        Figure("big_prepare", "prepare the audience of these", "big_bare_query"),
        Figure("pandas_sequential", "pandas, hashlib and requests, one call after the other"),
        Figure("official_sdk", "pandas, hashlib and Criteo's official SDK", "pandas_sequential"),
        Figure("first_day", "whole run: checked, recorded, reported", "pandas_sequential"),
        Figure("next_day", "a day later, 1 % of the members changed", "first_day"),
        Figure("nothing", "again, nothing to send", "first_day"),
        Figure("lists", f"the same members as {sizes.lists} lists", "first_day"),
        Figure("lists_nothing", f"{sizes.lists} lists again, nothing to send", "nothing"),
        Figure("refresh", f"refresh of {sizes.exports} tiny exports by their notebooks"),
        Figure("refresh_many", f"refresh of {sizes.many_exports} of these", "refresh"),
    ]


def _steps(name: str, profiles: Path, segments: Path, prefix: str = "") -> Iterator[tuple[str, Reading]]:
    yield prefix + name, measure([SUBJECTS, name, str(profiles), str(segments)])


def _peer(name: str, profiles: Path, segments: Path) -> Iterator[tuple[str, Reading]]:
    from toolkit.sandbox import start

    with start() as criteo:
        reading = measure([SUBJECTS, name, str(profiles), str(segments), criteo.url])
        _require_sent(criteo)
        yield name, reading


def _days(profiles: Path, segments: Path, count: int) -> Iterator[tuple[str, Reading]]:
    """Measure a first run, one a day later, and one that has nothing to send, each in a process of its own."""
    from toolkit.sandbox import start

    with start() as criteo, tempfile.TemporaryDirectory() as at:
        own = Path(at) / "segments"
        shutil.copytree(segments, own)
        run = [SUBJECTS, "whole_run", str(profiles), str(own), criteo.url, f"{at}/workspace"]
        measure([SUBJECTS, "set_up", *run[2:]])
        yield "first_day", measure(run)
        _require_sent(criteo)
        (file,) = own.glob("*.parquet")
        measure(["benchmarks.data", "next_day", str(file), str(count)])
        yield "next_day", measure(run)
        yield "nothing", measure(run)


def _refresh(key: str, exports: int) -> Iterator[tuple[str, Reading]]:
    yield key, Reading(measure_refresh(exports))


def _require_sent(criteo: "Sandbox") -> None:
    """Raise when Criteo holds nothing: what sent nothing was quick."""
    if not any(it.size for it in criteo.lists()):
        raise RuntimeError("Criteo holds no identifiers.")


def _lists(profiles: Path, many: Path) -> Iterator[tuple[str, Reading]]:
    from toolkit.sandbox import start

    with start() as criteo, tempfile.TemporaryDirectory() as at:
        run = [SUBJECTS, "whole_run", str(profiles), str(many), criteo.url, f"{at}/workspace"]
        measure([SUBJECTS, "set_up", *run[2:]])
        yield "lists", measure(run)
        yield "lists_nothing", measure(run)
