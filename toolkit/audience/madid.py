"""What counts as a mobile advertising id (Apple's IDFA, Android's advertising id), as expressions for every engine.

It is a UUID in its usual form (RFC 9562), which one telephone shows in capitals and another in small letters: it is
sent in small letters, without braces, white space and unseen characters around it, so that one id is one person. One
of zeros alone is what a telephone gives whose owner refuses to be followed: it names nobody, and counts as missing.
"""

import narwhals as nw

from toolkit.unseen import UNSEEN

_FORM = r"^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$"
_NOBODY = r"^[0-]+$"
_AROUND = r"^(?:urn:uuid:)?[{(]?\s*([0-9a-f-]{36})\s*[)}]?$"


def normalised(field: nw.Expr) -> nw.Expr:
    """Return the field in small letters, without what may stand around an id; null stays null."""
    seen = field.str.replace_all(UNSEEN, "").str.strip_chars().str.to_lowercase()
    return seen.str.replace_all(_AROUND, "${1}")


def names_nobody(value: nw.Expr) -> nw.Expr:
    """Tell whether a normalised field is an id of zeros alone."""
    return value.str.contains(_NOBODY).fill_null(False)


def is_valid(value: nw.Expr) -> nw.Expr:
    """Tell whether a normalised field is one id, of a telephone that may be followed."""
    return value.str.contains(_FORM) & ~value.str.contains(_NOBODY)
