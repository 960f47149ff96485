"""The checks of a run as a matrix: a row a check, a column a segment, failures marked."""

from collections.abc import Sequence
from typing import NamedTuple

import polars as pl
from markupsafe import Markup

from toolkit.display import table, word
from toolkit.markup import joined, template
from toolkit.translatable import _
from toolkit.validation import CheckOutcome, CheckRow

_SIGNS = {CheckOutcome.PASSED: "✓", CheckOutcome.WARNING: "!", CheckOutcome.ERROR: "✗"}
_MOST_SEGMENTS = 12
"""More columns than these can't be looked at side by side: then only segments with a failure have one."""


class _Line(NamedTuple):
    check: str
    outcomes: list[CheckOutcome | None]


def checks_matrix(checks: Sequence[CheckRow]) -> Markup:
    """Return the checks as a matrix, and below it, in words, what did not pass."""
    failed = [it for it in checks if it.outcome is not CheckOutcome.PASSED]
    return joined([_matrix(checks), table(_in_words(failed), texts=_texts(failed)) if failed else Markup("")])


def _matrix(checks: Sequence[CheckRow]) -> Markup:
    by_place = {(it.check, it.segment): it.outcome for it in checks}
    segments = list(dict.fromkeys(it.segment for it in checks if it.segment is not None))
    if len(segments) > _MOST_SEGMENTS:
        failing = {it.segment for it in checks if it.outcome is not CheckOutcome.PASSED}
        segments = [it for it in segments if it in failing]
    places: list[str | None] = [*([None] if any(it.segment is None for it in checks) else []), *segments]
    rows = [
        _Line(check, [by_place.get((check, place)) for place in places])
        for check in dict.fromkeys(it.check for it in checks)
    ]
    html = template("toolkit.runs", "checks.html").render(
        columns=[_("the export") if it is None else it for it in places],
        rows=[it for it in rows if any(it.outcomes)],
        signs=_SIGNS,
        word=word,
    )
    return Markup(html)  # noqa: S704  # the template escapes


def _texts(failed: Sequence[CheckRow]) -> dict[str, Sequence[str]]:
    return {
        "segment": [it.segment or _("the export") for it in failed],
        "expected": [it.expected for it in failed],
        "found": [it.observed for it in failed],
    }


def _in_words(failed: Sequence[CheckRow]) -> pl.DataFrame:
    frame = pl.DataFrame(
        {
            "segment": [it.segment or "" for it in failed],
            "check": [it.check for it in failed],
            "outcome": [it.outcome.value for it in failed],
            "expected": [str(it.expected) for it in failed],
            "found": [str(it.observed) for it in failed],
            "examples": [it.examples for it in failed],
        },
        schema_overrides={"examples": pl.String},
    )
    return frame.drop("examples") if frame["examples"].is_null().all() else frame
