"""Whatever is known of a list, the plan brings it to what the segment is."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.audience import HashFormat
from toolkit.exports.export import Mode
from toolkit.runs.diff import KnownState, Plan, plan_push

IDENTIFIERS = st.sets(st.sampled_from("abcdefghij"))
FORMS = st.sampled_from(HashFormat)


def series(identifiers: set[str]) -> pl.Series:
    return pl.Series("identifier", sorted(identifiers), dtype=pl.String)


def applied(plan: Plan, held: set[str]) -> set[str]:
    return (set() if plan.clear else held) - set(plan.remove) | set(plan.add)


@st.composite
def known_and_held(draw: st.DrawFn) -> tuple[KnownState, set[str]]:
    """A state, and one of the contents that the list may have, for all that is known."""
    held = draw(IDENTIFIERS)
    uncertain = draw(IDENTIFIERS) - held
    arrived = draw(st.sets(st.sampled_from(sorted(uncertain)))) if uncertain else set()
    form = draw(FORMS) if held | uncertain else None
    return KnownState(held=series(held), uncertain=series(uncertain), form=form), held | arrived


@given(IDENTIFIERS, known_and_held(), FORMS)
def test_mirror_ends_with_exactly_the_segment(
    wanted: set[str], known: tuple[KnownState, set[str]], form: HashFormat
) -> None:
    state, held = known
    plan = plan_push(series(wanted), state, mode=Mode.MIRROR, form=form)
    assert applied(plan, held) == wanted


@given(IDENTIFIERS, known_and_held(), FORMS)
def test_replace_ends_with_exactly_the_segment(
    wanted: set[str], known: tuple[KnownState, set[str]], form: HashFormat
) -> None:
    state, held = known
    plan = plan_push(series(wanted), state, mode=Mode.REPLACE, form=form)
    assert plan.clear
    assert applied(plan, held) == wanted


@given(IDENTIFIERS, known_and_held(), FORMS)
def test_append_removes_nothing_and_ends_with_the_whole_segment(
    wanted: set[str], known: tuple[KnownState, set[str]], form: HashFormat
) -> None:
    state, held = known
    plan = plan_push(series(wanted), state, mode=Mode.APPEND, form=form)
    assert not plan.clear
    assert len(plan.remove) == 0
    assert applied(plan, held) == held | wanted


@given(IDENTIFIERS, known_and_held(), st.sampled_from([Mode.MIRROR, Mode.APPEND]))
def test_nothing_that_was_acknowledged_is_sent_again(
    wanted: set[str], known: tuple[KnownState, set[str]], mode: Mode
) -> None:
    state, _ = known
    plan = plan_push(series(wanted), state, mode=mode, form=state.form or HashFormat.SHA256)
    if not plan.clear:
        assert set(plan.add) & set(state.held) == set()
        assert set(plan.remove) <= set(state.held) | set(state.uncertain)


@given(IDENTIFIERS)
def test_a_list_that_is_as_it_should_be_gets_nothing(wanted: set[str]) -> None:
    known = KnownState(held=series(wanted), uncertain=series(set()), form=HashFormat.SHA256)
    assert plan_push(series(wanted), known, mode=Mode.MIRROR, form=HashFormat.SHA256).nothing


@pytest.mark.parametrize("form", [HashFormat.SHA256, HashFormat.MD5])
def test_a_list_of_plain_addresses_is_sent_whole(form: HashFormat) -> None:
    known = KnownState(held=series({"a", "b"}), uncertain=series(set()), form=HashFormat.PLAIN)
    assert plan_push(series({"a"}), known, mode=Mode.MIRROR, form=HashFormat.PLAIN).clear
    assert plan_push(series({"a", "b"}), known, mode=Mode.MIRROR, form=form).clear
    assert not plan_push(series({"a", "b", "c"}), known, mode=Mode.MIRROR, form=HashFormat.PLAIN).clear
