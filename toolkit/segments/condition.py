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

_QUOTED = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*\"""")
_UNCLEAR = re.compile(r"""[`$\\'"]|--|/\*|\w\0""")
"""Comments, and quotes of other dialects (E'…', q'…', $$…$$), in which another reader could see other words."""
_SUBQUERY = re.compile(r"\b(select|values|table|with)\b|\(\s*from\b", re.IGNORECASE)
_ADDRESS = re.compile(r"[\w.+-]*\w@[\w-]+(?:\.[\w-]+)*\.\w+")
_REMEDY = "Write what stands after WHERE, such as where=\"Country = 'NL' AND LastPurchase < DATE '2026-01-01'\"."


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
    """Return the condition; raises ConfigurationError for what is none, reads elsewhere or names an address."""
    is_sql = isinstance(where, str)
    text = where.strip() if isinstance(where, str) else str(where)
    if _ADDRESS.search(text):
        raise ConfigurationError(
            "The condition names an e-mail address, and would be kept with the segment.",
            "Name the customer by the key instead; a domain can be asked for with LIKE '%@mail.example'.",
        )
    expression = _parsed(text) if isinstance(where, str) else where
    if expression.meta.has_multiple_outputs():
        raise ConfigurationError("The condition stands for several columns at once.", "Name each column that is meant.")
    return Condition(text, is_sql=is_sql, expression=expression)


def _parsed(sql: str) -> pl.Expr:
    bare = _QUOTED.sub("\0", sql)
    if _SUBQUERY.search(bare):
        raise ConfigurationError(
            "The condition holds a query of its own; it can ask for columns of the profiles only.",
            f"{_REMEDY} A column with such a name is written in double quotes.",
        )
    if _UNCLEAR.search(bare) or "\\'" in sql or "\0" in sql:
        raise ConfigurationError(
            "The condition holds a comment, or quotes that are not plain.",
            "Leave out comments; write text in single quotes with a space before, a quote within it twice, and columns "
            "in double quotes.",
        )
    try:
        expression = pl.sql_expr(sql)
    except (pl.exceptions.PolarsError, OSError, TypeError, ValueError) as error:
        raise ConfigurationError(f"The condition is no SQL: {_first_line(error)}.", _REMEDY) from None
    if any(it.startswith("_POLARS") for it in expression.meta.root_names()):
        raise ConfigurationError("The condition holds a query of its own.", _REMEDY)
    return expression


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0].rstrip(".:")
