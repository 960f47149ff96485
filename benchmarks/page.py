"""The figures as a page and as JSON, what follows from them for more, and what got worse since they were written."""

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks.comparison import Sizes
from benchmarks.long_life import OLD, Answer, about
from benchmarks.measuring import Figure

WORSE = 1.2
"""So much a ratio may grow before it is told: less is what one run differs from the next."""
CALLS_PER_MINUTE = 250
IDENTIFIERS_PER_CALL = 50_000
_COMPARED = ("polars", "pandas", "pyarrow", "great-expectations")
_GB = 1_000_000_000


def machine() -> dict[str, str]:
    """Return what the machine is, without a name of it."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {
        "system": f"{platform.system()} on {platform.machine()}",
        "processors": str(os.cpu_count()),
        "memory": f"{pages / _GB:.0f} GB",
        "Python": platform.python_version(),
        **{it: version(it) for it in _COMPARED},
    }


def write(page: Path, figures: dict[str, Figure], sizes: Sizes, *, load: float, answers: Sequence[Answer] = ()) -> None:
    """Write the page, and the JSON beside it under the same name.

    Args:
        page: The page.
        figures: What was measured.
        sizes: How much was measured.
        load: The load of the machine meanwhile, a processor.
        answers: What a workspace of years was asked.
    """
    content = {
        "measured_on": datetime.now(UTC).date().isoformat(),
        "machine": {**machine(), "load a processor": f"{load:.1f}"},
        "sizes": asdict(sizes),
        "figures": [it.as_json() for it in figures.values()],
        "years": [asdict(it) for it in answers],
    }
    page.with_suffix(".json").write_text(json.dumps(content, indent=1) + "\n")
    page.write_text(_text(content, figures, sizes, answers))


def read(page: Path) -> dict[str, Figure]:
    """Return the figures that stand beside the page."""
    written = json.loads(page.with_suffix(".json").read_text())
    return {it["key"]: Figure(**it) for it in written["figures"]}


def what_got_worse(now: dict[str, Figure], before: dict[str, Figure]) -> list[str]:
    """Return a sentence for each thing that takes more beside its peer than it did, or more memory.

    By how long processors worked, so that a busy machine is not mistaken for it.
    """
    told = []
    for key, it in now.items():
        if key not in before:
            continue
        then = before[key]
        ratio, ratio_then = it.processor_ratio(now), then.processor_ratio(before)
        if ratio is None or ratio_then is None:  # of several processes only the time is known
            ratio, ratio_then = it.ratio(now), then.ratio(before)
        if ratio is not None and ratio_then is not None and ratio > ratio_then * WORSE:
            told.append(f"{it.what}: {ratio:.2f} x {now[it.against or ''].what}, was {ratio_then:.2f} x.")
        if it.peak_bytes and then.peak_bytes and it.peak_bytes > then.peak_bytes * WORSE:
            told.append(f"{it.what}: {it.peak_bytes / _GB:.2f} GB of memory, was {then.peak_bytes / _GB:.2f} GB.")
    return told


def _text(content: dict[str, object], figures: dict[str, Figure], sizes: Sizes, answers: Sequence[Answer]) -> str:
    about = content["machine"]
    assert isinstance(about, dict)  # made above
    lines = [
        "# Performance",
        "",
        "`make bench` measures the toolkit beside what people would use in its place, in one run, each in a",
        "process of its own, against the embedded Criteo with its rate limit.",
        "`python -m benchmarks --write docs/performance.md` writes this page; `make bench-check` measures again and",
        "tells which ratios got worse.",
        "",
        "Take the ratios, not the seconds: they depend on the machine and on what else it does. The first ratio is of",
        "the shortest times; the second, of the time that processors worked for it, depends less on what else the",
        "machine does, and leaves out waiting. Memory is the most that the whole process had.",
        "",
        f"Measured on {content['measured_on']}, {_times(figures)}: "
        + ", ".join(f"{name} {value}" for name, value in about.items())
        + ".",
        "",
        "| what | shortest, s | median, s | longest, s | ratio | of a processor, s | ratio of these | memory, GB |",
        "|---|---|---|---|---|---|---|---|",
        *(_row(it, figures) for it in figures.values()),
        "",
        *_years(answers),
        *_outlook(figures, sizes),
    ]
    return "\n".join(lines) + "\n"


def _times(figures: dict[str, Figure]) -> str:
    count = min(len(it.seconds) for it in figures.values())
    return "once each" if count == 1 else f"{count} times each"


def _row(it: Figure, figures: dict[str, Figure]) -> str:
    ratio = it.ratio(figures)
    busy, busy_ratio = it.processor_seconds, it.processor_ratio(figures)
    what = it.what if ratio is None else f"{it.what}; beside: {figures[it.against or ''].what}"
    cells = [what, f"{it.least:.1f}", f"{it.middle:.1f}", f"{max(it.seconds):.1f}", _number(ratio)]
    cells += [_number(busy, 1), _number(busy_ratio), _number(it.peak_bytes and it.peak_bytes / _GB)]
    return f"| {' | '.join(cells)} |"


def _number(value: float | None, decimals: int = 2) -> str:
    return "" if value is None else f"{value:.{decimals}f}"


def _years(answers: Sequence[Answer]) -> list[str]:
    """Tell how long a workspace of years takes to answer."""
    if not answers:
        return []
    return [
        "## A workspace of years",
        "",
        f"{about(OLD)}. What processors worked, in seconds, for the first answer of a process, imports of what draws",
        "included, and for the same answer again. A form is there after the first figure; what it goes on with beside",
        "that, such as counting the members of all segments, is the second.",
        "",
        "| what | at first | goes on | again |",
        "|---|---|---|---|",
        *(f"| {it.what} | {it.first:.2f} | {it.beside:.2f} | {it.again:.2f} |" for it in answers),
        "",
    ]


def _outlook(figures: dict[str, Figure], sizes: Sizes) -> list[str]:
    """Calculate 100 exports of a million and a billion profiles from what was measured."""
    needed = ("first_day", "next_day", "prepare", "big_prepare", "big_bare_query")
    if any(it not in figures for it in needed):
        return []
    exports, members, billion = 100, 1_000_000, 1_000_000_000
    first, later = (figures[it].least * exports * members / sizes.members / 60 for it in ("first_day", "next_day"))
    calls = exports * -(-members // IDENTIFIERS_PER_CALL)
    minutes = calls / CALLS_PER_MINUTE
    changes = exports * 2
    prepare, big = figures["prepare"], figures["big_prepare"]
    a_profile = max(big.least - prepare.least, 0.0) / max(sizes.big_profiles - sizes.profiles, 1)
    seconds = big.least + a_profile * (billion - sizes.big_profiles)
    grew = ((big.peak_bytes or 0) - (prepare.peak_bytes or 0)) / max(sizes.big_profiles - sizes.profiles, 1)
    memory = ((big.peak_bytes or 0) + max(grew, 0.0) * (billion - sizes.big_profiles)) / _GB
    return [
        "## What follows for more",
        "",
        "Calculated from the figures above, with the least time of each, not measured.",
        "",
        f"**{exports} exports of {members:,} members, one after the other.** The first night takes {first:.0f}",
        f"minutes, a night on which 1 % changed {later:.0f}. The first makes {calls:,} calls of",
        f"{IDENTIFIERS_PER_CALL:,} identifiers: at {CALLS_PER_MINUTE} calls a minute {minutes:.0f} minutes, so that",
        f"{_bound(first, minutes)}. A later night makes at least {changes:,} calls that send,",
        f"{changes / CALLS_PER_MINUTE:.1f} minutes. Memory is that of one export.",
        "",
        f"**A billion profiles, {sizes.members:,} members.** Time grows with the profiles: preparing would take",
        f"{seconds / 60:.1f} minutes on this machine. Memory would be {memory:.1f} GB if it goes on growing as it did",
        f"from {sizes.profiles:,} to {sizes.big_profiles:,} profiles. Calls are those of the members, as above.",
    ]


def _bound(work: float, waiting: float) -> str:
    return "the machine is what bounds it" if work >= waiting else "Criteo's rate limit is what bounds it"
