"""Data Docs: what Great Expectations was asked and what it found, as one HTML page that needs no network.

Its renderers make the content. Its page loads fonts, scripts and styles from other hosts, so the page around it is
ours.
"""

from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from toolkit.display import page, table
from toolkit.files import write_atomically
from toolkit.markup import sanitized, template
from toolkit.translatable import _, reading_in
from toolkit.validation.redacted_results import redacted_arguments
from toolkit.validation.results import CheckResult, CheckResults

if TYPE_CHECKING:
    from great_expectations.core import ExpectationSuiteValidationResult, ExpectationValidationResult
    from jinja2 import Template

DATA_DOCS = "checks.html"
_STYLE = files("toolkit.validation").joinpath("data_docs.css")


def write_data_docs(results: CheckResults, folder: Path, *, title: str, language: str | None = None) -> Path:
    """Write the page into the folder. No address, customer key or unmasked field stands in it.

    ``language`` is that of whoever runs by default. What Great Expectations says itself is in English.
    """
    from great_expectations import __version__

    with reading_in(language):
        body = template("toolkit.validation", "data_docs.html").render(
            title=title,
            overview=table(results.shown, texts=results.texts),
            documents=[_document(place, each) for place, each in _validations(results)],
            ge_version=__version__,
        )
        html = page(title, Markup(body), style=_STYLE.read_text(encoding="utf-8"))  # noqa: S704  # the template escapes
    path = folder / DATA_DOCS
    write_atomically(path, lambda it: it.write_text(html, encoding="utf-8"))
    return path


def _validations(results: CheckResults) -> Iterator[tuple[str, "ExpectationSuiteValidationResult"]]:
    """Return what was validated: of the export and of each segment, each suite."""
    from great_expectations.core import ExpectationSuiteValidationResult

    asked = [it for it in results if it.expectation is not None]
    for (segment, suite), group in groupby(asked, key=lambda it: (it.segment, it.suite)):
        found = list(group)
        passed = sum(it.passed for it in found)
        place = _("The export") if segment is None else _("Segment {name}", name=segment)
        yield (
            place,
            ExpectationSuiteValidationResult(
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
            ),
        )


def _result(found: CheckResult) -> "ExpectationValidationResult":
    from great_expectations.core import ExpectationValidationResult
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    assert found.expectation is not None  # noqa: S101  # as `_validations` picks them
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


def _document(place: str, validation: "ExpectationSuiteValidationResult") -> dict[str, Any]:
    from great_expectations.render.renderer.page_renderer import ValidationResultsPageRenderer

    content = ValidationResultsPageRenderer(run_info_at_end=True).render(validation).to_json_dict()
    # The first section says again what stands above all, the last names files of a context that there is none of.
    sections = _sections().render({"sections": content["sections"][1:-1]})
    # Its renderers put names of columns into HTML as they are.
    return {"place": place, "suite": validation.suite_name, "sections": sanitized(sections)}


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
