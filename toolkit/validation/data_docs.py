"""Data Docs: what Great Expectations was asked and what it found, as one HTML page that needs no network.

Its renderers make the content. Its page loads fonts, scripts and styles from other hosts, so the page around it is
ours.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from markupsafe import Markup

from toolkit.display import page, table, word
from toolkit.files import write_atomically
from toolkit.markup import sanitized, template
from toolkit.translatable import _, reading_in, shown
from toolkit.validation.redacted_results import redacted_arguments
from toolkit.validation.results import BUILT_IN, CheckResult, CheckResults

if TYPE_CHECKING:
    from great_expectations.core import ExpectationValidationResult
    from jinja2 import Template

DATA_DOCS = "checks.html"
_STYLE = files("toolkit.validation").joinpath("data_docs.css")


def write_data_docs(results: CheckResults, folder: Path, *, title: str, language: str | None = None) -> Path:
    """Write the page into the folder; ``language`` is that of whoever runs by default."""
    with reading_in(language):
        html = data_docs_page(results, title=title)
    path = folder / DATA_DOCS
    write_atomically(path, lambda it: it.write_text(html, encoding="utf-8"))
    return path


def data_docs_page(results: CheckResults, *, title: str) -> str:
    """Return the page, in the language of whoever reads. No address, customer key or unmasked field stands in it.

    What Great Expectations says itself is in English.
    """
    from great_expectations import __version__

    body = template("toolkit.validation", "data_docs.html").render(
        title=title,
        overview=table(results.shown, texts=results.texts),
        documents=_documents(results),
        ge_version=__version__,
    )
    return page(title, Markup(body), style=_STYLE.read_text(encoding="utf-8"))  # noqa: S704  # the template escapes


@dataclass(frozen=True)
class _Document:
    """A part of the page: what one suite found in one place."""

    place: str
    suite: str
    content: Markup


def _documents(results: CheckResults) -> list[_Document]:
    """Return what is told of the export, of all segments together, and of each segment, suite by suite.

    The built-in suite is asked about a table of segments, and told so once, as Great Expectations renders it; of each
    segment it is told in a table of its own, which costs next to nothing.
    """
    of_segments = [it for it in results if it.suite == BUILT_IN and it.segment is not None]
    documents = []
    asked = [it for it in results if it.expectation is not None]
    for (segment, suite), group in groupby(asked, key=lambda it: (it.segment, it.suite)):
        found = list(group)
        place = _("The export") if segment is None else _("Segment {name}", name=segment)
        content = _in_a_table(found) if segment is not None and suite == BUILT_IN else _rendered(suite, found)
        documents.append(_Document(place, suite, content))
    if of_segments:
        behind_export = len({it.suite for it in asked if it.segment is None})
        documents.insert(
            behind_export, _Document(_("All segments"), BUILT_IN, _rendered(BUILT_IN, _together(of_segments)))
        )
    return documents


def _in_a_table(found: Sequence[CheckResult]) -> Markup:
    rows = [(it, shown(word(str(it.check)))) for it in found]
    html = template("toolkit.validation", "segment.html").render(rows=rows)
    return Markup(html)  # noqa: S704  # the template escapes


def _together(found: Sequence[CheckResult]) -> list[CheckResult]:
    """Return a result for each check of all segments: how many of them it is about, and how many of those fail."""
    checks: dict[str, list[CheckResult]] = {}
    for it in found:
        checks.setdefault(str(it.check), []).append(it)
    return [
        replace(
            each[0],
            passed=all(it.passed for it in each),
            told={
                "element_count": len(each),
                "missing_count": 0,
                "unexpected_count": sum(not it.passed for it in each),
                "unexpected_percent": 100 * sum(not it.passed for it in each) / len(each),
            },
        )
        for each in checks.values()
    ]


def _rendered(suite: str, found: Sequence[CheckResult]) -> Markup:
    """Return the results of a suite as Great Expectations renders them."""
    from great_expectations.core import ExpectationSuiteValidationResult
    from great_expectations.render.renderer.page_renderer import ValidationResultsPageRenderer

    passed = sum(it.passed for it in found)
    validation = ExpectationSuiteValidationResult(
        success=passed == len(found),
        results=[_result(it) for it in found],
        suite_name=suite,
        meta={},
        statistics={
            "evaluated_expectations": len(found),
            "successful_expectations": passed,
            "unsuccessful_expectations": len(found) - passed,
            "success_percent": 100 * passed / len(found),
        },
    )
    content = ValidationResultsPageRenderer(run_info_at_end=True).render(validation).to_json_dict()
    # The first section says again what stands above all, the last names files of a context that there is none of.
    sections = _sections().render({"sections": content["sections"][1:-1]})
    # Its renderers put names of columns into HTML as they are.
    return Markup('<div lang="en">{}</div>').format(sanitized(sections))


def _result(found: CheckResult) -> "ExpectationValidationResult":
    from great_expectations.core import ExpectationValidationResult
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    assert found.expectation is not None  # noqa: S101  # as `_documents` picks them
    asked = found.expectation.configuration
    raised = found.raised is not None
    return ExpectationValidationResult(
        success=found.passed,
        expectation_config=ExpectationConfiguration(
            type=asked.type, kwargs=redacted_arguments(asked.kwargs), severity=asked.severity
        ),
        result=dict(found.told),
        exception_info={
            "raised_exception": raised,
            "exception_message": found.raised,
            "exception_traceback": found.raised,
        },
    )


@cache
def _sections() -> "Template":
    from great_expectations.render.view.view import DefaultJinjaView
    from jinja2 import ChoiceLoader, DictLoader, PackageLoader

    # The view gives the templates of Great Expectations their filters.
    environment = DefaultJinjaView().env
    theirs = [] if environment.loader is None else [environment.loader]
    # Graphs are drawn by scripts of other hosts.
    environment.loader = ChoiceLoader(
        [PackageLoader("toolkit.validation", "templates"), DictLoader({"graph.j2": ""}), *theirs]
    )
    return environment.get_template("sections.html")
