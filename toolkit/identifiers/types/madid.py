"""Mobile advertising ids: Apple's IDFA, Android's advertising id.

One is a UUID in its usual form (RFC 9562), which one telephone shows in capitals and another in small letters: it is
sent in small letters, without braces, white space and unseen characters around it, so that one id is one person. One
of zeros alone is what a telephone gives whose owner refuses to be followed: it names nobody, and counts as missing.

Criteo takes ids as they are, so that the hash of one can't be sent. What a list holds is known by SHA-256 here.
"""

from collections.abc import Iterable, Sequence
from functools import cache

import narwhals as nw
import polars as pl

from toolkit.identifiers.hashing import HashFormat
from toolkit.identifiers.identifier_type import IdentifierType
from toolkit.identifiers.placeholders import Placeholders, placeholders_of
from toolkit.invisible_characters import UNSEEN
from toolkit.translatable import _, mark

_FORM = r"^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$"
_ZEROS = r"^[0-]+$"
_AROUND = r"^(?:urn:uuid:)?[{(]?\s*([0-9a-f-]{36})\s*[)}]?$"
_BYTES = 36


class _MobileAdvertisingId(IdentifierType):
    name = "madid"
    keyword = "madid"
    position = 10

    label = mark("Mobile advertising ID")
    help_text = mark("Optional: a column with the id of a phone, sent beside the e-mail.")
    misfit = mark("Most of what column {column} holds is no mobile advertising ID.")
    noun = _("a mobile id")
    plural = _("mobile ids")
    short = _("mobile id")
    content = "UUIDs"

    forms = (HashFormat.PLAIN,)

    def normalize(self, field: nw.Expr) -> nw.Expr:
        seen = field.str.replace_all(UNSEEN, "").str.strip_chars().str.to_lowercase()
        return seen.str.replace_all(_AROUND, "${1}")

    def is_valid(self, value: nw.Expr) -> nw.Expr:
        return value.str.contains(_FORM) & ~value.str.contains(_ZEROS)

    def normalize_columns(self, frame: pl.LazyFrame, columns: Iterable[str]) -> pl.LazyFrame:
        names = list(columns)
        # Of 36 bytes of ASCII an id has nothing around it that is to be looked for; expressions pass over nulls.
        is_bare = {it: (pl.col(it).str.len_bytes() == _BYTES) & (pl.col(it).str.len_chars() == _BYTES) for it in names}
        rows = frame.with_columns(pl.when(~is_bare[it]).then(it).alias(f"other {it}") for it in names)
        rows = super().normalize_columns(rows, [f"other {it}" for it in names])
        return rows.with_columns(
            pl.coalesce(f"other {it}", pl.col(it).str.strip_chars().str.to_lowercase()).alias(it) for it in names
        ).drop(f"other {it}" for it in names)

    def placeholders(self, added: Sequence[str] = ()) -> Placeholders:
        return _placeholders(tuple(added))

    def spellings(self, value: pl.Expr) -> list[pl.Expr]:
        # Whoever put ids into an adopted list may have written them in capitals.
        return [value, value.str.to_uppercase()]


_placeholders = cache(placeholders_of)

TYPE = _MobileAdvertisingId()
