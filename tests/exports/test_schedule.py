"""When an export is due, by the clock of its time zone."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

import toolkit
from tests.conftest import save_nightly
from tests.raising import raises
from toolkit.errors import ConfigurationError, ErrorCode
from toolkit.exports.schedule import Schedule, Weekday

pytestmark = pytest.mark.on_both_databases

AMSTERDAM = ZoneInfo("Europe/Amsterdam")


def by_the_clock(moments: list[datetime], zone: ZoneInfo = AMSTERDAM) -> list[str]:
    return [f"{it.astimezone(zone):%a %H:%M}" for it in moments]


def moments(schedule: Schedule, first: str, last: str) -> list[datetime]:
    after, until = (datetime.fromisoformat(it).replace(tzinfo=ZoneInfo(schedule.time_zone)) for it in (first, last))
    return schedule.moments(after=after, until=until)


def test_an_export_is_due_with_every_refresh_unless_said_otherwise() -> None:
    schedule = Schedule()
    assert str(schedule) == "with every refresh"
    assert not schedule.has_times
    assert schedule.next(datetime.now(UTC)) is None


def test_a_week_has_its_days_and_times() -> None:
    schedule = Schedule.weekly(["friday", "monday"], "18:30", "06:00", time_zone="Europe/Amsterdam")
    assert str(schedule) == "Monday, Friday at 06:00, 18:30 Europe/Amsterdam"
    shown = by_the_clock(moments(schedule, "2026-11-23", "2026-11-30"))
    assert shown == ["Mon 06:00", "Mon 18:30", "Fri 06:00", "Fri 18:30"]


def test_a_time_that_the_clocks_skip_in_spring_is_told_later_that_night_and_once() -> None:
    schedule = Schedule.daily("02:30", time_zone="Europe/Amsterdam")
    assert by_the_clock(moments(schedule, "2027-03-27", "2027-03-30")) == ["Sat 02:30", "Sun 03:30", "Mon 02:30"]
    both = Schedule.daily("02:30", "03:30", time_zone="Europe/Amsterdam")
    assert by_the_clock(moments(both, "2027-03-28", "2027-03-29")) == ["Sun 03:30"]


def test_a_time_that_the_clocks_show_twice_in_autumn_is_the_first_of_them() -> None:
    schedule = Schedule.daily("02:30", time_zone="Europe/Amsterdam")
    found = moments(schedule, "2027-10-30", "2027-11-01")
    assert by_the_clock(found) == ["Sat 02:30", "Sun 02:30"]
    assert found[1] == datetime(2027, 10, 31, 0, 30, tzinfo=UTC)


def test_a_moment_belongs_to_the_span_that_ends_with_it() -> None:
    schedule = Schedule.daily("02:00")
    two = datetime(2026, 11, 24, 2, tzinfo=UTC)
    assert schedule.moments(after=two - timedelta(minutes=1), until=two) == [two]
    assert schedule.moments(after=two, until=two + timedelta(hours=1)) == []
    assert (schedule.last(two), schedule.next(two)) == (two, two + timedelta(days=1))


schedules = st.builds(
    lambda days, at, zone: Schedule.weekly(days, *at, time_zone=zone),
    st.sets(st.sampled_from(Weekday), min_size=1).map(sorted),
    st.sets(st.times().map(lambda it: it.replace(second=0, microsecond=0)), min_size=1, max_size=4).map(sorted),
    st.sampled_from(["UTC", "Europe/Amsterdam", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"]),
)
moments_of_two_years = st.integers(0, 2 * 365 * 24 * 60).map(
    lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)


@given(schedules, moments_of_two_years, st.integers(1, 30 * 24 * 60))
def test_wherever_time_is_cut_the_parts_have_the_moments_of_the_whole(
    schedule: Schedule, begin: datetime, minutes: int
) -> None:
    cut, end = begin + timedelta(minutes=minutes), begin + timedelta(days=31)
    whole = schedule.moments(after=begin, until=end)
    assert schedule.moments(after=begin, until=cut) + schedule.moments(after=cut, until=end) == whole
    assert whole[0] == schedule.next(begin)
    assert whole[-1] == schedule.last(end)
    zone = ZoneInfo(schedule.time_zone)
    assert {list(Weekday)[it.astimezone(zone).weekday()] for it in whole} == {*schedule.days}


@pytest.mark.parametrize(
    "wrong",
    [
        {"every": "day"},
        {"every": "week", "at": ["02:00"]},
        {"every": "refresh", "at": ["02:00"]},
        {"every": "day", "at": ["02:00"], "days": ["monday"]},
        {"every": "day", "at": ["01:00", "02:00", "03:00", "04:00", "05:00"]},
        {"every": "day", "at": ["02:00:30"]},
        {"every": "day", "at": ["02:00+01:00"]},
        {"every": "day", "at": ["02:00"], "time_zone": "Europe/Amsterdamn"},
        {"every": "day", "at": ["02:00"], "time_zone": "../../etc/passwd"},
        {"every": "hour"},
    ],
)
def test_what_makes_no_schedule_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError):
        Schedule(**wrong)


def test_an_export_keeps_its_schedule_and_shows_it(workspace: toolkit.Workspace) -> None:
    schedule = Schedule.daily("02:00", time_zone="Europe/Amsterdam")
    save_nightly(workspace, schedule=schedule, priority=5)
    assert workspace.exports["Nightly"].schedule == schedule
    assert "daily at 02:00 Europe/Amsterdam" in repr(workspace.exports["Nightly"])
    with raises(ErrorCode.CONFIGURATION, names=("schedule.time_zone", "Mars")):
        save_nightly(workspace, schedule={"every": "day", "at": ["02:00"], "time_zone": "Mars"})
