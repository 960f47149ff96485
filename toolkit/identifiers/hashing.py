"""Hashes of identifiers: the forms in which they are sent, and the one rule of what a hash looks like."""

import hashlib
import re
from collections.abc import Iterable
from enum import StrEnum

import narwhals as nw
import polars as pl


class HashFormat(StrEnum):
    """How an identifier is sent. Criteo takes all four of an e-mail; other types say which ones they take.

    Examples:
        >>> toolkit.HashFormat("sha256_of_md5")
        <HashFormat.SHA256_OF_MD5: 'sha256_of_md5'>
    """

    SHA256 = "sha256"
    MD5 = "md5"
    SHA256_OF_MD5 = "sha256_of_md5"
    PLAIN = "plain"


HASHES = (HashFormat.SHA256, HashFormat.MD5, HashFormat.SHA256_OF_MD5)
"""The forms that are hashes."""

_DIGITS = {HashFormat.SHA256: 64, HashFormat.MD5: 32, HashFormat.SHA256_OF_MD5: 64}


def pattern_of(forms: Iterable[HashFormat]) -> str:
    """Return a pattern of a whole text, in lower case, that is a hash in one of these forms; of none, one that fails.

    Args:
        forms: The forms; ``PLAIN`` is no hash.

    Returns:
        A regular expression that Polars and Python both read.
    """
    lengths = sorted({_DIGITS[it] for it in forms if it in _DIGITS})
    return rf"^(?:{'|'.join(f'[0-9a-f]{{{it}}}' for it in lengths)})$" if lengths else r"^[^\s\S]$"


ANY_HASH = pattern_of(HASHES)
_WHOLE = re.compile(ANY_HASH)


def is_hash(value: nw.Expr, forms: Iterable[HashFormat] = HASHES) -> nw.Expr:
    """Tell whether a normalized field is a hash in one of these forms, by its digits; null stays null.

    Args:
        value: The field.
        forms: The forms that are asked for.

    Returns:
        A Boolean expression.
    """
    return value.str.contains(pattern_of(forms))


def is_hash_text(text: str) -> bool:
    """Tell whether a text, in lower case, is a hash.

    Args:
        text: The text.

    Returns:
        Whether it is 32 or 64 hexadecimal digits and nothing else.
    """
    return _WHOLE.fullmatch(text) is not None


def may_be(form: HashFormat, column: str) -> pl.Expr:
    """Tell whether what a column holds may be a hash in this form. Of 64 digits nobody can tell what was hashed.

    Args:
        form: The form.
        column: Name of the column, whose values are normalized.

    Returns:
        A Boolean expression.
    """
    return pl.col(column).str.contains(pattern_of([form]))


def hashed(column: str | pl.Expr, form: HashFormat) -> pl.Expr:
    """Return the hash of the values in a column as lower-case hexadecimal text.

    Args:
        column: Name of the column, whose values are normalized, or an expression of text.
        form: The form. A plain value is held as its SHA-256: what is compared and stored is never the value itself.

    Returns:
        An expression of text.
    """
    from polars_hash import col, concat_str

    text = col(column) if isinstance(column, str) else concat_str(column)
    match form:
        case HashFormat.SHA256 | HashFormat.PLAIN:
            return text.chash.sha2_256()
        case HashFormat.MD5:
            return text.nchash.md5()
        case HashFormat.SHA256_OF_MD5:
            return concat_str(text.nchash.md5()).chash.sha2_256()


def hashes_of(text: str) -> tuple[str, str, str]:
    """Return the hashes under which a text may stand in a table: SHA-256, MD5, and the SHA-256 of its MD5.

    Args:
        text: The text.

    Returns:
        The three, as lower-case hexadecimal text.
    """
    data = text.encode()
    md5 = hashlib.md5(data, usedforsecurity=False).hexdigest()
    return hashlib.sha256(data).hexdigest(), md5, hashlib.sha256(md5.encode()).hexdigest()
