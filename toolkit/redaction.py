"""The one rule that hides what names a person in text that was written elsewhere, and in fields that are shown.

It reads text once, from left to right, so that a line of many megabytes takes no longer than its length. It rather
hides too much than too little: whatever stands around an at sign, up to white space or a delimiter.
"""

import re
from typing import TYPE_CHECKING

from toolkit.translatable import Text

if TYPE_CHECKING:
    import polars as pl

HIDDEN = "•••"
AT_SIGN = "(?i:@|\uff20|\ufe6b|%40|&#0*64;|&#x0*40;|&commat;)"
"""A pattern of an at sign, also in full width, and as URLs and HTML write it."""

TELEPHONE = (
    r"(?:\+|\b00)[1-9](?:[ ()./-]{0,2}\d){7,}"
    r"|\b0\d{1,3}[ -]?\d{6,8}\b"
    r"|\b0\d{1,2}(?: \d{2,3}){3,4}\b"
)
"""A pattern of a telephone number as people write it, with its country or a leading zero; no date is one."""

_DELIMITERS = r"\s\"<>()\[\]{},;:=/\\|?"
_RUN = re.compile(rf"[^{_DELIMITERS}]++")
_AT = re.compile("@|\uff20|\ufe6b|%(?:25)*40")
_WRITTEN_AT = re.compile(
    r"&(?:#0*64|#[xX]0*40|commat);"
    # As JSON writes it, and as mail does where a name of a host follows.
    r"|(?<!\\)\\++u0040"
    r"|=40(?=[\w-]{1,63}(?:\.[\w-]{1,63}){0,8}\.[A-Za-z]{2})"
)
_QUOTED_LOCAL = re.compile(rf"""(["'])[^"'@\n]{{1,128}}\1(?:@|%(?:25)*40)[^{_DELIMITERS}]*+""")
_KEPT_BEFORE = "'`*_~!.#$^&+"
_KEPT_AFTER = "'`.!*"
_OF_A_PLACE = re.compile(r"(?:abfss?|wasbs?|postgresql(?:\+\w{1,20})?)://\Z", re.IGNORECASE)
_LONGEST_SCHEME = 40
_HASH = re.compile(r"(?<![0-9a-zA-Z])(?:[0-9a-fA-F]{64}|[0-9a-fA-F]{32})(?![0-9a-zA-Z])")
_IDENTIFIER = re.compile(
    r"\b[0-9a-fA-F]{32,64}\b"
    r"|\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b"
    r"|\+?\b(?!\d{4}-\d{2}-\d{2}\b)\d(?:[ ()/-]?\d){7,}\b"
)
_WHOLE_ADDRESS = r"(?s)^\s*([^@])[^@]*@([^@.]).*(\.\pL+)\s*$"
_ANYTHING = r"(?s)^\s*(.).*$"


def redacted(text: object) -> str:
    """Return the text with whatever looks like an e-mail address, or the hash of one, hidden.

    The container or user in a location such as ``abfss://container@account…`` stays, and so does what a translatable
    text needs for its translation, as far as it shows nothing.
    """
    return text.mapped(redacted) if isinstance(text, Text) else _redacted(text)


def _redacted(text: object) -> str:
    return _HASH.sub(HIDDEN, _without_addresses(str(text)))


def without_identifiers(text: object) -> str:
    """Return the text as ``redacted`` does, also without devices' ids and telephone numbers; a date stays."""
    if isinstance(text, Text):
        return text.mapped(without_identifiers)
    return _IDENTIFIER.sub(HIDDEN, redacted(text))


def _without_addresses(text: str) -> str:
    if "&" in text or "40" in text:
        text = _WRITTEN_AT.sub("@", text)
    if _AT.search(text) is None:
        return text
    return _RUN.sub(_hidden, _QUOTED_LOCAL.sub(HIDDEN, text))


def _hidden(found: re.Match[str]) -> str:
    run = found.group()
    if _AT.search(run) is None:
        return run
    start = found.start()
    if _OF_A_PLACE.search(found.string[max(0, start - _LONGEST_SCHEME) : start]) and len(_AT.findall(run)) == 1:
        return run
    after = run.rstrip(_KEPT_AFTER)
    bare = after.lstrip(_KEPT_BEFORE)
    is_at_first = _AT.match(bare) is not None and len(_AT.findall(bare)) == 1
    is_begun = start == 0 or found.string[start - 1].isspace()
    # What stands before it may be all there is of an address before its sign.
    if is_at_first and (_AT.fullmatch(bare) or (is_begun and bare == after)):
        return run  # a sign alone, or a name such as @handle
    return f"{after[: len(after) - len(bare)]}{HIDDEN}{run[len(after) :]}"


def masked_field(value: object) -> str:
    """Return what can be shown of a field: the first character of each part of an address, else the first of all.

    Of numbers and dates the digits are hidden, so that their length and sign remain.
    """
    text = str(value)
    if not isinstance(value, str):
        return re.sub(r"\d", "•", text)
    name, at, domain = text.strip().partition("@")
    if not at:
        return f"{text[:1]}{HIDDEN}" if text else "''"
    host, dot, last = domain.rpartition(".")
    return f"{name[:1]}{HIDDEN}@{host[:1]}{HIDDEN}{dot}{last if dot and last.isalpha() else ''}"


def masked_column(value: "pl.Expr") -> "pl.Expr":
    """Return a column of text of which no more is left than a first letter and, of an address, its ending."""
    import polars as pl

    return (
        pl.when(value.str.contains(_WHOLE_ADDRESS))
        .then(value.str.replace(_WHOLE_ADDRESS, "${1}•••@${2}•••${3}"))
        .otherwise(value.str.replace(_ANYTHING, "${1}•••"))
    )
