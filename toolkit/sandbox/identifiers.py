"""Which identifiers are well formed, and in what form they are held."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from itertools import islice
from zlib import crc32

_MOST_SAMPLES = 5


class IdentifierType(StrEnum):
    """What the identifiers of one call are, in Criteo's words."""

    EMAIL = "email"
    MADID = "madid"
    IDENTITY_LINK = "identityLink"
    GUM = "gum"
    PHONE_NUMBER = "phoneNumber"


_HASH = re.compile(r"[0-9a-f]{64}|[0-9a-f]{32}")
_ADDRESS = r"[^@\s]+@[^@\s.]+(?:\.[^@\s.]+)+"
_DEVICE = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_FORMS = {
    IdentifierType.EMAIL: re.compile(f"{_HASH.pattern}|{_ADDRESS}"),
    IdentifierType.MADID: re.compile(_DEVICE),
    IdentifierType.IDENTITY_LINK: re.compile(r"\S+"),
    IdentifierType.GUM: re.compile(r"\S+"),
    # As Criteo's guide to the OneTag has it: with the plus sign, without a zero after it, or the SHA-256.
    IdentifierType.PHONE_NUMBER: re.compile(r"[0-9a-f]{64}|\+[1-9][0-9]{6,14}"),
}


@dataclass(frozen=True)
class SortedOut:
    """The identifiers of one call: those that can be applied, and how many cannot, with a few of them."""

    valid: list[str]
    invalid_count: int
    invalid_samples: list[str]


def sort_out(identifiers: list[str], identifier_type: IdentifierType, *, rejects_one: bool = False) -> SortedOut:
    """Part the well-formed identifiers from the others; the first is among the others if one is to be rejected.

    An e-mail address is plain, or the 32 or 64 hexadecimal digits of its MD5 or SHA-256. Criteo asks for
    trimming and lower case before hashing, so surrounding spaces and capitals make it invalid here: a client
    that forgot would otherwise see its matches vanish without a word.
    """
    considered = identifiers[1:] if rejects_one else identifiers
    valid = list(filter(_FORMS[identifier_type].fullmatch, considered))
    if identifier_type is IdentifierType.EMAIL:
        valid = [identifier for identifier in valid if identifier == identifier.lower()]
    invalid_count = len(identifiers) - len(valid)
    return SortedOut(valid, invalid_count, _samples_without(valid, identifiers) if invalid_count else [])


def _samples_without(valid: list[str], identifiers: list[str]) -> list[str]:
    known = set(valid)
    return list(islice((identifier for identifier in identifiers if identifier not in known), _MOST_SAMPLES))


def without_readable(identifiers: list[str], identifier_type: IdentifierType) -> list[str]:
    """Return the identifiers with each plain address or telephone number replaced by its SHA-256."""
    if identifier_type not in {IdentifierType.EMAIL, IdentifierType.PHONE_NUMBER}:
        return identifiers
    return [
        identifier if _HASH.fullmatch(identifier) else sha256(identifier.removeprefix("+").encode()).hexdigest()
        for identifier in identifiers
    ]


def count_known(identifiers: Iterable[str], match_rate: float) -> int:
    """Count the identifiers that the sandbox says Criteo knows: always the same ones, in the given share."""
    threshold = round(match_rate * 2**32)
    return sum(map(threshold.__gt__, map(crc32, map(str.encode, identifiers))))


def known(identifiers: Iterable[str], match_rate: float) -> Iterator[str]:
    """Return the identifiers that ``count_known`` counts."""
    threshold = round(match_rate * 2**32)
    return (it for it in identifiers if crc32(it.encode()) < threshold)
