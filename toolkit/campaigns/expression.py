"""Who is in a Criteo audience: segments, combined by and, or and not.

An expression is made by operators (``segment("A") - segment("B")``) or read from text (``"A" and not "B"``). It knows
nothing of Criteo: what its leaves are there, ``toolkit.campaigns.resolution`` finds.
"""

from abc import abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from toolkit.criteo import UsersType, VisitorsType
from toolkit.errors import ConfigurationError
from toolkit.names import one_of
from toolkit.translatable import Text, _

MOST_LEAVES = 100
"""More segments than anybody combines; what is larger is a mistake."""
DEEPEST = 20
"""Levels of parentheses and negations."""
_LONGEST_DAYS = 3650


class Expression:
    """Who is in a Criteo audience, combined by ``&`` (and), ``|`` (or), ``-`` (and not) and ``~`` (not).

    ``str`` gives the text that ``read_expression`` reads.

    Examples:
        >>> from toolkit.campaigns import lookalike, segment
        >>> print(segment("High value") - segment("Lapsed 12 months"))
        "High value" and not "Lapsed 12 months"
        >>> print(lookalike("High value", size=100_000) | "Newsletter")
        lookalike("High value", size=100000) or "Newsletter"
    """

    @property
    @abstractmethod
    def leaves(self) -> "tuple[Leaf, ...]":
        """The segments that it combines, each once, in their order."""

    @abstractmethod
    def replaced(self, replace: "Callable[[Leaf], Expression]") -> "Expression":
        """Return the expression with another in the place of each leaf."""

    @property
    @abstractmethod
    def depth(self) -> int:
        """How many levels it has."""

    def __and__(self, other: "Expression | str") -> "Expression":
        return And.of(self, as_expression(other))

    def __or__(self, other: "Expression | str") -> "Expression":
        return Or.of(self, as_expression(other))

    def __sub__(self, other: "Expression | str") -> "Expression":
        return And.of(self, Not.of(as_expression(other)))

    def __rand__(self, other: str) -> "Expression":
        return And.of(as_expression(other), self)

    def __ror__(self, other: str) -> "Expression":
        return Or.of(as_expression(other), self)

    def __rsub__(self, other: str) -> "Expression":
        return And.of(as_expression(other), Not.of(self))

    def __invert__(self) -> "Expression":
        return Not.of(self)

    def __bool__(self) -> bool:
        # Python's own words ask for it: "a and b" would be b, "a or b" would be a, and "not a" would be False.
        raise ConfigurationError(
            _("Segments can't be combined by Python's 'and', 'or' and 'not': these keep one and lose the other."),
            _("Write a & b, a | b, a - b and ~a; or write the definition as text."),
        )


class Leaf(Expression):
    """One segment of an expression."""

    @property
    def leaves(self) -> "tuple[Leaf, ...]":
        """Itself alone."""
        return (self,)

    @property
    def depth(self) -> int:
        """One."""
        return 1

    def replaced(self, replace: "Callable[[Leaf], Expression]") -> Expression:
        """Return what takes its place."""
        return replace(self)


@dataclass(frozen=True)
class SegmentLists(Leaf):
    """The contact lists at Criteo of one of your segments."""

    name: str
    export: str = ""
    """The export that fills them; needed only if several do."""

    def __post_init__(self) -> None:
        _require_name(self.name)

    def __str__(self) -> str:
        if not self.export:
            return quoted(self.name)
        return f"segment({quoted(self.name)}, export={quoted(self.export)})"


@dataclass(frozen=True)
class Lookalike(Leaf):
    """People who resemble those of a contact list."""

    of: SegmentLists
    size: int
    """How many people Criteo looks for."""

    def __post_init__(self) -> None:
        _require_whole(_("The size of a lookalike"), self.size, least=1, most=2**31 - 1)

    def __str__(self) -> str:
        export = f", export={quoted(self.of.export)}" if self.of.export else ""
        return f"lookalike({quoted(self.of.name)}{export}, size={self.size})"


@dataclass(frozen=True)
class Retargeting(Leaf):
    """Visitors of your site."""

    visitors: VisitorsType = VisitorsType.ALL
    min_days: int = 0
    """Days since the last visit, at least."""
    max_days: int = 30
    """Days since the last visit, at most."""

    def __post_init__(self) -> None:
        _require_days(self.min_days, self.max_days)

    def __str__(self) -> str:
        return f"retargeting(visitors={self.visitors.value}{_days(self.min_days, self.max_days)})"


@dataclass(frozen=True)
class Prospecting(Leaf):
    """People who may become customers."""

    users: UsersType = UsersType.PROSPECTS
    min_days: int | None = None
    """Days since the last visit, at least."""
    max_days: int | None = None
    """Days since the last visit, at most."""

    def __post_init__(self) -> None:
        _require_days(self.min_days, self.max_days)

    def __str__(self) -> str:
        return f"prospecting(users={self.users.value}{_days(self.min_days, self.max_days)})"


@dataclass(frozen=True)
class AtCriteo(Leaf):
    """A segment that is at Criteo already, by its id."""

    id: str

    def __post_init__(self) -> None:
        if not (self.id.isascii() and self.id.isdigit()):
            raise ConfigurationError(
                _("The ID of a segment at Criteo is a number, and not {id!r}.", id=self.id),
                _("Copy the ID from Criteo, such as id(1234)."),
            )

    def __str__(self) -> str:
        return f"id({self.id})"


@dataclass(frozen=True)
class _Several(Expression):
    """Several expressions, combined in one way."""

    children: tuple[Expression, ...]

    @classmethod
    def of(cls, *children: Expression) -> Expression:
        """Return the combination: one within another of the same kind becomes part of it, and none stands twice."""
        flat: dict[Expression, None] = {}
        for child in children:
            flat |= dict.fromkeys(child.children if isinstance(child, cls) else (child,))
        return next(iter(flat)) if len(flat) == 1 else _bounded(cls(tuple(flat)))

    @property
    def leaves(self) -> tuple[Leaf, ...]:
        """Those of all of them."""
        return tuple(dict.fromkeys(leaf for it in self.children for leaf in it.leaves))

    @property
    def depth(self) -> int:
        """One more than the deepest."""
        return 1 + max(it.depth for it in self.children)

    def replaced(self, replace: Callable[[Leaf], Expression]) -> Expression:
        """Return the expression with another in the place of each leaf."""
        return self.of(*(it.replaced(replace) for it in self.children))


@dataclass(frozen=True)
class And(_Several):
    """Who is in all of them."""

    def __str__(self) -> str:
        return " and ".join(f"({it})" if isinstance(it, Or) else str(it) for it in self.children)


@dataclass(frozen=True)
class Or(_Several):
    """Who is in any of them."""

    def __str__(self) -> str:
        return " or ".join(f"({it})" if isinstance(it, And) else str(it) for it in self.children)


@dataclass(frozen=True)
class Not(Expression):
    """Who is not in it."""

    child: Expression

    @classmethod
    def of(cls, child: Expression) -> Expression:
        """Return the negation; that of a negation is what is negated."""
        return child.child if isinstance(child, Not) else _bounded(cls(child))

    @property
    def leaves(self) -> tuple[Leaf, ...]:
        """Those of what is negated."""
        return self.child.leaves

    @property
    def depth(self) -> int:
        """One more than what is negated."""
        return 1 + self.child.depth

    def replaced(self, replace: Callable[[Leaf], Expression]) -> Expression:
        """Return the expression with another in the place of each leaf."""
        return self.of(self.child.replaced(replace))

    def __str__(self) -> str:
        return f"not ({self.child})" if isinstance(self.child, _Several) else f"not {self.child}"


def segment(name: str, *, export: str = "") -> SegmentLists:
    """Return the contact lists of one of your segments, to be combined.

    Args:
        name: Name of the segment.
        export: The export that fills the lists; needed only if several do.

    Returns:
        An expression.

    Examples:
        >>> from toolkit.campaigns import segment
        >>> print(segment("High value") & segment("Newsletter"))
        "High value" and "Newsletter"
    """
    return SegmentLists(name, export)


def lookalike(name: str, *, size: int, export: str = "") -> Lookalike:
    """Return people who resemble those of a segment, to be combined.

    Args:
        name: Name of the segment, which a run sent.
        size: How many people Criteo looks for.
        export: The export that fills its list; needed only if several do.

    Returns:
        An expression.

    Raises:
        ConfigurationError: The size is no whole number above 0.

    Examples:
        >>> from toolkit.campaigns import lookalike
        >>> print(lookalike("High value", size=100_000))
        lookalike("High value", size=100000)
    """
    return Lookalike(SegmentLists(name, export), size)


def retargeting(
    visitors: VisitorsType | str = VisitorsType.ALL, *, min_days: int = 0, max_days: int = 30
) -> Retargeting:
    """Return visitors of your site, to be combined.

    Args:
        visitors: ``"All"``, ``"Buyers"`` or ``"NonBuyers"``.
        min_days: Days since the last visit, at least.
        max_days: Days since the last visit, at most.

    Returns:
        An expression.

    Raises:
        ConfigurationError: The days are none, or there is no such kind of visitors.

    Examples:
        >>> from toolkit.campaigns import retargeting
        >>> print(retargeting("NonBuyers", max_days=30))
        retargeting(visitors=NonBuyers, min_days=0, max_days=30)
    """
    return Retargeting(one_of(_("kind of visitors"), VisitorsType, visitors), min_days, max_days)


def prospecting(
    users: UsersType | str = UsersType.PROSPECTS, *, min_days: int | None = None, max_days: int | None = None
) -> Prospecting:
    """Return people who may become customers, to be combined.

    Args:
        users: ``"Prospects"`` or ``"ProspectsOrNonBuyers"``.
        min_days: Days since the last visit, at least.
        max_days: Days since the last visit, at most.

    Returns:
        An expression.

    Raises:
        ConfigurationError: The days are none, or there is no such kind of people.

    Examples:
        >>> from toolkit.campaigns import prospecting
        >>> print(prospecting())
        prospecting(users=Prospects)
    """
    return Prospecting(one_of(_("kind of prospects"), UsersType, users), min_days, max_days)


def at_criteo(segment_id: str | int) -> AtCriteo:
    """Return a segment that is at Criteo already, to be combined.

    Args:
        segment_id: Its id there.

    Returns:
        An expression.

    Raises:
        ConfigurationError: The id is no number.

    Examples:
        >>> from toolkit.campaigns import at_criteo, segment
        >>> print(segment("High value") - at_criteo(1234))
        "High value" and not id(1234)
    """
    return AtCriteo(str(segment_id))


def as_expression(given: Expression | str) -> Expression:
    """Return an expression; text in the place of one is the name of a segment."""
    return SegmentLists(given) if isinstance(given, str) else given


def quoted(name: str) -> str:
    """Return a name as the text of an expression has it."""
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def leaves_with_seeds(expression: Expression) -> Iterator[Leaf]:
    """Yield the segments of an expression, and the list that each lookalike resembles."""
    for leaf in expression.leaves:
        yield leaf
        if isinstance(leaf, Lookalike):
            yield leaf.of


def _bounded(made: Expression) -> Expression:
    if made.depth > DEEPEST:
        raise ConfigurationError(
            _("The audience is nested in more than {most} levels.", most=DEEPEST),
            _("Write it with fewer parentheses, or build a segment for a part of it."),
        )
    if len(made.leaves) > MOST_LEAVES:
        raise ConfigurationError(
            _("The audience combines more than {most} segments.", most=MOST_LEAVES),
            _("Build a segment for a part of it."),
        )
    return made


def _require_name(name: str) -> None:
    if not isinstance(name, str) or not name.strip() or not name.isprintable():
        raise ConfigurationError(
            _("{name!r} is no name of a segment.", name=name), _("Write the name as your list of segments has it.")
        )


def _require_days(least: int | None, most: int | None) -> None:
    for days in (least, most):
        if days is not None:
            _require_whole(_("The number of days"), days, least=0, most=_LONGEST_DAYS)
    if least is not None and most is not None and least > most:
        raise ConfigurationError(
            _("min_days is {least}, and max_days is {most}.", least=least, most=most),
            _("Let min_days be the smaller one."),
        )


def _require_whole(what: Text, number: int, *, least: int, most: int) -> None:
    if isinstance(number, bool) or not isinstance(number, int) or not least <= number <= most:
        raise ConfigurationError(
            _("{what} is {number!r}.", what=what, number=number),
            _("Write a whole number from {least:,} to {most:,}.", least=least, most=most),
        )


def _days(least: int | None, most: int | None) -> str:
    given = {"min_days": least, "max_days": most}
    return "".join(f", {name}={days}" for name, days in given.items() if days is not None)
