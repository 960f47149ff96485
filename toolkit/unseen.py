"""Characters that cannot be seen, and blanks of all kinds, in what people paste and systems export.

The unseen ones are Unicode's Default_Ignorable_Code_Point (DerivedCoreProperties of Unicode 17): zero-width characters,
soft hyphens, marks of direction, variation selectors, fillers, tags. They come from copying, and never belong to an
address, an id or a secret.
"""

import re
import unicodedata

UNSEEN = (
    r"\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    r"\ufeff\uffa0\ufff0-\ufff8"
)
"""As the inside of a character class, but for those beyond the first 65,536 characters."""
_UNSEEN = re.compile(rf"[{UNSEEN}\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]")


def without_unseen(text: str) -> str:
    """Return the text as it is read: compatibility forms made plain (NFKC), unseen characters left out."""
    return unicodedata.normalize("NFKC", _UNSEEN.sub("", text))


def trimmed(text: str) -> str:
    """Return what was pasted without the unseen characters in it, and the blanks and line ends around it."""
    return _UNSEEN.sub("", text).strip()
