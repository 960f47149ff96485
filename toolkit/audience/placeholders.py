"""What stands in a field that holds nobody's identifier: words for nothing, addresses of nobody, and hashes of them.

Systems that hash their e-mail column hash the empty fields too. The hash of nothing looks like anybody's, and is one
identifier that thousands of people would be sent by.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import narwhals as nw

from toolkit.unseen import trimmed

_NOTHING = ("", " ", "  ", "\t", "\n", "\r\n", "-", "--", ".", "0", "?", '""', "''", "{}", "[]")
_WORDS = (
    "null", "(null)", "<null>", "[null]", "none", "nil", "nan", "nat", "<na>", "n/a", "#n/a", "na", "n.a.", "n.v.t.",
    "nvt", "undefined", "unknown", "onbekend", "not provided", "not available", "not set", "(not set)", "missing",
    "empty",
    "leeg", "geen", "no", "false", "test", "email", "e-mail", "xxx", "noemail", "no email", "geen email",
)  # fmt: skip
_LOCAL_PARTS = (
    "noemail", "no-email", "no_email", "no.email", "nomail", "no-mail", "noaddress", "no-address", "geenemail",
    "geen-email", "geenmail", "geen-mail", "keineemail", "keine-email", "null", "none", "undefined", "n/a", "nan",
    "notprovided", "not-provided", "unknown-email", "dummyemail", "fakeemail",
)  # fmt: skip
_ADDRESSES = (
    "test@test.com", "test@test.nl", "test@test.be", "test@test.de", "test@test.fr", "test@example.com", "a@a.com",
    "a@b.com", "a@b.c", "a@a.nl", "aa@aa.com", "abc@abc.com", "x@x.x", "x@y.z", "xx@xx.com", "xxx@xxx.com", "no@no.com",
    "no@no.nl", "na@na.com", "none@none.com", "null@null.com", "nomail@nomail.com", "noemail@noemail.com",
    "noemail@gmail.com", "email@email.com", "mail@mail.com", "user@example.com", "name@example.com", "info@example.com",
    "email@example.com", "noreply@example.com", "asdf@asdf.com", "asd@asd.com", "qwerty@qwerty.com", "123@123.com",
    "1@1.com", "foo@bar.com", "fake@fake.com", "dummy@dummy.com", "unknown@unknown.com", "undefined@undefined.com",
)  # fmt: skip
_MIXED = ("NaN", "NaT", "<NaN>", "None", "N.v.t.", "Test@Test.com", "NoEmail", "noEmail", "noReply@example.com")
"""Spellings that differ in case from all others, as languages and systems write them; their hashes differ too."""
_HASH = re.compile(r"(?:[0-9a-f]{32}|[0-9a-f]{64})")


@dataclass(frozen=True)
class Placeholders:
    """Fields that hold nobody's identifier, in lower case."""

    texts: tuple[str, ...]
    """What the whole field, or its hash, may be."""
    local_parts: str
    """A pattern of what stands before the at sign, whatever the domain is."""
    hashes: tuple[str, ...] = ()
    """SHA-256 of addresses that are kept as their hashes only."""

    @classmethod
    def of(cls, added: Sequence[str] = ()) -> "Placeholders":
        """Return those that are known, and these: words, local parts of addresses, whole addresses, or hashes."""
        return _placeholders(tuple(added))

    def names_nobody(self, address: nw.Expr) -> nw.Expr:
        """Tell whether a normalised field is one of them."""
        return (address.is_in(self.texts) | address.str.contains(self.local_parts)).fill_null(False)


@cache
def _placeholders(added: tuple[str, ...]) -> Placeholders:
    words = [*_NOTHING, *_WORDS, *(it.lower() for it in added)]
    spelt = (
        {
            it
            for text in (
                *words,
                *_ADDRESSES,
                *(f"{it}@{end}" for it in _LOCAL_PARTS for end in ("gmail.com", "test.com")),
            )
            for it in (text, text.upper(), text.capitalize(), text.title())
        }
        | {f"{it}@{it}.com" for it in _LOCAL_PARTS}
        | set(_MIXED)
    )
    texts = (
        {it.lower() for it in spelt} | {it for text in spelt for it in _known_hashes_of(text)} | {"0" * 32, "0" * 64}
    )
    locals_ = "|".join(re.escape(it) for it in (*_LOCAL_PARTS, *_without_domain(added)))
    return Placeholders(
        tuple(sorted(texts)), rf"^(?:{locals_})(?:\+[^@]*)?@", tuple(it for it in added if _HASH.fullmatch(it))
    )


def hashes_of(text: str) -> tuple[str, str, str]:
    """Return the hashes under which a text may stand in a table: SHA-256, MD5, and the SHA-256 of its MD5."""
    data = text.encode()
    md5 = hashlib.md5(data, usedforsecurity=False).hexdigest()
    return hashlib.sha256(data).hexdigest(), md5, hashlib.sha256(md5.encode()).hexdigest()


def _known_hashes_of(text: str) -> Iterator[str]:
    """Yield all hashes that systems make of nothing: also of an MD5 in capitals, as SQL Server has it, and twice."""
    once = hashes_of(text)
    yield from once
    yield hashlib.sha256(once[1].upper().encode()).hexdigest()
    for it in (once[0], once[0].upper()):
        yield hashlib.sha256(it.encode()).hexdigest()


def without_addresses(placeholders: Iterable[str]) -> tuple[str, ...]:
    """Return placeholders as they may be stored: an address only as its hashes, each once.

    Raises ValueError for one that is empty.
    """
    kept: list[str] = []
    for it in placeholders:
        text = trimmed(it).lower()
        if not text:
            raise ValueError("a placeholder is empty; fields that hold nothing are missing anyway")
        kept += hashes_of(text) if "@" in text else (text,)
    return tuple(dict.fromkeys(kept))


def _without_domain(added: Iterable[str]) -> list[str]:
    return [it.lower() for it in added if not _HASH.fullmatch(it.lower())]
