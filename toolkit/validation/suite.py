"""What is checked of an audience: the built-in suite, and suites of a user's own beside it.

Each rule has one home: thresholds in ``rules``, which previews ask too. What loading refuses (a column that is not
there, a key that is null or there twice) is stated here as a check, so that a report tells that it holds; what a guard
stops (a large change) is told here as a size.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING

import polars as pl

from toolkit.audience import Audience, IdentityColumn
from toolkit.importing import import_great_expectations
from toolkit.translatable import _, sentences
from toolkit.validation.custom_suites import OwnSuite, columns_of, level_of
from toolkit.validation.gx import Outcome, PreparedExpectation, ValidatedTable, could_not_be_checked, prepare
from toolkit.validation.redacted_results import KEY, expected_by, masked_examples, name_of, redacted_result
from toolkit.validation.results import BUILT_IN, CheckResult, CheckResults
from toolkit.validation.rules import Rule, export_figures, export_rules
from toolkit.validation.segment_table import check_segments
from toolkit.validation.thresholds import Check, Level, Thresholds
from toolkit.validation.validation_frame import meant, table_of

if TYPE_CHECKING:
    from great_expectations.expectations import Expectation

    from toolkit.sources import Profiles


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
    prepared: PreparedExpectation | None = None
    """What was worked out of it for all tables; None: it is asked of each anew."""


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

    The built-in suite is asked about a table of segments, a row each, so that it takes the same time for one segment as
    for hundreds. ``own`` suites are asked about the members of each segment; columns that they name and the audience
    lacks are read from the ``profiles``, once for all, and what does not depend on the members is worked out once for
    all segments. ``last_sizes`` are the exportable members of each segment at the
    last run.
    """
    import_great_expectations()
    found = check_segments(audience, thresholds, last_sizes)
    own_columns = table_of(audience, own, profiles)
    asked = [it for suite in own for it in _asked_by(suite, own_columns.known)]
    for segment, labelled in own_columns.by_segment() if own else ():
        table = ValidatedTable(own_columns.for_suites(labelled), keys=labelled[KEY])
        found[segment] += (
            replace(it, segment=segment) if isinstance(it, CheckResult) else _asked(table, it, segment=segment)
            for it in asked
        )
    return _check_export(audience, thresholds) + CheckResults(tuple(chain.from_iterable(found.values())))


def _expected(rule: Rule) -> _Expected:
    """Return the rule of an export as what Great Expectations is asked, and how its answer is told."""
    import great_expectations.expectations as gxe

    expectation = gxe.ExpectColumnSumToBeBetween(column=rule.figure.value, min_value=rule.least, max_value=rule.most)
    return _Expected(rule.check, rule.level, expectation, rule.expected, _figure, rule.remedy)


def _check_export(audience: Audience, thresholds: Thresholds) -> CheckResults:
    table = ValidatedTable(export_figures(audience))
    return CheckResults(tuple(_asked(table, _expected(it), segment=None) for it in export_rules(thresholds)))


def _asked_by(suite: OwnSuite, known: Sequence[str]) -> Iterator[_Expected | CheckResult]:
    """Return what the suite asks of each segment, or how that fails where a column is missing."""
    for expectation in suite:
        columns = columns_of(expectation)
        name = f"{suite.name}: {name_of(expectation, columns)}"
        missing = [it for it in columns if it not in known]
        if missing:
            yield CheckResult(
                check=name,
                segment=None,
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
        yield _Expected(
            check=name,
            level=level_of(expectation),
            expectation=expectation,
            expected=expected_by(expectation),
            observed=_found,
            remedy=_("See whose with the unexpected keys of the checks; or change suite {suite!r}.", suite=suite.name),
            suite=suite.name,
            prepared=prepare(expectation),
        )


def _asked(table: ValidatedTable, each: _Expected, *, segment: str | None) -> CheckResult:
    answer = table.ask(each.expectation) if each.prepared is None else table.ask_prepared(each.prepared)
    # Of the built-in checks a field holds only what it is, such as invalid.
    show = each.suite != BUILT_IN and answer.unexpected_count
    return CheckResult(
        check=each.check,
        segment=segment,
        level=each.level,
        passed=answer.success,
        expected=each.expected,
        observed=each.observed(answer) if answer.raised is None else could_not_be_checked(answer.raised),
        remedy=each.remedy,
        suite=each.suite,
        failing_share=answer.failing_share,
        examples=tuple(masked_examples(answer.result.get("partial_unexpected_list", []))) if show else (),
        unexpected=table.keys(answer.unexpected_rows),
        expectation=each.expectation,
        told=redacted_result(answer.result, each.expectation.configuration.kwargs, with_examples=bool(show)),
        raised=answer.raised,
    )


def _share_of_unexpected(answer: Outcome) -> str:
    if not answer.considered_count:
        return _("none to look at")
    unexpected, count = answer.unexpected_count or 0, answer.considered_count
    return _("{share:.1%} ({unexpected:,} of {count:,})", share=unexpected / count, unexpected=unexpected, count=count)


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


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names))
