"""The report of a run, as a page of its own and as a part of a notebook."""

from dataclasses import asdict

import polars as pl

from toolkit.checks import as_shown, checks_frame
from toolkit.files import write_atomically
from toolkit.markup import template, trusted
from toolkit.runs.run import Run
from toolkit.show import html_table


def write_report(run: Run) -> None:
    """Write the run's report as one HTML file that needs no network, and as JSON; neither holds an identifier."""
    from toolkit.runs.charts import members_chart

    picture = members_chart(run) if any(it.members for it in run.lists) else ""
    files = pl.DataFrame([asdict(it) for it in run.inputs], infer_schema_length=None)
    inputs = html_table(files.drop(it.name for it in files if it.is_null().all()), title="") if run.inputs else ""
    page = template("toolkit.runs", "report.html").render(
        run=run, picture=trusted(picture), body=trusted(html_fragment(run)), inputs=trusted(inputs)
    )
    write_atomically(run.report, lambda path: path.write_text(page, encoding="utf-8"))
    text = run.to_json()
    write_atomically(run.folder / "report.json", lambda path: path.write_text(text, encoding="utf-8"))


def html_fragment(run: Run) -> str:
    """Return the run's figures, checks, warnings and error as HTML."""
    figures = html_table(run.figures, title="") if run.lists else ""
    checks = html_table(as_shown(checks_frame(run.checks)), title="Checks") if run.checks else ""
    return template("toolkit.runs", "run.html").render(run=run, figures=trusted(figures), checks=trusted(checks))
