"""Who belongs to a segment: a condition on columns of the profiles, as SQL or as a Polars expression.

SQL is what may stand after WHERE, in Polars' dialect; a row whose condition is unknown (null) does not belong, as SQL
has it. It is evaluated on rows of the profiles alone. Polars opens the files of a subquery while it parses it, so that
whatever could begin one is refused before.
"""

import re
from dataclasses import dataclass
from hashlib import sha256

import polars as pl

from toolkit.errors import ConfigurationError
from toolkit.segments.pii import require_no_address
from toolkit.segments.rowwise import require_rowwise, tree_of
from toolkit.translatable import _

MOST_CHARACTERS = 100_000
MOST_WORDS = 500
MOST_NESTED = 12
_MOST_SIGNS = 2_000
_TOKEN = re.compile(r"""'[^']*+'?|"[^"]*+"?|[\w.]++|\S""")
_BRACKETS = {"(": ")", "[": "]", "{": "}"}
_JOINS = frozenset({"AND", "OR", "IN", "WHEN", "THEN", "ELSE", "LIKE", "BETWEEN"})
_DOTS = re.compile(r"(?:\.[^.]*+){4}")
_NOW = re.compile(
    r"\b(?:current_timestamp|current_time|localtimestamp|localtime)\b|\b(?:now|random|rand|uuid|gen_random_uuid)\s*\(",
    re.IGNORECASE,
)
_LIKE = frozenset({"LIKE", "ILIKE"})

_QUOTED = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*\"""")
_UNCLEAR = re.compile(r"""[`$\\'"]|--|/\*|\w\0""")
"""Comments, and quotes of other dialects (E'…', q'…', $$…$$), in which another reader could see other words."""
_SUBQUERY = re.compile(r"\b(select|values|table|with)\b|\(\s*from\b", re.IGNORECASE)
_LONGEST_SAID = 200
_REMEDY = _("Write what stands after WHERE, such as where=\"Country = 'Netherlands' AND Orders > 1\".")


@dataclass(frozen=True)
class Condition:
    """A condition that can be evaluated."""

    text: str
    """The SQL, or the expression as Polars shows it."""
    is_sql: bool
    expression: pl.Expr

    @property
    def columns(self) -> list[str]:
        """The columns that it asks for."""
        return list(dict.fromkeys(self.expression.meta.root_names()))

    @property
    def fingerprint(self) -> str:
        """Differs when the condition means something else, as CURRENT_DATE does on another day."""
        return sha256(f"{self.text}\n{self.expression}".encode()).hexdigest()


def condition_of(where: str | pl.Expr) -> Condition:
    """Return the condition.

    Raises ConfigurationError for what is none, is not of one profile alone, can't be repeated, is too long, reads
    elsewhere or names an address.
    """
    if isinstance(where, str):
        return _of_sql(where.strip())
    if not isinstance(where, pl.Expr):
        raise ConfigurationError(
            _("A condition is SQL as text, or a Polars expression, and not a {kind}.", kind=type(where).__name__),
            _REMEDY,
        )
    tree = tree_of(where)
    if where.meta.has_multiple_outputs():
        raise _of_several_columns()
    require_rowwise(tree)
    text = str(where)
    require_no_address(text, [], [], tree)
    return Condition(text, is_sql=False, expression=where)


def _of_sql(text: str) -> Condition:
    _require_short(text)
    expression = _parsed(text)
    if expression.meta.has_multiple_outputs():
        raise _of_several_columns()
    tree = tree_of(expression)
    literals, patterns = _literals(text)
    require_no_address(text, literals, patterns, tree)
    require_rowwise(tree)
    return Condition(text, is_sql=True, expression=expression)


def _of_several_columns() -> ConfigurationError:
    return ConfigurationError(
        _("The condition stands for several columns at once."), _("Name each column that is meant.")
    )


def _require_short(sql: str) -> None:
    """Raise for text that would take Polars' parser long, or more stack than a thread has; before it is parsed."""
    remedy = _("Shorten it; many values of one column are written as Column IN (…), which counts as one.")
    if len(sql) > MOST_CHARACTERS:
        raise ConfigurationError(
            _(
                "The condition is too long: {count:,} characters, of {most_characters:,} at most.",
                count=len(sql),
                most_characters=MOST_CHARACTERS,
            ),
            remedy,
        )
    tokens = _without_listed(_TOKEN.findall(sql))
    words = [it for it in tokens if it[0] in "'\"_" or it[0].isalnum()]
    if len(tokens) - len(words) > _MOST_SIGNS:
        raise ConfigurationError(
            _(
                "The condition is too long: it has more than {most_signs:,} operators and brackets.",
                most_signs=_MOST_SIGNS,
            ),
            remedy,
        )
    if len(words) > MOST_WORDS:
        raise ConfigurationError(
            _(
                "The condition is too long: {count:,} words and values, of {most_words:,} at most.",
                count=len(words),
                most_words=MOST_WORDS,
            ),
            remedy,
        )
    if any(_DOTS.search(it) for it in words if it[0] not in "'\""):
        raise ConfigurationError(
            _("The condition holds a name with more than three dots."), _("Write the column's name.")
        )
    if _nested(tokens) > MOST_NESTED:
        raise ConfigurationError(
            _(
                "The condition is nested too deep: more than {most_nested} functions, CASE or NOT (…) "
                "within each other.",
                most_nested=MOST_NESTED,
            ),
            _("Write it with fewer levels; one CASE with several WHEN takes the place of CASE within CASE."),
        )


def _nested(tokens: list[str]) -> int:
    """Return how many calls stand within each other at most.

    Polars' parser tries each of them in several ways, one within the other, so that its time doubles with each level
    of a condition that is no SQL.
    """
    calls: list[bool] = []
    cases = intervals = deepest = 0
    for before, it, after in zip(["", *tokens], tokens, [*tokens[1:], ""], strict=False):
        word = it.upper()
        if it in _BRACKETS:
            is_of_word = before[-1:].isalnum() or before[-1:] in ("_", '"')
            calls.append(it == "[" or (is_of_word and before.upper() not in _JOINS))
        elif it in _BRACKETS.values():
            del calls[-1:]
        elif word == "CASE":
            cases += 1
        elif word == "END":
            cases = max(0, cases - 1)
        elif word == "INTERVAL" and after[:1] != "'":
            intervals += 1
        deepest = max(deepest, sum(calls) + cases + intervals)
    return deepest


def _without_listed(tokens: list[str]) -> list[str]:
    """Return the tokens without the values of a list, but for its last one."""
    is_value = [it[0] == "'" or it[0].isdigit() for it in tokens]
    return [
        it
        for place, it in enumerate(tokens)
        if not (
            (is_value[place] and tokens[place + 1 : place + 2] == [","] and any(is_value[place + 2 : place + 3]))
            or (it == "," and is_value[place - 1] and any(is_value[place + 1 : place + 2]))
        )
    ]


def _literals(sql: str) -> tuple[list[str], list[str]]:
    """Return the texts in quotes, and those of them that follow LIKE."""
    texts: list[str] = []
    patterns: list[str] = []
    before, end = "", -1
    for found in _TOKEN.finditer(sql):
        token = found.group()
        if token[0] in "'\"":
            # A quote within a text is written twice, which looks like two texts side by side.
            is_going_on = found.start() == end and texts
            texts[-1:] = [f"{texts[-1]}{token[0]}{token[1:-1]}"] if is_going_on else [*texts[-1:], token[1:-1]]
            if before in _LIKE:
                patterns.append(token[1:-1])
            end = found.end()
        before = token.upper()
    return texts, patterns


def _parsed(sql: str) -> pl.Expr:
    bare = _QUOTED.sub("\0", sql)
    if _SUBQUERY.search(bare):
        raise ConfigurationError(
            _("The condition holds a query of its own; it can ask for columns of the profiles only."),
            _("{remedy} A column with such a name is written in double quotes.", remedy=_REMEDY),
        )
    if _UNCLEAR.search(bare) or "\\'" in sql or "\0" in sql:
        raise ConfigurationError(
            _("The condition holds a comment, or quotes that are not plain."),
            _(
                "Leave out comments; write text in single quotes with a space before, a quote within it "
                "twice, and columns in double quotes."
            ),
        )
    if _NOW.search(bare):
        raise ConfigurationError(
            _("The condition asks for the time of the call, or for chance, and would mean something else each time."),
            _("Compare with CURRENT_DATE, which is the same for a day, or with a date as DATE '2026-01-31'."),
        )
    try:
        expression = pl.sql_expr(sql)
    except (pl.exceptions.PolarsError, OSError, TypeError, ValueError) as error:
        raise ConfigurationError(
            _("The condition is no SQL: {first_line}.", first_line=_first_line(error)), _REMEDY
        ) from None
    if any(it.startswith(("_POLARS", "__POLARS")) for it in expression.meta.root_names()):
        raise ConfigurationError(_("The condition holds a query of its own."), _REMEDY)
    return expression


def quoted_columns(condition: Condition) -> list[str]:
    """Return the columns that stand in double quotes, where somebody may have meant text."""
    return [
        it for it in condition.columns if condition.is_sql and f'"{it.replace(chr(34), chr(34) * 2)}"' in condition.text
    ]


def _first_line(error: Exception) -> str:
    # Where Polars shows what its parser made of the text, only what it is called is told.
    said = str(error).strip().partition("\n")[0].partition(" {")[0].rstrip(".:")
    return f"{said[:_LONGEST_SAID]}…" if len(said) > _LONGEST_SAID else said
