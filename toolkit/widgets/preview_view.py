"""What a run would send, and whom it would leave out, kept up with what stands in a form."""

from collections.abc import Callable
from typing import NamedTuple

import ipywidgets
import polars as pl
from markupsafe import Markup

from toolkit.audience import Audience, Status
from toolkit.display import Card, cards, table_of_texts
from toolkit.display.charts import figure
from toolkit.markup import joined
from toolkit.preview import Preview
from toolkit.preview.charts import funnel_chart
from toolkit.validation import Level
from toolkit.widgets.background import Newest
from toolkit.widgets.components import Message, with_class
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
        self.cards = ipywidgets.HTML()
        """The figures in short."""
        self.picture = ipywidgets.HTML()
        """From members to exportable."""
        self.figures = ipywidgets.HTML()
        """By segment, and how far the segments overlap."""
        self.headline = with_class(ipywidgets.VBox([self.cards, self.message.widget]), "toolkit-headline")
        """What stays in sight while somebody scrolls."""
        form.accessible.set(self.headline, role="group", aria_label=form.words.say("Preview"))
        self.shown: Preview | None = None
        """What is shown."""

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
            self._clear()
            self.message.show(words.say("To do"), hint, kind="busy")
            return
        self.message.show(words.say("Working"), words.say("The preview is made."), kind="busy")

        def drawn() -> tuple[Preview, _Drawn]:
            preview = prepare()
            return preview, _drawn(self._form, preview)

        self._newest.ask(drawn, done=lambda it: self._show(*it), failed=self._fail)

    def _clear(self) -> None:
        for part in (self.cards, self.picture, self.figures):
            part.value = ""

    def _fail(self, problem: Exception) -> None:
        self.shown = None
        self._clear()
        self.message.show(self._form.words.say("Error"), *self._form.told(problem), kind="problem")

    def _show(self, preview: Preview, drawn: "_Drawn") -> None:
        self.shown = preview
        self.cards.value, self.picture.value, self.figures.value = drawn
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


class _Drawn(NamedTuple):
    """A preview as HTML."""

    cards: Markup
    picture: Markup
    figures: Markup


def _drawn(form: Form, preview: Preview) -> _Drawn:
    tables = [_by_segment(form, preview.audience), _small(form, preview)]
    if len(preview.segments) > 1:
        tables.append(_overlap(form, preview))
    return _Drawn(_cards(form, preview), _funnel(form, preview), joined(tables))


def _members(audience: Audience) -> int:
    """Return the rows of all segments: where one names somebody again, these are more than are looked at."""
    return audience.members + sum(int(audience.counts[it].sum()) for it in _NOBODY_NEW)


def _cards(form: Form, preview: Preview) -> Markup:
    words = form.words
    every = _members(preview.audience)
    share = words.share(preview.exportable / every) if every else ""
    figures = [
        Card(words.say("Members"), words.number(every)),
        Card(
            term(words, Status.EXPORTABLE),
            words.number(preview.exportable),
            words.say("{share} of the members", share=share) if share else "",
        ),
        Card(words.say("People"), words.number(preview.distinct), words.say("each counted once")),
    ]
    return cards(figures)


def _small(form: Form, preview: Preview) -> Markup:
    """Return the segments that are too small to be of use at Criteo."""
    words = form.words
    small = preview.limits.filter(~pl.col("is_kept") & pl.col("at_least").is_not_null())
    if small.is_empty():
        return Markup("")
    title = words.say(
        "Smaller than {fewest} people: Criteo can hardly use such a list", fewest=words.number(small["at_least"][0])
    )
    rows = [(row["of"], words.number(row["size"])) for row in small.iter_rows(named=True)]
    return table_of_texts([words.say("Segment"), words.say("People")], rows, title=title, numbers=(1,))


def _overlap(form: Form, preview: Preview) -> Markup:
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


def _funnel(form: Form, preview: Preview) -> Markup:
    """Return the way from members to exportable as a picture; the table below it has the same figures."""
    every = _members(preview.audience)
    if not every:
        return Markup("")
    steps, remaining = [{"step": "members", "people": every, "remaining": every, "share": 1.0}], every
    for name in _NOBODY_NEW:
        count = int(preview.counts[name].sum())
        remaining -= count
        steps.append({"step": name, "people": count, "remaining": remaining, "share": count / every})
    found = preview.funnel.filter(pl.col("step") != "members").with_columns(share=pl.col("people") / every)
    whole = pl.concat([pl.DataFrame(steps, schema=preview.funnel.schema), found])
    return figure(funnel_chart(whole), form.words.say("From members to exportable"))


_NOBODY_NEW = ("repeated_rows", "rows_without_key")
"""Rows of a segment's table that name nobody, or somebody again."""


def _by_segment(form: Form, audience: Audience) -> Markup:
    words, counts = form.words, audience.counts
    rows_of_nobody = dict(zip(_NOBODY_NEW, (words.say("Repeated rows"), words.say("Rows without a key")), strict=True))
    reasons = {**rows_of_nobody, **{it.value: term(words, it) for it in _LEFT_OUT}}
    shown = [it for it in reasons if counts[it].sum()]
    head = [words.say("Segment"), words.say("Members"), *(reasons[it] for it in shown), term(words, Status.EXPORTABLE)]
    rows = [
        (
            row["segment"],
            words.number(row["members"] + sum(row[it] for it in _NOBODY_NEW)),
            *(words.number(row[it]) for it in (*shown, Status.EXPORTABLE.value)),
        )
        for row in counts.iter_rows(named=True)
    ]
    return table_of_texts(head, rows, title=words.say("By segment"), numbers=range(1, len(head)))
