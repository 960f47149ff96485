import hashlib
import threading
from pathlib import Path

import pytest
import requests

import toolkit
from tests.raising import raises
from toolkit.errors import ErrorCode
from toolkit.sandbox import Sandbox, SandboxOptions, start

from .plain_client import SEGMENTS, Client

ADDRESS = "john.doe@mail.example"
HASHED = hashlib.sha256(ADDRESS.encode()).hexdigest()
OTHERS = [f"{number:064x}" for number in range(2_000)]


def _everything(sandbox: Sandbox) -> dict[str, object]:
    return {held.id: (held, sandbox.identifiers(held.id)) for held in sandbox.lists()}


def _work(client: Client) -> None:
    first, second, gone = (client.new_list(name) for name in ("A", "B", "C"))
    client.amend(first, "add", OTHERS)
    client.amend(first, "remove", OTHERS[:500])
    client.call("PATCH", SEGMENTS, {"data": [{"id": first, "attributes": {"description": {"value": "kept"}}}]})
    client.amend(second, "add", OTHERS[:10])
    client.clear(second)
    client.call("POST", f"{SEGMENTS}/delete", {"data": [{"id": gone}]})


def test_what_was_acknowledged_is_there_after_a_crash(tmp_path: Path) -> None:
    options = SandboxOptions(keep=tmp_path / "kept")
    with start(options=options) as sandbox:
        client = Client(sandbox.url)
        _work(client)
        before = _everything(sandbox)
        last = client.new_list("last")
        statistics = client.statistics(min(before)).json()
        sandbox.kill()
    with start(options=options) as sandbox:
        client = Client(sandbox.url)
        assert len(before) == 2
        assert {list_id: held for list_id, held in _everything(sandbox).items() if list_id != last} == before
        assert client.statistics(min(before)).json() == statistics
        assert int(client.new_list("next")) > int(last)


def test_a_kill_in_the_middle_of_the_work_loses_nothing_acknowledged(tmp_path: Path) -> None:
    options = SandboxOptions(keep=tmp_path)
    acknowledged: set[str] = set()
    under_way = threading.Event()

    def amend_until_it_ends(url: str, list_id: str) -> None:
        client = Client(url)
        for batch in range(1_000):
            identifiers = [f"{batch:032x}{number:032x}" for number in range(2_000)]
            try:
                client.amend(list_id, "add", identifiers)
            except requests.RequestException:
                return
            acknowledged.update(identifiers)
            under_way.set()

    with start(options=options) as sandbox:
        list_id = Client(sandbox.url).new_list()
        work = threading.Thread(target=amend_until_it_ends, args=(sandbox.url, list_id))
        work.start()
        under_way.wait()
        sandbox.kill()
        work.join()
    with start(options=options) as sandbox:
        held = sandbox.identifiers(list_id)
        assert acknowledged <= held
        assert len(held) % 2_000 == 0
        assert sandbox.lists()[0].size == len(held)


@pytest.mark.parametrize("cut_bytes", [1, 2, 40])
def test_a_torn_last_change_is_left_out_and_written_over(tmp_path: Path, cut_bytes: int) -> None:
    options = SandboxOptions(keep=tmp_path)
    with start(options=options) as sandbox:
        client = Client(sandbox.url)
        list_id = client.new_list("A")
        client.amend(list_id, "add", OTHERS[:1])
        client.amend(list_id, "add", OTHERS[1:])
    (journal,) = tmp_path.iterdir()
    journal.write_bytes(journal.read_bytes()[:-cut_bytes])
    with start(options=options) as sandbox:
        assert sandbox.identifiers(list_id) == set(OTHERS[:1])
        Client(sandbox.url).amend(list_id, "add", OTHERS[1:2])
    with start(options=options) as sandbox:
        assert sandbox.identifiers(list_id) == set(OTHERS[:2])


def test_no_readable_address_or_number_is_kept_and_both_can_be_removed(tmp_path: Path) -> None:
    options = SandboxOptions(keep=tmp_path)
    number = "+31201234567"
    with start(options=options) as sandbox:
        client = Client(sandbox.url)
        list_id = client.new_list()
        assert client.amend(list_id, "add", [ADDRESS, "Not An Address"]).status_code == 200
        client.amend(list_id, "add", [number], identifier_type="phoneNumber")
        assert sandbox.identifiers(list_id) == {HASHED, hashlib.sha256(number.removeprefix("+").encode()).hexdigest()}
    (journal,) = tmp_path.iterdir()
    for secret in (ADDRESS, number, "Not An Address"):
        assert secret not in journal.read_text()
    with start(options=options) as sandbox:
        client = Client(sandbox.url)
        client.amend(list_id, "remove", [ADDRESS])
        client.amend(list_id, "remove", [number], identifier_type="phoneNumber")
        assert sandbox.identifiers(list_id) == set()


def test_a_reset_empties_what_is_kept(tmp_path: Path) -> None:
    options = SandboxOptions(keep=tmp_path)
    with start(options=options) as sandbox:
        _work(Client(sandbox.url))
        sandbox.reset()
        assert sandbox.lists() == []
    with start(options=options) as sandbox:
        assert sandbox.lists() == []


def test_only_the_owner_can_read_what_is_kept(tmp_path: Path) -> None:
    with start(options=SandboxOptions(keep=tmp_path)):
        (journal,) = tmp_path.iterdir()
        assert journal.stat().st_mode & 0o077 == 0


def test_a_workspace_that_is_made_around_what_is_kept_is_open_to_nobody_else(tmp_path: Path) -> None:
    with start(options=SandboxOptions(keep=tmp_path / "workspace" / "sandbox")):
        toolkit.open_workspace(
            tmp_path / "workspace", profiles=toolkit.Profiles(location="profiles.parquet", key="Id"), create=True
        )
    assert (tmp_path / "workspace").stat().st_mode & 0o077 == 0


def test_two_sandboxes_cannot_keep_in_one_folder(tmp_path: Path) -> None:
    options = SandboxOptions(keep=tmp_path)
    with start(options=options), raises(ErrorCode.BUSY, names=tmp_path):
        start(options=options)


@pytest.mark.parametrize("line", ["not json\n", '{"kind": "painted"}\n', '{"kind": "cleared", "id": "many"}\n'])
def test_a_file_of_something_else_is_refused_by_its_line(tmp_path: Path, line: str) -> None:
    with start(options=SandboxOptions(keep=tmp_path)) as sandbox:
        Client(sandbox.url).new_list()
    (journal,) = tmp_path.iterdir()
    journal.write_text(journal.read_text() + line)
    with raises(ErrorCode.CONFIGURATION, names=("2", journal)):
        start(options=SandboxOptions(keep=tmp_path))


def test_a_place_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    with raises(ErrorCode.CONFIGURATION, names=file):
        start(options=SandboxOptions(keep=file))
