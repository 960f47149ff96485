"""E-mail addresses, plain or hashed.

The rule, and where it comes from:

- *Normalized* as Criteo asks before hashing: UTF-8, trimmed, lower-case (its audience guide). Trimming takes Unicode
  white space, and characters that cannot be seen (Unicode's default-ignorable ones: zero-width spaces, byte-order
  marks, soft hyphens, marks of direction, variation selectors, tags) are removed wherever they stand, because they come
  from copying and never belong to an address. The capital İ of Turkish becomes i, a full-width at sign the plain one.
  Letters are composed (NFC, as RFC 6532 asks), so that é typed in one way or the other hashes alike.
- *Valid* by the form of the WHATWG HTML standard ("valid e-mail address"), with what RFC 5321 adds: no dot at either
  end of the local part and no two in a row, at most 64 characters before the ``@``, 63 in a part of the domain, 254 in
  all; with letters and digits of every script, as RFC 6531 allows; and with a domain of two parts or more, the last of
  which is not a number (RFC 3696), since nobody's customer has a mailbox at a bare host or an address of digits.
- *Already hashed* when it is 32 or 64 hexadecimal digits: an MD5, a SHA-256, or the SHA-256 of an MD5. It is sent as it
  is: Criteo takes all of them, and plain addresses, under one type.
"""

import re
from collections.abc import Iterable, Sequence
from functools import cache

import narwhals as nw
import polars as pl

from toolkit.identifiers.hashing import HASHES, HashFormat, is_hash_text
from toolkit.identifiers.identifier_type import IdentifierType
from toolkit.identifiers.placeholders import Placeholders, placeholders_of
from toolkit.invisible_characters import UNSEEN
from toolkit.redaction import AT_SIGN
from toolkit.translatable import _, mark

_FULL_WIDTH_AT = "[\uff20\ufe6b]"
_CAPITAL_I = "\u0130|[iI]\u0307"
"""The capital I of Turkish, whose lower case is written i, and i with the dot that others make of it."""

_LETTER = r"[\p{L}\p{M}\p{N}]"
_ATOM = r"[\p{L}\p{M}\p{N}!#$%&'*+/=?^_`{|}~-]+"
_LABEL = rf"{_LETTER}+(?:-+{_LETTER}+)*"
_FORM = rf"^{_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})+$"
_REFUSED = r"^[^@]{65}|@(?:.*\.)?[^.]{64}|\.[0-9]+$"
_LONGEST = 254

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
    "Test@Test.com", "NoEmail", "noEmail", "noReply@example.com",
)  # fmt: skip


class _Email(IdentifierType):
    name = "email"
    keyword = "email"
    position = 0
    is_required = True

    label = mark("Email")
    help_text = mark("The column of the profiles that holds the e-mail address. Required.")
    misfit = mark("Most of what column {column} holds is no e-mail address.")
    noun = _("an e-mail address")
    plural = _("addresses")
    short = _("e-mail")
    content = "e-mail addresses"

    forms = (HashFormat.SHA256, HashFormat.MD5, HashFormat.SHA256_OF_MD5, HashFormat.PLAIN)
    hashes = HASHES
    prehashed = HASHES
    in_keys = rf"[^\s@]{AT_SIGN}[^\s@]+\.[^\s@]"

    def normalize(self, field: nw.Expr) -> nw.Expr:
        seen = field.str.replace_all(UNSEEN, "").str.replace_all(_FULL_WIDTH_AT, "@").str.replace_all(_CAPITAL_I, "i")
        return seen.str.strip_chars().str.to_lowercase()

    def is_valid(self, value: nw.Expr) -> nw.Expr:
        is_short = value.str.len_chars() <= _LONGEST
        return value.str.contains(_FORM) & ~value.str.contains(_REFUSED) & is_short

    def normalize_columns(self, frame: pl.LazyFrame, columns: Iterable[str]) -> pl.LazyFrame:
        names = list(columns)
        # What takes long is for letters that are not ASCII; most fields have none, and expressions pass over nulls.
        is_ascii = {it: pl.col(it).str.len_bytes() == pl.col(it).str.len_chars() for it in names}
        rows = frame.with_columns(pl.when(~is_ascii[it]).then(it).alias(f"other {it}") for it in names)
        others = (self.normalize(nw.col(f"other {it}")).alias(f"other {it}") for it in names)
        rows = nw.from_native(rows).with_columns(others).to_native()
        return rows.with_columns(
            pl.coalesce(_composed(pl.col(f"other {it}")), pl.col(it).str.strip_chars().str.to_lowercase()).alias(it)
            for it in names
        ).drop(f"other {it}" for it in names)

    def placeholders(self, added: Sequence[str] = ()) -> Placeholders:
        return _placeholders(tuple(added))

    def domain(self, value: pl.Expr) -> pl.Expr:
        return value.str.split_exact("@", 1).struct.field("field_1")


def _composed(address: pl.Expr) -> pl.Expr:
    """Return the address in Unicode form NFC; full-width letters, as keyboards of East Asia have them, become plain."""
    # Composing costs four times a hash, is needed for the few that are not ASCII, and passes over nulls.
    is_wide = address.str.contains("[\uff01-\uff5e]")
    return pl.coalesce(
        pl.when(is_wide).then(address).str.normalize("NFKC"), pl.when(~is_wide).then(address).str.normalize("NFC")
    )


@cache
def _placeholders(added: tuple[str, ...]) -> Placeholders:
    known = [
        *_ADDRESSES,
        *(f"{it}@{end}" for it in _LOCAL_PARTS for end in ("gmail.com", "test.com")),
        *(f"{it}@{it}.com" for it in _LOCAL_PARTS),
    ]
    locals_ = "|".join(re.escape(it) for it in (*_LOCAL_PARTS, *(it for it in added if not is_hash_text(it.lower()))))
    return placeholders_of(added, known=known, patterns=[rf"^(?:{locals_})(?:\+[^@]*)?@"])


TYPE = _Email()
