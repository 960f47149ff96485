"""Whether an expression gives one value for each row, and from that row alone.

This is proved from the expression's own tree, which Polars serializes as JSON. Only nodes that are known to work row by
row are taken; whatever else there is, or comes with a newer Polars, is refused. A list of what is forbidden could not
be kept complete: Polars calls ranks, shifts and random samples separable by rows.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import orjson
import polars as pl

from toolkit.errors import ConfigurationError
from toolkit.translatable import _

MOST_LEVELS = 200
MOST_NODES = 5_000
_ONE_A_ROW = _("A condition is true or false of one profile, whatever the other profiles are.")
_COMPARE = _(
    "Compare the columns of one profile, such as Spend > 25. Make a figure over many profiles, such "
    "as a rank, a column of the profile table."
)

_OPERATORS = frozenset({"BinaryExpr", "Cast", "Ternary", "Alias", "Function"})
_LEAVES = frozenset({"Column", "Literal"})
_FUNCTIONS = frozenset(
    (
        "Abs",
        "AsStruct",
        "Atan2",
        "Bitwise",
        "Boolean",
        "Business",
        "Categorical",
        "Ceil",
        "Clip",
        "Coalesce",
        "Cut",
        "Degrees",
        "Erf",
        "Erfc",
        "Exp",
        "FillNull",
        "Floor",
        "Hash",
        "Log",
        "Log1p",
        "MaxHorizontal",
        "MeanHorizontal",
        "MinHorizontal",
        "Negate",
        "Pow",
        "Radians",
        "Replace",
        "ReplaceStrict",
        "Round",
        "RoundSF",
        "Sign",
        "Sql",
        "SumHorizontal",
        "Trigonometry",
        "Truncate",
        "StringExpr",
        "TemporalExpr",
        "ListExpr",
        "ArrayExpr",
        "StructExpr",
        "BinaryExpr",
    )
)
"""Functions, and groups of functions, that work row by row; the groups but for those in ``_NOT_OF_A_ROW``."""
_NOT_OF_A_ROW = {
    "Bitwise": frozenset({"And", "Or", "Xor"}),
    "Boolean": frozenset(
        (
            "All",
            "Any",
            "HasNulls",
            "IsDuplicated",
            "IsEmpty",
            "IsFirstDistinct",
            "IsLastDistinct",
            "IsSorted",
            "IsUnique",
            "AllEqual",
        )
    ),
    "Categorical": frozenset({"GetCategories", "Physical"}),
    "StringExpr": frozenset({"ConcatVertical"}),
    "ListExpr": frozenset({"Sample"}),
    "ArrayExpr": frozenset({"Explode"}),
    "StructExpr": frozenset({"SelectFields"}),
}
_TAKES_LISTS = frozenset({"IsIn", "Business", "Replace", "ReplaceStrict", "Contains", "ContainsAny", "ReplaceMany"})
"""Functions whose arguments may be columns of values that are written in the expression."""
_NAMES = {
    "Agg": _("an aggregate, such as SUM, MAX or COUNT"),
    "Len": _("COUNT(*), the number of rows"),
    "Over": "a window (OVER)",
    "Rolling": _("a rolling window"),
    "Explode": _("a list taken apart into rows (UNNEST, explode)"),
    "Sort": "a sort",
    "SortBy": "a sort",
    "Filter": _("a filter of rows"),
    "Slice": _("a choice of rows by their place"),
    "Gather": _("a choice of rows by their place"),
    "AnonymousFunction": _("a Python function"),
    "AnonymousAgg": _("a Python function"),
    "Random": _("a random choice"),
    "SubPlan": _("a query of its own"),
    "Series": _("a column of values of its own"),
    "Selector": _("several columns at once"),
}

Node = Mapping[str, Any] | str


def tree_of(expression: pl.Expr) -> Node:
    """Return the expression's tree; raises ConfigurationError for one that is too large, or that can't be written."""
    _require_small(expression)
    try:
        tree: Node = orjson.loads(expression.meta.serialize(format="json"))
    except (pl.exceptions.PolarsError, TypeError, ValueError, AttributeError, ImportError):
        # A Python function within is pickled, which works for some only.
        raise _refused(_NAMES["AnonymousFunction"]) from None
    return tree


def require_rowwise(tree: Node) -> None:
    """Raise ConfigurationError unless the value of the expression for a row depends on that row alone."""
    waiting: list[tuple[Node, bool]] = [(tree, False)]
    while waiting:
        node, is_list = waiting.pop()
        kind, content = _kind(node)
        if kind == "Eval":
            _require_within_lists(content)
            waiting.append((content["expr"], False))
        elif kind == "Literal":
            if not is_list and isinstance(content, Mapping) and "Series" in content:
                raise _refused(_NAMES["Series"])
        elif kind == "Function":
            name = _require_known(content["function"])
            waiting.extend((it, name in _TAKES_LISTS and place > 0) for place, it in enumerate(content["input"]))
        elif kind in _OPERATORS:
            waiting.extend((it, False) for it in children(node))
        elif kind not in _LEAVES:
            raise _refused(_NAMES.get(kind, _("{kind}, which is not known to work on one profile", kind=kind)))


def children(node: Node) -> Iterator[Node]:
    """Yield the expressions that a node is made of, in their order."""
    kind, content = _kind(node)
    match kind:
        case "BinaryExpr":
            yield from (content["left"], content["right"])
        case "Cast":
            yield content["expr"]
        case "Ternary":
            yield from (content["predicate"], content["truthy"], content["falsy"])
        case "Alias":
            yield content[0]
        case "Function":
            yield from content["input"]
        case "Eval":
            yield from (content["expr"], content["evaluation"])


def _kind(node: Node) -> tuple[str, Any]:
    return (node, None) if isinstance(node, str) else next(iter(node.items()))


def _require_known(function: Any) -> str:
    """Return the name of a function that works row by row."""
    name, content = _kind(function)
    inner = _kind(content)[0] if isinstance(content, str | Mapping) and content else ""
    if name not in _FUNCTIONS or inner in _NOT_OF_A_ROW.get(name, ()):
        # What begins with a small letter is an argument of the function, such as "options", and no name of one.
        named = inner if inner[:1].isupper() else name
        raise _refused(_NAMES.get(name, _("{named}, which looks at more than one profile", named=named)))
    if inner == "Strptime" and content["Strptime"][1].get("format") is None:
        raise ConfigurationError(
            _("The condition reads days from text without their format, which is then guessed from other profiles."),
            _("Write the format, as in DATE(Bought, '%Y-%m-%d')."),
        )
    return inner if inner in _TAKES_LISTS else name


def _require_within_lists(evaluated: Mapping[str, Any]) -> None:
    """Let what is asked of the elements of a profile's own list be anything but random, or a Python function."""
    if evaluated["variant"] not in ("List", "ListAgg", "Array", "ArrayAgg") and not (
        isinstance(evaluated["variant"], Mapping) and next(iter(evaluated["variant"])).startswith(("List", "Array"))
    ):
        raise _refused(_("a figure over the rows so far"))
    waiting: list[Any] = [evaluated["evaluation"]]
    while waiting:
        it = waiting.pop()
        if isinstance(it, Mapping):
            for name in ("Random", "AnonymousFunction", "AnonymousAgg", "SubPlan"):
                if name in it:
                    raise _refused(_NAMES[name])
            waiting.extend(it.values())
        elif isinstance(it, list):
            waiting.extend(one for one in it if isinstance(one, Mapping | list))


def _require_small(expression: pl.Expr) -> None:
    """Raise for an expression so deep that walking it would overflow the stack; it is walked without recursion."""
    waiting = [(expression, 1)]
    seen = 0
    while waiting:
        node, level = waiting.pop()
        seen += 1
        if level > MOST_LEVELS or seen > MOST_NODES:
            raise ConfigurationError(
                _(
                    "The condition is too long: it nests more than {most_levels} levels deep, or has more "
                    "than {most_nodes:,} parts.",
                    most_levels=MOST_LEVELS,
                    most_nodes=MOST_NODES,
                ),
                _("Shorten it; many values of one column are written as Column IN (…)."),
            )
        waiting.extend((it, level + 1) for it in node.meta.pop())


def _refused(what: str) -> ConfigurationError:
    return ConfigurationError(_("The condition holds {what}. {one_a_row}", what=what, one_a_row=_ONE_A_ROW), _COMPARE)
