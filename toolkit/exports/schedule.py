"""When an export is due: with every refresh, at times of its own, or never.

What daylight saving does to the times, and what becomes of missed ones, is written in docs/schedule.md.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from typing import Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import Field, field_validator, model_validator

from toolkit.pydantic_errors import Told, validating
from toolkit.translatable import _, listed

MOST_TIMES_A_DAY = 4
"""As often as Customer Insights refreshes in a day."""

_WRITTEN = _('Write it as Schedule.daily("02:00") or .weekly(["monday"], "02:00", time_zone="Europe/Amsterdam").')
_ONE_DIGIT = re.compile(r"\d:\d\d(?::\d\d)?")
_LONGEST_PAUSE = timedelta(days=8)
"""Longer than from one time of a week to the same of the next, daylight saving included."""


class Every(StrEnum):
    """How often an export is due.

    Examples:
        >>> workspace.exports["Nightly"].schedule.every
        <Every.REFRESH: 'refresh'>
    """

    REFRESH = "refresh"
    """Whenever the refresh runs."""
    DAY = "day"
    WEEK = "week"
    """On some days of the week."""
    OFF = "off"
    """Never: a person runs it."""


class Weekday(StrEnum):
    """The days of the week.

    Examples:
        >>> str(toolkit.Schedule.weekly([toolkit.Weekday.MONDAY], "02:00", time_zone="Europe/Amsterdam"))
        'Monday at 02:00 Europe/Amsterdam'
    """

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


class Schedule(Told):
    """When an export is due; by default with every refresh.

    Raises:
        ConfigurationError: A time, day or time zone is wrong, or these don't fit together.

    Examples:
        >>> print(toolkit.Schedule.weekly(["monday", "thursday"], "02:00", time_zone="Europe/Amsterdam"))
        Monday, Thursday at 02:00 Europe/Amsterdam
    """

    every: Every = Every.REFRESH
    at: tuple[time, ...] = Field(default=(), max_length=MOST_TIMES_A_DAY)
    """Times of the day by the clock of ``time_zone``, in whole minutes."""
    days: tuple[Weekday, ...] = ()
    """Of a weekly schedule."""
    time_zone: str = "UTC"
    """A name such as ``Europe/Amsterdam``."""

    @classmethod
    def daily(cls, *at: time | str, time_zone: str = "UTC") -> Self:
        """Return a schedule with times of each day.

        Args:
            at: One to four times of the day in whole minutes, such as ``"02:00"``.
            time_zone: The zone whose clock shows these times.

        Returns:
            The schedule.

        Raises:
            ConfigurationError: A time or the time zone is wrong.

        Examples:
            >>> print(toolkit.Schedule.daily("02:00", "14:00"))
            daily at 02:00, 14:00 UTC
        """
        with validating(_("The schedule is wrong"), _WRITTEN):
            return cls.model_validate({"every": Every.DAY, "at": at, "time_zone": time_zone})

    @classmethod
    def weekly(cls, days: Weekday | str | Sequence[Weekday | str], *at: time | str, time_zone: str = "UTC") -> Self:
        """Return a schedule with times of some days of the week.

        Args:
            days: Days such as ``"monday"``; one may be given alone.
            at: One to four times of the day in whole minutes, such as ``"02:00"``.
            time_zone: The zone whose clock shows these times.

        Returns:
            The schedule.

        Raises:
            ConfigurationError: A day, a time or the time zone is wrong.
        """
        chosen = (days,) if isinstance(days, str) else days
        with validating(_("The schedule is wrong"), _WRITTEN):
            return cls.model_validate({"every": Every.WEEK, "days": chosen, "at": at, "time_zone": time_zone})

    @classmethod
    def off(cls) -> Self:
        """Return the schedule that is never due: a person runs the export.

        Returns:
            The schedule.
        """
        return cls(every=Every.OFF)

    @field_validator("at", mode="before")
    @classmethod
    def _one_or_many(cls, at: object) -> object:
        given = (at,) if isinstance(at, str | time) else at
        if not isinstance(given, list | tuple):
            return given
        return tuple(f"0{it}" if isinstance(it, str) and _ONE_DIGIT.fullmatch(it) else it for it in given)

    @field_validator("at")
    @classmethod
    def _whole_minutes(cls, at: tuple[time, ...]) -> tuple[time, ...]:
        if any(it.second or it.microsecond or it.tzinfo for it in at):
            raise ValueError(_("write times as 02:00, and the zone as time_zone"))
        return tuple(sorted(set(at)))

    @field_validator("days")
    @classmethod
    def _in_order(cls, days: tuple[Weekday, ...]) -> tuple[Weekday, ...]:
        return tuple(it for it in Weekday if it in days)

    @field_validator("time_zone")
    @classmethod
    def _zone_is_known(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (OSError, ValueError, KeyError):  # which of them depends on what is wrong with the name
            raise ValueError(
                _("{name!r} is no time zone; write it as {near_zone}", name=name, near_zone=_near_zone(name))
            ) from None
        return name

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.has_times != bool(self.at):
            raise ValueError(_("times go with every day or week, and with these there is at least one"))
        if (self.every is Every.WEEK) != bool(self.days):
            raise ValueError(_("days go with every week, and with it there is at least one"))
        return self

    @property
    def has_times(self) -> bool:
        """Whether it has times of its own."""
        return self.every in (Every.DAY, Every.WEEK)

    def moments(self, *, after: datetime, until: datetime) -> list[datetime]:
        """Return the moments in a span of time.

        A time that the clocks skip in spring is as far from midnight as on other days, so it is later that night. Of a
        time that they show twice in autumn, the first counts.

        Args:
            after: The moment after which the span begins, with a time zone.
            until: The last moment of the span, with a time zone.

        Returns:
            The moments in UTC, in order; none for a schedule without times of its own.

        Examples:
            >>> from datetime import UTC, datetime
            >>> schedule = toolkit.Schedule.daily("02:00", time_zone="Europe/Amsterdam")
            >>> found = schedule.moments(after=datetime(2026, 1, 1, tzinfo=UTC), until=datetime(2026, 1, 2, tzinfo=UTC))
            >>> [f"{moment:%H:%M}" for moment in found]
            ['01:00']
        """
        if not self.has_times or after >= until:
            return []
        from dateutil.rrule import DAILY, rrule
        from dateutil.tz import resolve_imaginary

        zone = ZoneInfo(self.time_zone)
        # Clocks are turned by less than a day.
        first, last = (_by_the_clock(it, zone) for it in (after - timedelta(days=1), until + timedelta(days=1)))
        weekdays = [list(Weekday).index(it) for it in self.days] or range(7)
        shown: Iterable[datetime] = (
            datetime.combine(day, at, tzinfo=zone)
            for day in rrule(DAILY, dtstart=first, until=last, byweekday=weekdays)
            for at in self.at
        )
        found = {resolve_imaginary(it).astimezone(UTC) for it in shown}
        return sorted(it for it in found if after < it <= until)

    def last(self, until: datetime) -> datetime | None:
        """Return the last moment up to a moment.

        Args:
            until: The moment, with a time zone; it counts itself.

        Returns:
            The moment in UTC; None for a schedule without times of its own.
        """
        return next(reversed(self.moments(after=until - _LONGEST_PAUSE, until=until)), None)

    def next(self, after: datetime) -> datetime | None:
        """Return the first moment after a moment.

        Args:
            after: The moment, with a time zone; it does not count itself.

        Returns:
            The moment in UTC; None for a schedule without times of its own.
        """
        return next(iter(self.moments(after=after, until=after + _LONGEST_PAUSE)), None)

    def __str__(self) -> str:
        return str(self.text)

    def __text__(self) -> str:
        return self.text

    @property
    def text(self) -> str:
        """When it runs, in words."""
        match self.every:
            case Every.REFRESH:
                return _("with every refresh")
            case Every.OFF:
                return _("off")
            case Every.DAY:
                days = _("daily")
            case Every.WEEK:
                days = listed(_(it.value.capitalize()) for it in self.days)
        return _(
            "{days} at {times} {zone}", days=days, times=", ".join(f"{it:%H:%M}" for it in self.at), zone=self.time_zone
        )


def _by_the_clock(moment: datetime, zone: ZoneInfo) -> datetime:
    """Return the day that a clock in the zone shows, as dateutil takes it: without a zone, from midnight."""
    return datetime.combine(moment.astimezone(zone).date(), time())


def _near_zone(name: str) -> str:
    """Return the zone whose city is meant, else an example."""
    city = str(name).strip().replace(" ", "_").casefold()
    return next(
        (it for it in sorted(available_timezones()) if it.rpartition("/")[2].casefold() == city), "Europe/Amsterdam"
    )
