"""One sandbox over real HTTP, empty at the start of each test."""

from collections.abc import Iterator

import pytest

from toolkit.sandbox import Sandbox, start

from .plain_client import Client


@pytest.fixture(scope="session")
def _one_process() -> Iterator[Sandbox]:
    with start() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(_one_process: Sandbox) -> Sandbox:
    _one_process.reset()
    return _one_process


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[Client]:
    opened = Client(sandbox.url)
    yield opened
    opened.session.close()
