"""GUM ids: by what Criteo knows a visitor to somebody whose ids it synchronizes with its own.

One is any text without white space: it has no form that is published, and small and capital letters differ. It is sent
as it is, with the number of whoever synchronized the ids, the GUM caller id, which Criteo gives (its guide to contact
lists). Ids of two callers are different ids: a list that was sent those of one caller is sent whole for another.

What holds an at sign, or is a telephone number with its plus, is no id but what a column named by mistake holds: as ids
are sent as they are, it would reach Criteo in plain.

What looks like a SHA-256 is taken for the hash of an id, by which somebody is named who shall be suppressed or
forgotten, and never for an id.
"""

from collections.abc import Mapping

import narwhals as nw

from toolkit.identifiers.hashing import HashFormat
from toolkit.identifiers.identifier_type import IdentifierType, TypeSetting
from toolkit.invisible_characters import UNSEEN
from toolkit.translatable import _, mark

_FORM = r"^[!-~]{6,255}$"
_OF_ANOTHER_TYPE = r"@|^\+[0-9()./-]{7,}$"
_HASH = r"(?i)^[0-9a-f]{64}$"
_LARGEST = 2**31 - 1


class _GumId(IdentifierType):
    name = "gum"
    keyword = "gum"
    position = 30

    label = mark("GUM ID")
    help_text = mark("Optional: a column with the IDs that Criteo synchronized with yours.")
    misfit = mark("Most of what column {column} holds is no GUM ID.")
    noun = _("a GUM id")
    plural = _("GUM ids")
    short = _("GUM id")
    content = "GUM ids"

    forms = (HashFormat.PLAIN,)
    is_recognizable = False
    settings = (
        TypeSetting(
            "gum_caller_id",
            mark("GUM caller ID"),
            mark("A number that Criteo gives you. Required with GUM IDs."),
            is_required=True,
        ),
    )

    def __init__(self, caller_id: int | None = None) -> None:
        self.caller_id = caller_id

    @property
    def configuration(self) -> tuple[str, ...]:
        return ("" if self.caller_id is None else str(self.caller_id),)

    def configured(self, given: Mapping[str, str]) -> "_GumId":
        text = given.get("gum_caller_id", "").strip()
        if not text:
            return _GumId()
        if not (text.isascii() and text.isdecimal() and 0 < int(text) <= _LARGEST):
            raise ValueError(_("gum_caller_id: {text!r} is no number above 0; Criteo gives it to you", text=text))
        return _GumId(int(text))

    def normalize(self, field: nw.Expr) -> nw.Expr:
        seen = field.str.replace_all(UNSEEN, "").str.strip_chars()
        return nw.when(seen.str.contains(_HASH)).then(seen.str.to_lowercase()).otherwise(seen)

    def is_valid(self, value: nw.Expr) -> nw.Expr:
        return value.str.contains(_FORM) & ~value.str.contains(_HASH) & ~value.str.contains(_OF_ANOTHER_TYPE)


TYPE = _GumId()
