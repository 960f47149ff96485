"""Choose when an export is due."""

from typing import Any
from zoneinfo import available_timezones

import ipywidgets
from pydantic import ValidationError

from toolkit.exports.schedule import MOST_TIMES_A_DAY, Every, Schedule, Weekday
from toolkit.widgets.components import show, with_class
from toolkit.widgets.form import Form
from toolkit.widgets.labels import term
from toolkit.widgets.language import Words, local_zone


class ScheduleField:
    """With every refresh, at times of its own, or off."""

    def __init__(self, form: Form, given: Schedule) -> None:
        say = form.words.say
        self._form = form
        self.every = form.field(
            ipywidgets.Dropdown(
                options=[(term(form.words, it.name), it) for it in Every],
                value=given.every,
                description=say("Schedule"),
            )
        )
        self.at = form.field(
            ipywidgets.Text(
                value=", ".join(f"{it:%H:%M}" for it in given.at), description=say("Times"), continuous_update=False
            ),
            help_text=say("Such as 02:00, 14:30; at most {count} a day.", count=MOST_TIMES_A_DAY),
        )
        self.time_zone = form.field(
            ipywidgets.Combobox(
                value=given.time_zone if given.has_times else local_zone(),
                options=sorted(available_timezones()),
                description=say("Time zone"),
                continuous_update=False,
            )
        )
        self.days = {
            it: with_class(
                ipywidgets.Checkbox(value=it in given.days, description=term(form.words, it), indent=False),
                "toolkit-tick",
            )
            for it in Weekday
        }
        self.on_days = form.field(ipywidgets.VBox(list(self.days.values())))
        form.accessible.set(self.on_days.control, role="group", aria_label=say("Days"))
        self.fields = (self.at, self.time_zone, self.on_days)
        """Those in which something may be missing."""
        self.widget = ipywidgets.VBox([self.every.widget, self.on_days.widget, self.at.widget, self.time_zone.widget])
        form.on_change(self.every.control, self._show_what_belongs)
        self._show_what_belongs()

    @property
    def value(self) -> Schedule | None:
        """The schedule; None when something is not right, which then is told at its field."""
        say = self._form.words.say
        own_times = self.every.value in (Every.DAY, Every.WEEK)
        weekly = self.every.value is Every.WEEK
        texts = [it.strip() for it in self.at.value.split(",") if it.strip()]
        given: dict[str, Any] = {"every": self.every.value}
        if own_times:
            given |= {"at": texts, "time_zone": self.time_zone.value.strip()}
        if weekly:
            given["days"] = [it for it, tick in self.days.items() if tick.value]
        wrong = _wrong_fields(given)
        self.at.problem = (
            say("Write one to {count} times as 02:00, with commas between them.", count=MOST_TIMES_A_DAY)
            if own_times and (not texts or "at" in wrong)
            else ""
        )
        self.time_zone.problem = say("Choose a time zone, such as Europe/Amsterdam.") if "time_zone" in wrong else ""
        self.on_days.problem = say("Choose at least one day.") if weekly and not given["days"] else ""
        if self.at.problem or self.time_zone.problem or self.on_days.problem:
            return None
        return Schedule.model_validate(given)

    def _show_what_belongs(self) -> None:
        own_times = self.every.value in (Every.DAY, Every.WEEK)
        for field in (self.at, self.time_zone):
            show(field.widget, when=own_times)
        show(self.on_days.widget, when=self.every.value is Every.WEEK)


def schedule_text(words: Words, schedule: Schedule) -> str:
    """Return the schedule as a person reads it."""
    if not schedule.has_times:
        return term(words, schedule.every.name)
    days = ", ".join(term(words, it) for it in schedule.days) or term(words, schedule.every.name)
    times = ", ".join(f"{it:%H:%M}" for it in schedule.at)
    return words.say("{days} at {times} {zone}", days=days, times=times, zone=schedule.time_zone)


def _wrong_fields(given: dict[str, Any]) -> set[str]:
    try:
        Schedule.model_validate(given)
    except ValidationError as error:
        return {str(it["loc"][0]) for it in error.errors() if it["loc"]}
    return set()
