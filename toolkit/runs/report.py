"""The report of a run, as a page of its own and as a part of a notebook."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import polars as pl

from toolkit.checks import as_shown
from toolkit.files import write_atomically
from toolkit.runs.run import Run
from toolkit.show import html_table

if TYPE_CHECKING:
    from jinja2 import Template


def write_report(run: Run) -> None:
    """Write the run's report as one HTML file that needs no network, and as JSON; neither holds an identifier."""
    from toolkit.runs.charts import members_chart

    picture = members_chart(run) if any(row["members"] for row in run.segments) else ""
    files = pl.DataFrame(list(run.inputs))
    inputs = html_table(files.drop(it.name for it in files if it.is_null().all()), title="") if run.inputs else ""
    page = _template("report.html").render(run=run, picture=picture, body=html_fragment(run), inputs=inputs)
    write_atomically(run.report, lambda path: path.write_text(page, encoding="utf-8"))
    text = run.to_json()
    write_atomically(run.folder / "report.json", lambda path: path.write_text(text, encoding="utf-8"))


def html_fragment(run: Run) -> str:
    """Return the run's figures, checks, warnings and error as HTML."""
    figures = html_table(run.figures, title="") if run.segments else ""
    checks = html_table(as_shown(_frame(run.checks)), title="Checks") if run.checks else ""
    return _template("run.html").render(run=run, figures=figures, checks=checks)


def _frame(rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), infer_schema_length=None)


@cache
def _template(name: str) -> "Template":
    from jinja2 import Environment, PackageLoader

    environment = Environment(loader=PackageLoader("toolkit.runs", "templates"), autoescape=True)
    return environment.get_template(name)
