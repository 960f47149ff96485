"""Names: when two are the same, and what is said when one is not known."""

import unicodedata
from collections.abc import Iterable
from difflib import get_close_matches
from enum import StrEnum
from typing import TypeVar

from toolkit.errors import ConfigurationError, UnknownNameError
from toolkit.translatable import Text, _

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
        raise ConfigurationError(
            _("{what} takes names, and not a {kind}.", what=what, kind=type(given).__name__),
            _('Write {what}=["…"].', what=what),
        )
    found = list(names)
    if not all(isinstance(it, str) for it in found):
        raise ConfigurationError(_("{what} takes names as text.", what=what), _('Write {what}=["…"].', what=what))
    return found


def unknown_name(kind: str, name: str, known: Iterable[str]) -> UnknownNameError:
    """Return the error that tells which names would have worked, the nearest first."""
    names = sorted(known)
    kind = kind if isinstance(kind, Text) else _(kind)
    near = get_close_matches(str(name), names, n=3, cutoff=0.4) or names[:5]
    if not names:
        return UnknownNameError(
            _("There is no {kind} {name!r}: there are none yet.", kind=kind, name=name),
            _("Make the {kind} first.", kind=kind),
        )
    return UnknownNameError(
        _("There is no {kind} {name!r}.", kind=kind, name=name),
        _("Choose one of {count}, such as {near}.", count=len(names), near=", ".join(map(repr, near))),
    )
