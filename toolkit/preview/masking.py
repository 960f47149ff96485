"""Fields of persons, shown only as far as they name nobody."""

import re

import polars as pl

_ADDRESS = r"(?s)^\s*([^@])[^@]*@([^@.]).*(\.\pL+)\s*$"
_ANYTHING = r"(?s)^\s*(.).*$"
_PERSONAL_NAME = re.compile(
    r"name|naam|phone|mobile|mobiel|telefoon|e.?mail|street|straat|address|adres|birth|geboorte|dob"
    r"|post.?code|zip|passport|bsn|ssn|iban|latitude|longitude|\bip\b",
    re.IGNORECASE,
)
_PERSONAL_VALUE = r"@|[0-9a-fA-F-]{12}|(?:[0-9][ ()./-]*){7}"
_SHARED_BY = 2
"""In a sample of a hundred, what two share many more share in the whole."""


def masked(value: pl.Expr) -> pl.Expr:
    """Return text of which no more is left than a first letter and, of an address, its ending; null stays null."""
    return (
        pl.when(value.str.contains(_ADDRESS))
        .then(value.str.replace(_ADDRESS, "${1}•••@${2}•••${3}"))
        .otherwise(value.str.replace(_ANYTHING, "${1}•••"))
    )


def looks_personal(values: pl.Series) -> bool:
    """Tell whether a column may tell of one person: by its name, or by values that are nobody else's.

    A name never makes a column less personal. Numbers, dates and yes or no are not, unless the name says so; text is,
    unless most of its values are shared by several.
    """
    if _PERSONAL_NAME.search(values.name):
        return True
    filled = values.drop_nulls()
    if filled.dtype != pl.String:
        return filled.dtype.is_nested() or filled.dtype in (pl.Binary, pl.Object)
    if filled.is_empty():
        return False
    shared = filled.value_counts()["count"]
    return bool(filled.str.contains(_PERSONAL_VALUE).any()) or shared.filter(shared >= _SHARED_BY).sum() * 2 < len(
        filled
    )
