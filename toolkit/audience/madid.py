"""What counts as a mobile advertising id (Apple's IDFA, Android's advertising id), as expressions for every engine.

It is a UUID in its usual form (RFC 9562), sent as it is but for surrounding white space. One of zeros alone is what a
telephone gives whose owner refuses to be followed: it names nobody.
"""

import narwhals as nw

_FORM = r"^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"
_NOBODY = r"^[0-]+$"


def normalised(field: nw.Expr) -> nw.Expr:
    """Return the field without surrounding white space; null stays null."""
    return field.str.strip_chars()


def is_valid(value: nw.Expr) -> nw.Expr:
    """Tell whether a normalised field is one id, of a telephone that may be followed."""
    return value.str.contains(_FORM) & ~value.str.contains(_NOBODY)
