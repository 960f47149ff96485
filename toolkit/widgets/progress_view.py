"""How far a run is: its steps, a bar, the time left, and what happened so far, line by line."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

import ipywidgets

from toolkit.markup import joined, markup
from toolkit.runs import Progress, Step
from toolkit.widgets.components import show
from toolkit.widgets.labels import term
from toolkit.widgets.language import Words

# What a step is of the whole bar when it begins. How long the first ones take is not known beforehand.
_BEGINS = {Step.PREPARE: 0.02, Step.CHECK: 0.12, Step.PLAN: 0.25, Step.PUSH: 0.3, Step.DONE: 1.0}
_LONGEST_LOG = 200


class ProgressView:
    """Shows the progress of a run that it is told of."""

    def __init__(self, words: Words, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._words = words
        self._clock = clock
        self._bar = ipywidgets.HTML()
        self._log = ipywidgets.HTML()
        self.widget = ipywidgets.VBox([self._bar, self._log])
        self.lines: list[str] = []
        """What happened so far."""
        self.share = 0.0
        """How far the run is, from 0 to 1."""
        self.status = ""
        self._step: Step | None = None
        self._sending_since = 0.0
        show(self.widget, when=False)

    def begin(self, sentence: str) -> None:
        """Show a bar that is at its beginning."""
        self.lines, self._step = [], None
        show(self.widget, when=True)
        self._draw(0.0, sentence)
        self.note(sentence)

    def tell(self, progress: Progress) -> None:
        """Show how far it is now."""
        words = self._words
        if progress.step is not self._step:
            self._step = progress.step
            self._sending_since = self._clock()
            self.note(term(words, progress.step))
        if progress.waiting:
            self.note(progress.waiting)
        begin = _BEGINS[progress.step]
        status = term(words, progress.step)
        if progress.total:
            done = min(progress.done / progress.total, 1)
            begin += done * (1 - begin)
            status = words.say(
                "{step}: {done} of {total} identifiers{left}",
                step=status,
                done=words.number(progress.done),
                total=words.number(progress.total),
                left=self._left(done),
            )
        self._draw(begin, progress.waiting or status)

    def follow(self, sentence: str) -> None:
        """Show a bar without an end, for a run whose progress is not known here."""
        self.lines, self._step = [], None
        show(self.widget, when=True)
        self._draw(None, sentence)
        self.note(sentence)

    def end(self, sentence: str) -> None:
        """Say how it ended."""
        self._draw(1.0, sentence)
        self.note(sentence)

    def note(self, line: str) -> None:
        """Add a line to what happened."""
        self.lines = [*self.lines, f"{datetime.now(UTC).astimezone():%H:%M:%S}  {line}"][-_LONGEST_LOG:]
        items = joined(markup("<li>{text}</li>", text=it) for it in self.lines)
        html = '<ol class="toolkit-log" tabindex="0" aria-label="{label}">{items}</ol>'
        self._log.value = markup(html, label=self._words.say("What happens"), items=items)

    def _left(self, done: float) -> str:
        spent = self._clock() - self._sending_since
        if done <= 0 or done >= 1:
            return ""
        seconds = self._words.number(round(spent / done * (1 - done)))
        return self._words.say(", about {seconds} s left", seconds=seconds)

    def _draw(self, share: float | None, status: str) -> None:
        self.share, self.status = share or 0.0, status
        value = "" if share is None else markup('value="{percent}"', percent=f"{share * 100:.0f}")
        self._bar.value = markup(
            '<div role="status">{status}</div>'
            '<progress class="toolkit-progress" max="100" {value} aria-label="{label}"></progress>',
            status=status,
            value=value,
            label=self._words.say("Progress of the run"),
        )
