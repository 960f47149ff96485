"""Whether a condition names an e-mail address, also one that is put together, or written so that it is hard to see.

The condition is kept with the segment, in history and in the audit, so that no address may stand in it.
"""

import re
from collections.abc import Iterator, Sequence
from io import BytesIO
from typing import Any

import orjson
import polars as pl

from toolkit.errors import ConfigurationError
from toolkit.invisible_characters import without_unseen
from toolkit.segments.rowwise import Node, children
from toolkit.translatable import _

_ADDRESS = re.compile(r"[^\W_]@[\w-]+(?:\.[\w-]+)*\.\w")
_ONE_CHARACTER = re.compile(r"\[(.)\]")
_OF_A_PATTERN = re.compile(r"\[[^\]]*\]|\\[wWdDsSbB]|\(\?[a-z]+\)")
_ESCAPED = re.compile(r"\\(.)")
_MAIL = re.compile(r"mail|adres", re.IGNORECASE)
_AS_PATTERN = re.compile(r"[\w.+-]*[^\W_]@[^\W_][\w-]*(?:\.[\w-]+)*\.[^\W\d_]{2,}")
_MOST_CONSTANTS = 1_000


def require_no_address(kept: str, literals: Sequence[str], patterns: Sequence[str], tree: Node) -> None:
    """Raise ConfigurationError for a condition that names an address.

    ``kept`` is the text that is stored, ``literals`` the texts in quotes in it, ``patterns`` those of them after LIKE,
    in which an underscore stands for any character.
    """
    is_about_mail = bool(_MAIL.search(kept))
    if (
        _ADDRESS.search(without_unseen(kept))
        or any(map(_names_somebody, literals))
        or any(map(_names_somebody, _constants(tree)))
        or (is_about_mail and any(_AS_PATTERN.search(it.replace("_", "@")) for it in patterns))
    ):
        raise ConfigurationError(
            _("The condition names an e-mail address, and would be kept with the segment."),
            _("Name the customer by the key instead; a domain can be asked for with LIKE '%@mail.example'."),
        )


def _names_somebody(text: str) -> bool:
    """Tell whether something of a person stands before an at sign; a wildcard alone does not."""
    plain = _ONE_CHARACTER.sub(r"\1", without_unseen(text))
    plain = _ESCAPED.sub(r"\1", _OF_A_PATTERN.sub("", plain))
    befores = plain.split("@")[:-1]
    return any(it.isalnum() for before in befores for it in before[_after_blank(before) :])


def _after_blank(text: str) -> int:
    return next((place for place in range(len(text), 0, -1) if text[place - 1].isspace()), 0)


def _constants(tree: Node) -> Iterator[str]:
    """Yield the texts that the expression is made of: as they stand, and as far as constants are put together."""
    waiting = [tree]
    left = _MOST_CONSTANTS
    while waiting and left:
        node = waiting.pop()
        if _is_constant(node):
            left -= 1
            yield from _value(node)
            continue
        if _joins(node):
            yield from _joined(node)
        waiting.extend(children(node))


def _is_constant(node: Node) -> bool:
    waiting = [node]
    while waiting:
        it = waiting.pop()
        if isinstance(it, str) or "Literal" not in it:
            inner = list(children(it))
            if not inner:
                return False
            waiting.extend(inner)
    return True


def _value(node: Node) -> Iterator[str]:
    if not isinstance(node, str) and isinstance(text := _literal(node), str):
        yield text
        return
    try:
        values = pl.select(pl.Expr.deserialize(BytesIO(orjson.dumps(node)), format="json")).to_series()
    except pl.exceptions.PolarsError:
        return  # The draft tells what is wrong with it.
    if values.dtype == pl.List(pl.String):
        values = values.explode()
    if values.dtype == pl.Binary:
        yield from (it.decode("utf-8", "ignore") for it in values.drop_nulls())
    if values.dtype == pl.String:
        yield from values.drop_nulls()


def _literal(node: Any) -> object:
    literal = node.get("Literal")
    scalar = literal.get("Scalar") if isinstance(literal, dict) else None
    return scalar.get("String") if isinstance(scalar, dict) else None


def _joins(node: Node) -> bool:
    if isinstance(node, str):
        return False
    if "BinaryExpr" in node:
        return bool(node["BinaryExpr"]["op"] == "Plus")
    function = node["Function"]["function"] if "Function" in node else None
    return isinstance(function, dict) and "StringExpr" in function and "ConcatHorizontal" in str(function)


def _joined(node: Node) -> Iterator[str]:
    """Yield the constants that stand side by side among what is joined, as one."""
    run = ""
    waiting = [node]
    while waiting:
        it = waiting.pop()
        if _is_constant(it):
            run += "".join(_value(it))
        elif _joins(it) or (not isinstance(it, str) and "Cast" in it):
            waiting.extend(reversed(list(children(it))))
        else:
            yield run
            run = ""
    yield run
