"""The report of a run, as a page of its own and as a part of a notebook."""

import os
from dataclasses import asdict
from pathlib import Path
from urllib.parse import quote

import polars as pl
from markupsafe import Markup

from toolkit.display import cards, fragment, page, table, word
from toolkit.files import write_atomically
from toolkit.markup import joined, template
from toolkit.runs.charts import members_picture
from toolkit.runs.matrix_of_checks import checks_matrix
from toolkit.runs.run import Run
from toolkit.runs.summary import cards_of, sentence_of
from toolkit.translatable import _, moment_text, ngettext, reading_in
from toolkit.validation import CheckOutcome

_HEADINGS = {
    "segment": "segment",
    "identifier_type": "sent as",
    "advertiser_id": "advertiser",
    "exportable": "included",
    "missing_identifier": "missing",
    "invalid_identifier": "invalid",
    "duplicate_identifier": "duplicate",
    "held_by_criteo": "held by Criteo before",
    "size_bytes": "bytes",
    "modified_at": "changed",
}


def write_report(run: Run, previous: Run | None = None, *, language: str | None = None) -> None:
    """Write the run's report as one HTML file that needs no network, and as JSON; neither holds an identifier.

    Args:
        run: The run.
        previous: The run of the export before it, against which figures are told.
        language: The language of the page; that of whoever runs by default.
    """
    with reading_in(language):
        html = report_page(run, previous)
    write_atomically(run.report, lambda path: path.write_text(html, encoding="utf-8"))
    text = run.to_json()
    write_atomically(run.folder / "report.json", lambda path: path.write_text(text, encoding="utf-8"))


def report_page(run: Run, previous: Run | None = None) -> str:
    """Return the run's report as one page of HTML that needs no network, in the language of whoever reads.

    Args:
        run: The run.
        previous: The run of the export before it, against which figures are told.
    """
    title = _("{export}: {outcome}", export=run.export, outcome=word(run.outcome))
    picture = members_picture(run) if any(it.members for it in run.lists) else ""
    body = template("toolkit.runs", "report.html").render(
        run=run,
        title=title,
        sentence=sentence_of(run),
        cards=cards(cards_of(run, previous)),
        picture=picture,
        lists=_lists(run),
        checks=checks_matrix(run.checks) if run.checks else "",
        passed=_passed(run),
        inputs=_inputs(run),
        timings=_timings(run),
        started_at=moment_text(run.started_at),
        time_zone=run.started_at.astimezone().tzname(),
        started_by=word(run.started_by.value),
    )
    return page(title, Markup(body))  # noqa: S704  # the template escapes


def html_fragment(run: Run) -> str:
    """Return the run as a cell of a notebook shows it: what happened, what needs attention, the lists, the report."""
    body = template("toolkit.runs", "run.html").render(
        run=run,
        sentence=sentence_of(run),
        cards=cards(cards_of(run)),
        lists=_lists(run),
        passed=_passed(run),
        report=_link(run.report),
    )
    return str(fragment(Markup(body)))  # noqa: S704  # the template escapes


def _lists(run: Run) -> Markup | str:
    if not run.lists:
        return ""
    rate = pl.col("matches") / pl.col("held_by_criteo")
    figures = run.figures
    if "matches" in figures.columns:
        known = pl.when(pl.col("held_by_criteo") > 0).then(rate)
        figures = figures.with_columns(match_rate=known.cast(pl.Float64)).drop("matches")
    return table(figures.drop("seconds", "batches", strict=False), headings=_HEADINGS)


def _passed(run: Run) -> str:
    if not run.checks:
        return ""
    passed = sum(it.outcome is CheckOutcome.PASSED for it in run.checks)
    return ngettext(
        "{passed:,} of {count:,} check passed.",
        "{passed:,} of {count:,} checks passed.",
        len(run.checks),
        passed=passed,
    )


def _inputs(run: Run) -> Markup | str:
    if not run.inputs:
        return ""
    files = pl.DataFrame([asdict(it) for it in run.inputs], infer_schema_length=None)
    return table(files.drop(it.name for it in files if it.is_null().all()), headings=_HEADINGS)


def _timings(run: Run) -> Markup:
    steps = pl.DataFrame({"step": list(run.timings), "seconds": list(run.timings.values())})
    calls = run.frame.select("segment", "identifier_type", "advertiser_id", "batches", "retries", "seconds")
    return joined(table(it, headings=_HEADINGS) for it in (steps, calls) if it.height)


def _link(report: Path) -> str:
    """Return the way to the report from the folder that a notebook runs in, which JupyterLab follows."""
    if not report.exists():
        return ""
    try:
        return quote(Path(os.path.relpath(report)).as_posix())
    except ValueError:  # another drive
        return ""
