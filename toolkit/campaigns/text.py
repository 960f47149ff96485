"""The text form of an audience: ``"High value" and not "Bought last week"``.

``and`` binds closer than ``or``, ``not`` closest. Names with blanks stand in double quotes, one within a name is
doubled. ``segment``, ``lookalike``, ``retargeting``, ``prospecting`` and ``id`` take arguments in parentheses.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto

from toolkit.campaigns.expression import (
    DEEPEST,
    And,
    Expression,
    Leaf,
    Not,
    Or,
    as_expression,
    at_criteo,
    lookalike,
    prospecting,
    retargeting,
    segment,
)
from toolkit.errors import ConfigurationError
from toolkit.translatable import Text, _

LONGEST = 10_000
"""Characters."""
_TOKEN = re.compile(r'\s*(?:"((?:[^"]|"")*)"|“([^“”]*)”|([(),=])|([^\s(),="“”]+))')
_WORDS = ("and", "or", "not")


class _Kind(Enum):
    NAME = auto()
    """In quotes."""
    WORD = auto()
    SIGN = auto()
    END = auto()


@dataclass(frozen=True)
class _Token:
    kind: _Kind
    text: str
    at: int
    """The place of its first character, from 1."""

    def is_word(self, text: str) -> bool:
        return self.kind is _Kind.WORD and self.text.lower() == text

    def is_sign(self, text: str) -> bool:
        return self.kind is _Kind.SIGN and self.text == text


def read_expression(text: str) -> Expression:
    """Read an audience from text.

    Args:
        text: Such as ``"High value" and not "Bought last week"``.

    Returns:
        The expression.

    Raises:
        ConfigurationError: The text can't be read; the error names the place.

    Examples:
        >>> from toolkit.campaigns import read_expression
        >>> print(read_expression('vip AND NOT ("Bought last week" or id(1234))'))
        "vip" and not ("Bought last week" or id(1234))
    """
    if len(text) > LONGEST:
        raise ConfigurationError(
            _("The audience has {count:,} characters, of {most:,} at most.", count=len(text), most=LONGEST),
            _("Build a segment for a part of it."),
        )
    reader = _Reader(_tokens(text))
    found = reader.any_of(0)
    reader.require_end()
    return found


class _Reader:
    """Takes token after token."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._place = 0

    @property
    def _next(self) -> _Token:
        return self._tokens[self._place]

    def _take(self) -> _Token:
        taken = self._next
        self._place += taken.kind is not _Kind.END
        return taken

    def any_of(self, depth: int) -> Expression:
        found = [self._all_of(depth)]
        while self._next.is_word("or"):
            self._take()
            found.append(self._all_of(depth))
        return Or.of(*found)

    def _all_of(self, depth: int) -> Expression:
        found = [self._one(depth)]
        while self._next.is_word("and"):
            self._take()
            found.append(self._one(depth))
        return And.of(*found)

    def _one(self, depth: int) -> Expression:
        token = self._take()
        if depth >= DEEPEST:
            raise _unreadable(token, _("parentheses and negations are nested in more than {most} levels", most=DEEPEST))
        if token.is_word("not"):
            return Not.of(self._one(depth + 1))
        if token.is_sign("("):
            found = self.any_of(depth + 1)
            self._require(")")
            return found
        if token.kind is _Kind.NAME:
            return as_expression(token.text)
        if token.kind is not _Kind.WORD or token.text.lower() in _WORDS:
            raise _unreadable(token, _("the name of a segment is missing"))
        return self._call(token) if self._next.is_sign("(") else as_expression(token.text)

    def _call(self, function: _Token) -> Expression:
        self._take()
        given: dict[str, _Token] = {}
        while not self._next.is_sign(")"):
            value, name = self._take(), ""
            if self._next.is_sign("="):
                self._take()
                name, value = value.text, self._take()
            if value.kind not in (_Kind.NAME, _Kind.WORD):
                raise _unreadable(value, _("a value is missing"))
            if name in given:
                raise _unreadable(value, _("{name!r} is given twice", name=name or value.text))
            given[name] = value
            if not self._next.is_sign(")"):
                self._require(",")
        self._require(")")
        make = _FUNCTIONS.get(function.text.lower())
        if make is None:
            raise _unreadable(function, _("there is no {name!r}", name=function.text))
        return make(_Arguments(function, given))

    def _require(self, sign: str) -> None:
        token = self._take()
        if not token.is_sign(sign):
            raise _unreadable(token, _("{sign!r} is missing", sign=sign))

    def require_end(self) -> None:
        token = self._next
        if token.kind is _Kind.END:
            return
        if token.kind is _Kind.SIGN:
            raise _unreadable(token, _("{sign!r} is not expected", sign=token.text))
        raise _unreadable(token, _("'and', 'or' or 'and not' is missing; a name with spaces stands in double quotes"))


class _Arguments:
    """What stands in the parentheses of a function."""

    def __init__(self, function: _Token, given: Mapping[str, _Token]) -> None:
        self._function = function
        self._given = dict(given)

    def text(self, name: str, default: str | None = None) -> str:
        token = self._given.pop(name, None)
        if token is not None:
            return token.text
        if default is None:
            raise _unreadable(self._function, _("{name!r} is missing", name=name or "name"))
        return default

    def either(self, name: str, default: str) -> str:
        """Return what is given with its name or without; with both, the one without is left, and refused."""
        return self.text(name if name in self._given else "", default)

    def number(self, name: str) -> int | None:
        token = self._given.pop(name, None)
        if token is None:
            return None
        digits = token.text.replace("_", "")
        if not (digits.isascii() and digits.isdigit()) or len(digits) > _LONGEST_NUMBER:
            raise _unreadable(token, _("{name!r} is no whole number", name=name))
        return int(digits)

    def required_number(self, name: str) -> int:
        number = self.number(name)
        if number is None:
            raise _unreadable(self._function, _("{name!r} is missing", name=name))
        return number

    def require_no_others(self) -> None:
        for name, token in self._given.items():
            raise _unreadable(token, _("{name!r} is not known", name=name or token.text))


_LONGEST_NUMBER = 12


def _segment(it: _Arguments) -> Leaf:
    return segment(it.text(""), export=it.text("export", ""))


def _lookalike(it: _Arguments) -> Leaf:
    return lookalike(it.text(""), size=it.required_number("size"), export=it.text("export", ""))


def _retargeting(it: _Arguments) -> Leaf:
    visitors = it.either("visitors", "All")
    days = {name: it.number(name) for name in ("min_days", "max_days")}
    return retargeting(visitors, **{name: its for name, its in days.items() if its is not None})


def _prospecting(it: _Arguments) -> Leaf:
    return prospecting(it.either("users", "Prospects"), min_days=it.number("min_days"), max_days=it.number("max_days"))


def _id(it: _Arguments) -> Leaf:
    return at_criteo(it.text(""))


def _only(make: Callable[[_Arguments], Leaf]) -> Callable[[_Arguments], Leaf]:
    """Return what makes a leaf, and refuses arguments that it does not know."""

    def made(given: _Arguments) -> Leaf:
        leaf = make(given)
        given.require_no_others()
        return leaf

    return made


_FUNCTIONS: Mapping[str, Callable[[_Arguments], Leaf]] = {
    "segment": _only(_segment),
    "lookalike": _only(_lookalike),
    "retargeting": _only(_retargeting),
    "prospecting": _only(_prospecting),
    "id": _only(_id),
}


def _tokens(text: str) -> list[_Token]:
    found, place, end = [], 0, len(text.rstrip())
    while place < end:
        match = _TOKEN.match(text, place)
        if match is None:
            at = place + len(text[place:]) - len(text[place:].lstrip())
            raise _unreadable(_Token(_Kind.END, "", at + 1), _("a quotation mark is not closed"))
        name, curly, sign, word = match.groups()
        group = match.lastindex or 0
        at = match.start(group) + (0 if group > _QUOTED else -1) + 1
        if name is not None or curly is not None:
            quoted = name.replace('""', '"') if name is not None else curly
            found.append(_Token(_Kind.NAME, quoted, at))
        else:
            found.append(_Token(_Kind.SIGN if sign else _Kind.WORD, sign or word, at))
        place = match.end()
    return [*found, _Token(_Kind.END, "", end + 1)]


_QUOTED = 2
"""The last of the groups whose match stands in quotes."""


def _unreadable(token: _Token, reason: Text) -> ConfigurationError:
    return ConfigurationError(
        _("The audience can't be read at character {place}: {reason}.", place=token.at, reason=reason),
        _('Write it such as "High value" and not "Bought last week".'),
    )
