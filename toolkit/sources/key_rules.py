"""Rules by which keys that are written otherwise in two tables are the same key."""

from collections.abc import Iterable
from enum import StrEnum

import polars as pl

_UNSEEN = "\u00ad\u061c\u180e\u200b\u200c\u200d\u200e\u200f\u2060\u2061\u2062\u2063\u2064\ufeff"
_BLANK = "\t\n\x0b\x0c\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029"
_AROUND = _BLANK + "\u202f\u205f\u3000" + _UNSEEN
_WHOLE = r"^([+-]?[0-9]+)\.0+$"
_DIGITS = r"^[0-9]+$"
_UUID = "^" + "-".join(rf"([0-9A-Fa-f]{{{digits}}})" for digits in (8, 4, 4, 4, 12)) + "$"


class KeyRule(StrEnum):
    """What is passed over when keys are compared."""

    UNICODE = "unicode"
    """In which of Unicode's forms a letter is written: é as one character or as two."""
    BLANKS = "blanks"
    """White space and characters that can't be seen, such as a byte order mark, around the key."""
    BRACES = "braces"
    """Braces around the key, as in {6F9619FF-8B86-D011-B42D-00CF4FC964FF}."""
    DASHES = "dashes"
    """The dashes of a UUID: 6F9619FF-8B86-D011-B42D-00CF4FC964FF is the same with and without them."""
    CASE = "case"
    """Capital and small letters."""
    DECIMAL_POINT = "decimal point"
    """A decimal point with nothing but zeros after it: 7.0 is 7."""
    LEADING_ZEROS = "leading zeros"
    """Zeros before a number: 007 is 7."""


def normalized(key: pl.Expr, rules: Iterable[KeyRule]) -> pl.Expr:
    """Return a key of text as it is compared by these rules, which are applied in their own order."""
    chosen = set(rules)
    for rule in KeyRule:
        if rule in chosen:
            key = _applied(key, rule)
    return key


def _applied(key: pl.Expr, rule: KeyRule) -> pl.Expr:  # noqa: PLR0911  # one a rule
    match rule:
        case KeyRule.UNICODE:
            # Composing is slow, needed for the few that are not ASCII, and passes over nulls.
            is_ascii = key.str.len_bytes() == key.str.len_chars()
            return pl.coalesce(pl.when(~is_ascii).then(key).str.normalize("NFC"), key)
        case KeyRule.BLANKS:
            return key.str.strip_chars(_AROUND)
        case KeyRule.BRACES:
            has_both = key.str.starts_with("{") & key.str.ends_with("}")
            return pl.when(has_both).then(key.str.slice(1, key.str.len_chars().cast(pl.Int64) - 2)).otherwise(key)
        case KeyRule.DASHES:
            return key.str.replace(_UUID, "${1}${2}${3}${4}${5}")
        case KeyRule.CASE:
            return key.str.to_lowercase()
        case KeyRule.DECIMAL_POINT:
            return key.str.replace(_WHOLE, "${1}")
        case KeyRule.LEADING_ZEROS:
            bare = key.str.strip_chars_start("0")
            number = pl.when(bare == "").then(pl.lit("0")).otherwise(bare)
            return pl.when(key.str.starts_with("0") & key.str.contains(_DIGITS)).then(number).otherwise(key)
