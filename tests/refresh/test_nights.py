"""Nights of months with a moved clock: segments change, the clocks are turned, and whatever can goes wrong.

When exports are due is told here by hand, in UTC. Each night ends with the right lists or the right trouble, each matter
is told once when it begins and once when it ends, and no run is lost or doubled.
"""

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from importlib import import_module
from pathlib import Path
from random import Random

import pytest

import toolkit
from tests.alerts.conftest import Inbox
from tests.conftest import Tables, save_nightly, say_saved
from tests.faults.truth import CUSTOMERS, People
from tests.long_form import IS_LONG
from tests.refresh.conftest import MovedClock, save, statuses, written
from toolkit.exports.schedule import Schedule
from toolkit.refresh import Refresh, RefreshOptions, ScheduledRun, refresh, run_inline
from toolkit.sandbox import Call, Fault, Sandbox
from toolkit.state.folder import WorkspaceFolder

AMSTERDAM = Schedule.daily("02:00", time_zone="Europe/Amsterdam")
SEGMENTS = ("Lapsed", "Loyal")
SENT = {"Nightly": ("Loyal",), "Offers": ("Lapsed",), "Weekly": SEGMENTS}
A_SPRING = (date(2027, 2, 22), 62) if IS_LONG else (date(2027, 3, 18), 26)
AN_AUTUMN = (date(2027, 10, 27), 7)
"""The first night, and how many."""


def is_summer_in_amsterdam(night: date) -> bool:
    """Tell whether a time between 02:00 and 03:00 of that night is told by summer time.

    In the spring night it is skipped, and told as an hour later: by the hour of winter. In the autumn night it is shown
    twice, and the first is by summer time.
    """
    return date(2027, 3, 28) < night <= date(2027, 10, 31)


def is_summer_in_sydney(night: date) -> bool:
    """Tell the same of Sydney, where the clocks go back on 4 April and forward on 3 October."""
    return night <= date(2027, 4, 4) or night > date(2027, 10, 3)


def times(night: date) -> Iterator[tuple[str, datetime]]:
    """Yield what is due in that night by the clocks of each place, and when in UTC."""
    midnight = datetime(night.year, night.month, night.day, tzinfo=UTC)
    ahead = timedelta(hours=2 if is_summer_in_amsterdam(night) else 1)
    yield "Nightly", midnight + timedelta(hours=2) - ahead
    if night.isoweekday() in {1, 4, 7}:
        yield "Offers", midnight + timedelta(hours=2, minutes=30) - ahead
    if night.isoweekday() == 7:
        yield (
            "Weekly",
            midnight + timedelta(hours=2, minutes=15) - timedelta(hours=11 if is_summer_in_sydney(night) else 10),
        )


class World:
    """The workspace, who is in which segment, what is due, and what people should have been told."""

    def __init__(
        self, workspace: toolkit.Workspace, tables: Tables, criteo: Sandbox, clock: MovedClock, first: date, days: int
    ) -> None:
        self.workspace = workspace
        self.criteo = criteo
        self.clock = clock
        self.told: list[str] = []
        self.ran: Counter[str] = Counter()
        self._tables = tables
        self._random = Random(20270201)
        self._people = People(segments={name: set(range(CUSTOMERS // 2)) for name in SEGMENTS})
        self._bad: dict[str, str] = {}
        self._dealt_with: set[str] = set()
        self._folder = WorkspaceFolder.open(workspace.path)
        nights = [first + timedelta(days=it) for it in range(days + 1)]
        # The first refresh of all makes up for the night before.
        before = [(at, name) for name, at in times(first - timedelta(days=1)) if name == "Nightly"]
        self._to_come = [*before, *((at, name) for night in nights for name, at in times(night))]

    def change_segments(self, *, with_addresses: bool = True) -> None:
        """Write the tables of a day, an hour ago: a few entered and a few left."""
        for members in self._people.segments.values():
            members ^= {*self._random.sample(range(1, CUSTOMERS), 3)}
        self._people.write(self._tables)
        if not with_addresses:
            self._tables.write(dict.fromkeys((f"C{it}" for it in range(CUSTOMERS)), None))
        written(self._tables, self.clock.at - timedelta(hours=1))

    def remove_segment(self, name: str) -> None:
        """Take the segment's file away; the next day's is there again."""
        (self._tables.folder / "segments" / f"{name}.parquet").unlink()

    def write_on(self, *, until: datetime) -> None:
        """Write the segments on while the refresh waits, until then."""

        def write() -> None:
            if self.clock.at <= until:
                self._people.write(self._tables)
                written(self._tables, self.clock.at)

        write()
        self.clock.meanwhile = write

    def due(self) -> dict[str, tuple[datetime, int]]:
        """Return what is due now and not settled: when it was due last, and how often before."""
        found: dict[str, list[datetime]] = {}
        for at, name in self._to_come:
            if at <= self.clock.at:
                found.setdefault(name, []).append(at)
        return {
            name: (self.clock.at, 0) if name == "Nightly" else (ats[-1], len(ats) - 1) for name, ats in found.items()
        }

    def refresh(self, execute: Callable[[ScheduledRun, Path], None] = run_inline) -> Refresh:
        """Refresh as the scheduler does: what is due is what is run, and what is well has the right lists."""
        due = self.due()
        done = refresh(self._folder, RefreshOptions(schedule=AMSTERDAM), clock=self.clock, execute=execute)
        assert {it.export for it in done.exports} == due.keys()
        for it in done.exports:
            if it.export != "Nightly":
                assert (it.due_at, it.missed) == due[it.export]
            if it.status == "successful":
                self.require_right_lists(it.export)
            self.ran[it.export] += it.tries
        self.settle(*due)
        return done

    def settle(self, *names: str) -> None:
        """Take what is due now of these exports as dealt with."""
        self._dealt_with |= {f"Export {it!r}" for it in names}
        self._to_come = [(at, name) for at, name in self._to_come if at > self.clock.at or name not in names]

    def require_right_lists(self, export: str) -> None:
        """See that Criteo holds exactly the segments of the export."""
        held = {it.name: it.id for it in self.criteo.lists()}
        for segment in SENT[export]:
            assert self.criteo.identifiers(held[f"{export} {segment}"]) == self._people.identifiers(segment)

    def expect(self, state: Mapping[str, str]) -> None:
        """Expect that of what was dealt with these matters are in this trouble and all others well, and people told."""
        untouched = {it for it in self._bad if it.startswith("Export") and it not in self._dealt_with}
        ended = [it for it in self._bad if it not in state and it not in untouched]
        self.told += [f"{it} is well again" for it in ended]
        self.told += [f"{it}: {state[it]}" for it in state if self._bad.get(it) != state[it]]
        self._bad = {it: self._bad[it] for it in untouched} | dict(state)
        self._dealt_with.clear()


@pytest.fixture
def world(
    workspace: toolkit.Workspace, tables: Tables, criteo: Sandbox, clock: MovedClock, request: pytest.FixtureRequest
) -> World:
    first, days = request.param
    for file in (tables.folder / "segments").iterdir():
        file.unlink()
    made = World(workspace, tables, criteo, clock, first, days)
    clock.at = datetime(first.year, first.month, first.day, tzinfo=UTC)
    made.change_segments()
    save_nightly(workspace, segments=SENT["Nightly"], list_name="{export} {segment}")
    for name, schedule in {
        "Offers": Schedule.weekly(["monday", "thursday", "sunday"], "02:30", time_zone="Europe/Amsterdam"),
        "Weekly": Schedule.weekly(["sunday"], "02:15", time_zone="Australia/Sydney"),
    }.items():
        save(workspace, name, segments=SENT[name], schedule=schedule)
    save(workspace, "By hand", schedule=Schedule.off())
    save(workspace, "Idle", active=False)
    say_saved(WorkspaceFolder.open(workspace.path), clock.at)
    return made


def nothing(world: World) -> None:
    world.change_segments()
    assert set(statuses(world.refresh()).values()) == {"successful"}
    world.expect({})


def twice(world: World) -> None:
    """The refresh is called a second time at the same moment."""
    nothing(world)
    assert world.refresh().exports == ()


def lost_answer(world: World) -> None:
    """Criteo does what was asked, and the answer does not arrive."""
    world.criteo.fail(Fault.DROP_AFTER, calls=Call.AMEND)
    nothing(world)


def down_for_a_while(world: World) -> None:
    """Criteo is down, until the first wait before a next try."""
    world.change_segments()
    world.criteo.fail(Fault.HTTP_503, times=10_000)
    world.clock.meanwhile = world.criteo.stop_failing
    done = world.refresh()
    assert {(it.status.value, it.tries > 1) for it in done.exports} == {("successful", True)}
    world.expect({})


def down(world: World) -> None:
    """Criteo is down all night."""
    world.change_segments()
    world.criteo.fail(Fault.HTTP_503, times=10_000)
    done = world.refresh()
    world.criteo.stop_failing()
    assert {(it.status.value, it.tries) for it in done.exports} == {("failed", 4)}
    world.expect({f"Export {it!r}": "failed (unavailable)" for it in statuses(done)})


def no_addresses(world: World) -> None:
    world.change_segments(with_addresses=False)
    done = world.refresh()
    assert set(statuses(done).values()) == {"failed"}
    world.expect({f"Export {it!r}": "stopped by a guard" for it in statuses(done)})


def no_table(world: World) -> None:
    """A segment is not there all night."""
    world.change_segments()
    world.remove_segment("Loyal")
    done = world.refresh()
    assert statuses(done) == {
        it.export: "skipped" if "Loyal" in SENT[it.export] else "successful" for it in done.exports
    }
    world.expect({"Table \"segment 'Loyal'\"": "not there in time"})


def late_table(world: World) -> None:
    """The segments are being written when the refresh begins."""
    until = world.clock.at + timedelta(minutes=6)
    world.change_segments()
    world.write_on(until=until)
    assert set(statuses(world.refresh()).values()) == {"successful"}
    assert world.clock.at >= until
    world.expect({})


def killed(world: World) -> None:
    """The refresh dies between two exports, and is called again."""
    world.change_segments()
    first, *others = sorted(world.due())
    done: list[str] = []

    def dies_after_the_first(scheduled: ScheduledRun, notebook: Path) -> None:
        if done:
            raise KeyboardInterrupt
        run_inline(scheduled, notebook)
        done.append(scheduled.export)

    with pytest.raises(KeyboardInterrupt) if others else contextlib.nullcontext():
        world.refresh(dies_after_the_first)
    assert done == [first]
    world.require_right_lists(first)
    if others:
        world.ran[first] += 1
        world.settle(first)
        world.clock.at += timedelta(minutes=10)
        after = world.refresh()
        assert after.takes_up is not None
        assert statuses(after) == dict.fromkeys(others, "successful")
    world.expect({})


def off(_: World) -> None:
    """The machine is off: nothing is called."""


WHAT_HAPPENS: Mapping[int, Callable[[World], None]] = {
    **{4: down_for_a_while, 9: no_addresses, 10: no_addresses, 13: killed, 17: late_table, 20: twice, 22: lost_answer},
    **{25: no_table, 26: no_table, 29: off, 30: off, 31: off, 37: down, 45: killed, 47: killed},
    # The clocks are turned in Amsterdam in the night of day 34, in Sydney in that of day 41.
    **{33: down_for_a_while, 34: killed, 40: late_table, 41: twice, 48: lost_answer, 54: no_addresses, 58: off},
}
IN_SHORT: Mapping[int, Callable[[World], None]] = {
    **{1: no_table, 2: no_table, 5: off, 6: off, 7: off, 13: down, 19: no_addresses, 20: no_addresses},
    # The clocks are turned in Amsterdam in the night of day 10, in Sydney in that of day 17.
    **{9: down_for_a_while, 10: killed, 16: late_table, 17: twice, 23: killed, 24: lost_answer},
}
IN_SPRING = WHAT_HAPPENS if IS_LONG else IN_SHORT
IN_AUTUMN = {1: killed, 4: twice, 5: killed}
"""The clocks are turned in Amsterdam in the night of day 4."""


@pytest.fixture
def without_reports(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the HTML page of each run, which costs a quarter of its time and is tested elsewhere."""
    for module in ("toolkit.runs.execution", "toolkit.refresh.execution"):
        monkeypatch.setattr(import_module(module), "write_report", lambda *_, **__: None)


@pytest.mark.one_case
@pytest.mark.usefixtures("impatient", "without_reports")
@pytest.mark.parametrize(
    ("world", "days", "what_happens"),
    [(A_SPRING, A_SPRING[1], IN_SPRING), (AN_AUTUMN, AN_AUTUMN[1], IN_AUTUMN)],
    ids=["a spring", "an autumn"],
    indirect=["world"],
)
def test_nights_end_right_and_are_told_once(
    world: World, days: int, what_happens: Mapping[int, Callable[[World], None]], inbox: Inbox
) -> None:
    midnight = world.clock.at
    for day in range(days):
        happens = what_happens.get(day, nothing)
        is_saturday = (midnight + timedelta(days=day)).isoweekday() == 6
        # At the first of two calls nothing is due in winter, at the second nothing is new in summer.
        for hours in (0.6, 1.6, *((15.3, 16.3) if is_saturday else ())):
            world.clock.at = max(world.clock.at, midnight + timedelta(days=day, hours=hours))
            world.clock.meanwhile = lambda: None
            if world.due() or happens is off:
                happens(world)
            else:
                assert world.refresh().exports == ()
        assert inbox.titles == world.told, f"{happens.__name__} on day {day}"
    runs = world.workspace.runs.frame
    assert dict(runs["export"].value_counts().rows()) == world.ran
    assert set(runs["status"]) <= {"successful", "failed", "failed (retrying)"}
