"""What a run would send, and whom it would leave out, kept up with what stands in a form."""

from collections.abc import Callable, Sequence

import ipywidgets

from toolkit.audience import Audience, Status
from toolkit.forms.background import Newest
from toolkit.forms.form import Form
from toolkit.forms.parts import Message, heading, table
from toolkit.forms.terms import term

_PAUSE_SECONDS = 0.3
_LEFT_OUT = [it for it in Status if it is not Status.EXPORTABLE]


class PreviewView:
    """The live preview beside the export form."""

    def __init__(self, form: Form) -> None:
        self._form = form
        self._newest = Newest(form.background, pause_seconds=_PAUSE_SECONDS)
        self.message = Message()
        self.figures = ipywidgets.HTML()
        self.audience: Audience | None = None
        """What is shown."""
        self.widget = ipywidgets.VBox([heading(form.words.say("Preview")), self.message.widget, self.figures])

    def ask(self, prepare: Callable[[], Audience] | None, *, limit: int, hint: str) -> None:
        """Show what ``prepare`` returns, once nothing newer was asked for; None shows the hint."""
        words = self._form.words
        if prepare is None:
            self.audience = None
            self._newest.forget()
            self.figures.value = ""
            self.message.show(words.say("To do"), hint, kind="busy")
            return
        self.message.show(words.say("Working"), words.say("The preview is made."), kind="busy")
        self._newest.ask(prepare, done=lambda audience: self._show(audience, limit), failed=self._fail)

    def _fail(self, problem: Exception) -> None:
        self.audience = None
        self.figures.value = ""
        self.message.show(self._form.words.say("Error"), *self._form.told(problem), kind="problem")

    def _show(self, audience: Audience, limit: int) -> None:
        self.audience = audience
        self.figures.value = _funnel(self._form, audience) + _by_segment(self._form, audience)
        words = self._form.words
        sent = words.number(audience.exportable)
        if audience.exportable > limit:
            self.message.show(
                words.say("Warning"),
                words.say(
                    "{sent} identifiers are more than the limit of {limit}: a run would stop.",
                    sent=sent,
                    limit=words.number(limit),
                ),
                kind="warning",
            )
        else:
            self.message.show(
                words.say("Within the limit"),
                words.say("{sent} identifiers, at most {limit} are allowed.", sent=sent, limit=words.number(limit)),
                kind="done",
            )


def _funnel(form: Form, audience: Audience) -> str:
    words = form.words
    counts = audience.counts
    left_out = [(term(words, it), int(counts[it.value].sum())) for it in _LEFT_OUT]
    rows: Sequence[tuple[str, int]] = [
        (words.say("Members"), audience.members),
        *((f"− {name}", -count) for name, count in left_out if count),  # noqa: RUF001  # a minus, not a hyphen
        (f"= {term(words, Status.EXPORTABLE)}", audience.exportable),
    ]
    lines = [
        (name, words.number(count), words.share(abs(count) / audience.members) if audience.members else "")
        for name, count in rows
    ]
    return table(words.say("From members to exportable"), ["", words.say("People"), "%"], lines, numbers=(1, 2))


def _by_segment(form: Form, audience: Audience) -> str:
    words = form.words
    counts = audience.counts
    reasons = [it for it in _LEFT_OUT if counts[it.value].sum()]
    head = [words.say("Segment"), words.say("Members"), *(term(words, it) for it in (Status.EXPORTABLE, *reasons))]
    rows = [
        (row["segment"], *(words.number(row[it]) for it in ("members", "exportable", *(it.value for it in reasons))))
        for row in counts.iter_rows(named=True)
    ]
    return table(words.say("By segment"), head, rows, numbers=range(1, len(head)))
