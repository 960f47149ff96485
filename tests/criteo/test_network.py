"""What lies between: certificates, proxies, silence, and hosts that are none."""

import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from tests.raising import raises
from toolkit.criteo import CRITEO, CriteoClient, RetryPolicy
from toolkit.errors import ErrorCode
from toolkit.sandbox import Call, Fault, Sandbox

from .certificates import NAME, Certificates
from .conftest import GIVES_UP, Connect
from .proxy import Proxy
from .scripted import Answer, Scripted


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def test_a_certificate_that_nobody_vouches_for_is_refused_at_once(
    tls_server: Scripted, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    with raises(ErrorCode.CONFIGURATION, names="REQUESTS_CA_BUNDLE"):
        connect(tls_server).advertisers()
    assert tls_server.received == []


def test_certificates_that_the_environment_names_are_trusted(tls_server: Scripted, connect: Connect) -> None:
    assert connect(tls_server).advertisers() == []


def test_a_certificate_for_another_name_is_refused(
    certificates: Certificates, tls_server: Scripted, connect: Connect
) -> None:
    with raises(ErrorCode.CONFIGURATION, names="REQUESTS_CA_BUNDLE"):
        connect(tls_server, host=tls_server.url.replace("127.0.0.1", "localhost")).advertisers()


def test_certificates_that_are_not_there_are_said_to_be(
    tls_server: Scripted, connect: Connect, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "none.pem"))
    with raises(ErrorCode.CONFIGURATION, names="REQUESTS_CA_BUNDLE"):
        connect(tls_server).advertisers()


def test_a_proxy_of_the_environment_is_used(
    tls_server: Scripted, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Proxy(tls_server.port) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        client = connect(tls_server, host=f"https://{NAME}")
        assert client.advertisers() == []
        client.close()
    assert [it.split()[:2] for it in proxy.asked_for] == [["CONNECT", f"{NAME}:443"]]
    assert [it.path for it in tls_server.received] == ["/oauth2/token", "/2026-07/advertisers/me"]


def test_a_proxy_that_is_not_there_points_at_the_proxy_settings(
    connect: Connect, scripted: Scripted, monkeypatch: pytest.MonkeyPatch, closed_port: int
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{closed_port}")
    with raises(ErrorCode.UNAVAILABLE, names="ProxyError"):
        connect(scripted, host=f"https://{NAME}", patience=GIVES_UP).advertisers()


def test_a_proxy_that_makes_no_sense_is_not_tried_for_long(
    connect: Connect, scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://")
    with raises(ErrorCode.CONFIGURATION):
        connect(scripted, host=f"https://{NAME}").advertisers()


def test_an_embedded_criteo_is_reached_past_any_proxy(
    client: CriteoClient, monkeypatch: pytest.MonkeyPatch, closed_port: int
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{closed_port}")
    assert client.advertisers()


@pytest.fixture
def closed_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def test_nobody_there_is_said_when_patience_ends(connect: Connect, scripted: Scripted, closed_port: int) -> None:
    patience = RetryPolicy(seconds=0.3, first_wait_seconds=0.05, longest_wait_seconds=0.05)
    with raises(ErrorCode.UNAVAILABLE):
        connect(scripted, host=f"http://127.0.0.1:{closed_port}", patience=patience).advertisers()


def test_a_server_that_never_answers_is_not_awaited_for_ever(connect: Connect, scripted: Scripted) -> None:
    patience = RetryPolicy(seconds=0.5, first_wait_seconds=0.05, answer_seconds=0.1)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        host = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with raises(ErrorCode.UNAVAILABLE, names="ReadTimeout"):
            connect(scripted, host=host, patience=patience).advertisers()


def test_every_request_has_time_outs(scripted: Scripted, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[object] = []
    send = requests.Session.send

    def look(session: requests.Session, prepared: requests.PreparedRequest, **options: object) -> requests.Response:
        seen.append(options["timeout"])
        assert options["verify"] is True
        return send(session, prepared, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(requests.Session, "send", look)
    patience = RetryPolicy()
    connect(scripted, patience=patience).advertisers()
    assert seen == [(patience.connect_seconds, patience.answer_seconds)] * 2


@pytest.mark.parametrize("fault", [Fault.DROP_BEFORE, Fault.DROP_AFTER])
def test_a_dropped_connection_is_made_anew(client: CriteoClient, sandbox: Sandbox, fault: Fault) -> None:
    client.advertisers()
    sandbox.fail(fault, calls=Call.ADVERTISERS, times=3)
    assert client.advertisers()


def test_sessions_are_used_again_and_by_one_thread_at_a_time(
    client: CriteoClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[requests.Session] = []
    in_use: set[int] = set()
    send = requests.Session.send

    class Counted(requests.Session):
        def __init__(self) -> None:
            super().__init__()
            made.append(self)

    def serialize_writes(session: requests.Session, *args: object, **options: object) -> requests.Response:
        assert id(session) not in in_use
        in_use.add(id(session))
        try:
            return send(session, *args, **options)  # type: ignore[arg-type]
        finally:
            in_use.remove(id(session))

    monkeypatch.setattr(requests, "Session", Counted)
    monkeypatch.setattr(Counted, "send", serialize_writes)
    # As a run does, which has new threads for every list.
    for _ in range(10):
        with ThreadPoolExecutor(3) as threads:
            list(threads.map(lambda _: client.advertisers(), range(6)))
    assert 1 <= len(made) <= 3


@pytest.mark.parametrize(
    "host",
    [
        "http://api.criteo.com",
        "api.criteo.com",
        "ftp://api.criteo.com",
        "https://",
        "",
        "http://[",
        "https://api.criteo.com:port",
        "http://127.0.0.1@criteo.example",
        "http://localhost.criteo.example",
        "https://somebody:pass@api.criteo.com",
        "https://api.criteo.com?key=pass",
        "https://api.criteo.com#pass",
    ],
)
def test_a_host_that_is_no_safe_one_is_refused(host: str) -> None:
    with raises(ErrorCode.CONFIGURATION) as raised:
        CriteoClient(client_id="a", client_secret="b", host=host)
    assert "pass" not in str(raised.value)


@pytest.mark.parametrize("host", [CRITEO, f"{CRITEO}/", "http://localhost:1", "http://127.0.0.1:1/", "http://[::1]:1"])
def test_a_host_is_https_or_on_this_machine(host: str) -> None:
    with CriteoClient(client_id="a", client_secret="b", host=host) as client:
        assert client.host == host.rstrip("/")


def test_a_broken_greeting_is_tried_again(connect: Connect, scripted: Scripted, certificates: Certificates) -> None:
    # What is there does not speak TLS: no matter of certificates, it may pass.
    with raises(ErrorCode.UNAVAILABLE, names="SSLError"):
        connect(scripted, host=scripted.url.replace("http:", "https:"), patience=GIVES_UP).advertisers()


def test_an_old_certificate_store_does_not_matter_to_plain_http(
    scripted: Scripted, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere")
    scripted.answer(Answer(body={"data": []}))
    assert connect(scripted).advertisers() == []
