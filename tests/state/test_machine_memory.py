"""The machine remembers the newest it saw, for its owner only."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from toolkit.errors import ConfigurationError, UnavailableError
from toolkit.state.machine_memory import Head, KnownHost, MachineMemory, Remembered, memory_path

PLACE = Path("/somewhere/workspace")


def at(count: int, **hosts: str) -> Remembered:
    known = {name: KnownHost(host=host, fingerprint="f") for name, host in hosts.items()}
    return Remembered(root="r" * 64, workspace_id="w", head=Head(count=count, sha256=str(count)), hosts=known)


@pytest.fixture
def memory(tmp_path: Path) -> MachineMemory:
    return MachineMemory(tmp_path / "memory")


def test_knows_nothing_at_first(memory: MachineMemory) -> None:
    assert memory.root_at(PLACE) is None
    assert memory.of("r" * 64) is None


def test_remembers_across_processes(memory: MachineMemory, tmp_path: Path) -> None:
    memory.keep(PLACE, at(3, Sandbox="https://a"))
    again = MachineMemory(tmp_path / "memory")
    assert again.root_at(PLACE) == "r" * 64
    assert again.of("r" * 64) == at(3, Sandbox="https://a")


def test_never_goes_back(memory: MachineMemory) -> None:
    memory.keep(PLACE, at(5, A="https://a"))
    memory.keep(PLACE, at(3, B="https://b"))
    kept = memory.of("r" * 64)
    assert kept is not None
    assert (kept.head.count, sorted(kept.hosts)) == (5, ["A", "B"])


def test_goes_back_when_confirmed(memory: MachineMemory) -> None:
    memory.keep(PLACE, at(5))
    memory.replace(PLACE, at(3))
    assert memory.of("r" * 64) == at(3)


def test_several_at_once_lose_nothing(tmp_path: Path) -> None:
    def keep(number: int) -> None:
        MachineMemory(tmp_path).keep(Path(f"/place/{number}"), at(number, **{f"host{number}": "https://a"}))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(keep, range(1, 25)))
    memory = MachineMemory(tmp_path)
    kept = memory.of("r" * 64)
    assert kept is not None
    assert (kept.head.count, len(kept.hosts)) == (24, 24)
    assert all(memory.root_at(Path(f"/place/{number}")) for number in range(1, 25))


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_is_for_its_owner_only(memory: MachineMemory, tmp_path: Path) -> None:
    memory.keep(PLACE, at(1))
    folder = tmp_path / "memory"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {it.stat().st_mode & 0o777 for it in folder.iterdir()} == {0o600}
    (folder / f"{'r' * 64}.json").chmod(0o622)
    with pytest.raises(ConfigurationError):
        MachineMemory(folder).of("r" * 64)


def test_damage_is_not_taken_for_nothing(memory: MachineMemory, tmp_path: Path) -> None:
    memory.keep(PLACE, at(1))
    (tmp_path / "memory" / f"{'r' * 64}.json").write_text("{}")
    with pytest.raises(ConfigurationError):
        memory.of("r" * 64)


def test_no_place_to_write_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UnavailableError):
        MachineMemory(tmp_path / "file").keep(PLACE, at(1))


def test_the_environment_names_the_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOOLKIT_MEMORY", str(tmp_path / "here"))
    assert memory_path() == tmp_path / "here"
