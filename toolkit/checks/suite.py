"""What is checked of an audience: the built-in suite, and suites of a user's own beside it.

Each rule has one home. What loading refuses (a column that is not there, a key that is null or there twice) is stated
here as a check too, so that a report tells that it holds; what a guard stops (a large change) is told here as a size.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from toolkit.audience import Audience, IdentityColumn
from toolkit.checks.columns import meant, table_of
from toolkit.checks.own import OwnSuite, columns_of, level_of
from toolkit.checks.results import BUILT_IN, CheckResult, CheckResults
from toolkit.checks.telling import KEY, expected_by, masked_examples, name_of, told_result
from toolkit.checks.thresholds import Check, Level, Thresholds
from toolkit.checks.validation import Answer, ValidatedTable, import_great_expectations
from toolkit.identifiers import IdentifierType

if TYPE_CHECKING:
    from great_expectations.expectations import Expectation

    from toolkit.tables import Profiles


@dataclass(frozen=True)
class _Expected:
    """An expectation of Great Expectations, and how its outcome is told."""

    check: Check | str
    level: Level
    expectation: "Expectation"
    expected: str
    observed: Callable[[Answer], str]
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
            expected=f"a profile column {first.name!r}",
            observed=lambda answer: repr(first.name) if answer.success else "none",
            remedy=" ".join(
                [
                    f"Choose the {first.identifier_type.short} column in the data matching of the export.",
                    meant(first.name, columns),
                ]
            ).strip(),
        )
    ]
    missing = [it for it in others if it not in columns]
    if others:
        expected.append(
            _Expected(
                check=Check.COLUMNS,
                level=thresholds.level(Check.COLUMNS),
                expectation=gxe.ExpectTableColumnsToMatchSet(column_set=list(others), exact_match=False),
                expected=f"profile columns {_listed(others)}",
                observed=lambda answer: "all" if answer.success else f"no {_listed(missing)}",
                remedy=" ".join(
                    ["Choose other columns in the export.", *(meant(it, columns) for it in missing)]
                ).strip(),
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
    results = _check_export(audience.counts, thresholds)
    sizes = _check_sizes(audience.counts, thresholds, last_sizes or {})
    own_columns = table_of(audience, own, profiles)
    for segment, labelled in own_columns.by_segment():
        table = ValidatedTable(labelled)
        found = [_asked(table, each, segment=segment) for each in _built_in(thresholds, audience.identifier_type)]
        found += [it for it in sizes if it.segment == segment]
        asked = table
        if own_columns.renamed:
            asked = ValidatedTable(own_columns.for_suites(labelled), keys=labelled[KEY])
        found += [it for suite in own for it in _asked_of_own(asked, suite, segment=segment, known=own_columns.known)]
        results += CheckResults(tuple(found))
    return results


def _built_in(thresholds: Thresholds, kind: IdentifierType) -> Iterator[_Expected]:
    """Return what is expected of a segment, a row a member; ``address`` says what the field of the type holds."""
    import great_expectations.expectations as gxe

    def expected(
        check: Check, expectation: "Expectation", says: str, observed: Callable[[Answer], str], remedy: str
    ) -> _Expected:
        return _Expected(check, thresholds.level(check), expectation, says, observed, remedy)

    yield expected(
        Check.SEGMENT_HAS_MEMBERS,
        gxe.ExpectTableRowCountToBeBetween(min_value=1),
        "at least one member",
        lambda answer: f"{answer.result['observed_value']:,}",
        "Look at the definition of the segment, or leave the segment out of the export.",
    )
    yield expected(
        Check.KEY_FILLED,
        gxe.ExpectColumnValuesToNotBeNull(column=KEY),
        "no member without a key",
        _count,
        "This should have been refused when the tables were read: report it.",
    )
    yield expected(
        Check.KEY_UNIQUE,
        gxe.ExpectColumnValuesToBeUnique(column=KEY),
        "each member once",
        _count,
        "This should have been refused when the tables were read: report it.",
    )
    yield expected(
        Check.EMAIL_COVERAGE,
        gxe.ExpectColumnValuesToNotBeNull(column="address", mostly=thresholds.email_coverage),
        f"at least {thresholds.email_coverage:.0%}",
        _share,
        f"See who has none with the preview of the segment; or choose another {kind.short} column; or lower the "
        "threshold of the export.",
    )
    yield expected(
        Check.EMAIL_VALIDITY,
        gxe.ExpectColumnValuesToBeInSet(
            column="address", value_set=["valid", "shared"], mostly=thresholds.email_validity
        ),
        f"at least {thresholds.email_validity:.0%}",
        _share,
        "See which are invalid with the preview of the segment, and mend them at the source; or lower the threshold "
        "of the export.",
    )
    yield expected(
        Check.EMAIL_DUPLICATES,
        gxe.ExpectColumnValuesToNotBeInSet(
            column="address", value_set=["shared"], mostly=_rest(thresholds.most_duplicates)
        ),
        f"at most {thresholds.most_duplicates:.0%}",
        _share_of_unexpected,
        "Many members have the address of another: see who with the preview of the segment. The field may hold an "
        "address of a shop or a default.",
    )


def _check_sizes(counts: pl.DataFrame, thresholds: Thresholds, last_sizes: Mapping[str, int]) -> list[CheckResult]:
    """Check the size of each segment: all segments at once, a row each."""
    import great_expectations.expectations as gxe

    last = pl.DataFrame(
        {KEY: list(last_sizes), "last": list(last_sizes.values())}, schema={KEY: pl.String, "last": pl.Int64}
    )
    change = (pl.col("exportable") - pl.col("last")).abs() / pl.col("last")
    figures = (
        counts.select(pl.col("segment").alias(KEY), "exportable")
        .join(last, on=KEY, how="left", maintain_order="left")
        .with_columns(
            # A segment with nobody to send, now or then, has its own check and its own guard.
            size=pl.when(pl.col("exportable") > 0).then("exportable"),
            change=pl.when((pl.col("exportable") > 0) & (pl.col("last") > 0)).then(change),
        )
    )
    useful = _Expected(
        check=Check.USEFUL_SIZE,
        level=thresholds.level(Check.USEFUL_SIZE),
        expectation=gxe.ExpectColumnValuesToBeBetween(column="size", min_value=thresholds.least_size),
        expected=f"at least {thresholds.least_size:,} identifiers",
        observed=lambda _: "",
        remedy="Criteo can't use a list that small: widen the segment, or join it with another.",
    )
    moved = _Expected(
        check=Check.SIZE_CHANGE,
        level=thresholds.level(Check.SIZE_CHANGE),
        expectation=gxe.ExpectColumnValuesToBeBetween(column="change", max_value=thresholds.most_change),
        expected=f"a change by at most {thresholds.most_change:.0%}",
        observed=lambda _: "",
        remedy="Look at the preview and at where the tables come from: the segment moved more than it does usually.",
    )
    table = ValidatedTable(figures)
    return [
        *_asked_of_each(table, useful, figures, "size", said=lambda row: f"{row['size']:,}"),
        *_asked_of_each(
            table,
            moved,
            figures,
            "change",
            said=lambda row: f"{row['exportable']:,} after {row['last']:,}, {row['change']:.1%}",
        ),
    ]


def _asked_of_each(
    table: ValidatedTable,
    each: _Expected,
    figures: pl.DataFrame,
    column: str,
    *,
    said: Callable[[Mapping[str, object]], str],
) -> list[CheckResult]:
    answer = table.ask(each.expectation)
    failed = set(answer.unexpected_rows.to_list())
    rows = figures.with_row_index("row").filter(pl.col(column).is_not_null()).iter_rows(named=True)
    return [
        CheckResult(
            check=each.check,
            segment=row[KEY],
            level=each.level,
            passed=answer.raised is None and row["row"] not in failed,
            expected=each.expected,
            observed=said(row) if answer.raised is None else f"that it could not be checked ({answer.raised})",
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


def _check_export(counts: pl.DataFrame, thresholds: Thresholds) -> CheckResults:
    import great_expectations.expectations as gxe

    def most(check: Check, limit: int, source: str) -> _Expected:
        return _Expected(
            check=check,
            level=thresholds.level(check),
            expectation=gxe.ExpectColumnSumToBeBetween(column="exportable", max_value=limit),
            expected=f"at most {limit:,} identifiers",
            observed=_figure,
            remedy=f"Spread the segments over several exports, or make them smaller: {source}.",
        )

    expected = [
        _Expected(
            check=Check.EXPORT_HAS_MEMBERS,
            level=thresholds.level(Check.EXPORT_HAS_MEMBERS),
            expectation=gxe.ExpectColumnSumToBeBetween(column="members", min_value=1),
            expected="at least one member",
            observed=_figure,
            remedy="All segments of the export are empty: look at where the segments are read from.",
        ),
        most(Check.PROFILE_LIMIT, thresholds.limit_profiles, "this is the most that one export may hold"),
    ]
    if thresholds.contract_limit_profiles is not None:
        limit = thresholds.contract_limit_profiles
        expected.append(most(Check.CONTRACT_LIMIT, limit, "the contract with Criteo allows no more"))
    table = ValidatedTable(counts)
    return CheckResults(tuple(_asked(table, each, segment=None) for each in expected))


def _asked_of_own(
    table: ValidatedTable, suite: OwnSuite, *, segment: str, known: Sequence[str]
) -> Iterator[CheckResult]:
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
                expected=f"a column {_listed(missing)} in the profiles or the labelled audience",
                observed="none",
                remedy=f"Correct the column in suite {suite.name!r}. "
                f"{' '.join(meant(it, known) for it in missing)}".strip(),
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
                remedy=f"See whose with the unexpected keys of the checks; or change suite {suite.name!r}.",
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
        observed=each.observed(answer) if answer.raised is None else f"that it could not be checked ({answer.raised})",
        remedy=each.remedy,
        suite=each.suite,
        failing_share=answer.failing_share,
        examples=tuple(masked_examples(answer.result.get("partial_unexpected_list", []))) if show else (),
        unexpected=table.keys(answer.unexpected_rows),
        expectation=each.expectation,
        told=told_result(answer.result, each.expectation.configuration.kwargs, with_examples=bool(show)),
        raised=answer.raised,
    )


def _share(answer: Answer) -> str:
    if not answer.considered_count:
        return "none to look at"
    unexpected = answer.unexpected_count or 0
    share = 1 - unexpected / answer.considered_count
    return f"{share:.1%} ({unexpected:,} of {answer.considered_count:,} not)"


def _share_of_unexpected(answer: Answer) -> str:
    if not answer.considered_count:
        return "none to look at"
    unexpected = answer.unexpected_count or 0
    return f"{unexpected / answer.considered_count:.1%} ({unexpected:,} of {answer.considered_count:,})"


def _count(answer: Answer) -> str:
    return "so" if answer.success else f"{answer.unexpected_count or 0:,} otherwise"


def _figure(answer: Answer) -> str:
    return f"{int(answer.result['observed_value']):,}"


def _found(answer: Answer) -> str:
    if answer.unexpected_count is not None:
        return _share_of_unexpected(answer).replace(")", " not so)")
    return "so" if answer.success else "otherwise"


def _rest(share: float) -> float:
    # 1 - 0.7 is 0.30000000000000004, which would refuse what is exactly at the threshold.
    return round(1 - share, 12)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names))
