"""What counts as an e-mail address, as expressions that run on every engine Narwhals speaks.

The rule, and where it comes from:

- *Normalised* as Criteo asks before hashing: UTF-8, trimmed, lower-case (its audience guide). Trimming takes Unicode
  white space, and characters that cannot be seen (Unicode's default-ignorable ones: zero-width spaces, byte-order
  marks, soft hyphens, marks of direction, variation selectors, tags) are removed wherever they stand, because they come
  from copying and never belong to an address. The capital İ of Turkish becomes i, a full-width at sign the plain one.
- *Valid* by the form of the WHATWG HTML standard ("valid e-mail address"), with what RFC 5321 adds: no dot at either
  end of the local part and no two in a row, at most 64 characters before the ``@``, 63 in a part of the domain, 254 in
  all; with letters and digits of every script, as RFC 6531 allows; and with a domain of two parts or more, the last of
  which is not a number (RFC 3696), since nobody's customer has a mailbox at a bare host or an address of digits.
- *Already hashed* when it is 32 or 64 hexadecimal digits: an MD5 or a SHA-256. It is sent as it is.
"""

import narwhals as nw

from toolkit.unseen import UNSEEN

_FULL_WIDTH_AT = "[\uff20\ufe6b]"
_CAPITAL_I = "\u0130|[iI]\u0307"
"""The capital I of Turkish, whose lower case is written i, and i with the dot that others make of it."""

_LETTER = r"[\p{L}\p{M}\p{N}]"
_ATOM = r"[\p{L}\p{M}\p{N}!#$%&'*+/=?^_`{|}~-]+"
_LABEL = rf"{_LETTER}+(?:-+{_LETTER}+)*"
_FORM = rf"^{_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})+$"
_REFUSED = r"^[^@]{65}|@(?:.*\.)?[^.]{64}|\.[0-9]+$"
_LONGEST = 254
_HASH = r"^(?:[0-9a-f]{32}|[0-9a-f]{64})$"


def normalised(field: nw.Expr) -> nw.Expr:
    """Return the field without unseen characters and surrounding white space, in lower case; null stays null."""
    seen = field.str.replace_all(UNSEEN, "").str.replace_all(_FULL_WIDTH_AT, "@").str.replace_all(_CAPITAL_I, "i")
    return seen.str.strip_chars().str.to_lowercase()


def is_missing(address: nw.Expr) -> nw.Expr:
    """Tell whether a normalised field is null or empty."""
    return address.is_null() | (address == "")


def is_hash(address: nw.Expr) -> nw.Expr:
    """Tell whether a normalised field already is the MD5 or the SHA-256 of an address."""
    return address.str.contains(_HASH)


def is_valid(address: nw.Expr) -> nw.Expr:
    """Tell whether a normalised field is one e-mail address."""
    return address.str.contains(_FORM) & ~address.str.contains(_REFUSED) & (address.str.len_chars() <= _LONGEST)
