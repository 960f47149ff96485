"""A progress bar, in a notebook or a terminal."""

from collections.abc import Iterator
from contextlib import contextmanager

from toolkit.runs import Progress
from toolkit.runs.progress import Observer

_UNCOUNTED = "{desc} [{elapsed}]"
_COUNTED = "{desc} {percentage:3.0f}%|{bar}| {n_fmt} of {total_fmt} identifiers [{elapsed}, {remaining} left]"


@contextmanager
def progress_bar(title: str) -> Iterator[Observer]:
    """Show a bar for a run while the block lasts; give the observer that moves it.

    Nothing is shown where nobody looks: when standard error is neither a terminal nor a notebook a person has open.
    """
    from tqdm.auto import tqdm

    with tqdm(total=0, leave=False, disable=None, dynamic_ncols=True, bar_format=_UNCOUNTED, unit_scale=True) as bar:

        def observe(progress: Progress) -> None:
            if bar.disable:
                return
            bar.set_description_str(f"{title}: {progress.waiting or progress.step}", refresh=False)
            bar.bar_format = _COUNTED if progress.total else _UNCOUNTED
            bar.total, bar.n = progress.total, progress.done
            bar.refresh()

        yield observe
