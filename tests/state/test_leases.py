"""Who holds a lease, and until when: by the database's clock, and by what is known of processes."""

import multiprocessing
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select, update

from toolkit.access.founding import open_or_make
from toolkit.errors import ConfigurationError, LeaseLostError, UnavailableError
from toolkit.state.folder import WorkspaceFolder
from toolkit.state.leases import (
    Death,
    Lease,
    LeaseTimes,
    end_if_dead,
    is_alive,
    lease_times,
    nothing_lands_any_more,
    take_lease,
)
from toolkit.state.models import LeaseRecord

pytestmark = pytest.mark.on_both_databases

_CONTEXT = multiprocessing.get_context("spawn")


@pytest.fixture
def folder(tmp_path: Path, database: str | None) -> WorkspaceFolder:
    return open_or_make(tmp_path / "workspace", database=database)


@pytest.fixture
def lease(folder: WorkspaceFolder) -> Lease:
    return take(folder)


def take(folder: WorkspaceFolder) -> Lease:
    with folder.session() as session, session.begin():
        return take_lease(session, folder, holder="A test")


def death(folder: WorkspaceFolder, lease: Lease) -> Death | None:
    with folder.session() as session, session.begin():
        return end_if_dead(session, folder, lease.number)


def lives(folder: WorkspaceFolder, lease: Lease) -> bool:
    with folder.session() as session:
        return is_alive(session, folder, lease.number)


def change(folder: WorkspaceFolder, lease: Lease, **values: object) -> None:
    with folder.session() as session, session.begin():
        session.execute(update(LeaseRecord).where(LeaseRecord.number == lease.number).values(**values))


def age(folder: WorkspaceFolder, lease: Lease, seconds: float) -> None:
    change(folder, lease, heartbeat_at=LeaseRecord.heartbeat_at - seconds)


def test_a_later_lease_has_a_higher_number(folder: WorkspaceFolder, lease: Lease) -> None:
    assert take(folder).number > lease.number


def test_a_fresh_lease_holds(folder: WorkspaceFolder, lease: Lease) -> None:
    lease.guard()
    assert lives(folder, lease)
    assert death(folder, lease) is None


def test_a_silent_lease_is_lost(folder: WorkspaceFolder, lease: Lease) -> None:
    age(folder, lease, LeaseTimes().takeover + 1)
    assert not lives(folder, lease)
    assert death(folder, lease) is Death.SILENT
    with pytest.raises(LeaseLostError):
        lease.guard()


def test_a_call_under_way_delays_a_takeover(folder: WorkspaceFolder, lease: Lease) -> None:
    age(folder, lease, LeaseTimes().silent + LeaseTimes().call - 10)
    assert death(folder, lease) is None


def test_a_sign_of_life_keeps_a_silent_lease(folder: WorkspaceFolder, lease: Lease) -> None:
    age(folder, lease, LeaseTimes().takeover + 1)
    lease.guard()
    assert death(folder, lease) is None


def test_a_clock_set_back_delays_no_takeover_for_long(folder: WorkspaceFolder, lease: Lease) -> None:
    age(folder, lease, -10_000)
    assert death(folder, lease) is None
    age(folder, lease, LeaseTimes().takeover + 1)
    assert death(folder, lease) is Death.SILENT


def test_this_machines_clock_takes_no_part(
    folder: WorkspaceFolder, lease: Lease, monkeypatch: pytest.MonkeyPatch
) -> None:
    ahead = time.time() + 10_000
    monkeypatch.setattr(time, "time", lambda: ahead)
    assert lives(folder, lease)
    assert death(folder, lease) is None


def test_a_lease_given_back_is_lost(folder: WorkspaceFolder, lease: Lease) -> None:
    was_held: list[bool] = []
    for _ in range(2):
        with lease.held(lambda _, is_held: was_held.append(is_held)):
            pass
    assert was_held == [True, False]
    assert death(folder, lease) is Death.ENDED


def drop(lease: Lease) -> None:
    """Let the work of a lease end while the database is out of reach."""

    def out_of_reach(*_: object) -> None:
        raise UnavailableError("The database is out of reach.", "Wait.")

    with pytest.raises(UnavailableError), lease.held(out_of_reach):
        pass


def test_a_process_that_is_gone_is_dead_at_once(folder: WorkspaceFolder, lease: Lease) -> None:
    process = _CONTEXT.Process(target=time.sleep, args=(0,))
    process.start()
    assert process.pid is not None
    process.join()
    change(folder, lease, process=process.pid)
    assert not lives(folder, lease)
    assert death(folder, lease) is Death.GONE


def test_a_number_of_a_process_used_again_is_another(folder: WorkspaceFolder, lease: Lease) -> None:
    change(folder, lease, process=1, process_started="not when that began")
    assert death(folder, lease) is Death.GONE


@pytest.mark.parametrize("elsewhere", [{"machine": "another"}, {"place": "another"}])
def test_of_processes_elsewhere_nothing_is_known(
    folder: WorkspaceFolder, lease: Lease, elsewhere: dict[str, str]
) -> None:
    change(folder, lease, process=2**22 + 1, **elsewhere)
    assert death(folder, lease) is None


def test_a_lease_dropped_by_this_process_is_dead(folder: WorkspaceFolder, lease: Lease) -> None:
    drop(lease)
    assert death(folder, lease) is Death.GONE


def test_what_a_stopped_process_sent_may_land_for_a_day(folder: WorkspaceFolder, lease: Lease) -> None:
    def is_over() -> bool:
        with folder.session() as session, session.begin():
            return nothing_lands_any_more(session, folder, lease.number)

    assert not is_over()
    age(folder, lease, LeaseTimes().takeover + 1)
    assert death(folder, lease) is Death.SILENT
    assert not is_over()
    age(folder, lease, LeaseTimes().forgotten)
    assert is_over()


def test_what_a_process_sent_that_is_gone_lands_soon(folder: WorkspaceFolder, lease: Lease) -> None:
    drop(lease)
    assert death(folder, lease) is Death.GONE
    with folder.session() as session, session.begin():
        assert not nothing_lands_any_more(session, folder, lease.number)
    change(folder, lease, gone_at=LeaseRecord.gone_at - LeaseTimes().landing - 1)
    with folder.session() as session, session.begin():
        assert nothing_lands_any_more(session, folder, lease.number)


def test_a_heart_gives_signs_of_life(folder: WorkspaceFolder, lease: Lease, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOOLKIT_LEASE_SECONDS", "heartbeat=0.02")

    def beat_at() -> float:
        with folder.session() as session:
            return session.scalars(select(LeaseRecord.heartbeat_at)).one()

    before = beat_at()
    with lease.held(lambda *_: None):
        wait_until(lambda: beat_at() > before)


def wait_until(is_so: Callable[[], bool]) -> None:
    for _ in range(1000):
        if is_so():
            return
        time.sleep(0.02)
    pytest.fail("It never became so.")


def test_times_are_read_from_the_environment() -> None:
    said = {"TOOLKIT_LEASE_SECONDS": "heartbeat=1 silent=2.5"}
    assert lease_times(said) == LeaseTimes(heartbeat=1, silent=2.5)
    assert lease_times({}) == LeaseTimes()


@pytest.mark.parametrize("said", ["silent", "silent=x", "silent=-1", "unknown=1", "silent=1,call=2", "silent=inf"])
def test_times_that_cannot_be_read_are_refused(said: str) -> None:
    with pytest.raises(ConfigurationError):
        lease_times({"TOOLKIT_LEASE_SECONDS": said})
