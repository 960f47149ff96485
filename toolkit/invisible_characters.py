"""Characters that cannot be seen, and blanks of all kinds, in what people paste and systems export.

The unseen ones are Unicode's Default_Ignorable_Code_Point (DerivedCoreProperties of Unicode 17): zero-width characters,
soft hyphens, marks of direction, variation selectors, fillers, tags. They come from copying, and never belong to an
address, an id or a secret.
"""

import re
import unicodedata

_RANGES = (
    (0x00AD, 0x00AD), (0x034F, 0x034F), (0x061C, 0x061C), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F),
    (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x2800, 0x2800), (0x3164, 0x3164), (0xFE00, 0xFE0F),
    (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0), (0xFFF0, 0xFFF8), (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF),
)  # fmt: skip
UNSEEN = "[" + "".join(f"{chr(first)}-{chr(last)}" for first, last in _RANGES) + "]"
"""A pattern of one such character, for Python and for engines; the blank of Braille is among them."""
_UNSEEN = re.compile(UNSEEN)


def without_unseen(text: str) -> str:
    """Return the text as it is read: compatibility forms made plain (NFKC), unseen characters left out."""
    return unicodedata.normalize("NFKC", _UNSEEN.sub("", text))


def trimmed(text: str) -> str:
    """Return what was pasted without the unseen characters in it, and the blanks and line ends around it."""
    return _UNSEEN.sub("", text).strip()
