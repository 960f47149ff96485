"""Names: when two are the same, and what is said when one is not known."""

import unicodedata
from collections.abc import Iterable
from difflib import get_close_matches
from enum import StrEnum
from typing import TypeVar

from toolkit.errors import ConfigurationError, UnknownNameError

E = TypeVar("E", bound=StrEnum)


def same_form(name: str) -> str:
    """Return the name in the one Unicode form (NFC) in which names are compared.

    An accent may be a character of its own or not, and looks the same: a Mac, or a share, gives the other back.
    """
    return unicodedata.normalize("NFC", name)


def looks(name: str) -> str:
    """Return what two names share that a reader takes for the same: case, forms of characters and blanks aside."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def one_of(kind: str, choices: type[E], name: str) -> E:
    """Return the choice of that name; raises ConfigurationError with the names that there are."""
    try:
        return choices(name)
    except ValueError:
        raise unknown_name(kind, name, [it.value for it in choices]) from None


def listed(given: str | Iterable[str] | None, *, what: str) -> list[str]:
    """Return names as a list: one may be given alone, None stands for none.

    Raises ConfigurationError for anything else.
    """
    if given is None:
        return []
    names = [given] if isinstance(given, str) else given
    if not isinstance(names, Iterable) or isinstance(names, bytes):
        raise ConfigurationError(f"{what} takes names, and not a {type(given).__name__}.", f'Write {what}=["…"].')
    found = list(names)
    if not all(isinstance(it, str) for it in found):
        raise ConfigurationError(f"{what} takes names as text.", f'Write {what}=["…"].')
    return found


def unknown_name(kind: str, name: str, known: Iterable[str]) -> UnknownNameError:
    """Return the error that tells which names would have worked, the nearest first."""
    names = sorted(known)
    near = get_close_matches(str(name), names, n=3, cutoff=0.4) or names[:5]
    if not names:
        return UnknownNameError(f"There is no {kind} {name!r}: there are none yet.", f"Make the {kind} first.")
    return UnknownNameError(
        f"There is no {kind} {name!r}.", f"Choose one of {len(names)}, such as {', '.join(map(repr, near))}."
    )
