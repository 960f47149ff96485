"""A client that loses patience quickly, an embedded Criteo that allows many calls, and servers that misbehave."""

from collections.abc import Callable, Iterator

import pytest

from toolkit.criteo import CriteoClient, RetryPolicy, Wait
from toolkit.sandbox import Sandbox, SandboxOptions, start

from .certificates import Certificates, make_certificates
from .scripted import Scripted

ADVERTISER = "2711"
QUICK = RetryPolicy(seconds=60, first_wait_seconds=0.01, longest_wait_seconds=0.05, answer_seconds=20)
GIVES_UP = RetryPolicy(seconds=5, first_wait_seconds=10)
"""The first wait would last longer than the patience."""

Connect = Callable[..., CriteoClient]


@pytest.fixture(scope="session")
def _one_process() -> Iterator[Sandbox]:
    with start(options=SandboxOptions(calls_per_minute=1_000_000)) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(_one_process: Sandbox) -> Sandbox:
    """The embedded Criteo, holding nothing; far more calls a minute than any test makes."""
    _one_process.reset()
    return _one_process


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Return a client of a sandbox, or of a scripted server."""
    opened: list[CriteoClient] = []

    def make(server: Sandbox | Scripted, **options: object) -> CriteoClient:
        known = {"host": server.url, "client_id": server.client_id, "client_secret": server.client_secret}
        client = CriteoClient(**{**known, "patience": QUICK, **options})  # type: ignore[arg-type]
        opened.append(client)
        return client

    yield make
    for client in opened:
        client.close()


@pytest.fixture
def waits() -> list[Wait]:
    return []


@pytest.fixture
def client(sandbox: Sandbox, connect: Connect, waits: list[Wait]) -> CriteoClient:
    return connect(sandbox, observer=waits.append)


@pytest.fixture
def scripted() -> Iterator[Scripted]:
    with Scripted() as server:
        yield server


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def tls_server(certificates: Certificates, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scripted]:
    """A scripted server that speaks TLS; the environment names its authority."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificates.authority))
    with Scripted(tls=certificates.server) as server:
        yield server


def new_list(client: CriteoClient, name: str = "a list") -> str:
    return client.find_or_create_list(ADVERTISER, name=name, description="").contact_list.id


def hashes(count: int, *, first: int = 0) -> list[str]:
    return [f"{number:064x}" for number in range(first, first + count)]
