"""A progress bar, in a notebook or a terminal."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from toolkit.runs import Progress
from toolkit.runs.progress import Observer

_UNCOUNTED = "{desc} [{elapsed}]"
_COUNTED = "{desc} {percentage:3.0f}%|{bar}| {n_fmt} of {total_fmt} identifiers [{elapsed}, {remaining} left]"


@contextmanager
def progress_bar(title: str) -> Iterator[Observer]:
    """Show a bar for a run while the block lasts; give the observer that moves it.

    Nothing is shown where nobody looks: when standard error is neither a terminal nor a notebook a person has open.
    """
    if sys.stderr is None or sys.stderr.closed:
        yield lambda progress: None
        return
    from tqdm.auto import tqdm

    try:
        bar = tqdm(total=0, leave=False, disable=None, dynamic_ncols=True, bar_format=_UNCOUNTED, unit_scale=True)
    except (OSError, ValueError):  # it is drawn as soon as it is made
        bar = tqdm(disable=True)

    def observe(progress: Progress) -> None:
        if bar.disable:
            return
        with _never_breaking(bar):
            bar.set_description_str(f"{title}: {progress.waiting or progress.step}", refresh=False)
            bar.bar_format = _COUNTED if progress.total else _UNCOUNTED
            bar.total, bar.n = progress.total, progress.done
            bar.refresh()

    try:
        yield observe
    finally:
        with _never_breaking(bar):
            bar.close()


@contextmanager
def _never_breaking(bar: Any) -> Iterator[None]:
    """Give up the bar where the terminal is gone, or can't show it; the run goes on."""
    try:
        yield
    except (OSError, ValueError):  # a broken pipe; a closed file, or a character that the encoding lacks
        bar.disable = True
