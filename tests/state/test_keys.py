"""A person's key is made once, kept to oneself, and opens what was sealed to it only."""

import os
from pathlib import Path

import pytest

from tests.raising import raises
from toolkit.errors import AccessError, ErrorCode
from toolkit.state.keys import current_identity, seal

pytestmark = pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")


@pytest.fixture
def key_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "config" / "key"
    monkeypatch.setenv("TOOLKIT_KEY_FILE", str(file))
    return file


def test_it_is_made_on_first_use_for_its_owner_only(key_file: Path) -> None:
    first = current_identity()
    assert key_file.stat().st_mode & 0o777 == 0o600
    assert current_identity().public_key == first.public_key


def test_it_opens_what_is_sealed_to_it_and_another_does_not(key_file: Path, tmp_path: Path) -> None:
    mine = current_identity()
    box = seal("sécret+&%".encode(), mine.public_key)
    assert mine.open_sealed(box).decode() == "sécret+&%"
    key_file.unlink()
    with raises(ErrorCode.ACCESS):
        current_identity().open_sealed(box)


def test_a_box_that_was_changed_does_not_open(key_file: Path) -> None:
    mine = current_identity()
    box = bytearray(seal(b"secret", mine.public_key))
    box[-1] ^= 1
    with pytest.raises(AccessError):
        mine.open_sealed(bytes(box))


def test_a_key_that_others_may_read_is_refused(key_file: Path) -> None:
    current_identity()
    key_file.chmod(0o640)
    with raises(ErrorCode.CONFIGURATION, names=key_file):
        current_identity()


@pytest.mark.parametrize("content", ["", "not hexadecimal", "abcd", "é" * 64])
def test_a_damaged_key_is_told_and_not_replaced(key_file: Path, content: str) -> None:
    current_identity()
    key_file.write_text(content, encoding="utf-8")
    with raises(ErrorCode.CONFIGURATION, names=key_file) as raised:
        current_identity()
    assert str(key_file) in str(raised.value)
    assert key_file.read_text(encoding="utf-8") == content


def test_the_key_itself_is_nowhere_to_be_seen(key_file: Path) -> None:
    identity = current_identity()
    private = key_file.read_text()
    assert private not in repr(identity)
    with pytest.raises(TypeError):
        identity.__reduce__()
