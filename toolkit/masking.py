"""Addresses hidden in text that was written elsewhere, and fields shown only as far as they name nobody."""

import re

# Not in the middle of a URL, where a container's name may stand before an at sign.
_ADDRESS = re.compile(r"""(?<![^\s'"(<\[{,;:=>])[^\s@/'"<>(\[{,;:=]+@[^\s@/'"<>]+""")


def without_addresses(text: str) -> str:
    """Return the text with whatever looks like an e-mail address hidden."""
    return _ADDRESS.sub("•••", text)


def masked_field(value: object) -> str:
    """Return what can be shown of a field: the first character of each part of an address, else the first of all.

    Of numbers and dates the digits are hidden, so that their length and sign remain.
    """
    text = str(value)
    if not isinstance(value, str):
        return re.sub(r"\d", "•", text) if re.search(r"\d", text) else text
    name, at, domain = text.strip().partition("@")
    if not at:
        return f"{text[:1]}•••" if text else "''"
    host, dot, last = domain.rpartition(".")
    return f"{name[:1]}•••@{host[:1]}•••{dot}{last if dot and last.isalpha() else ''}"
