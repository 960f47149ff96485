"""The built-in suites, run by Great Expectations.

Great Expectations takes seconds to import, so that is done when a check is asked for, or, with ``preload``, while
something else is computed. Its usage analytics are turned off before it is imported.
"""

import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from typing import TYPE_CHECKING, Any

import polars as pl

from toolkit.audience import Audience, Status
from toolkit.checks.results import CheckResult, CheckResults
from toolkit.checks.thresholds import Check, Thresholds

if TYPE_CHECKING:
    from great_expectations.core import ExpectationValidationResult
    from great_expectations.core.batch_definition import BatchDefinition
    from great_expectations.expectations import Expectation


@dataclass(frozen=True)
class _Expected:
    """An expectation of Great Expectations, and how its outcome is told."""

    check: Check
    expectation: "Expectation"
    expected: str
    observed: Callable[["ExpectationValidationResult"], str]
    remedy: str


def preload() -> None:
    """Begin to import Great Expectations in the background; a check that is asked for meanwhile waits for it."""
    threading.Thread(target=_import_great_expectations, name="import great_expectations", daemon=True).start()


def check_profile_columns(columns: Sequence[str], email_column: str, thresholds: Thresholds) -> CheckResults:
    """Check that the profiles have the column that data matching names as the e-mail."""
    _import_great_expectations()
    import great_expectations.expectations as gxe
    import pandas as pd

    near = get_close_matches(email_column, columns, n=3, cutoff=0.4)
    suggestion = f"Data matching could name {' or '.join(repr(name) for name in near)}." if near else ""
    expected = _Expected(
        check=Check.EMAIL_COLUMN,
        expectation=gxe.ExpectColumnToExist(column=email_column),
        expected=f"a profile column {email_column!r}",
        observed=lambda result: repr(email_column) if result.success else "none",
        remedy=f"Choose the e-mail column in the data matching of the export. {suggestion}".strip(),
    )
    table = pd.DataFrame(columns=list(columns))
    return _validate(_whole_tables(), table, [expected], segment=None, thresholds=thresholds)


def check_audience(audience: Audience, thresholds: Thresholds) -> CheckResults:
    """Check each segment of the audience, and the whole against the limits of an export."""
    whole = _whole_tables()
    results = _check_export(whole, audience.counts, thresholds)
    for segment in audience.segments:
        results += _check_segment(whole, audience, segment, thresholds)
    return results


def _check_segment(
    whole: "BatchDefinition[Any]", audience: Audience, segment: str, thresholds: Thresholds
) -> CheckResults:
    import great_expectations.expectations as gxe

    members = audience.frame.filter((pl.col("segment") == segment) & (pl.col("status") != Status.SUPPRESSED.value))
    labelled = members.select("customer", "status", address=_ADDRESS)
    expected = [
        _Expected(
            check=Check.SEGMENT_HAS_MEMBERS,
            expectation=gxe.ExpectTableRowCountToBeBetween(min_value=1),
            expected="at least one member",
            observed=lambda result: f"{result.result['observed_value']:,}",
            remedy="Look at the definition of the segment, or leave the segment out of the export.",
        ),
        _Expected(
            check=Check.EMAIL_COVERAGE,
            expectation=gxe.ExpectColumnValuesToNotBeNull(column="address", mostly=thresholds.email_coverage),
            expected=f"at least {thresholds.email_coverage:.0%}",
            observed=_share,
            remedy="See who has none with the preview of the segment; or choose another e-mail column; or lower "
            "the threshold of the export.",
        ),
        _Expected(
            check=Check.EMAIL_VALIDITY,
            expectation=gxe.ExpectColumnValuesToBeInSet(
                column="address", value_set=["valid"], mostly=thresholds.email_validity
            ),
            expected=f"at least {thresholds.email_validity:.0%}",
            observed=_share,
            remedy="See which are invalid with the preview of the segment, and mend them at the source; or lower "
            "the threshold of the export.",
        ),
    ]
    # Arrow-backed, so that pandas shares the memory instead of copying it.
    table = labelled.to_pandas(use_pyarrow_extension_array=True)
    return _validate(whole, table, expected, segment=segment, thresholds=thresholds)


_ADDRESS = (
    pl.when(pl.col("status").is_in([Status.EXPORTABLE.value, Status.DUPLICATE_EMAIL.value]))
    .then(pl.lit("valid"))
    .when(pl.col("status") == Status.INVALID_EMAIL.value)
    .then(pl.lit("invalid"))
)


def _check_export(whole: "BatchDefinition[Any]", counts: pl.DataFrame, thresholds: Thresholds) -> CheckResults:
    import great_expectations.expectations as gxe

    def most(check: Check, limit: int, source: str) -> _Expected:
        return _Expected(
            check=check,
            expectation=gxe.ExpectColumnSumToBeBetween(column="exportable", max_value=limit),
            expected=f"at most {limit:,} identifiers",
            observed=lambda result: f"{int(result.result['observed_value']):,}",
            remedy=f"Spread the segments over several exports, or make them smaller: {source}.",
        )

    expected = [
        _Expected(
            check=Check.EXPORT_HAS_MEMBERS,
            expectation=gxe.ExpectColumnSumToBeBetween(column="members", min_value=1),
            expected="at least one member",
            observed=lambda result: f"{int(result.result['observed_value']):,}",
            remedy="All segments of the export are empty: look at where the segments are read from.",
        ),
        most(Check.PROFILE_LIMIT, thresholds.limit_profiles, "this is the most that one export may hold"),
    ]
    if thresholds.contract_limit_profiles is not None:
        limit = thresholds.contract_limit_profiles
        expected.append(most(Check.CONTRACT_LIMIT, limit, "the contract with Criteo allows no more"))
    table = counts.to_pandas(use_pyarrow_extension_array=True)
    return _validate(whole, table, expected, segment=None, thresholds=thresholds)


def _whole_tables() -> "BatchDefinition[Any]":
    """Return what takes a table and makes of it, as a whole, something to validate."""
    _import_great_expectations()
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_pandas("audience").add_dataframe_asset("labelled")
    return asset.add_batch_definition_whole_dataframe("all")


def _validate(
    whole: "BatchDefinition[Any]",
    table: Any,
    expected: Sequence[_Expected],
    *,
    segment: str | None,
    thresholds: Thresholds,
) -> CheckResults:
    import great_expectations as gx

    batch = whole.get_batch({"dataframe": table})
    suite = gx.ExpectationSuite(name="built in", expectations=[each.expectation for each in expected])
    outcome = batch.validate(suite, result_format="BASIC")
    results = {_identity(result.expectation_config): result for result in outcome.results}
    return CheckResults(
        tuple(_told(each, results[_identity(each.expectation.configuration)], segment, thresholds) for each in expected)
    )


def _identity(configuration: Any) -> tuple[str, str]:
    kwargs = {name: value for name, value in configuration.kwargs.items() if name != "batch_id"}
    return configuration.type, repr(sorted(kwargs.items()))


def _told(
    each: _Expected, result: "ExpectationValidationResult", segment: str | None, thresholds: Thresholds
) -> CheckResult:
    # An expectation that itself raised counts as failed; it then tells of its metrics instead of one exception.
    raised = (result.exception_info or {}).get("raised_exception", True)
    observed = "that it could not be checked" if raised else each.observed(result)
    return CheckResult(
        check=each.check,
        segment=segment,
        level=thresholds.level(each.check),
        passed=bool(result.success) and not raised,
        expected=each.expected,
        observed=observed,
        remedy=each.remedy,
    )


def _share(result: "ExpectationValidationResult") -> str:
    found = result.result
    considered = found["element_count"] - found.get("missing_count", 0)
    if not considered:
        return "none to look at"
    return f"{1 - found['unexpected_count'] / considered:.1%} ({found['unexpected_count']:,} of {considered:,} not)"


def _import_great_expectations() -> None:
    # One thread imports it, the others wait: its modules import each other in a circle, and half of it is of no use.
    with _importing:
        os.environ["GX_ANALYTICS_ENABLED"] = "false"
        import_module("great_expectations")


_importing = threading.Lock()
