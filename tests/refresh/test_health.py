"""What a monitor is told: each thing that may need somebody, how bad it is, and what to do."""

import json
import shutil
from collections import namedtuple
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import update
from typer.testing import CliRunner

import toolkit
from tests.conftest import Tables
from tests.refresh.conftest import BEGIN, MovedClock, save, written
from toolkit.cli import app
from toolkit.errors import UnavailableError
from toolkit.exports.schedule import Schedule
from toolkit.refresh import Finding, Health, HealthLevel, Refresh, ScheduledRun, health_of, run_inline
from toolkit.refresh.health import api_version
from toolkit.runs import Notice, NoticeCode, RunStatus
from toolkit.runs.stored import NOTICES
from toolkit.sandbox import Sandbox
from toolkit.state.folder import WorkspaceFolder
from toolkit.state.models import RunRecord

Refreshed = Callable[..., Refresh]
NIGHTLY = Schedule.daily("01:00")
Usage = namedtuple("Usage", ["total", "used", "free"])


@pytest.fixture(autouse=True)
def _enough_room(monkeypatch: pytest.MonkeyPatch) -> None:
    say_free(monkeypatch, 500, of=1000)


def say_free(monkeypatch: pytest.MonkeyPatch, gigabytes: float, *, of: int) -> None:
    usage = Usage(of * 10**9, (of - gigabytes) * 10**9, gigabytes * 10**9)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)


@pytest.fixture
def health(folder: WorkspaceFolder, clock: MovedClock) -> Callable[[], Health]:
    return lambda: health_of(folder, now=clock.at)


def of(health: Health, what: str, name: str | None = None) -> Finding:
    """Return the only finding of this kind."""
    (found,) = [it for it in health.findings if it.what == what and name in (None, it.name)]
    return found


def test_all_is_well_after_a_refresh_that_was_good(refreshed: Refreshed, health: Callable[[], Health]) -> None:
    refreshed(schedule=NIGHTLY)
    found = health()
    assert (found.level, {it.level for it in found.findings}) == (HealthLevel.OK, {HealthLevel.OK})
    assert set(found.frame["what"]) == {
        "refresh",
        "next due",
        "export",
        "connection",
        "API version",
        "growth",
        "disk",
        "signatures",
    }
    assert of(found, "refresh").at == BEGIN
    assert (of(found, "next due").at, of(found, "next due").name) == (BEGIN + timedelta(days=1), "Nightly")
    assert "Health: ok" in repr(found)
    assert "<table" in found._repr_html_()


class TestRefresh:
    def test_that_there_never_was_one_is_a_warning_that_says_how(self, health: Callable[[], Health]) -> None:
        found = of(health(), "refresh")
        assert (found.level, "toolkit schedule show" in found.said) == (HealthLevel.WARNING, True)

    def test_that_there_never_was_one_is_well_where_nothing_needs_one(
        self, workspace: toolkit.Workspace, health: Callable[[], Health]
    ) -> None:
        save(workspace, "Nightly", schedule=Schedule.off())
        assert of(health(), "refresh").level is HealthLevel.OK

    @pytest.mark.parametrize(
        ("schedule", "well_until"),
        [(NIGHTLY, timedelta(hours=25)), (Schedule(), timedelta(hours=26)), (Schedule.off(), timedelta(hours=26))],
        ids=str,
    )
    def test_one_that_is_late_is_critical(
        self,
        refreshed: Refreshed,
        health: Callable[[], Health],
        clock: MovedClock,
        schedule: Schedule,
        well_until: timedelta,
    ) -> None:
        refreshed(schedule=schedule)
        clock.at = BEGIN + well_until
        assert of(health(), "refresh").level is HealthLevel.OK
        clock.at += timedelta(minutes=1)
        found = of(health(), "refresh")
        assert (found.level, "See that the scheduler" in found.said) == (HealthLevel.CRITICAL, True)

    def test_one_that_was_killed_is_critical_until_the_next(
        self, refreshed: Refreshed, health: Callable[[], Health], clock: MovedClock
    ) -> None:
        def dies(*_: object) -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            refreshed(execute=dies)
        found = of(health(), "refresh")
        assert (found.level, "was killed" in found.said) == (HealthLevel.CRITICAL, True)
        clock.at += timedelta(seconds=1)  # of two that were asked for at once, none is the last
        refreshed()
        assert of(health(), "refresh").level is HealthLevel.OK

    def test_one_that_goes_on_is_well(
        self, refreshed: Refreshed, health: Callable[[], Health], clock: MovedClock
    ) -> None:
        seen: list[Finding] = []

        def look(scheduled: ScheduledRun, notebook: Path) -> None:
            seen.append(of(health(), "refresh"))
            run_inline(scheduled, notebook)

        refreshed(execute=look)
        assert [(it.level, "goes on" in it.said) for it in seen] == [(HealthLevel.OK, True)]

    def test_a_time_of_an_export_that_nobody_called_for_is_critical(
        self, workspace: toolkit.Workspace, refreshed: Refreshed, health: Callable[[], Health], clock: MovedClock
    ) -> None:
        save(workspace, "Nightly", schedule=NIGHTLY)
        refreshed()
        clock.at += timedelta(days=1, minutes=59)
        assert of(health(), "next due").level is HealthLevel.OK
        clock.at += timedelta(minutes=2)
        found = of(health(), "next due")
        assert (found.level, found.at) == (HealthLevel.CRITICAL, BEGIN + timedelta(days=1))


class TestExports:
    def test_one_that_fails_is_critical_since_it_first_did(
        self, refreshed: Refreshed, tables: Tables, health: Callable[[], Health], clock: MovedClock
    ) -> None:
        refreshed()
        tables.write(emails={f"C{number:03}": None for number in range(100)})
        for night in (1, 2):
            clock.at = BEGIN + timedelta(days=night)
            written(tables, clock.at - timedelta(hours=1))
            refreshed()
        found = of(health(), "export")
        assert found.level is HealthLevel.CRITICAL
        assert found.said.startswith("stopped by a guard since 2027-02-02 ")
        assert "choose another e-mail column" in found.said
        assert of(health(), "refresh").level is HealthLevel.WARNING

    def test_one_that_is_tried_again_is_a_warning(
        self, refreshed: Refreshed, health: Callable[[], Health], clock: MovedClock
    ) -> None:
        seen: list[Finding] = []
        clock.meanwhile = lambda: seen.append(of(health(), "export"))

        def unavailable(*_: object) -> None:
            raise UnavailableError("Criteo is down.", "Run again later.")

        refreshed(execute=unavailable, retry_after=[timedelta(minutes=1)])
        assert [(it.level, it.said) for it in seen] == [(HealthLevel.WARNING, "Is tried again. Criteo is down.")]

    def test_what_does_not_run_is_told_and_no_reason_to_worry(
        self, workspace: toolkit.Workspace, refreshed: Refreshed, health: Callable[[], Health]
    ) -> None:
        save(workspace, "Off", schedule=Schedule.off())
        save(workspace, "Idle", active=False)
        save(workspace, "Detached")
        workspace.exports.detach("Detached")
        refreshed()
        found = health()
        assert found.level is HealthLevel.OK
        assert of(found, "next due", "Off").said == "By its schedule: off."
        assert of(found, "next due", "Idle").said == "Never: it is not active."
        assert of(found, "next due", "Detached").said == "Detached."


class TestConnections:
    def test_a_consent_that_was_withdrawn_is_critical(
        self, workspace: toolkit.Workspace, refreshed: Refreshed, criteo: Sandbox, health: Callable[[], Health]
    ) -> None:
        for advertiser in workspace.connections["Sandbox"].advertisers:
            criteo.withdraw_consent(advertiser)
        refreshed()
        found = of(health(), "connection")
        assert (found.level, "no advertiser has consented" in found.said) == (HealthLevel.CRITICAL, True)

    def test_a_withdrawn_consent_is_critical(
        self, workspace: toolkit.Workspace, criteo: Sandbox, health: Callable[[], Health]
    ) -> None:
        criteo.withdraw_consent(workspace.exports["Nightly"].advertiser_id)
        workspace.connections.test("Sandbox")
        found = of(health(), "connection")
        assert (found.level, "have its administrator consent anew" in found.said) == (HealthLevel.CRITICAL, True)

    def test_a_secret_that_does_not_open_is_critical_where_an_export_needs_it(
        self, workspace: toolkit.Workspace, folder: WorkspaceFolder, health: Callable[[], Health]
    ) -> None:
        with folder.session() as session, session.begin():
            session.connection().exec_driver_sql("DELETE FROM seals")
        assert of(health(), "connection").level is HealthLevel.CRITICAL
        workspace.exports.detach("Nightly")
        assert of(health(), "connection").level is HealthLevel.WARNING


def test_a_table_that_was_not_there_in_time_is_critical_until_it_is(
    refreshed: Refreshed, tables: Tables, health: Callable[[], Health], clock: MovedClock
) -> None:
    segment = tables.folder / "segments" / "All.parquet"
    aside = segment.rename(tables.folder / "aside")
    refreshed()
    found = of(health(), "table")
    assert (found.name, found.level, found.at) == ("segment 'All'", HealthLevel.CRITICAL, clock.at)
    aside.rename(segment)
    refreshed()
    assert [it for it in health().findings if it.what == "table"] == []


@pytest.mark.parametrize(
    ("day", "level"),
    [
        (datetime(2027, 4, 1, tzinfo=UTC), HealthLevel.OK),
        (datetime(2027, 4, 2, tzinfo=UTC), HealthLevel.WARNING),
        (datetime(2027, 6, 30, 23, tzinfo=UTC), HealthLevel.WARNING),
        (datetime(2027, 7, 1, tzinfo=UTC), HealthLevel.CRITICAL),
    ],
)
def test_a_version_of_the_api_is_a_warning_for_its_last_90_days(day: datetime, level: HealthLevel) -> None:
    found = api_version("2026-07", day)
    assert (found.level, found.at) == (level, datetime(2027, 7, 1, tzinfo=UTC))
    assert ("Install a newer toolkit" in found.said) is (level is not HealthLevel.OK)


def test_what_criteo_says_of_its_version_is_a_warning(
    refreshed: Refreshed, folder: WorkspaceFolder, health: Callable[[], Health]
) -> None:
    refreshed()
    notices = [Notice(NoticeCode.API_VERSION, "Sunset in July."), Notice(NoticeCode.DRIFT, "Criteo says of this API.")]
    with folder.session() as session, session.begin():
        session.execute(update(RunRecord).values(warnings=NOTICES.to_json(notices)))
    found = of(health(), "API version", "as Criteo says")
    assert (found.level, "Sunset in July." in found.said) == (HealthLevel.WARNING, True)


@pytest.mark.parametrize(
    ("free", "total", "level"),
    [(50, 1000, HealthLevel.OK), (49, 1000, HealthLevel.WARNING), (0.9, 10, HealthLevel.CRITICAL)],
)
def test_little_room_on_the_disk_is_told(
    health: Callable[[], Health], monkeypatch: pytest.MonkeyPatch, free: float, total: int, level: HealthLevel
) -> None:
    say_free(monkeypatch, free, of=total)
    found = of(health(), "disk")
    assert (found.level, found.value) == (level, free * 10**9)


@pytest.mark.parametrize(("most", "level"), [(10**12, HealthLevel.OK), (1_000, HealthLevel.WARNING)])
def test_growth_of_the_workspace_is_told(
    workspace: toolkit.Workspace,
    health: Callable[[], Health],
    monkeypatch: pytest.MonkeyPatch,
    most: int,
    level: HealthLevel,
) -> None:
    monkeypatch.setattr("toolkit.refresh.health._MOST_BYTES_OF_A_WORKSPACE", most)
    before = of(health(), "growth")
    (workspace.path / "runs").mkdir(exist_ok=True)
    (workspace.path / "runs" / "report.html").write_bytes(b"x" * 50_000)
    after = of(health(), "growth")
    assert (before.level, after.level) == (level, level)
    assert (after.value or 0) - (before.value or 0) >= 50_000


def test_prometheus_reads_what_it_is_given(
    workspace: toolkit.Workspace, refreshed: Refreshed, health: Callable[[], Health]
) -> None:
    name = 'Back\\slash and "quotes"'
    save(workspace, name)
    refreshed()
    found = health()
    families = {it.name: it for it in text_string_to_metric_families(found.prometheus)}
    assert families.keys() == {"toolkit_health_level", "toolkit_health_at_seconds", "toolkit_health_value"}
    assert {it.type for it in families.values()} == {"gauge"}
    levels = {(it.labels["what"], it.labels["name"]): it.value for it in families["toolkit_health_level"].samples}
    assert levels == {(it.what, it.name): it.level for it in found.findings}
    assert ("export", name) in levels
    moments = {(it.labels["what"], it.labels["name"]): it.value for it in families["toolkit_health_at_seconds"].samples}
    assert moments[("refresh", "last")] == BEGIN.timestamp()


class TestCommand:
    def test_it_ends_with_the_worst_level_and_prints_it(
        self, workspace: toolkit.Workspace, folder: WorkspaceFolder
    ) -> None:
        arguments = ["health", "--workspace", str(workspace.path)]
        warned = CliRunner().invoke(app, arguments)
        assert (warned.exit_code, "Health: warning" in warned.output) == (1, True)
        lines = json.loads(CliRunner().invoke(app, [*arguments, "--json"]).output)
        assert ("refresh", "last", "warning") in {(it["what"], it["name"], it["level"]) for it in lines}
        metrics = CliRunner().invoke(app, [*arguments, "--prometheus"])
        assert metrics.exit_code == 1
        assert len(list(text_string_to_metric_families(metrics.output))) == 3
        with folder.session() as session, session.begin():
            session.connection().exec_driver_sql("DELETE FROM seals")
        assert CliRunner().invoke(app, arguments).exit_code == 2

    def test_what_can_not_be_told_is_neither_well_nor_bad(self, tmp_path: Path) -> None:
        told = CliRunner().invoke(app, ["health", "--workspace", str(tmp_path / "nowhere")])
        assert (told.exit_code, "There is no workspace" in told.output) == (3, True)


def test_a_failed_run_of_a_person_is_told(workspace: toolkit.Workspace, tables: Tables) -> None:
    tables.write(segments={"All": []})
    run = workspace.runs.start("Nightly")
    assert (run.status, run.error is None) == (RunStatus.FAILED, False)
    found = of(workspace.health(), "export", "Nightly")
    assert (found.level, found.at) == (HealthLevel.WARNING, run.started_at)
    assert str(run.error) in found.said
