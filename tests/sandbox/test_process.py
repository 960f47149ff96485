import os
import signal
import socket
import subprocess
import sys
import time

import pytest
import requests

from tests.raising import raises
from toolkit.errors import ErrorCode, UnavailableError
from toolkit.sandbox import CLIENT_SECRET, Sandbox, SandboxOptions, attach, start

from .plain_client import Client


def test_a_sandbox_is_gone_once_it_is_closed() -> None:
    with start() as sandbox:
        assert sandbox.lists() == []
    with raises(ErrorCode.UNAVAILABLE, names=sandbox.url):
        sandbox.lists()


def test_several_run_side_by_side_and_share_nothing() -> None:
    with start() as first, start() as second:
        Client(first.url).new_list("A")
        assert (len(first.lists()), len(second.lists())) == (1, 0)


def test_attaching_reaches_the_same_sandbox_and_leaves_it_running(client: Client, sandbox: Sandbox) -> None:
    list_id = client.new_list()
    with attach(sandbox.url + "/") as attached:
        assert attached.lists() == sandbox.lists()
        attached.delete_list(list_id)
    assert sandbox.lists() == []


def test_attaching_to_nothing_is_refused() -> None:
    with start() as sandbox:
        gone = sandbox.url
    with raises(ErrorCode.UNAVAILABLE, names=gone):
        attach(gone)


@pytest.mark.parametrize(
    "url", ["https://127.0.0.1:1", "http://192.0.2.1", "http://example.com", "http://[", "nothing"]
)
def test_attaching_elsewhere_than_to_loopback_is_refused(url: str) -> None:
    with raises(ErrorCode.CONFIGURATION, names="127.0.0.1"):
        attach(url)


def test_a_port_that_is_taken_is_refused() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with raises(ErrorCode.PORT_TAKEN, names=taken.getsockname()[1]):
            start(taken.getsockname()[1])


@pytest.mark.parametrize("port", [-1, 65_536])
def test_a_number_that_is_no_port_is_refused(port: int) -> None:
    with raises(ErrorCode.CONFIGURATION, names=port):
        start(port)


def test_only_loopback_is_bound(sandbox: Sandbox) -> None:
    port = int(sandbox.url.rpartition(":")[2])
    with socket.socket() as elsewhere:
        # Another loopback address would be taken too, had every address been bound.
        elsewhere.bind(("127.0.0.2", port))
    assert sandbox.url == f"http://127.0.0.1:{port}"


def test_a_name_that_merely_resolves_to_this_machine_gets_nothing(sandbox: Sandbox) -> None:
    answer = requests.get(f"{sandbox.url}/sandbox/lists", headers={"Host": "rebound.example"}, timeout=20)
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "wrong",
    [
        {"token_life_seconds": 0},
        {"calls_per_minute": 0},
        {"minute_seconds": -1},
        {"max_body_bytes": 0},
        {"match_rate": 1.1},
    ],
)
def test_an_option_out_of_range_is_refused(wrong: dict[str, float]) -> None:
    with raises(ErrorCode.CONFIGURATION, names=next(iter(wrong))):
        SandboxOptions(**wrong)  # type: ignore[arg-type]


def test_the_share_of_matches_is_the_one_asked_for() -> None:
    with start(options=SandboxOptions(match_rate=0.25)) as sandbox:
        client = Client(sandbox.url)
        list_id = client.new_list()
        client.amend(list_id, "add", [f"{number:064x}" for number in range(10_000)])
        assert 23 < client.statistics(list_id).json()["data"]["attributes"]["matchRate"] < 27


def test_a_sandbox_does_not_outlive_the_process_that_started_it() -> None:
    parent = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "from toolkit.sandbox import start; import time; s = start(); print(s.url, flush=True); time.sleep(60)",
        ],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert parent.stdout is not None
    with parent.stdout:
        url = parent.stdout.readline().strip()
        orphan = attach(url)
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        assert _ends(orphan)


def test_serving_in_the_foreground_announces_its_address_and_ends_on_an_interrupt() -> None:
    code = (
        "from toolkit.sandbox import SandboxOptions, serve\n"
        "serve(port=0, options=SandboxOptions(), announce=lambda url: print(url, flush=True))\n"
        "print('ended', flush=True)"
    )
    server = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert server.stdout is not None
    url = server.stdout.readline().strip()
    assert attach(url).lists() == []
    server.send_signal(signal.SIGINT)
    out, err = server.communicate(timeout=30)
    assert (server.returncode, out, err) == (0, "ended\n", "")


def test_the_package_is_light_to_import() -> None:
    code = (
        "import sys, toolkit.sandbox\n"
        "print(sorted({'fastapi', 'starlette', 'uvicorn', 'pydantic', 'polars', 'pandas'} & set(sys.modules)))"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert loaded.stdout == "[]\n"


def test_the_secret_stands_in_no_repr(sandbox: Sandbox) -> None:
    assert CLIENT_SECRET not in repr(sandbox)


def test_an_unknown_list_is_said_to_be_unknown(sandbox: Sandbox) -> None:
    with raises(ErrorCode.CONFIGURATION, names="999"):
        sandbox.identifiers("999")


def _ends(sandbox: Sandbox) -> bool:
    for _ in range(200):
        try:
            sandbox.lists()
        except UnavailableError:
            return True
        time.sleep(0.05)
    return False
