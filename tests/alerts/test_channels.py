"""Addresses hold secrets: they come from the environment or a file of one's own, and are never shown."""

import pickle
from pathlib import Path

import pytest

from tests.alerts.conftest import Inbox
from tests.raising import raises
from toolkit.alerts import configured_channels
from toolkit.errors import ErrorCode


@pytest.fixture
def configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's configuration folder."""
    monkeypatch.delenv("TOOLKIT_NOTIFY", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    folder = tmp_path / "criteo-segment-toolkit"
    folder.mkdir()
    return folder


def test_without_configuration_there_are_none(configuration: Path) -> None:
    assert configured_channels() == []


def test_several_are_named_by_place_and_kind_and_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOOLKIT_NOTIFY", "json://127.0.0.1:1/s3cret  mailtos://user:s3cret@mail.example")
    found = configured_channels()
    assert [it.name for it in found] == ["1 json", "2 mailtos"]
    assert "s3cret" not in repr(found)
    with pytest.raises(TypeError):
        pickle.dumps(found[0])


def test_what_is_no_address_is_told_by_its_place_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOOLKIT_NOTIFY", "json://127.0.0.1:1 nothing://s3cret")
    with raises(ErrorCode.CONFIGURATION, names="Address 2") as told:
        configured_channels()
    assert "s3cret" not in str(told.value)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("notify.yml", "urls:\n  - json://127.0.0.1:1/a\n  - xml://127.0.0.1:1/b\n"),
        ("notify.conf", "json://127.0.0.1:1/a\nxml://127.0.0.1:1/b\n"),
    ],
)
def test_a_file_of_apprise_in_the_configuration_folder_is_read(configuration: Path, name: str, content: str) -> None:
    (configuration / name).write_text(content)
    (configuration / name).chmod(0o600)
    assert [it.name for it in configured_channels()] == ["1 json", "2 xml"]


def test_a_file_that_others_may_read_is_refused(configuration: Path) -> None:
    (configuration / "notify.conf").write_text("json://127.0.0.1:1/s3cret\n")
    (configuration / "notify.conf").chmod(0o640)
    with raises(ErrorCode.CONFIGURATION, names="chmod 600"):
        configured_channels()


def test_a_file_that_is_named_and_not_there_or_empty_is_told(
    configuration: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOOLKIT_NOTIFY_FILE", str(configuration / "mine.conf"))
    with raises(ErrorCode.CONFIGURATION, names=configuration / "mine.conf"):
        configured_channels()
    (configuration / "mine.conf").touch(0o600)
    with raises(ErrorCode.CONFIGURATION, names="Apprise"):
        configured_channels()


def test_a_message_arrives(inbox: Inbox) -> None:
    (address,) = configured_channels()
    address.send("Title", "First line.\nSecond line.", is_trouble=True)
    (message,) = inbox.messages
    assert (message["title"], message["message"], message["type"]) == ("Title", "First line.\nSecond line.", "failure")


def test_what_is_not_delivered_is_told_without_the_secret(inbox: Inbox, caplog: pytest.LogCaptureFixture) -> None:
    (address,) = configured_channels()
    inbox.refuses = True
    with raises(ErrorCode.UNAVAILABLE, names="address 1 json") as told:
        address.send("Title", "Text", is_trouble=True)
    assert "secret-token" not in str(told.value) + caplog.text
