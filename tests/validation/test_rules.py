"""A preview's verdict and a check's outcome are the same, rule by rule, also exactly at a threshold."""

from collections.abc import Mapping
from dataclasses import replace
from math import nextafter

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.validation.test_audience_checks import audience_with
from toolkit.audience import Audience, Status
from toolkit.identifiers.types.email import TYPE as EMAIL
from toolkit.preview.limits import LIMIT_NAMES, limits_of
from toolkit.preview.lists import lists_of_segments
from toolkit.preview.summary import warnings_of
from toolkit.validation import (
    Bound,
    Check,
    Figure,
    Level,
    Thresholds,
    audience_verdicts,
    check_audience,
    export_figures,
    export_rules,
    segment_figures,
    segment_rules,
    verdicts,
)

Statuses = dict[str, dict[str, int]]
statuses = st.dictionaries(
    st.sampled_from(["One", "Two"]),
    st.fixed_dictionaries({}, optional={status.value: st.integers(0, 7) for status in Status}),
    min_size=1,
)
fractions = (
    st.tuples(st.integers(0, 9), st.integers(1, 9)).filter(lambda it: it[0] <= it[1]).map(lambda it: it[0] / it[1])
)
shares = (
    st.builds(
        lambda share, towards: min(1.0, max(0.0, nextafter(share, towards))),
        fractions,
        # A step to either side of what a figure may be, or none.
        st.sampled_from([-1.0, 2.0]),
    )
    | fractions
)
thresholds = st.builds(
    Thresholds,
    email_coverage=shares,
    email_validity=shares,
    most_duplicates=shares,
    most_change=shares,
    least_size=st.integers(0, 9),
    limit_profiles=st.integers(1, 15),
    contract_limit_profiles=st.none() | st.integers(1, 15),
)
last_sizes = st.dictionaries(st.sampled_from(["One", "Two", "Gone"]), st.integers(0, 9))


def outcomes(audience: Audience, chosen: Thresholds, last: Mapping[str, int]) -> dict[tuple[str, str | None], bool]:
    results = check_audience(audience, chosen, last_sizes=last)
    loading = {Check.KEY_FILLED, Check.KEY_UNIQUE}
    return {(str(it.check), it.segment): it.passed for it in results if it.check not in loading}


def assert_agreed(audience: Audience, chosen: Thresholds, last: Mapping[str, int]) -> None:
    checked = outcomes(audience, chosen, last)
    judged = {
        (check, segment): is_kept
        for check, segment, _, is_kept in audience_verdicts(audience, chosen, last).iter_rows()
    }
    # Where there is nothing to judge, there is no check, or one that passes.
    assert {it: checked.get(it, True) for it in judged} == {it: kept is not False for it, kept in judged.items()}
    assert checked.keys() <= judged.keys()

    limits = limits_of(audience, lists_of_segments(audience).frame, chosen)
    names = {name: check.value for check, name in LIMIT_NAMES.items()}
    for limit, of, is_kept in limits.select("limit", "of", "is_kept").iter_rows():
        where = (names[limit], None) if limit in names else (Check.USEFUL_SIZE.value, of)
        assert checked.get(where) is is_kept
    # A sentence a check that fails; those that are too small share one.
    failed = [
        name if name == Check.USEFUL_SIZE else (name, segment) for (name, segment), ok in checked.items() if not ok
    ]
    assert len(warnings_of(audience, limits, chosen, last)) == len(set(failed))


@settings(max_examples=30, deadline=None)
@given(statuses, thresholds, last_sizes)
@example({"One": {}}, Thresholds(), {})
@example({"One": {"suppressed": 3}}, Thresholds(least_size=0), {"One": 3})
@example({"One": {"exportable": 2, "duplicate_identifier": 1}}, Thresholds(most_duplicates=1 / 3, least_size=2), {})
@example({"One": {"exportable": 7}}, Thresholds(most_change=0.3, least_size=7), {"One": 10})
def test_previews_and_checks_agree(segments: Statuses, chosen: Thresholds, last: dict[str, int]) -> None:
    assert_agreed(audience_with(**segments), chosen, last)


AT_THE_EDGE = {
    Check.SEGMENT_HAS_MEMBERS: ({"exportable": 1}, {"suppressed": 1}, {}),
    Check.EXPORT_HAS_MEMBERS: ({"suppressed": 1}, {}, {}),
    Check.EMAIL_COVERAGE: (
        {"exportable": 1, "missing_identifier": 2},
        {"exportable": 1, "missing_identifier": 3},
        {"email_coverage": 1 / 3},
    ),
    Check.EMAIL_VALIDITY: (
        {"exportable": 6, "invalid_identifier": 1},
        {"exportable": 5, "invalid_identifier": 1},
        {"email_validity": 6 / 7},
    ),
    Check.EMAIL_DUPLICATES: (
        {"exportable": 2, "duplicate_identifier": 1},
        {"exportable": 3, "duplicate_identifier": 2},
        {"most_duplicates": 1 / 3},
    ),
    Check.USEFUL_SIZE: ({"exportable": 9}, {"exportable": 8}, {"least_size": 9}),
    Check.SIZE_CHANGE: ({"exportable": 13}, {"exportable": 14}, {"most_change": 0.3}),
    Check.PROFILE_LIMIT: ({"exportable": 9}, {"exportable": 10}, {"limit_profiles": 9}),
    Check.CONTRACT_LIMIT: ({"exportable": 9}, {"exportable": 10}, {"contract_limit_profiles": 9}),
}
"""Figures that are at their threshold, and the next that are not; and the thresholds."""


@pytest.mark.parametrize("check", AT_THE_EDGE)
def test_exactly_at_its_threshold_passes(check: Check) -> None:
    within, beyond, stated = AT_THE_EDGE[check]
    chosen = Thresholds(**stated)
    for segment, passes in ((within, True), (beyond, False)):
        audience = audience_with(All=segment)
        last = {"All": 10}
        of_check = [passed for (name, _), passed in outcomes(audience, chosen, last).items() if name == check]
        judged = audience_verdicts(audience, chosen, last).filter(check=check.value)
        assert (of_check, judged["is_kept"].to_list()) == ([passes], [passes])
        assert_agreed(audience, chosen, last)


def test_each_threshold_has_one_rule() -> None:
    chosen = Thresholds(contract_limit_profiles=1, levels={Check.USEFUL_SIZE: Level.ERROR})
    rules = [*segment_rules(chosen, EMAIL), *export_rules(chosen)]
    assert {it.check for it in rules} == set(AT_THE_EDGE)
    assert len(rules) == len(AT_THE_EDGE)
    assert all(it.level is chosen.level(it.check) for it in rules)
    assert {it.check for it in rules if it.bound is Bound.MOST} == {
        Check.SIZE_CHANGE,
        Check.PROFILE_LIMIT,
        Check.CONTRACT_LIMIT,
    }


@pytest.mark.parametrize("whole", [1, 2, 3, 7, 10, 49, 97])
def test_no_share_is_lost_in_rounding(whole: int) -> None:
    for part in range(whole + 1):
        figures = pl.DataFrame({Figure.UNSHARED.value: [(whole - part) / whole]})
        for most, is_kept in ((part / whole, True), ((part - 0.5) / whole, False)):
            if most >= 0:
                rules = segment_rules(Thresholds(most_duplicates=most), EMAIL)
                (rule,) = [it for it in rules if it.check is Check.EMAIL_DUPLICATES]
                assert verdicts(figures, [rule])["is_kept"].item() is is_kept


class TestAdvertisers:
    def test_the_smallest_list_is_judged(self) -> None:
        # A segment that is large enough in all may be too small for each of its lists.
        audience = audience_with(All={"exportable": 10, "no_advertiser": 4})
        number = pl.int_range(pl.len())
        split = replace(
            audience,
            frame=audience.frame.with_columns(
                advertiser=pl.when(number < 3).then(pl.lit("1")).when(number < 10).then(pl.lit("2"))
            ),
        )
        for least, passes in ((3, True), (4, False)):
            chosen = Thresholds(least_size=least)
            assert outcomes(split, chosen, {})[Check.USEFUL_SIZE.value, "All"] is passes
            lists = pl.DataFrame({"segment": ["All"] * 3, "exportable": [3, 7, 0], "identifier_type": ["email"] * 3})
            kept = limits_of(split, lists, chosen).drop_nulls("at_least")["is_kept"]
            assert kept.to_list() == [passes, True, None]


def test_figures_of_nobody_are_null() -> None:
    figures = segment_figures(audience_with(All={"suppressed": 2}), {"All": 3})
    judged = ["coverage", "validity", "unshared", "list_size", "change"]
    assert figures.select(judged).row(0) == (None,) * len(judged)
    assert export_figures(audience_with(All={"suppressed": 2})).row(0) == (2, 0)
