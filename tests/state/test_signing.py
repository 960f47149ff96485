"""A signature holds for exactly what was signed."""

from pathlib import Path

import pytest

from toolkit.errors import SignatureError
from toolkit.state.keys import Identity, current_identity, is_public_key
from toolkit.state.signing import Signature, SignedKind, canonical, sign, verify, without_floats

ROOT = "a" * 64
PAYLOAD = {"row": 3, "version": 2, "name": "Café", "hosts": ["https://a", None]}


@pytest.fixture
def identity() -> Identity:
    return current_identity()


def test_verifies_what_was_signed(identity: Identity) -> None:
    verify(SignedKind.SUPPRESSION, PAYLOAD, sign(identity, SignedKind.SUPPRESSION, PAYLOAD, root=ROOT), root=ROOT)


@pytest.mark.parametrize(
    ("kind", "payload", "root"),
    [
        (SignedKind.SEAL, PAYLOAD, ROOT),
        (SignedKind.SUPPRESSION, PAYLOAD, "b" * 64),
        (SignedKind.SUPPRESSION, PAYLOAD | {"row": 4}, ROOT),
        (SignedKind.SUPPRESSION, PAYLOAD | {"version": 1}, ROOT),
        (SignedKind.SUPPRESSION, PAYLOAD | {"more": True}, ROOT),
        (SignedKind.SUPPRESSION, PAYLOAD | {"row": "3"}, ROOT),
    ],
)
def test_refuses_any_other_use(identity: Identity, kind: SignedKind, payload: dict[str, object], root: str) -> None:
    signature = sign(identity, SignedKind.SUPPRESSION, PAYLOAD, root=ROOT)
    with pytest.raises(SignatureError):
        verify(kind, without_floats(payload), signature, root=root)  # type: ignore[arg-type]


@pytest.mark.parametrize("key", ["", "zz", "0" * 64, "01" + "0" * 62, "f" * 64])
def test_refuses_keys_that_are_none(identity: Identity, key: str) -> None:
    signature = sign(identity, SignedKind.SEAL, PAYLOAD, root=ROOT).signature
    with pytest.raises(SignatureError):
        verify(SignedKind.SEAL, PAYLOAD, Signature(key, signature), root=ROOT)
    assert not is_public_key(key)


@pytest.mark.parametrize("signature", ["", "zz", "00" * 64, "00" * 63])
def test_refuses_signatures_that_are_none(identity: Identity, signature: str) -> None:
    with pytest.raises(SignatureError):
        verify(SignedKind.SEAL, PAYLOAD, Signature(identity.public_key, signature), root=ROOT)


def test_another_keys_signature_fails(identity: Identity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOOLKIT_KEY_FILE", str(tmp_path / "other"))
    theirs = sign(current_identity(), SignedKind.SEAL, PAYLOAD, root=ROOT)
    with pytest.raises(SignatureError):
        verify(SignedKind.SEAL, PAYLOAD, Signature(identity.public_key, theirs.signature), root=ROOT)


def test_canonical_form_is_one() -> None:
    assert canonical({"b": 1, "a": "é"}) == canonical({"a": "e\u0301", "b": 1}) == '{"a":"é","b":1}'.encode()


def test_floats_are_signed_exactly() -> None:
    with pytest.raises(TypeError):
        canonical({"share": 0.1})  # type: ignore[dict-item]
    assert canonical(without_floats({"share": 0.1})) == b'{"share":{"float":"0.1"}}'
    assert canonical(without_floats(1.0)) != canonical(without_floats(1))
