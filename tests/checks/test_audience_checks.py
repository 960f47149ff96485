"""Checks pass and fail exactly at their thresholds, and say what they found."""

import subprocess
import sys
from collections import Counter

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import Tables
from toolkit.audience import Audience, IdentifierForm, Status
from toolkit.audience.status import STATUS_TYPE
from toolkit.checks import Check, CheckResult, CheckResults, Level, Thresholds, check_audience, check_profile_columns


def audience_with(**statuses: dict[str, int]) -> Audience:
    """Return an audience of these segments, with so many members of each status."""
    rows = [
        (
            segment,
            f"{segment}-{status}-{number}",
            status,
            f"{segment}{number:064x}"[-64:] if status == "exportable" else None,
        )
        for segment, counts in statuses.items()
        for status, count in counts.items()
        for number in range(count)
    ]
    kind = pl.Enum(list(statuses))
    schema = {"segment": kind, "customer": pl.String, "status": STATUS_TYPE, "identifier": pl.String}
    sizes = pl.DataFrame(
        {
            "segment": list(statuses),
            "rows": [sum(counts.values()) for counts in statuses.values()],
            "blank": [0] * len(statuses),
        },
        schema={"segment": kind, "rows": pl.UInt32, "blank": pl.UInt32},
    )
    return Audience(pl.DataFrame(rows, schema=schema, orient="row"), IdentifierForm.SHA256, sizes)


def result_of(results: CheckResults, check: Check, segment: str | None = "All") -> CheckResult:
    (found,) = [it for it in results if it.check is check and it.segment == segment]
    return found


counts = st.fixed_dictionaries({status.value: st.integers(0, 12) for status in Status})


@settings(max_examples=25, deadline=None)
@given(counts, st.floats(0, 1), st.floats(0, 1))
def test_verdicts_agree_with_shares_worked_out_by_hand(
    figures: dict[str, int], coverage: float, validity: float
) -> None:
    results = check_audience(audience_with(All=figures), Thresholds(email_coverage=coverage, email_validity=validity))
    found = Counter(figures)
    considered = found.total() - found["suppressed"]
    valid = found["exportable"] + found["duplicate_email"]
    filled = valid + found["invalid_email"]
    assert result_of(results, Check.SEGMENT_HAS_MEMBERS).passed == (considered > 0)
    assert result_of(results, Check.EMAIL_COVERAGE).passed == (not considered or filled / considered >= coverage)
    assert result_of(results, Check.EMAIL_VALIDITY).passed == (not filled or valid / filled >= validity)
    assert result_of(results, Check.EXPORT_HAS_MEMBERS, None).passed == (found.total() > 0)


@pytest.mark.parametrize(("missing", "passes"), [(50, True), (51, False)])
def test_coverage_passes_at_exactly_its_threshold(missing: int, passes: bool) -> None:
    audience = audience_with(All={"exportable": 100 - missing, "missing_email": missing})
    result = result_of(check_audience(audience, Thresholds(email_coverage=0.5)), Check.EMAIL_COVERAGE)
    assert result.passed == passes
    assert result.observed == f"{100 - missing:.1f}% ({missing} of 100 not)"


def test_members_without_a_profile_count_against_coverage() -> None:
    audience = audience_with(All={"exportable": 40, "not_in_profiles": 60})
    assert not result_of(check_audience(audience, Thresholds()), Check.EMAIL_COVERAGE).passed


def test_suppressed_members_count_neither_way() -> None:
    audience = audience_with(All={"exportable": 1, "suppressed": 99})
    assert check_audience(audience, Thresholds(email_coverage=1)).passed


@pytest.mark.parametrize(("limit", "passes"), [(30, True), (29, False)])
@pytest.mark.parametrize("name", ["limit_profiles", "contract_limit_profiles"])
def test_a_limit_counts_the_identifiers_of_all_segments(name: str, limit: int, passes: bool) -> None:
    audience = audience_with(One={"exportable": 10, "duplicate_email": 5}, Two={"exportable": 20})
    check = Check.PROFILE_LIMIT if name == "limit_profiles" else Check.CONTRACT_LIMIT
    result = result_of(check_audience(audience, Thresholds(**{name: limit})), check, None)
    assert result.passed == passes
    assert (result.expected, result.observed) == (f"at most {limit} identifiers", "30")


def test_an_export_may_hold_a_million_and_no_threshold_lifts_that() -> None:
    assert Thresholds().limit_profiles == 1_000_000
    with pytest.raises(ValueError, match="1000000"):
        Thresholds(limit_profiles=1_000_001)


def test_an_empty_segment_is_a_warning_and_an_empty_export_an_error() -> None:
    some = check_audience(audience_with(All={"exportable": 1}, Empty={}), Thresholds())
    assert [(it.check, it.segment) for it in some.warnings] == [(Check.SEGMENT_HAS_MEMBERS, "Empty")]
    assert some.passed
    none = check_audience(audience_with(Empty={}), Thresholds())
    assert [it.check for it in none.errors] == [Check.EXPORT_HAS_MEMBERS]


def test_a_level_can_be_changed() -> None:
    thresholds = Thresholds(levels={Check.EMAIL_COVERAGE: Level.WARNING, Check.SEGMENT_HAS_MEMBERS: Level.ERROR})
    results = check_audience(audience_with(All={"missing_email": 1}, Empty={}), thresholds)
    assert [it.check for it in results.errors] == [Check.SEGMENT_HAS_MEMBERS]
    assert [it.check for it in results.warnings] == [Check.EMAIL_COVERAGE]


class TestEmailColumn:
    def test_it_must_be_there(self) -> None:
        assert check_profile_columns(["CustomerId", "EMail"], "EMail", Thresholds()).passed

    def test_a_missing_one_is_an_error_that_names_the_nearest(self) -> None:
        results = check_profile_columns(["CustomerId", "EMail", "City"], "Email", Thresholds())
        (error,) = results.errors
        assert error.sentence == (
            "Check 'email column is there' of the export: expected a profile column 'Email', found none."
        )
        assert "'EMail'" in error.remedy


class TestResults:
    def test_the_frame_has_a_row_a_check(self) -> None:
        results = check_audience(audience_with(All={"exportable": 2, "missing_email": 8}), Thresholds())
        outcomes = dict(results.frame.select("check", "outcome").iter_rows())
        assert outcomes["members with an e-mail"] == "error"
        assert outcomes["e-mails that are valid"] == "passed"

    def test_they_show_themselves(self) -> None:
        results = check_audience(audience_with(**{"<b>": {"missing_email": 8}}), Thresholds())
        assert repr(results).startswith("5 checks: 1 error, 0 warnings\n")
        assert "&lt;b&gt;" in results._repr_html_()
        assert "<b>" not in results._repr_html_()


def test_an_expectation_that_raises_counts_as_failed() -> None:
    audience = audience_with(All={"exportable": 3})
    vars(audience)["counts"] = audience.counts.with_columns(exportable=pl.lit("many"))
    result = result_of(check_audience(audience, Thresholds()), Check.PROFILE_LIMIT, None)
    assert not result.passed
    assert result.observed == "that it could not be checked"


def test_great_expectations_neither_prints_nor_calls_out(tables: Tables) -> None:
    code = (
        "import os, socket, sys\n"
        "def refuse(*address, **more): raise SystemExit(f'called out to {address}')\n"
        "socket.socket.connect = socket.create_connection = refuse\n"
        "import toolkit\n"
        "from toolkit.audience import audience_of\n"
        "from toolkit.checks import check_audience, Thresholds\n"
        f"catalog = toolkit.SegmentFolder(location={tables.segments.location!r}, key='CustomerId')\n"
        f"profiles = toolkit.Profiles(location={tables.profiles.location!r}, key='CustomerId')\n"
        "results = check_audience(audience_of(profiles, catalog, ['All'], email_column='EMail'), Thresholds())\n"
        "assert results.passed and len(results.results) == 5\n"
        "import os\n"
        "assert os.environ['GX_ANALYTICS_ENABLED'] == 'false'\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
