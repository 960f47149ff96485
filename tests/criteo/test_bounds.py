"""No call lasts for ever or grows without bound, and a guard has the last word before bytes leave."""

import gzip
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.raising import raises
from toolkit.criteo import CriteoClient, RetryPolicy
from toolkit.criteo import http as wire
from toolkit.errors import ErrorCode, LeaseLostError, UnavailableError
from toolkit.sandbox import Call, Fault, Sandbox

from .conftest import Connect, hashes, new_list
from .scripted import Answer, Scripted

LOST = LeaseLostError("It was lost.", "Run again.")
SHORT = RetryPolicy(seconds=1, first_wait_seconds=5, answer_seconds=0.5)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@contextmanager
def raw_server(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """Answer each connection as told, whatever it asks."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve(connection: socket.socket) -> None:
        with connection:
            try:
                connection.recv(65536)
                answer(connection)
            except OSError:
                return

    def accept() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        listening.close()


def drip(content: bytes) -> Callable[[socket.socket], None]:
    def answer(connection: socket.socket) -> None:
        for byte in content:
            connection.sendall(bytes([byte]))
            time.sleep(0.1)

    return answer


def in_time(host: str) -> float:
    """Return how long a call took that failed: here already that for a token."""
    begun = time.monotonic()
    with (
        CriteoClient(host=host, client_id="a", client_secret="b", patience=SHORT) as client,
        pytest.raises(UnavailableError),
    ):
        client.advertisers()
    return time.monotonic() - begun


@pytest.mark.parametrize(
    "content",
    [HEAD + b"X-Long: " + b"x" * 1000, HEAD + b"Content-Length: 1000\r\n\r\n" + b" " * 1000],
    ids=["head", "body"],
)
def test_a_server_that_drips_is_given_up(content: bytes) -> None:
    dripping = drip(content[len(HEAD) :])

    def answer(connection: socket.socket) -> None:
        connection.sendall(HEAD)
        dripping(connection)

    with raw_server(answer) as host:
        # The whole would take a hundred seconds.
        assert in_time(host) < 20


def test_a_server_that_does_not_read_is_given_up(scripted: Scripted, connect: Connect) -> None:
    def answer(_: socket.socket) -> None:
        time.sleep(60)

    with raw_server(answer) as host:
        assert in_time(host) < 20


@pytest.mark.parametrize("is_packed", [False, True])
def test_an_endless_answer_is_given_up(
    scripted: Scripted, connect: Connect, monkeypatch: pytest.MonkeyPatch, is_packed: bool
) -> None:
    monkeypatch.setattr(wire, "MOST_BYTES", 100_000)
    body = b" " * 10_000_000
    packed = gzip.compress(body)
    received: list[int] = []

    def answer(connection: socket.socket) -> None:
        encoding = b"Content-Encoding: gzip\r\n" if is_packed else b""
        content = packed if is_packed else body
        connection.sendall(HEAD + encoding + b"Content-Length: %d\r\n\r\n" % len(content))
        for start in range(0, len(content), 1000):
            connection.sendall(content[start : start + 1000])
            received.append(start)

    with raw_server(answer) as host:
        begun = time.monotonic()
        with (
            CriteoClient(host=host, client_id="a", client_secret="b") as client,
            raises(ErrorCode.UNAVAILABLE, names="100,000"),
        ):
            client.advertisers()
        # It is not tried again.
        assert time.monotonic() - begun < 20


def test_a_guard_is_asked_before_each_try_of_each_change(sandbox: Sandbox, connect: Connect) -> None:
    asked: list[int] = []
    client = connect(sandbox, guard=lambda: asked.append(len(sandbox.requests())))

    def times_of(change: Callable[[], object]) -> int:
        asked.clear()
        sandbox.fail(Fault.HTTP_503, calls=Call.ANY, times=1, after=0)
        change()
        return len(asked)

    client.advertisers()
    list_id = new_list(client)
    assert asked
    assert times_of(lambda: client.add(list_id, hashes(3))) == 2
    assert times_of(lambda: client.remove(list_id, hashes(3))) == 2
    assert times_of(lambda: client.clear(list_id)) == 2
    assert times_of(lambda: client.rename(list_id, name="another", description="")) == 2
    assert times_of(lambda: client.delete_list(list_id)) == 2
    assert times_of(lambda: client.contact_lists("2711")) == 0
    assert times_of(client.advertisers) == 0


def test_what_a_guard_refuses_is_not_sent(scripted: Scripted, connect: Connect) -> None:
    def refuse() -> None:
        raise LOST

    client = connect(scripted, guard=refuse)
    for change in (
        lambda: client.add("1", hashes(1)),
        lambda: client.remove("1", hashes(1)),
        lambda: client.clear("1"),
        lambda: client.rename("1", name="a", description=""),
        lambda: client.delete_list("1"),
    ):
        with pytest.raises(LeaseLostError) as raised:
            change()
        assert raised.value is LOST
    assert scripted.calls == []


def test_a_guard_is_asked_after_a_wait(scripted: Scripted, connect: Connect) -> None:
    may = [True, False]

    def guard() -> None:
        if not may.pop(0):
            raise LOST

    client = connect(scripted, guard=guard)
    scripted.answer(Answer(status=503), Answer(body={"data": {}}))
    with pytest.raises(LeaseLostError):
        client.clear("1")
    assert len(scripted.calls) == 1


def test_a_large_batch_arrives_in_pieces_whole(sandbox: Sandbox, connect: Connect) -> None:
    client = connect(sandbox)
    list_id = new_list(client)
    client.add(list_id, hashes(50_000))
    assert sandbox.identifiers(list_id) == set(hashes(50_000))
