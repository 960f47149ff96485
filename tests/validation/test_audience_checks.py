"""Checks pass and fail exactly at their thresholds, and say what they found."""

import os
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import Tables
from tests.raising import raises
from toolkit.audience import Audience, HashFormat, IdentityColumn, Status
from toolkit.audience.status import STATUS_TYPE
from toolkit.errors import ErrorCode
from toolkit.identifiers.types.email import TYPE as EMAIL
from toolkit.validation import (
    Check,
    CheckResult,
    CheckResults,
    Level,
    Thresholds,
    check_audience,
    check_profile_columns,
)
from toolkit.validation.gx import ValidatedTable


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
    return Audience(pl.DataFrame(rows, schema=schema, orient="row"), HashFormat.SHA256, sizes)


def with_customers(audience: Audience, customer: pl.Expr) -> Audience:
    return replace(audience, frame=audience.frame.with_columns(customer=customer))


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
    considered = found.total() - found["suppressed"] - found["no_consent"]
    valid = found["exportable"] + found["duplicate_identifier"]
    filled = valid + found["invalid_identifier"]
    assert result_of(results, Check.SEGMENT_HAS_MEMBERS).passed == (considered > 0)
    assert result_of(results, Check.EMAIL_COVERAGE).passed == (not considered or filled / considered >= coverage)
    assert result_of(results, Check.EMAIL_VALIDITY).passed == (not filled or valid / filled >= validity)
    assert result_of(results, Check.EXPORT_HAS_MEMBERS, None).passed == (found.total() > 0)


@pytest.mark.parametrize(("missing", "passes"), [(50, True), (51, False)])
def test_coverage_passes_at_exactly_its_threshold(missing: int, passes: bool) -> None:
    audience = audience_with(All={"exportable": 100 - missing, "missing_identifier": missing})
    result = result_of(check_audience(audience, Thresholds(email_coverage=0.5)), Check.EMAIL_COVERAGE)
    assert result.passed == passes
    assert result.observed == f"{100 - missing:.1f}% ({missing} of 100 not)"


def test_members_without_a_profile_count_against_coverage() -> None:
    audience = audience_with(All={"exportable": 40, "not_in_profiles": 60})
    assert not result_of(check_audience(audience, Thresholds()), Check.EMAIL_COVERAGE).passed


@pytest.mark.parametrize("status", ["suppressed", "no_consent"])
def test_who_may_not_be_sent_counts_neither_way(status: str) -> None:
    audience = audience_with(All={"exportable": 1, status: 99})
    assert check_audience(audience, Thresholds(email_coverage=1)).passed


@pytest.mark.parametrize(("limit", "passes"), [(30, True), (29, False)])
@pytest.mark.parametrize("name", ["limit_profiles", "contract_limit_profiles"])
def test_a_limit_counts_the_identifiers_of_all_segments(name: str, limit: int, passes: bool) -> None:
    audience = audience_with(One={"exportable": 10, "duplicate_identifier": 5}, Two={"exportable": 20})
    check = Check.PROFILE_LIMIT if name == "limit_profiles" else Check.CONTRACT_LIMIT
    result = result_of(check_audience(audience, Thresholds(**{name: limit})), check, None)
    assert result.passed == passes
    assert (result.expected, result.observed) == (f"at most {limit} identifiers", "30")


def test_an_export_may_hold_a_million_and_no_threshold_lifts_that() -> None:
    assert Thresholds().limit_profiles == 1_000_000
    with raises(ErrorCode.CONFIGURATION, names="1000000"):
        Thresholds(limit_profiles=1_000_001)


def test_an_empty_segment_is_a_warning_and_an_empty_export_an_error() -> None:
    some = check_audience(audience_with(All={"exportable": 1}, Empty={}), Thresholds(least_size=1))
    assert [(it.check, it.segment) for it in some.warnings] == [(Check.SEGMENT_HAS_MEMBERS, "Empty")]
    assert some.passed
    none = check_audience(audience_with(Empty={}), Thresholds())
    assert [it.check for it in none.errors] == [Check.EXPORT_HAS_MEMBERS]


def test_a_level_can_be_changed() -> None:
    thresholds = Thresholds(levels={Check.EMAIL_COVERAGE: Level.WARNING, Check.SEGMENT_HAS_MEMBERS: Level.ERROR})
    results = check_audience(audience_with(All={"missing_identifier": 1}, Empty={}), thresholds)
    assert [it.check for it in results.errors] == [Check.SEGMENT_HAS_MEMBERS]
    assert [it.check for it in results.warnings] == [Check.EMAIL_COVERAGE]


class TestEmailColumn:
    def test_it_must_be_there(self) -> None:
        assert check_profile_columns(["CustomerId", "EMail"], IdentityColumn("EMail", EMAIL), Thresholds()).passed

    def test_a_missing_one_is_an_error_that_names_the_nearest(self) -> None:
        results = check_profile_columns(["CustomerId", "EMail", "City"], IdentityColumn("Email", EMAIL), Thresholds())
        (error,) = results.errors
        assert error.sentence == (
            "Check 'email column is there' of the export: expected a profile column 'Email', found none."
        )
        assert "'EMail'" in error.remedy

    def test_the_other_columns_that_an_export_names_are_told_with_the_nearest(self) -> None:
        columns = ["CustomerId", "EMail", "Telephone"]
        (error,) = check_profile_columns(
            columns, IdentityColumn("EMail", EMAIL), Thresholds(), others=["CustomerId", "Telefone"]
        ).errors
        assert (error.check, error.observed) == (Check.COLUMNS, "no 'Telefone'")
        assert "'Telephone'" in error.remedy
        assert check_profile_columns(
            columns, IdentityColumn("EMail", EMAIL), Thresholds(), others=["CustomerId", "Telephone"]
        ).passed


class TestThresholds:
    def test_those_of_an_export_that_was_saved_before_still_load(self) -> None:
        saved = {
            "email_coverage": 0.5,
            "email_validity": 0.8,
            "limit_profiles": 1_000_000,
            "contract_limit_profiles": None,
            "most_change": 0.3,
            "levels": {"segment has members": "error", "email column is there": "warning"},
        }
        loaded = Thresholds.model_validate(saved)
        assert (loaded.least_size, loaded.most_duplicates, loaded.suites) == (500, 0.2, None)
        assert loaded.level(Check.SEGMENT_HAS_MEMBERS) is Level.ERROR

    def test_they_are_as_they_were_after_json(self) -> None:
        thresholds = Thresholds(
            least_size=7, most_duplicates=0.5, suites=("Adults",), levels={Check.USEFUL_SIZE: "error"}
        )
        assert Thresholds.model_validate_json(thresholds.model_dump_json()) == thresholds


class TestResults:
    def test_the_frame_has_a_row_a_check(self) -> None:
        results = check_audience(audience_with(All={"exportable": 2, "missing_identifier": 8}), Thresholds())
        outcomes = dict(results.frame.select("check", "outcome").iter_rows())
        assert outcomes["members with an e-mail"] == "error"
        assert outcomes["e-mails that are valid"] == "passed"

    def test_they_show_themselves(self) -> None:
        results = check_audience(audience_with(**{"<b>": {"missing_identifier": 8}}), Thresholds())
        assert repr(results).startswith("8 checks: 1 error, 0 warnings\n")
        assert "&lt;b&gt;" in results._repr_html_()
        assert "<b>" not in results._repr_html_()


class TestDuplicates:
    @pytest.mark.parametrize(("shared", "passes"), [(30, True), (31, False)])
    def test_they_pass_at_exactly_their_threshold(self, shared: int, passes: bool) -> None:
        audience = audience_with(
            All={"exportable": 100 - shared, "duplicate_identifier": shared, "missing_identifier": 50}
        )
        result = result_of(check_audience(audience, Thresholds(most_duplicates=0.3)), Check.EMAIL_DUPLICATES)
        assert result.passed == passes
        assert result.observed == f"{shared:.1f}% ({shared} of 100)"
        assert result.level is Level.WARNING

    @pytest.mark.parametrize("most", [0.1, 0.2, 0.3, 0.7, 0.9])
    def test_no_threshold_is_lost_in_rounding(self, most: float) -> None:
        shared = round(most * 10)
        audience = audience_with(All={"exportable": 10 - shared, "duplicate_identifier": shared})
        thresholds = Thresholds(most_duplicates=most)
        assert result_of(check_audience(audience, thresholds), Check.EMAIL_DUPLICATES).passed


class TestSize:
    @pytest.mark.parametrize(("least", "passes"), [(30, True), (31, False)])
    def test_it_passes_at_exactly_the_least(self, least: int, passes: bool) -> None:
        audience = audience_with(All={"exportable": 30, "duplicate_identifier": 10})
        result = result_of(check_audience(audience, Thresholds(least_size=least)), Check.USEFUL_SIZE)
        assert result.passed == passes
        assert (result.expected, result.observed) == (f"at least {least} identifiers", "30")
        assert result.level is Level.WARNING

    def test_lists_below_five_hundred_are_told_by_default(self) -> None:
        results = check_audience(audience_with(Small={"exportable": 499}, Large={"exportable": 500}), Thresholds())
        assert [(it.check, it.segment) for it in results.warnings] == [(Check.USEFUL_SIZE, "Small")]

    @pytest.mark.parametrize(("last", "passes"), [(100, True), (93, True), (92, False), (171, True), (172, False)])
    def test_a_change_passes_at_exactly_the_most(self, last: int, passes: bool) -> None:
        audience = audience_with(All={"exportable": 120})
        results = check_audience(audience, Thresholds(most_change=0.3), last_sizes={"All": last})
        assert result_of(results, Check.SIZE_CHANGE).passed == passes

    def test_it_tells_both_sizes(self) -> None:
        results = check_audience(audience_with(All={"exportable": 30}), Thresholds(), last_sizes={"All": 100})
        assert result_of(results, Check.SIZE_CHANGE).observed == "30 after 100, 70.0%"

    def test_each_segment_is_told_of_its_own(self) -> None:
        audience = audience_with(Grown={"exportable": 30}, Steady={"exportable": 30}, New={"exportable": 30})
        results = check_audience(audience, Thresholds(least_size=0), last_sizes={"Grown": 10, "Steady": 30, "Gone": 5})
        assert result_of(results, Check.SIZE_CHANGE, "Steady").passed
        assert [(it.check, it.segment) for it in results.warnings] == [(Check.SIZE_CHANGE, "Grown")]
        assert all(it.segment != "New" for it in results if it.check is Check.SIZE_CHANGE)

    def test_nobody_to_send_is_no_matter_of_size(self) -> None:
        results = check_audience(audience_with(All={"missing_identifier": 3}), Thresholds(), last_sizes={"All": 100})
        assert {Check.USEFUL_SIZE, Check.SIZE_CHANGE}.isdisjoint(it.check for it in results)


def test_many_segments_are_asked_as_often_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    ask = ValidatedTable.ask

    def counted(table: ValidatedTable, expectation: object) -> object:
        asked.append(expectation)
        return ask(table, expectation)  # type: ignore[arg-type]

    monkeypatch.setattr(ValidatedTable, "ask", counted)
    times = []
    for segments in (1, 300):
        asked.clear()
        audience = audience_with(**{f"S{number}": {"exportable": 2} for number in range(segments)})
        results = check_audience(audience, Thresholds(least_size=0))
        assert len([it for it in results if it.check is Check.EMAIL_COVERAGE]) == segments
        times.append(len(asked))
    assert times[0] == times[1]


class TestKeys:
    def test_what_loading_refuses_is_seen_in_the_suite_too(self) -> None:
        audience = audience_with(All={"exportable": 4})
        twice = pl.when(pl.col("customer") == "All-exportable-1").then(pl.lit("All-exportable-0"))
        null = pl.when(pl.col("customer") != "All-exportable-3").then("customer")
        results = check_audience(with_customers(audience, twice.otherwise(null)), Thresholds())
        assert result_of(results, Check.KEY_UNIQUE).observed == "2 not as expected"
        assert result_of(results, Check.KEY_FILLED).observed == "1 not as expected"

    def test_no_level_makes_a_warning_of_them(self) -> None:
        always = (Check.KEY_FILLED, Check.KEY_UNIQUE, Check.EMAIL_COLUMN, Check.COLUMNS)
        thresholds = Thresholds(levels=dict.fromkeys(always, Level.WARNING))
        assert {thresholds.level(it) for it in always} == {Level.ERROR}


class TestUnexpected:
    def test_it_has_the_keys_of_the_members_that_made_a_check_fail(self) -> None:
        audience = audience_with(
            One={"exportable": 2, "missing_identifier": 1, "invalid_identifier": 2},
            Two={"exportable": 1, "duplicate_identifier": 1},
        )
        found = check_audience(audience, Thresholds()).unexpected
        assert sorted(found.iter_rows()) == [
            ("e-mails that are valid", "One", "One-invalid_identifier-0"),
            ("e-mails that are valid", "One", "One-invalid_identifier-1"),
            ("e-mails that members share", "Two", "Two-duplicate_identifier-0"),
            ("members with an e-mail", "One", "One-missing_identifier-0"),
        ]

    def test_it_has_its_columns_where_all_is_as_expected(self) -> None:
        found = check_audience(audience_with(All={"exportable": 1}), Thresholds()).unexpected
        assert (found.height, found.columns) == (0, ["check", "segment", "customer"])

    def test_the_failing_share_is_a_figure(self) -> None:
        results = check_audience(audience_with(All={"exportable": 3, "missing_identifier": 1}), Thresholds())
        assert result_of(results, Check.EMAIL_COVERAGE).failing_share == 0.25
        shares = dict(results.frame.select("check", "failing_share").iter_rows())
        assert (shares["members with an e-mail"], shares["limit of an export"]) == (0.25, None)


def test_great_expectations_neither_prints_nor_calls_out_nor_leaves_files(tables: Tables, tmp_path: Path) -> None:
    code = (
        "import os, socket, sys\n"
        "def refuse(*address, **more): raise SystemExit(f'called out to {address}')\n"
        "socket.socket.connect = socket.create_connection = refuse\n"
        "import toolkit\n"
        "from toolkit.audience import IdentityColumn, audience_of\n"
        "from toolkit.identifiers import first_type\n"
        "from toolkit.validation import check_audience, Thresholds\n"
        f"catalog = toolkit.SegmentFolder(location={tables.segments.location!r}, key='CustomerId')\n"
        f"profiles = toolkit.Profiles(location={tables.profiles.location!r}, key='CustomerId')\n"
        "column = IdentityColumn('EMail', first_type())\n"
        "results = check_audience(audience_of(profiles, catalog, ['All'], column=column), Thresholds())\n"
        "assert results.passed and len(results.results) == 9\n"
        "assert os.environ['GX_ANALYTICS_ENABLED'] == 'false'\n"
    )
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    environment = os.environ | {"HOME": str(elsewhere), "TMPDIR": str(elsewhere), "MPLCONFIGDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=elsewhere, env=environment
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert list(elsewhere.iterdir()) == []
