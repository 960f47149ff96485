"""A sandbox obeys the account that started it, and a workspace finds its own."""

import http.server
import json
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

import toolkit.sandbox.process
from toolkit.errors import AccessError, UnavailableError
from toolkit.launching import embedded_criteo
from toolkit.project import Project
from toolkit.sandbox import Sandbox, SandboxOptions, SharedSandbox, StartedSandbox, attach, attach_or_start, start
from toolkit.sandbox.ownership import TOKEN_HEADER


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder of the test's own, and a usual port that nobody has."""
    monkeypatch.delenv("TOOLKIT_SANDBOX_URL", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    with start() as unused:
        monkeypatch.setattr(toolkit.sandbox.process, "PORT", int(unused.url.rpartition(":")[2]))
    return tmp_path / "state" / "criteo-segment-toolkit" / "sandboxes"


CALLS = {
    "lists": ("GET", "/lists"),
    "identifiers": ("GET", "/lists/410001/identifiers"),
    "requests": ("GET", "/requests"),
    "faults": ("DELETE", "/faults"),
    "tokens": ("DELETE", "/tokens"),
    "reset": ("DELETE", ""),
    "hold": ("GET", "/hold"),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("headers", [{}, {TOKEN_HEADER: "guessed"}])
def test_control_calls_take_the_token(call: str, headers: dict[str, str]) -> None:
    method, path = CALLS[call]
    with start() as sandbox:
        answer = requests.request(method, f"{sandbox.url}/sandbox{path}", headers=headers, timeout=20)
        assert answer.status_code == 401
        assert sandbox.lists() == []


def test_the_token_is_for_its_owner_only(state: Path) -> None:
    with start(options=SandboxOptions(keep=state.parents[2] / "keep")) as sandbox:
        files = list(state.iterdir())
        assert len(files) == 2
        assert {stat.S_IMODE(it.stat().st_mode) for it in files} == {0o600}
        (token,) = {json.loads(it.read_text())["token"] for it in files}
        arguments = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
        assert token not in arguments
        assert token not in repr(sandbox)
    assert not (state / f"{sandbox.url.rpartition(':')[2]}.json").exists()


def test_another_account_controls_nothing(state: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with start() as sandbox:
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "another account"))
        other = attach(sandbox.url)
        for act in (other.lists, other.reset, other.expire_tokens):
            with pytest.raises(AccessError):
                act()


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_a_token_that_others_may_read_is_not_taken(state: Path) -> None:
    with start() as sandbox:
        for file in state.iterdir():
            file.chmod(0o644)
        with pytest.raises(AccessError):
            attach(sandbox.url).lists()


class _Pretender(http.server.BaseHTTPRequestHandler):
    """Says that it is a sandbox, and keeps what it is sent."""

    sent: list[str]

    def do_GET(self) -> None:
        self.sent.append(str(self.headers))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({"service": "criteo-sandbox", "version": "2026-07", "proof": "0" * 64}).encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def pretend() -> Iterator[Callable[[int], list[str]]]:
    servers: list[http.server.HTTPServer] = []

    def begin(port: int) -> list[str]:
        sent: list[str] = []
        handler = type("Handler", (_Pretender,), {"sent": sent})
        servers.append(http.server.HTTPServer(("127.0.0.1", port), handler))
        threading.Thread(target=servers[-1].serve_forever, daemon=True).start()
        return sent

    yield begin
    for server in servers:
        server.shutdown()
        server.server_close()


def test_another_listener_gets_no_token_and_another_port_is_said(
    pretend: Callable[[int], list[str]], tmp_path: Path, state: Path
) -> None:
    keep = tmp_path / "project" / "workspace" / "sandbox"
    with attach_or_start(keep=keep) as first:
        port = int(first.url.rpartition(":")[2])
    (file,) = state.glob("of-*.json")
    token = json.loads(file.read_text())["token"]
    sent = pretend(port)
    said: list[str] = []
    with embedded_criteo(Project(tmp_path / "project"), say=said.append) as environment:
        second = attach(environment["TOOLKIT_SANDBOX_URL"])
        assert second.url != first.url
        assert second.lists() == []
    assert (len(sent) > 0, [it for it in sent if token in it]) == (True, [])
    assert second.url in said[0]
    assert "Another program listens" in said[1]


def test_a_workspace_shares_its_own_and_not_anothers(tmp_path: Path) -> None:
    with attach_or_start(keep=tmp_path / "a" / "sandbox") as first:
        assert isinstance(first, StartedSandbox)
        with (
            attach_or_start(keep=tmp_path / "a" / "sandbox") as same,
            attach_or_start(keep=tmp_path / "b" / "sandbox") as other,
        ):
            assert isinstance(same, SharedSandbox)
            assert (same.url == first.url, other.url == first.url) == (True, False)


def test_the_next_start_takes_the_same_port(tmp_path: Path) -> None:
    urls = []
    for _ in range(2):
        with attach_or_start(keep=tmp_path / "sandbox") as sandbox:
            urls.append(sandbox.url)
    assert urls[0] == urls[1]


@pytest.mark.parametrize("how", ["closed", "killed"])
def test_whoever_shares_it_keeps_it_when_its_owner_ends(tmp_path: Path, how: str) -> None:
    owner = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys; from toolkit.sandbox import attach_or_start\n"
            f"with attach_or_start(keep={str(tmp_path / 'sandbox')!r}) as s: print(s.url, flush=True); sys.stdin.read()",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert owner.stdin is not None
    assert owner.stdout is not None
    with owner.stdout:
        url = owner.stdout.readline().strip()
        shared = attach_or_start(keep=tmp_path / "sandbox")
        assert (type(shared), shared.url) == (SharedSandbox, url)
        if how == "killed":
            owner.send_signal(signal.SIGKILL)
        owner.stdin.close()
        owner.wait(30)
        time.sleep(1.5)
        assert shared.lists() == []
        shared.close()
        assert _ends(shared)


def _ends(sandbox: Sandbox) -> bool:
    for _ in range(200):
        try:
            sandbox.lists()
        except UnavailableError:
            return True
        time.sleep(0.05)
    return False
