"""What is checked of an audience: the built-in suite, and suites of a user's own beside it.

Each rule has one home: thresholds in ``rules``, which previews ask too. What loading refuses (a column that is not
there, a key that is null or there twice) is stated here as a check, so that a report tells that it holds; what a guard
stops (a large change) is told here as a size.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from toolkit.audience import Audience, IdentityColumn
from toolkit.importing import import_great_expectations
from toolkit.translatable import _, sentences
from toolkit.validation.custom_suites import OwnSuite, columns_of, level_of
from toolkit.validation.gx import Outcome, ValidatedTable
from toolkit.validation.redacted_results import KEY, expected_by, masked_examples, name_of, redacted_result
from toolkit.validation.results import BUILT_IN, CheckResult, CheckResults
from toolkit.validation.rules import (
    SHARED_CONTENT,
    VALID_CONTENT,
    FieldContent,
    Figure,
    Rule,
    export_figures,
    export_rules,
    segment_figures,
    segment_rules,
)
from toolkit.validation.thresholds import Check, Level, Thresholds
from toolkit.validation.validation_frame import meant, table_of

if TYPE_CHECKING:
    from great_expectations.expectations import Expectation

    from toolkit.sources import Profiles

_SIZES = (Figure.LIST_SIZE, Figure.CHANGE)
"""Figures that are judged of all segments at once."""


@dataclass(frozen=True)
class _Expected:
    """An expectation of Great Expectations, and how its outcome is told."""

    check: Check | str
    level: Level
    expectation: "Expectation"
    expected: str
    observed: Callable[[Outcome], str]
    remedy: str
    suite: str = BUILT_IN


def check_profile_columns(
    columns: Sequence[str], first: IdentityColumn, thresholds: Thresholds, *, others: Sequence[str] = ()
) -> CheckResults:
    """Check that the profiles have the column that people are counted by, and the others that an export names."""
    import_great_expectations()
    import great_expectations.expectations as gxe

    expected = [
        _Expected(
            check=Check.EMAIL_COLUMN,
            level=thresholds.level(Check.EMAIL_COLUMN),
            expectation=gxe.ExpectColumnToExist(column=first.name),
            expected=_("a profile column {first!r}", first=first.name),
            observed=lambda answer: repr(first.name) if answer.success else _("none"),
            remedy=sentences(
                [
                    _(
                        "Choose the {short} column in the data matching of the export.",
                        short=first.identifier_type.short,
                    ),
                    meant(first.name, columns),
                ]
            ),
        )
    ]
    missing = [it for it in others if it not in columns]
    if others:
        expected.append(
            _Expected(
                check=Check.COLUMNS,
                level=thresholds.level(Check.COLUMNS),
                expectation=gxe.ExpectTableColumnsToMatchSet(column_set=list(others), exact_match=False),
                expected=_("profile columns {listed}", listed=_listed(others)),
                observed=lambda answer: _("all") if answer.success else _("no {names}", names=_listed(missing)),
                remedy=sentences([_("Choose other columns in the export."), *(meant(it, columns) for it in missing)]),
            )
        )
    table = ValidatedTable(pl.DataFrame(schema=dict.fromkeys(columns, pl.Boolean)))
    return CheckResults(tuple(_asked(table, each, segment=None) for each in expected))


def check_audience(
    audience: Audience,
    thresholds: Thresholds,
    *,
    own: Sequence[OwnSuite] = (),
    profiles: "Profiles | None" = None,
    last_sizes: Mapping[str, int] | None = None,
) -> CheckResults:
    """Check each segment of the audience, and the whole against the limits of an export.

    ``own`` suites are asked about each segment; columns that they name and the audience lacks are read from the
    ``profiles``. ``last_sizes`` are the exportable members of each segment at the last run. Time and memory grow with
    the members.
    """
    import_great_expectations()
    rules = segment_rules(thresholds, audience.identifier_type)
    has_members, *of_fields = (_expected(it) for it in rules if it.figure not in _SIZES)
    built_in = [has_members, *_key_expectations(thresholds), *of_fields]
    results = _check_export(audience, thresholds)
    sizes = _check_sizes(segment_figures(audience, last_sizes), [it for it in rules if it.figure in _SIZES])
    own_columns = table_of(audience, own, profiles)
    for segment, labelled in own_columns.by_segment():
        table = ValidatedTable(labelled)
        found = [_asked(table, each, segment=segment) for each in built_in]
        found += [it for it in sizes if it.segment == segment]
        asked = table
        if own_columns.renamed:
            asked = ValidatedTable(own_columns.for_suites(labelled), keys=labelled[KEY])
        found += [it for suite in own for it in _run_custom(asked, suite, segment=segment, known=own_columns.known)]
        results += CheckResults(tuple(found))
    return results


def _expected(rule: Rule) -> _Expected:
    """Return the rule as what Great Expectations is asked, and how its answer is told."""
    import great_expectations.expectations as gxe

    expectation: Expectation
    match rule.figure:
        case Figure.LOOKED_AT:
            least, most = _whole(rule.least), _whole(rule.most)
            expectation = gxe.ExpectTableRowCountToBeBetween(min_value=least, max_value=most)
            observed = _figure
        case Figure.COVERAGE:
            expectation, observed = gxe.ExpectColumnValuesToNotBeNull(column="address", mostly=rule.mostly), _share
        case Figure.VALIDITY:
            expectation = gxe.ExpectColumnValuesToBeInSet(
                column="address", value_set=_values(VALID_CONTENT), mostly=rule.mostly
            )
            observed = _share
        case Figure.UNSHARED:
            expectation = gxe.ExpectColumnValuesToNotBeInSet(
                column="address", value_set=_values(SHARED_CONTENT), mostly=rule.mostly
            )
            observed = _share_of_unexpected
        case Figure.LIST_SIZE | Figure.CHANGE:
            expectation, observed = (
                gxe.ExpectColumnValuesToBeBetween(column=rule.figure.value, min_value=rule.least, max_value=rule.most),
                _found,
            )
        case Figure.MEMBERS | Figure.IDENTIFIERS:
            expectation, observed = (
                gxe.ExpectColumnSumToBeBetween(column=rule.figure.value, min_value=rule.least, max_value=rule.most),
                _figure,
            )
    return _Expected(rule.check, rule.level, expectation, rule.expected, observed, rule.remedy)


def _key_expectations(thresholds: Thresholds) -> list[_Expected]:
    """Return what loading refuses, which holds of each segment, a row a member."""
    import great_expectations.expectations as gxe

    remedy = _("This should have been refused when the tables were read: report it.")
    filled, unique = gxe.ExpectColumnValuesToNotBeNull(column=KEY), gxe.ExpectColumnValuesToBeUnique(column=KEY)
    asked: list[tuple[Check, Expectation, str]] = [
        (Check.KEY_FILLED, filled, _("no member without a key")),
        (Check.KEY_UNIQUE, unique, _("each member once")),
    ]
    return [
        _Expected(check, thresholds.level(check), expectation, says, _count, remedy)
        for check, expectation, says in asked
    ]


def _check_sizes(figures: pl.DataFrame, rules: Sequence[Rule]) -> list[CheckResult]:
    """Check the size of each segment: all segments at once, a row each."""
    table = ValidatedTable(figures.select(it.figure.value for it in rules))
    return [result for rule in rules for result in _asked_of_each(table, rule, figures)]


def _asked_of_each(table: ValidatedTable, rule: Rule, figures: pl.DataFrame) -> list[CheckResult]:
    each = _expected(rule)
    answer = table.ask(each.expectation)
    failed = set(answer.unexpected_rows.to_list())
    rows = figures.with_row_index("row").filter(pl.col(rule.figure.value).is_not_null()).iter_rows(named=True)
    return [
        CheckResult(
            check=each.check,
            segment=row["segment"],
            level=each.level,
            passed=answer.raised is None and row["row"] not in failed,
            expected=each.expected,
            observed=_size(rule, row) if answer.raised is None else _not_checked(answer.raised),
            remedy=each.remedy,
            expectation=each.expectation,
            told={
                "element_count": 1,
                "missing_count": 0,
                "unexpected_count": int(row["row"] in failed),
                "unexpected_percent": 100.0 * (row["row"] in failed),
            },
            raised=answer.raised,
        )
        for row in rows
    ]


def _size(rule: Rule, row: Mapping[str, object]) -> str:
    if rule.figure is Figure.CHANGE:
        return _(
            "{exportable:,} after {last:,}, {change:.1%}",
            exportable=row["exportable"],
            last=row["last"],
            change=row["change"],
        )
    return _("{count:,}", count=row[rule.figure.value])


def _check_export(audience: Audience, thresholds: Thresholds) -> CheckResults:
    table = ValidatedTable(export_figures(audience))
    return CheckResults(tuple(_asked(table, _expected(it), segment=None) for it in export_rules(thresholds)))


def _run_custom(table: ValidatedTable, suite: OwnSuite, *, segment: str, known: Sequence[str]) -> Iterator[CheckResult]:
    for expectation in suite:
        says = expected_by(expectation)
        name = f"{suite.name}: {name_of(expectation, columns_of(expectation))}"
        missing = [it for it in columns_of(expectation) if it not in known]
        if missing:
            yield CheckResult(
                check=name,
                segment=segment,
                level=level_of(expectation),
                passed=False,
                expected=_("a column {listed} in the profiles or the labelled audience", listed=_listed(missing)),
                observed=_("none"),
                remedy=sentences(
                    [
                        _("Correct the column in suite {suite!r}.", suite=suite.name),
                        *(meant(it, known) for it in missing),
                    ]
                ),
                suite=suite.name,
            )
            continue
        yield _asked(
            table,
            _Expected(
                check=name,
                level=level_of(expectation),
                expectation=expectation,
                expected=says,
                observed=_found,
                remedy=_(
                    "See whose with the unexpected keys of the checks; or change suite {suite!r}.", suite=suite.name
                ),
                suite=suite.name,
            ),
            segment=segment,
        )


def _asked(table: ValidatedTable, each: _Expected, *, segment: str | None) -> CheckResult:
    answer = table.ask(each.expectation)
    # Of the built-in checks a field holds only what it is, such as invalid.
    show = each.suite != BUILT_IN and answer.unexpected_count
    return CheckResult(
        check=each.check,
        segment=segment,
        level=each.level,
        passed=answer.success,
        expected=each.expected,
        observed=each.observed(answer) if answer.raised is None else _not_checked(answer.raised),
        remedy=each.remedy,
        suite=each.suite,
        failing_share=answer.failing_share,
        examples=tuple(masked_examples(answer.result.get("partial_unexpected_list", []))) if show else (),
        unexpected=table.keys(answer.unexpected_rows),
        expectation=each.expectation,
        told=redacted_result(answer.result, each.expectation.configuration.kwargs, with_examples=bool(show)),
        raised=answer.raised,
    )


def _share(answer: Outcome) -> str:
    if not answer.considered_count:
        return _("none to look at")
    unexpected = answer.unexpected_count or 0
    return _(
        "{share:.1%} ({unexpected:,} of {count:,} not)",
        share=1 - unexpected / answer.considered_count,
        unexpected=unexpected,
        count=answer.considered_count,
    )


def _share_of_unexpected(answer: Outcome) -> str:
    if not answer.considered_count:
        return _("none to look at")
    unexpected, count = answer.unexpected_count or 0, answer.considered_count
    return _("{share:.1%} ({unexpected:,} of {count:,})", share=unexpected / count, unexpected=unexpected, count=count)


def _count(answer: Outcome) -> str:
    if answer.success:
        return _("as expected")
    return _("{count:,} not as expected", count=answer.unexpected_count or 0)


def _figure(answer: Outcome) -> str:
    return _("{count:,}", count=int(answer.result["observed_value"]))


def _found(answer: Outcome) -> str:
    if answer.unexpected_count is None:
        return _("as expected") if answer.success else _("not as expected")
    if not answer.considered_count:
        return _("none to look at")
    unexpected, count = answer.unexpected_count, answer.considered_count
    return _(
        "{share:.1%} ({unexpected:,} of {count:,}) not as expected",
        share=unexpected / count,
        unexpected=unexpected,
        count=count,
    )


def _not_checked(raised: str) -> str:
    return _("that it could not be checked ({raised})", raised=raised)


def _whole(number: float | None) -> int | None:
    return None if number is None else int(number)


def _values(contents: Sequence[FieldContent]) -> list[str]:
    # As Data Docs write them: an enum's name is nothing for a reader.
    return [it.value for it in contents]


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names))
