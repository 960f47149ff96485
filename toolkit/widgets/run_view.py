"""A run, as a form shows it: how it ended, its figures, what to do."""

import polars as pl
from markupsafe import Markup

from toolkit.audience import Status
from toolkit.display import table_of_texts
from toolkit.markup import joined, markup
from toolkit.runs import Run, RunStatus
from toolkit.runs.run import WITH_WARNINGS
from toolkit.widgets.labels import term
from toolkit.widgets.language import Words

_SIGNS: dict[str, str] = {
    RunStatus.SUCCESSFUL: "✓",
    WITH_WARNINGS: "✓",
    RunStatus.FAILED: "✗",
    RunStatus.FAILED_RETRYING: "✗",
    RunStatus.CANCELED: "■",
}


def run_html(words: Words, run: Run) -> Markup:
    """Return the run as HTML; the checks in full are in its report."""
    return joined([_headline(words, run), _error(words, run), _remarks(words, run), _figures(words, run)])


def status_text(words: Words, outcome: str) -> str:
    """Return how a run ended, in words and with a sign, so that no colour is needed."""
    sign = _SIGNS.get(outcome, "")
    return f"{sign} {term(words, outcome)}".strip()


def _headline(words: Words, run: Run) -> Markup:
    say = words.say
    what = {"export": run.export, "moment": words.short_moment(run.started_at)}
    title = say("{export}, {moment} (dry run)", **what) if run.dry_run else say("{export}, {moment}", **what)
    took = "" if run.seconds is None else say("in {seconds} s", seconds=words.number(round(run.seconds, 1)))
    started = say(
        "Started {moment} by {person} ({trigger}), version {version} of the export, run {run}.",
        run=run.id,
        moment=words.moment(run.started_at),
        person=run.person,
        trigger=term(words, run.started_by),
        version=run.export_version,
    )
    nothing = " " + say("Nothing was sent.") if run.dry_run else ""
    headline = f"{title}: {status_text(words, run.outcome)} {took}"
    return markup("<p><strong>{headline}</strong><br>{rest}</p>", headline=headline, rest=started + nothing)


def _error(words: Words, run: Run) -> Markup:
    if run.error is None:
        return Markup("")
    lines = {
        words.say("What happened"): words.read(run.error.what),
        words.say("What to do"): words.read(run.error.remedy),
    }
    told = [markup("<strong>{word}:</strong> {text}", word=word, text=text) for word, text in lines.items()]
    return markup('<div class="toolkit-problem" role="alert">{told}</div>', told=Markup("<br>").join(told))


def _remarks(words: Words, run: Run) -> Markup:
    warnings = [("warning", words.say("Warning"), words.read(it.text)) for it in run.warnings]
    notes = [("busy", words.say("Note"), words.read(it.text)) for it in run.notes]
    html = '<div class="toolkit-told toolkit-{kind}"><strong>{word}:</strong> {text}</div>'
    return joined(markup(html, kind=kind, word=word, text=text) for kind, word, text in (*warnings, *notes))


def _figures(words: Words, run: Run) -> Markup:
    if not run.lists:
        return Markup("")
    say = words.say
    headings = {
        "members": say("Members"),
        "left_out": say("Left out"),
        "exportable": term(words, Status.EXPORTABLE),
        "added": say("Would be added") if run.dry_run else say("Added"),
        "removed": say("Would be removed") if run.dry_run else say("Removed"),
        "rejected": say("Rejected by Criteo"),
    }
    frame = run.frame.with_columns(left_out=pl.col("members") - pl.col("exportable"))
    rows = [
        [str(row["segment"]), *(words.number(row[name] or 0) for name in headings), str(row["list_id"] or "")]
        for row in frame.iter_rows(named=True)
    ]
    head = [say("Segment"), *headings.values(), say("List at Criteo")]
    return table_of_texts(head, rows, title=say("By segment"), numbers=range(1, len(headings) + 1))
