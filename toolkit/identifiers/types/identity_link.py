"""LiveRamp's ids of persons, which it calls RampIDs, and Criteo identityLink.

One is 49 characters that begin with ``XY`` (LiveRamp knows the person), or 70 that begin with ``Xi`` (derived of what
it was given): letters, digits, ``-`` and ``_``, of which small and capital letters differ (LiveRamp's "Interpreting
RampID"). Ids of households (``hY``), and placeholders for cookies and devices (``Xc``, ``Xm``), are of no person.
Criteo takes ids as they are, in LiveRamp's encoding for Criteo; one in the encoding of another partner has the same
form, so that nothing here can tell.
"""

import narwhals as nw

from toolkit.identifiers.hashing import HashFormat
from toolkit.identifiers.identifier_type import IdentifierType
from toolkit.invisible_characters import UNSEEN
from toolkit.translatable import _, mark

_FORM = r"^(?:XY[0-9A-Za-z_-]{47}|Xi[0-9A-Za-z_-]{68})$"
_HASH = r"(?i)^[0-9a-f]{64}$"


class _IdentityLink(IdentifierType):
    name = "identityLink"
    keyword = "identity_link"
    position = 40

    label = mark("LiveRamp ID")
    help_text = mark("Optional: a column with RampIDs, in LiveRamp's encoding for Criteo.")
    misfit = mark("Most of what column {column} holds is no LiveRamp ID.")
    noun = _("a LiveRamp id")
    plural = _("LiveRamp ids")
    short = _("LiveRamp id")
    content = "LiveRamp ids"

    forms = (HashFormat.PLAIN,)

    def normalize(self, field: nw.Expr) -> nw.Expr:
        seen = field.str.replace_all(UNSEEN, "").str.strip_chars()
        return nw.when(seen.str.contains(_HASH)).then(seen.str.to_lowercase()).otherwise(seen)

    def is_valid(self, value: nw.Expr) -> nw.Expr:
        return value.str.contains(_FORM)


TYPE = _IdentityLink()
