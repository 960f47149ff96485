"""A progress bar, in a notebook or a terminal."""

from collections.abc import Iterator
from contextlib import contextmanager

from toolkit.runs import Progress, Step
from toolkit.runs.progress import Observer


@contextmanager
def progress_bar(title: str) -> Iterator[Observer]:
    """Show a bar for a run while the block lasts; give the observer that moves it.

    Nothing is shown where nobody looks: when standard error is neither a terminal nor a notebook a person has open.
    """
    from tqdm.auto import tqdm

    with tqdm(total=0, unit="id", desc=title, leave=False, disable=None, dynamic_ncols=True) as bar:

        def observe(progress: Progress) -> None:
            bar.set_postfix_str(progress.step.value, refresh=progress.step is not Step.PUSH)
            if progress.total and not bar.disable:
                bar.total = progress.total
                bar.update(progress.done - bar.n)

        yield observe
