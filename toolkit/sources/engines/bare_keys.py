"""What is left of a key when all is taken off that a rule of keys may pass over.

Two keys that are one by any rules (see ``key_rules``) have the same left, if both have plain characters only. Two
others may have it too: whoever compares them by the rules afterwards finds that they differ. So an engine can find few
rows, of which one is wanted, without knowing the rules.
"""

import narwhals as nw

OTHER_THAN_PLAIN = "[^ -~]"
"""What engines may fold, compose or trim in ways of their own."""


def bare_key(key: nw.Expr) -> nw.Expr:
    """Return the letters and digits of a key, small, without a decimal point, zeros after it, and leading zeros."""
    # A database in Turkish makes another letter of I.
    small = key.str.replace_all("I", "i", literal=True).str.to_lowercase()
    letters = small.str.replace_all("[^0-9a-z.]", "")
    whole = letters.str.replace_all("[.]0+$", "").str.replace_all(".", "", literal=True)
    return whole.str.replace_all("^0+", "")
