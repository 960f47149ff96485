"""jupyter-scheduler runs the notebook, as docs/schedule.md says, and keeps nothing that names a person."""

import contextlib
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
import requests

import toolkit
from tests.refresh.conftest import save
from tests.refresh.test_executed_notebooks import IN_THE_RUN
from toolkit.bundled import SCHEDULED_NOTEBOOK as NOTEBOOK

PAGE = (Path(__file__).parents[2] / "docs" / "schedule.md").read_text()
TOKEN = "the-token-of-the-tests"
SECONDS = 120


class Scheduler:
    """The extension's REST interface, and the folder where it keeps what it has."""

    def __init__(self, url: str, folder: Path) -> None:
        self.folder = folder
        self._url = f"{url}scheduler"
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"token {TOKEN}"

    def create(self, notebook: str, **parameters: str) -> str:
        """Make a job as the page says, with these parameters; return its id."""
        (example,) = re.findall(r"--json '(.*?)' ", PAGE, re.DOTALL)
        (environment,) = self._get("runtime_environments")
        job = json.loads(example) | {
            "input_uri": notebook,
            "runtime_environment_name": environment["name"],
            "parameters": parameters,
        }
        answer = self._session.post(f"{self._url}/jobs", json=job, timeout=60)
        answer.raise_for_status()
        return str(answer.json()["job_id"])

    def ended(self, job: str) -> dict[str, Any]:
        """Wait for the end of a job, and return how it stands."""
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            found = self._get(f"jobs/{job}")
            if found["status"] in {"COMPLETED", "FAILED"}:
                return dict(found)
            time.sleep(0.3)
        raise AssertionError(f"The job goes on after {SECONDS} s.")

    def output(self, job: str) -> str:
        """Return the executed notebook that it keeps of a job."""
        kept = self.folder.glob(f"data/scheduler_staging_area/{job}/*-*.ipynb")
        return "".join(it.read_text() for it in kept)

    def _get(self, path: str) -> Any:
        answer = self._session.get(f"{self._url}/{path}", timeout=60)
        answer.raise_for_status()
        return answer.json()


@pytest.fixture
def scheduler(tmp_path: Path) -> Iterator[Scheduler]:
    folder = tmp_path / "jupyter"
    (folder / "served").mkdir(parents=True)
    (folder / "served" / NOTEBOOK.name).write_bytes(NOTEBOOK.read_bytes())
    environment = os.environ | {
        "HOME": str(folder),
        "JUPYTER_DATA_DIR": str(folder / "data"),
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "IPYTHONDIR": str(folder / "ipython"),
    }
    (folder / "data").mkdir()
    options = {
        "ServerApp.jpserver_extensions": "{'jupyter_scheduler': True}",
        "ServerApp.root_dir": str(folder / "served"),
        "ServerApp.port": "0",
        "IdentityProvider.token": TOKEN,
    }
    command = [sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root"]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [*command, *(f"--{name}={value}" for name, value in options.items())],
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=folder,
        )
    try:
        yield Scheduler(_address(server, folder / "log"), folder)
    finally:
        # It asks back when it is told to end in peace; by then its jobs are over.
        server.kill()
        server.wait()


def _address(server: subprocess.Popen[bytes], log: Path) -> str:
    until = time.monotonic() + SECONDS
    while time.monotonic() < until and server.poll() is None:
        found = re.search(r"http://127\.0\.0\.1:\d+/", log.read_text())
        # It prints the address before it listens.
        with contextlib.suppress(requests.ConnectionError):
            if found and requests.get(f"{found[0]}api", timeout=60).ok:
                return found[0]
        time.sleep(0.1)
    raise AssertionError(log.read_text())


def test_jobs_run_the_export_and_what_is_kept_of_them_names_no_person(
    workspace: toolkit.Workspace, scheduler: Scheduler, held: Callable[[str], set[str]]
) -> None:
    save(workspace, "A")
    quoting = nbformat.read(NOTEBOOK, as_version=4)
    quoting.cells.insert(3, nbformat.v4.new_code_cell(IN_THE_RUN))
    nbformat.write(quoting, scheduler.folder / "served" / "quoting.ipynb")
    where = json.dumps(str(workspace.path))
    good = scheduler.create(NOTEBOOK.name, workspace=where, export='"Nightly"', dry_run="False", allow="[]")
    unforeseen = scheduler.create("quoting.ipynb", workspace=where, export='"A"')
    wrong = scheduler.create(NOTEBOOK.name, workspace=where, export='"Nightly"', dry_run='"yes"', speed="3")

    assert scheduler.ended(good)["status"] == "COMPLETED"
    assert len(held("All")) == 100
    run = workspace.runs.find("Nightly").row(0, named=True)
    assert (run["status"], run["started_by"]) == ("successful", "schedule")
    assert run["run"] in scheduler.output(good)

    ended = scheduler.ended(unforeseen)
    assert (ended["status"], "UnforeseenError" in ended["status_message"]) == ("FAILED", True)
    kept = [it for it in scheduler.folder.rglob("*") if it.is_file()]
    assert [it for it in kept if b"Anna" in it.read_bytes()] == []

    message = scheduler.ended(wrong)["status_message"]
    assert "dry_run: must be True or False; speed: is not known" in message
    assert "There are workspace (str, required), export (str, required), dry_run (bool), allow (list[str])" in message
