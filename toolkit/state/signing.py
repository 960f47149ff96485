"""Signatures: who decided something, in a form that neither the database nor a colleague can make up.

A signature covers the kind of thing, the workspace's root and what was decided. So one that is copied to another kind
of row, to another row (whose identity and version the payload names) or from another workspace does not verify.
"""

import hashlib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

import orjson
from nacl.encoding import HexEncoder
from nacl.exceptions import BadSignatureError, CryptoError
from nacl.signing import VerifyKey

from toolkit.errors import SignatureError
from toolkit.state.keys import Identity
from toolkit.translatable import _

JSON: TypeAlias = "Mapping[str, JSON] | Sequence[JSON] | str | int | bool | None"

_DOMAIN = "criteo-segment-toolkit/1"


class SignedKind(StrEnum):
    """What is signed; a signature of one kind is none of another."""

    AUDIT = "audit"
    SEAL = "seal"
    SUPPRESSION = "suppression"
    DISCLOSURE = "disclosure"


@dataclass(frozen=True)
class Signature:
    """Who signed, and the signature, both in hexadecimal digits."""

    public_key: str
    signature: str


def sign(identity: Identity, kind: SignedKind, payload: Mapping[str, JSON], *, root: str) -> Signature:
    """Sign what was decided.

    Args:
        identity: The key pair of whoever decides.
        kind: What is signed.
        payload: What was decided. It names the row and its version or sequence number, else the signature of an older
            version, or of another row, would do as well.
        root: The fingerprint of the workspace's root; empty for the root itself.

    Raises:
        TypeError: The payload holds a float, or what JSON does not know.
    """
    return Signature(identity.public_key, identity.sign(_message(kind, payload, root)))


def verify(kind: SignedKind, payload: Mapping[str, JSON], signature: Signature, *, root: str) -> None:
    """Check that the owner of the signature's public key signed exactly this.

    Whether that person was entitled to decide it is for the caller to check.

    Raises:
        SignatureError: They did not.
    """
    try:
        key = VerifyKey(signature.public_key.encode(), HexEncoder)
        key.verify(_message(kind, payload, root), bytes.fromhex(signature.signature))
    except (BadSignatureError, CryptoError, ValueError, TypeError):
        raise SignatureError(
            _(
                "A signature of kind {kind!r} is not by the key {public_key}….",
                kind=kind.value,
                public_key=signature.public_key[:12],
            ),
            _("Somebody changed the database. Bring it back from a backup, or have an administrator decide it again."),
        ) from None


def canonical(value: JSON) -> bytes:
    """Return the one way to write the value as JSON: keys sorted, text in NFC, no floats (they have several forms)."""
    return orjson.dumps(_plain(value), option=orjson.OPT_SORT_KEYS)


def digest(value: JSON) -> str:
    """Return the SHA-256 of the value in its canonical form, in hexadecimal digits."""
    return hashlib.sha256(canonical(value)).hexdigest()


def without_floats(value: object) -> JSON:
    """Return the value with each float as text that tells it exactly, so that it can be signed."""
    if isinstance(value, float):
        return {"float": repr(value)}
    if isinstance(value, Mapping):
        return {str(key): without_floats(it) for key, it in value.items()}
    if isinstance(value, list | tuple):
        return [without_floats(it) for it in value]
    if value is None or isinstance(value, str | int):
        return value
    raise TypeError(f"A value of type {type(value).__name__} can't be signed.")


def _message(kind: SignedKind, payload: Mapping[str, JSON], root: str) -> bytes:
    return canonical({"domain": _DOMAIN, "kind": kind.value, "root": root, "payload": payload})


def _plain(value: JSON) -> JSON:
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value)
    if value is None or isinstance(value, int):
        return value
    if isinstance(value, Mapping):
        plain = {unicodedata.normalize("NFC", key): _plain(it) for key, it in value.items()}
        if len(plain) != len(value):
            raise TypeError("Two keys of what is signed are the same text.")
        return plain
    if isinstance(value, list | tuple):
        return [_plain(it) for it in value]
    raise TypeError(f"A value of type {type(value).__name__} can't be signed.")
