"""Addresses hidden in text that was written elsewhere."""

import re

# Not in the middle of a URL, where a container's name may stand before an at sign.
_ADDRESS = re.compile(r"""(?<![^\s'"(<\[{,;:=>])[^\s@/'"<>(\[{,;:=]+@[^\s@/'"<>]+""")


def without_addresses(text: str) -> str:
    """Return the text with whatever looks like an e-mail address hidden."""
    return _ADDRESS.sub("•••", text)
