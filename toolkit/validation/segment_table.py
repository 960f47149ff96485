"""The built-in suite of segments, asked of a table of segments: a row a segment, a column a figure.

Great Expectations is asked once for each check, however many segments there are. What it says of each row becomes the
result of that segment, told in members again; whose rows make a check fail is looked up in the audience.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING

import polars as pl

from toolkit.audience import NOT_JUDGED, Audience
from toolkit.importing import import_great_expectations
from toolkit.translatable import _
from toolkit.validation.gx import Outcome, PreparedExpectation, ValidatedTable, could_not_be_checked, prepare
from toolkit.validation.redacted_results import KEY
from toolkit.validation.results import CheckResult
from toolkit.validation.rules import (
    CONTENT_BY_STATUS,
    SHARED_CONTENT,
    VALID_CONTENT,
    FieldContent,
    Figure,
    Rule,
    segment_figures,
    segment_rules,
)
from toolkit.validation.thresholds import Check, Level, Thresholds

if TYPE_CHECKING:
    from great_expectations.expectations import Expectation

_WITHOUT_KEY, _KEY_REPEATED = "without_key", "key_repeated"
"""Columns of the table beside the figures of the rules: members without a key, and members whose key others have."""

_Row = Mapping[str, object]


@dataclass(frozen=True)
class _Members:
    """The part of a segment that a check is about, and who of it is not as expected."""

    considered: str
    """The column that counts who is looked at."""
    unexpected: pl.Expr
    """How many of them are not as expected."""
    who: pl.Expr
    """Who they are, of the members who are not suppressed."""


@dataclass(frozen=True)
class _SegmentCheck:
    """A check of each segment: the column it is about, what passes, and how the outcome is told."""

    check: Check
    level: Level
    column: str
    least: float | None
    most: float | None
    expected: str
    observed: Callable[[_Row], str]
    remedy: str
    about: _Members | None
    """None where it is about the segment as a whole."""


def _expectation(column: str, *, least: float | None, most: float | None) -> "Expectation":
    import great_expectations.expectations as gxe

    return gxe.ExpectColumnValuesToBeBetween(column=column, min_value=least, max_value=most)


@lru_cache(maxsize=256)
def _prepared(column: str, *, least: float | None, most: float | None) -> PreparedExpectation | None:
    """Return the expectation of a check, worked out once in a process: that takes as long as to ask it."""
    import_great_expectations()
    return prepare(_expectation(column, least=least, most=most))


def check_segments(
    audience: Audience, thresholds: Thresholds, last_sizes: Mapping[str, int] | None = None
) -> dict[str, list[CheckResult]]:
    """Ask the built-in suite about every segment.

    Args:
        audience: The members, each with a status.
        thresholds: Those of the export.
        last_sizes: The identifiers of each segment at the last run, as far as there was one.

    Returns:
        The results of each segment, in the order in which they are told. A size that there is nothing to judge of has
        none.
    """
    members = audience.frame.filter(~pl.col("status").is_in([it.value for it in NOT_JUDGED]))
    figures = segment_figures(audience, last_sizes).join(
        _key_figures(members), on="segment", how="left", maintain_order="left"
    )
    figures = figures.with_columns(pl.col(_WITHOUT_KEY, _KEY_REPEATED).fill_null(0))
    has_members, *of_rules = (_of_rule(it) for it in segment_rules(thresholds, audience.identifier_type))
    checks = [has_members, *_of_keys(thresholds), *of_rules]
    table = ValidatedTable(figures.select(it.column for it in checks))
    results: dict[str, list[CheckResult]] = {it: [] for it in figures["segment"]}
    for check in checks:
        for segment, result in _asked(table, check, figures, members):
            results[segment].append(result)
    return results


def _key_figures(members: pl.DataFrame) -> pl.DataFrame:
    """Return what loading refuses, a row a segment: keys that are missing, and keys that are there more than once."""
    key = pl.col(KEY)
    counted = members.group_by("segment").agg(
        key.null_count().cast(pl.Int64).alias(_WITHOUT_KEY),
        (key.len() - key.null_count() - key.drop_nulls().n_unique()).cast(pl.Int64).alias("further"),
    )
    # Which rows they are takes a second look, and is asked of the segments only that have some.
    some = counted.filter(pl.col("further") > 0)["segment"]
    repeated = (
        members.filter(pl.col("segment").is_in(some.implode()), key.is_not_null())
        .group_by("segment")
        .agg(key.is_duplicated().sum().cast(pl.Int64).alias(_KEY_REPEATED))
    )
    return (
        counted.join(repeated, on="segment", how="left")
        .select("segment", _WITHOUT_KEY, _KEY_REPEATED)
        .cast({"segment": pl.String})
    )


def _of_rule(rule: Rule) -> _SegmentCheck:
    """Return the rule as a check of each segment."""
    return _SegmentCheck(
        check=rule.check,
        level=rule.level,
        column=rule.figure.value,
        least=rule.least,
        most=rule.most,
        expected=rule.expected,
        observed=_OBSERVED[rule.figure],
        remedy=rule.remedy,
        about=_ABOUT.get(rule.figure),
    )


def _of_keys(thresholds: Thresholds) -> list[_SegmentCheck]:
    """Return what loading refuses, which holds of each segment."""
    remedy = _("This should have been refused when the tables were read: report it.")
    key = pl.col(KEY)
    asked = [
        (Check.KEY_FILLED, _WITHOUT_KEY, _("no member without a key"), key.is_null()),
        (
            Check.KEY_UNIQUE,
            _KEY_REPEATED,
            _("each member once"),
            key.is_not_null() & pl.struct("segment", KEY).is_duplicated(),
        ),
    ]
    return [
        _SegmentCheck(
            check=check,
            level=thresholds.level(check),
            column=column,
            least=None,
            most=0,
            expected=says,
            observed=partial(_count, column=column),
            remedy=remedy,
            about=_Members(Figure.LOOKED_AT.value, pl.col(column), who),
        )
        for check, column, says, who in asked
    ]


def _asked(
    table: ValidatedTable, check: _SegmentCheck, figures: pl.DataFrame, members: pl.DataFrame
) -> Iterator[tuple[str, CheckResult]]:
    """Ask about all segments at once, and return the result of each."""
    prepared = _prepared(check.column, least=check.least, most=check.most)
    expectation = _expectation(check.column, least=check.least, most=check.most)
    # One that can't be worked out says why when it is asked, as the result of the check.
    answer = table.ask(expectation) if prepared is None else table.ask_prepared(prepared)
    failed = set(answer.unexpected_rows.to_list())
    judged = figures.with_row_index("row").with_columns(
        unexpected=pl.lit(0, pl.Int64) if check.about is None else check.about.unexpected
    )
    if check.about is None:
        judged = judged.filter(pl.col(check.column).is_not_null())
    keys = _keys(members, check.about) if check.about is not None and judged["unexpected"].sum() else {}
    for row in judged.iter_rows(named=True):
        considered = 1 if check.about is None else row[check.about.considered]
        yield (
            row["segment"],
            _result(check, answer, expectation, row, considered, failed=row["row"] in failed, keys=keys),
        )


def _result(
    check: _SegmentCheck,
    answer: Outcome,
    expectation: "Expectation",
    row: Mapping[str, int],
    considered: int,
    *,
    failed: bool,
    keys: Mapping[str, pl.Series],
) -> CheckResult:
    share = None if check.about is None else row["unexpected"] / considered if considered else 0.0
    segment = str(row["segment"])
    return CheckResult(
        check=check.check,
        segment=segment,
        level=check.level,
        passed=answer.raised is None and not failed,
        expected=check.expected,
        observed=check.observed(row) if answer.raised is None else could_not_be_checked(answer.raised),
        remedy=check.remedy,
        failing_share=share,
        unexpected=keys.get(segment, _NOBODY),
        expectation=expectation,
        raised=answer.raised,
    )


def _keys(members: pl.DataFrame, about: _Members) -> dict[str, pl.Series]:
    """Return the keys of who is not as expected, by segment."""
    unexpected = members.filter(about.who).select(pl.col("segment").cast(pl.String), KEY)
    parts = unexpected.partition_by("segment", as_dict=True, maintain_order=True)
    return {str(segment): part[KEY] for (segment,), part in parts.items()}


def _share(row: _Row, *, considered: str, unexpected: int) -> str:
    of = row[considered]
    assert isinstance(of, int)  # noqa: S101  # a count
    if not of:
        return _("none to look at")
    return _(
        "{share:.1%} ({unexpected:,} of {count:,} not)", share=1 - unexpected / of, unexpected=unexpected, count=of
    )


def _share_of_unexpected(row: _Row) -> str:
    shared, filled = row["shared"], row["filled"]
    if not filled:
        return _("none to look at")
    return _("{share:.1%} ({unexpected:,} of {count:,})", share=shared / filled, unexpected=shared, count=filled)  # type: ignore[operator]


def _filled(row: _Row) -> str:
    return _share(row, considered="looked_at", unexpected=row["looked_at"] - row["filled"])  # type: ignore[operator]


def _valid(row: _Row) -> str:
    return _share(row, considered="filled", unexpected=row["filled"] - row["valid"])  # type: ignore[operator]


def _change(row: _Row) -> str:
    return _(
        "{exportable:,} after {last:,}, {change:.1%}",
        exportable=row["exportable"],
        last=row["last"],
        change=row["change"],
    )


def _count(row: _Row, *, column: str) -> str:
    return _("{count:,} not as expected", count=row[column]) if row[column] else _("as expected")


def _size(row: _Row, *, column: str) -> str:
    return _("{count:,}", count=row[column])


_NOBODY = pl.Series("customer", dtype=pl.String)
_OBSERVED: Mapping[Figure, Callable[[_Row], str]] = {
    Figure.LOOKED_AT: partial(_size, column="looked_at"),
    Figure.COVERAGE: _filled,
    Figure.VALIDITY: _valid,
    Figure.UNSHARED: _share_of_unexpected,
    Figure.LIST_SIZE: partial(_size, column="list_size"),
    Figure.CHANGE: _change,
}


def _holds(contents: Sequence[FieldContent]) -> pl.Expr:
    return pl.col("status").is_in([status.value for status, it in CONTENT_BY_STATUS.items() if it in contents])


_ABOUT: Mapping[Figure, _Members] = {
    Figure.COVERAGE: _Members("looked_at", pl.col("looked_at") - pl.col("filled"), ~_holds(tuple(FieldContent))),
    Figure.VALIDITY: _Members(
        "filled",
        pl.col("filled") - pl.col("valid"),
        _holds([it for it in FieldContent if it not in VALID_CONTENT]),
    ),
    Figure.UNSHARED: _Members("filled", pl.col("shared"), _holds(SHARED_CONTENT)),
}
