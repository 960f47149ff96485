"""What a run would send, and whom it would leave out, kept up with what stands in a form."""

from collections.abc import Callable, Sequence

import ipywidgets
import polars as pl

from toolkit.audience import Audience, Status
from toolkit.display import table_of_texts
from toolkit.preview import Preview
from toolkit.validation import Level
from toolkit.widgets.background import Newest
from toolkit.widgets.components import Message, heading
from toolkit.widgets.form import Form
from toolkit.widgets.labels import term

_PAUSE_SECONDS = 0.3
_LEFT_OUT = [it for it in Status if it is not Status.EXPORTABLE]
_MOST_PAIRS = 10


class PreviewView:
    """The live preview beside the export form."""

    def __init__(self, form: Form) -> None:
        self._form = form
        self._newest = Newest(form.background, pause_seconds=_PAUSE_SECONDS)
        self.message = Message()
        self.figures = ipywidgets.HTML()
        self.shown: Preview | None = None
        """What is shown."""
        self.widget = ipywidgets.VBox([heading(form.words.say("Preview")), self.message.widget, self.figures])

    @property
    def audience(self) -> Audience | None:
        """Who is sent and who is left out, of what is shown."""
        return None if self.shown is None else self.shown.audience

    def ask(self, prepare: Callable[[], Preview] | None, *, hint: str) -> None:
        """Show what ``prepare`` returns, once nothing newer was asked for; None shows the hint."""
        words = self._form.words
        if prepare is None:
            self.shown = None
            self._newest.forget()
            self.figures.value = ""
            self.message.show(words.say("To do"), hint, kind="busy")
            return
        self.message.show(words.say("Working"), words.say("The preview is made."), kind="busy")

        def drawn() -> tuple[Preview, str]:
            preview = prepare()
            return preview, _drawn(self._form, preview)

        self._newest.ask(drawn, done=lambda it: self._show(*it), failed=self._fail)

    def _fail(self, problem: Exception) -> None:
        self.shown = None
        self.figures.value = ""
        self.message.show(self._form.words.say("Error"), *self._form.told(problem), kind="problem")

    def _show(self, preview: Preview, figures: str) -> None:
        self.shown = preview
        self.figures.value = figures
        words = self._form.words
        sent = words.number(preview.exportable)
        most = preview.limits.drop_nulls("at_most")
        limit = most["at_most"].min()
        assert isinstance(limit, int)  # noqa: S101  # an export always has a limit
        broken = most.filter(~pl.col("is_kept"))
        if broken.height:
            self.message.show(
                words.say("Warning"),
                words.say(
                    "{sent} identifiers are more than the limit of {limit}.", sent=sent, limit=words.number(limit)
                ),
                words.say("A run would stop.")
                if (broken["level"] == Level.ERROR.value).any()
                else words.say("A run would go on, with a warning."),
                kind="warning",
            )
        else:
            self.message.show(
                words.say("Within the limit"),
                words.say("{sent} identifiers, at most {limit} are allowed.", sent=sent, limit=words.number(limit)),
                kind="done",
            )


def _drawn(form: Form, preview: Preview) -> str:
    parts = [_funnel(form, preview.audience), _by_segment(form, preview.audience), _small(form, preview)]
    if len(preview.segments) > 1:
        parts.append(_overlap(form, preview))
    return "".join(parts)


def _small(form: Form, preview: Preview) -> str:
    """Return the segments that are too small to be of use at Criteo."""
    words = form.words
    small = preview.limits.filter(~pl.col("is_kept") & pl.col("at_least").is_not_null())
    if small.is_empty():
        return ""
    title = words.say(
        "Smaller than {fewest} people: Criteo can hardly use such a list", fewest=words.number(small["at_least"][0])
    )
    rows = [(row["of"], words.number(row["size"])) for row in small.iter_rows(named=True)]
    return table_of_texts([words.say("Segment"), words.say("People")], rows, title=title, numbers=(1,))


def _overlap(form: Form, preview: Preview) -> str:
    """Return how many people two segments share, the pairs that share most first."""
    words = form.words
    title = words.say("Together {people} people, each counted once", people=words.number(preview.distinct))
    # Each two of them once, as it is told for the smaller, of which it is the larger share.
    pairs = (
        preview.overlap.filter(pl.col("both") > 0)
        .sort("share", "both", descending=True)
        .unique(pl.concat_list("segment", "other").list.sort(), keep="first", maintain_order=True)
    )
    rows = [
        (row["segment"], row["other"], words.number(row["both"]), words.share(row["share"]))
        for row in pairs.head(_MOST_PAIRS).iter_rows(named=True)
    ]
    head = [words.say("Segment"), words.say("Also in"), words.say("People"), "%"]
    return table_of_texts(head, rows, title=title, numbers=(2, 3))


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
    return table_of_texts(
        ["", words.say("People"), "%"], lines, title=words.say("From members to exportable"), numbers=(1, 2)
    )


def _by_segment(form: Form, audience: Audience) -> str:
    words = form.words
    counts = audience.counts
    reasons = [it for it in _LEFT_OUT if counts[it.value].sum()]
    head = [words.say("Segment"), words.say("Members"), *(term(words, it) for it in (Status.EXPORTABLE, *reasons))]
    rows = [
        (row["segment"], *(words.number(row[it]) for it in ("members", "exportable", *(it.value for it in reasons))))
        for row in counts.iter_rows(named=True)
    ]
    return table_of_texts(head, rows, title=words.say("By segment"), numbers=range(1, len(head)))
