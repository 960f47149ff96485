"""JupyterLab and the application, as they are started: nothing of them is open to other accounts of the machine."""

import json
import os
import re
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

import pytest

from toolkit.app import __main__ as application
from toolkit.lab import settings
from toolkit.launching import kernels_transport


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Jupyter's runtime folder, with a name that leaves room for that of a socket."""
    with TemporaryDirectory(prefix="rt") as name:
        monkeypatch.setenv("JUPYTER_RUNTIME_DIR", name)
        yield Path(name)


@pytest.mark.skipif(os.name != "posix", reason="sockets of POSIX")
def test_a_folder_with_a_long_name_takes_tcp(runtime: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert kernels_transport() == "ipc"
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(runtime / ("long" * 30)))
    assert kernels_transport() == "tcp"


def wait_for(look: Callable[[], Any], *, seconds: float = 90) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if (found := look()) is not None:
            return found
        time.sleep(0.2)
    raise AssertionError("it did not come")


def answer_to(asked: Request) -> Any:
    """Return what the server answers, None before it listens."""
    try:
        with urlopen(asked, timeout=60) as answer:
            return json.load(answer)
    except URLError:
        return None


@pytest.mark.skipif(os.name != "posix", reason="sockets of POSIX")
def test_a_kernel_is_reached_privately_and_no_token_is_an_argument(tmp_path: Path, runtime: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    log = tmp_path / "log"
    environment = os.environ | {"HOME": str(home)}
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ServerApp.port=0", *settings()]
    with log.open("w") as output:
        server = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=output, stderr=subprocess.STDOUT)
    try:
        url, token = wait_for(
            lambda: re.search(r"(http://127\.0\.0\.1:\d+/)lab\?token=(\w+)", log.read_text())
        ).groups()
        asked = Request(f"{url}api/kernels", b"{}", {"Authorization": f"token {token}"}, method="POST")
        kernel = wait_for(lambda: answer_to(asked))["id"]
        file = wait_for(lambda: next(iter(runtime.glob(f"kernel-{kernel}.json")), None))
        assert json.loads(file.read_text())["transport"] == "ipc"
        sockets = wait_for(lambda: list(runtime.glob("*-ipc-*")) or None)
        assert [it for it in sockets if it.parent.stat().st_mode & 0o077] == []
        arguments = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
        assert token not in arguments
        assert "without encryption" not in log.read_text()
    finally:
        server.terminate()
        server.wait(30)


def test_the_application_opens_by_a_file_of_its_owner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    url = "http://localhost:8866/?token=s3cret&x=<y>"
    monkeypatch.setattr(application.App, "display_url", url)
    application.App().launch_browser()
    (shown,) = opened
    assert "s3cret" not in shown
    (file,) = (tmp_path / "runtime").iterdir()
    assert shown == file.as_uri()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "token=s3cret&amp;x=&lt;y&gt;" in file.read_text()
