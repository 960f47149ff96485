"""A real JupyterLab and a real Chromium."""

import json
import os
import re
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from tests.conftest import need
from toolkit.lab import NO_CALLS_OUT

PROJECT = Path(__file__).parents[2]
SECONDS = 1_000
expect.set_options(timeout=60 * SECONDS)


@pytest.fixture(scope="session")
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
    folder = Path(os.environ.get("TOOLKIT_SCREENSHOTS") or tmp_path_factory.mktemp("pictures"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@dataclass(frozen=True)
class Server:
    """A server of notebooks, and the folder that it serves."""

    url: str
    token: str
    folder: Path

    def write(self, name: str, cells: Sequence[str]) -> str:
        """Write a notebook of these cells; return its name."""
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
        (self.folder / name).write_text(json.dumps(notebook))
        return name


def served(command: Sequence[str], *, folder: Path, address: str, **environment: str) -> Iterator[Server]:
    """Serve a folder with this command until the tests are over; ``address`` is a pattern of what it prints."""
    home = folder.parent / f"home of {folder.name}"
    known = os.environ | {
        "PYTHONPATH": str(PROJECT),
        "HOME": str(home),
        "JUPYTER_CONFIG_DIR": str(home / "jupyter"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "IPYTHONDIR": str(home / "ipython"),
        "TOOLKIT_KEY_FILE": str(home / "key"),
    }
    home.mkdir()
    token = secrets.token_hex(16)
    log = home / "log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [*command, f"--ServerApp.token={token}"],
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
        if found := re.search(address, log.read_text()):
            return found[1]
        time.sleep(0.2)
    raise AssertionError(f"nothing is served:\n{log.read_text()}")


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """JupyterLab, set up as ``make lab`` does, on a folder of the tests."""
    need("chromium")
    folder = tmp_path_factory.mktemp("lab")
    command = [
        *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ServerApp.port=0"),
        *(f"--ServerApp.root_dir={folder}", *NO_CALLS_OUT),
    ]
    yield from served(command, folder=folder, address=r"(http://(?:localhost|127\.0\.0\.1):\d+/)lab")


@dataclass(frozen=True)
class Notebook:
    """A notebook that is open in JupyterLab."""

    page: Page

    def run(self, cell: int) -> None:
        """Execute a cell, and wait until it is over."""
        self.begin(cell)
        expect(self.cell(cell).locator(".jp-InputPrompt")).to_have_text(re.compile(r"\[\d+\]:"))

    def begin(self, cell: int) -> None:
        """Execute a cell."""
        self.cell(cell).locator(".jp-InputArea-editor").click()
        self.page.keyboard.press("Control+Enter")

    def cell(self, number: int) -> Locator:
        return self.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Cell").nth(number)

    def output(self, number: int) -> Locator:
        return self.cell(number).locator(".jp-OutputArea")

    def restart_kernel(self) -> None:
        self.page.locator('[data-command="notebook:restart-kernel"], [title^="Restart the kernel"]').first.click()
        self.page.get_by_role("button", name="Restart", exact=True).click()

    def save(self) -> None:
        self.page.keyboard.press("Control+s")
        expect(self.page.locator(".lm-TabBar-tab.jp-mod-dirty")).to_have_count(0)


@pytest.fixture
def open_notebook(browser: Browser) -> Iterator[Callable[..., Notebook]]:
    """Open a notebook of a server in JupyterLab; wait until its kernel is there."""
    contexts = []

    def opened(server: Server, name: str, *, width: int = 1400, height: int = 1000) -> Notebook:
        context = browser.new_context(viewport={"width": width, "height": height})
        contexts.append(context)
        page = context.new_page()
        page.goto(f"{server.url}doc/tree/{name}?token={server.token}")
        page.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status=idle]", timeout=90 * SECONDS)
        return Notebook(page)

    yield opened
    for context in contexts:
        context.close()


def settings(server: Server) -> dict[str, object]:
    with urlopen(f"{server.url}api/status?token={server.token}") as answer:
        return json.load(answer)
