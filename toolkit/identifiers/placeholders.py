"""What stands in a field that holds nobody's identifier: words for nothing, zeros, and hashes of them.

Systems that hash their e-mail column hash the empty fields too. The hash of nothing looks like anybody's, and is one
identifier that thousands of people would be sent by. What else stands for nobody, a type says itself.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import narwhals as nw

from toolkit.identifiers.hashing import hashes_of, is_hash_text
from toolkit.invisible_characters import trimmed

_NOTHING = ("", " ", "  ", "\t", "\n", "\r\n", "-", "--", ".", "0", "?", '""', "''", "{}", "[]")
_WORDS = (
    "null", "(null)", "<null>", "[null]", "none", "nil", "nan", "nat", "<na>", "n/a", "#n/a", "na", "n.a.", "n.v.t.",
    "nvt", "undefined", "unknown", "onbekend", "not provided", "not available", "not set", "(not set)", "missing",
    "empty",
    "leeg", "geen", "no", "false", "test", "email", "e-mail", "xxx", "noemail", "no email", "geen email",
)  # fmt: skip
_MIXED = ("NaN", "NaT", "<NaN>", "None", "N.v.t.")
"""Spellings that differ in case from all others, as languages and systems write them; their hashes differ too."""
_ZEROS = r"^[0-]+$"


@dataclass(frozen=True)
class Placeholders:
    """Fields that hold nobody's identifier, in lower case."""

    texts: tuple[str, ...]
    """What the whole field, or its hash, may be."""
    pattern: str
    """A pattern of what else the field may be."""
    hashes: tuple[str, ...] = ()
    """SHA-256 of identifiers that are kept as their hashes only."""

    def names_nobody(self, value: nw.Expr) -> nw.Expr:
        """Tell whether a normalized field is one of them.

        Args:
            value: The field.

        Returns:
            A Boolean expression without nulls.
        """
        return (value.is_in(self.texts) | value.str.contains(self.pattern)).fill_null(False)


def placeholders_of(
    added: Iterable[str] = (), *, known: Iterable[str] = (), patterns: Iterable[str] = ()
) -> Placeholders:
    """Return the placeholders of a type of identifier.

    Args:
        added: What an export adds: words, or hashes, in lower case.
        known: What else is known to stand for nobody in a field of this type.
        patterns: Patterns of what else stands for nobody in one.

    Returns:
        These, and the words and zeros that stand for nobody everywhere, with their hashes.
    """
    added = tuple(added)
    spelt = {
        it
        for text in (*_NOTHING, *_WORDS, *_MIXED, *added, *known)
        for it in (text, text.lower(), text.upper(), text.capitalize(), text.title())
    }
    texts = {it.lower() for it in spelt} | {it for text in spelt for it in _known_hashes_of(text)}
    texts |= {"0" * 32, "0" * 64}
    return Placeholders(
        tuple(sorted(texts)), "|".join((_ZEROS, *patterns)), tuple(it for it in added if is_hash_text(it))
    )


def _known_hashes_of(text: str) -> Iterator[str]:
    """Yield all hashes that systems make of nothing: also of an MD5 in capitals, as SQL Server has it, and twice."""
    sha256, md5, sha256_of_md5 = hashes_of(text)
    yield from (sha256, md5, sha256_of_md5)
    for it in (md5.upper(), sha256, sha256.upper()):
        yield hashlib.sha256(it.encode()).hexdigest()


def without_addresses(placeholders: Iterable[str]) -> tuple[str, ...]:
    """Return placeholders as they may be stored.

    Args:
        placeholders: Words, or identifiers.

    Returns:
        Each once; an address only as its hashes.

    Raises:
        ValueError: One is empty.
    """
    kept: list[str] = []
    for it in placeholders:
        text = trimmed(it).lower()
        if not text:
            raise ValueError("a placeholder is empty; fields that hold nothing are missing anyway")
        kept += hashes_of(text) if "@" in text else (text,)
    return tuple(dict.fromkeys(kept))
