"""A real JupyterLab, a real Voilà and a real Chromium."""

import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import polars as pl
import pytest
from playwright.sync_api import Browser, FloatRect, Locator, Page, expect, sync_playwright

import toolkit
from tests.conftest import need
from toolkit.app import served_with
from toolkit.lab import NO_CALLS_OUT
from toolkit.sandbox import Sandbox

PROJECT = Path(__file__).parents[2]
SECONDS = 1_000
expect.set_options(timeout=60 * SECONDS)


# Of a module, and not of the session: a process can hold one Playwright at a time, and other tests start theirs.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = need("chromium")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where screenshots are kept: the folder that TOOLKIT_SCREENSHOTS names, else a passing one."""
    folder = Path(os.environ.get("TOOLKIT_SCREENSHOTS") or tmp_path_factory.mktemp("pictures")).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    return folder


Picture = Callable[..., Path]

# What a picture would show of the machine that took it: folders of the tests, and the machine's name.
_HIDE = r"""([folder, name]) => {
  const folders = new RegExp(`${folder}(/anna\\d+)?`, "g"), machine = new RegExp(`^${name}$`);
  const hidden = text => text.replace(folders, "/home/anna").replace(machine, "laptop");
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let it = texts.nextNode(); it; it = texts.nextNode()) if (hidden(it.data) !== it.data) it.data = hidden(it.data);
  for (const it of document.querySelectorAll("input, textarea"))
    if (hidden(it.value) !== it.value) it.value = hidden(it.value);
}"""
_MARGIN = 16


@pytest.fixture
def picture(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Picture:
    """Take a picture of a page or of a part of it under a name, at most ``height`` high; return the file.

    ``make pictures`` keeps those that the README and the documentation show. Nothing of this machine is seen in one.
    """

    def taken(of: Page | Locator, name: str, *, height: int | None = None) -> Path:
        file = pictures / f"{name}.png"
        page = of if isinstance(of, Page) else of.page
        page.evaluate(_HIDE, [str(tmp_path_factory.getbasetemp()), socket.gethostname()])
        box: FloatRect = {"x": 0, "y": 0, **(page.viewport_size or {"width": 0, "height": 0})}
        if isinstance(of, Locator):
            found = of.bounding_box()
            assert found is not None
            x, y = max(0, found["x"] - _MARGIN), max(0, found["y"] - _MARGIN)
            box = {"x": x, "y": y, "width": found["width"] + 2 * _MARGIN, "height": found["height"] + 2 * _MARGIN}
        clip: FloatRect = {**box, "height": min(box["height"], height or box["height"])}
        page.screenshot(path=file, animations="disabled", caret="hide", full_page=isinstance(of, Locator), clip=clip)
        return file

    return taken


@dataclass(frozen=True)
class Server:
    """A server of notebooks, and the folder that it serves."""

    url: str
    token: str
    folder: Path

    @property
    def key(self) -> Path:
        """The key of whoever works in its notebooks."""
        return _home(self.folder) / "key"

    def set(self, plugin: str, **values: object) -> None:
        """Change a setting of JupyterLab, as its settings editor does."""
        url = f"{self.url}lab/api/settings/{plugin}?token={self.token}"
        body = json.dumps({"raw": json.dumps(values)}).encode()
        with urlopen(Request(url, body, {"Content-Type": "application/json"}, method="PUT")) as answer:
            assert answer.status == 204

    def write(self, file: Path, cells: Sequence[str]) -> Path:
        """Write a notebook of these cells; return the file."""
        notebook = {
            "cells": [
                {
                    "cell_type": "code",
                    "id": f"cell-{number}",
                    "metadata": {},
                    "execution_count": None,
                    "outputs": [],
                    "source": source,
                }
                for number, source in enumerate(cells)
            ],
            "metadata": {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}},
            "nbformat": 4,
            "nbformat_minor": 5,
        }
        file.write_text(json.dumps(notebook))
        return file


def _home(folder: Path) -> Path:
    return folder.parent / f"home of {folder.name}"


def served(command: Sequence[str], *, folder: Path, address: str, **environment: str) -> Iterator[Server]:
    """Serve a folder until the tests are over; ``address`` is a pattern of what the command prints.

    The command ends in the option that takes a token.
    """
    home = _home(folder)
    known = os.environ | {
        "PYTHONPATH": str(PROJECT),
        "HOME": str(home),
        "JUPYTER_CONFIG_DIR": str(home / "jupyter"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "IPYTHONDIR": str(home / "ipython"),
        "TOOLKIT_KEY_FILE": str(home / "key"),
    }
    home.mkdir(exist_ok=True)
    token = secrets.token_hex(16)
    log = home / "log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [*command[:-1], f"{command[-1]}={token}"],
            cwd=folder,
            env={**known, **environment},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            yield Server(_announced(process, log, address), token, folder)
        finally:
            process.terminate()
            process.wait(30)


def _announced(process: "subprocess.Popen[bytes]", log: Path, address: str) -> str:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        # It may print the address before it listens there.
        if (found := re.search(address, log.read_text())) and _listens(found[1]):
            return found[1]
        time.sleep(0.2)
    raise AssertionError(f"nothing is served:\n{log.read_text()}")


def _listens(url: str) -> bool:
    parts = urlsplit(url)
    try:
        with socket.create_connection((parts.hostname, parts.port), timeout=5):
            return True
    except OSError:
        return False


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory, _criteo_process: Sandbox) -> Iterator[Server]:
    """JupyterLab, set up as ``make lab`` does, on a folder of the tests."""
    need("chromium")
    folder = tmp_path_factory.mktemp("lab")
    command = [
        *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ServerApp.port=0"),
        *(f"--ServerApp.root_dir={folder}", *NO_CALLS_OUT, "--ServerApp.token"),
    ]
    address = r"(http://(?:localhost|127\.0\.0\.1):\d+/)lab"
    yield from served(command, folder=folder, address=address, TOOLKIT_SANDBOX_URL=_criteo_process.url)


@dataclass(frozen=True)
class Checkout:
    """What a checkout of the project has, with small tables of its own."""

    path: Path
    key: Path
    members: int = 200

    @property
    def profiles(self) -> Path:
        return self.path / "data" / "day1" / "profiles" / "part-0.parquet"

    def make(self) -> "Checkout":
        shutil.copytree(PROJECT / "notebooks", self.path / "notebooks")
        self.profiles.parent.mkdir(parents=True)
        customers = [f"C{number:03}" for number in range(self.members)]
        pl.DataFrame(
            {
                "CustomerId": customers,
                "EMail": [f"person{number}@mail.example" for number in range(self.members)],
                "City": ["Utrecht"] * self.members,
            }
        ).write_parquet(self.profiles)
        segments = self.profiles.parents[1] / "segments"
        segments.mkdir()
        for name, share in (("High value", 4), ("Lapsed 12 months", 2), ("Newsletter subscribers", 1)):
            frame = pl.DataFrame({"CustomerId": customers[: self.members // share]})
            frame.write_parquet(segments / f"{name}.parquet")
        self.workspace()
        return self

    def workspace(self) -> toolkit.Workspace:
        return toolkit.open_workspace(
            self.path / "workspace",
            profiles=toolkit.Profiles(location=str(self.profiles.parent), key="CustomerId"),
            segments=toolkit.SegmentFolder(location=str(self.profiles.parents[1] / "segments"), key="CustomerId"),
            create=True,
        )


@pytest.fixture
def checkout(lab: Server, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    """A checkout that JupyterLab serves; the test has the key of whoever works in its notebooks."""
    monkeypatch.setenv("TOOLKIT_KEY_FILE", str(lab.key))
    return Checkout(lab.folder / re.sub(r"\W+", "-", request.node.name), lab.key).make()


@pytest.fixture(scope="module")
def _app(tmp_path_factory: pytest.TempPathFactory, _criteo_process: Sandbox) -> Iterator[Server]:
    need("chromium")
    folder = tmp_path_factory.mktemp("app") / "checkout" / "notebooks"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TOOLKIT_KEY_FILE", str(_home(folder) / "key"))
        patch.setenv("TOOLKIT_MEMORY", str(tmp_path_factory.getbasetemp() / "memory"))
        Checkout(folder.parent, _home(folder) / "key").make()
    # Voilà can't tell which port it took when it is asked to take a free one.
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = f"--port={free.getsockname()[1]}"
    command = [sys.executable, "-m", "toolkit.app", str(folder), "--no-browser", port, "--Voila.token"]
    address = r"(http://(?:localhost|127\.0\.0\.1):\d+/)"
    yield from served(command, folder=folder, address=address, TOOLKIT_SANDBOX_URL=_criteo_process.url, **served_with())


@pytest.fixture
def app(_app: Server, criteo: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Server:
    """The application without code, on the notebooks of a checkout; the test has the key of whoever serves it."""
    monkeypatch.setenv("TOOLKIT_KEY_FILE", str(_app.key))
    return _app


@dataclass(frozen=True)
class Notebook:
    """A notebook that is open in JupyterLab."""

    page: Page
    file: Path

    def ready(self) -> None:
        """Wait until its kernel is there."""
        self.page.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status=idle]", timeout=90 * SECONDS)
        expect(self.page.get_by_text("Python 3 (ipykernel) | Idle")).to_be_visible()

    def run(self, cell: int) -> None:
        """Execute a cell, and wait until it is over."""
        self.begin(cell)
        expect(self.cell(cell).locator(".jp-InputPrompt")).to_have_text(re.compile(r"\[\d+\]:"))

    def run_all(self) -> None:
        """Execute all cells, and wait until they are over."""
        cells = self.page.locator(".jp-CodeCell")
        self._run_first(cells.first)
        for _ in range(cells.count() - 1):
            self.page.keyboard.press("Shift+Enter")
        self.page.keyboard.press("Control+Enter")
        expect(cells.last.locator(".jp-InputPrompt")).to_have_text(re.compile(r"\[\d+\]:"))

    def _run_first(self, cell: Locator) -> None:
        """Execute a cell; JupyterLab drops what is asked of it between the kernel's first word and its own."""
        prompt = cell.locator(".jp-InputPrompt")
        before = prompt.inner_text()
        while prompt.inner_text() == before:
            cell.locator(".jp-InputArea-editor").click()
            self.page.keyboard.press("Control+Enter")
            with suppress(AssertionError):
                expect(prompt).not_to_have_text(before, timeout=3 * SECONDS)

    def begin(self, cell: int) -> None:
        """Execute a cell."""
        self.cell(cell).locator(".jp-InputArea-editor").click()
        self.page.keyboard.press("Control+Enter")

    def cell(self, number: int) -> Locator:
        return self.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Cell").nth(number)

    def output(self, number: int) -> Locator:
        return self.cell(number).locator(".jp-OutputArea")

    def restart_kernel(self) -> None:
        """Restart it, and clear what it showed."""
        self.page.get_by_role("menuitem", name="Kernel", exact=True).click()
        self.page.get_by_role("menuitem", name=re.compile("^Restart Kernel and Clear Outputs")).click()
        self.page.get_by_role("button", name="Confirm Kernel Restart").click()
        expect(self.page.locator(".jp-CodeCell .jp-InputPrompt").first).to_have_text("[ ]:")

    def save(self) -> str:
        """Save it; return what the file holds then."""
        before = self.file.stat().st_mtime_ns
        self.page.get_by_role("menuitem", name="File", exact=True).click()
        self.page.get_by_role("menuitem", name=re.compile("^Save Notebook")).first.click()
        deadline = time.monotonic() + 60
        # The file is empty for a moment while it is written.
        while self.file.stat().st_mtime_ns == before or not self.file.read_text().rstrip().endswith("}"):
            assert time.monotonic() < deadline, "it is not saved"
            self.page.wait_for_timeout(50)
        return self.file.read_text()


@pytest.fixture
def open_notebook(browser: Browser) -> Iterator[Callable[..., Notebook]]:
    """Open a notebook of a server in JupyterLab; wait until its kernel is there."""
    contexts = []

    def opened(server: Server, file: Path, *, width: int = 1400, height: int = 1400) -> Notebook:
        context = browser.new_context(viewport={"width": width, "height": height})
        contexts.append(context)
        page = context.new_page()
        page.goto(f"{server.url}doc/tree/{file.relative_to(server.folder)}?token={server.token}")
        page.set_default_timeout(60 * SECONDS)
        notebook = Notebook(page, file)
        notebook.ready()
        return notebook

    yield opened
    for context in contexts:
        context.close()
