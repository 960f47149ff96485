"""The report of a run, as a page of its own and as a part of a notebook."""

from dataclasses import asdict

import polars as pl
from markupsafe import Markup

from toolkit.checks import as_shown, checks_frame
from toolkit.display import fragment, page, table
from toolkit.files import write_atomically
from toolkit.markup import template, trusted
from toolkit.runs.run import Run


def write_report(run: Run) -> None:
    """Write the run's report as one HTML file that needs no network, and as JSON; neither holds an identifier."""
    from toolkit.runs.charts import members_chart

    picture = members_chart(run) if any(it.members for it in run.lists) else ""
    files = pl.DataFrame([asdict(it) for it in run.inputs], infer_schema_length=None)
    inputs = table(files.drop(it.name for it in files if it.is_null().all())) if run.inputs else ""
    body = template("toolkit.runs", "report.html").render(
        run=run, picture=trusted(picture), body=_body(run), inputs=inputs
    )
    html = page(run.headline, Markup(body))  # noqa: S704  # the template escapes
    write_atomically(run.report, lambda path: path.write_text(html, encoding="utf-8"))
    text = run.to_json()
    write_atomically(run.folder / "report.json", lambda path: path.write_text(text, encoding="utf-8"))


def html_fragment(run: Run) -> str:
    """Return the run's figures, checks, warnings and error as HTML."""
    return str(fragment(_body(run)))


def _body(run: Run) -> Markup:
    figures = table(run.figures) if run.lists else ""
    checks = table(as_shown(checks_frame(run.checks)), title="Checks") if run.checks else ""
    html = template("toolkit.runs", "run.html").render(run=run, figures=figures, checks=checks)
    return Markup(html)  # noqa: S704  # the template escapes
