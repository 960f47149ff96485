"""The table of unified customer profiles."""

import re
from collections.abc import Sequence
from functools import cached_property
from typing import ClassVar, Literal

import polars as pl

from toolkit.errors import DataError
from toolkit.show import html_table, text_table
from toolkit.tables.reading import reading
from toolkit.tables.source import Source, key_expression, require_columns, scan, schema_of

_FILE = "file of the table"
_MOST_EXAMPLES = 3


class Profiles(Source):
    """Where the profiles lie, and the name of their key column. One row a customer."""

    what: ClassVar[str] = "profiles"
    kind: Literal["profiles"] = "profiles"

    @cached_property
    def schema_(self) -> pl.Schema:
        """The columns and their types."""
        return schema_of(self, self.place)

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""
        return self.schema_.names()

    def scan(self, columns: Sequence[str]) -> pl.LazyFrame:
        """Return the key and these columns, lazily; raises DataError when one is missing."""
        wanted = [column for column in dict.fromkeys(columns) if column != self.key]
        require_columns(self.schema_, [self.key, *wanted], table=self.what, location=self.location)
        return scan(self.place).select(self._key, *wanted)

    def check_keys(self) -> None:
        """Read the whole key column; raises DataError when a key is null or there twice."""
        keys = scan(self.place).select(self._key)
        with reading(self):
            repeated = (
                keys.group_by(self.key)
                .len()
                .filter((pl.col("len") > 1) | pl.col(self.key).is_null())
                .collect(engine="streaming")[self.key]
            )
        if len(repeated):
            raise self.key_error(repeated.drop_nulls())

    def key_error(self, keys: pl.Series) -> DataError:
        """Return the error that tells where these keys are repeated or, when none are given, where a key is null."""
        where = pl.col(self.key).is_in(keys.implode()) if len(keys) else pl.col(self.key).is_null()
        with reading(self):
            found = self._with_files().filter(where).group_by(_FILE).len().sort(_FILE).collect()
        files = ", ".join(f"{file} ({rows:,} rows)" for file, rows in found.head(_MOST_EXAMPLES).iter_rows())
        if len(keys):
            examples = ", ".join(_example(key) for key in keys.sort().head(_MOST_EXAMPLES))
            return DataError(
                f"In the profiles, {len(keys):,} values of the key column {self.key!r} are there more than once, "
                f"such as {examples}: in {files}.",
                "A profile table has one row a customer: remove the repeated rows, or name another key column.",
            )
        return DataError(
            f"In the profiles, the key column {self.key!r} is null in {files}.",
            "A profile without a key belongs to nobody: remove those rows, or name another key column.",
        )

    @property
    def _key(self) -> pl.Expr:
        require_columns(self.schema_, [self.key], table=self.what, location=self.location)
        return key_expression(self.schema_, self.key, as_text=self.key_as_text, table=self.what, location=self.location)

    def _with_files(self) -> pl.LazyFrame:
        parts = [scan(self.place, [file]).select(self._key, pl.lit(file).alias(_FILE)) for file in self.place.files]
        return pl.concat(parts)

    def __repr__(self) -> str:
        return f"Profiles at {self.location}, key {self.key!r}\n{text_table(self._table)}"

    def _repr_html_(self) -> str:
        return html_table(self._table, title="Profiles", subtitle=f"{self.location}, key {self.key}")

    @property
    def _table(self) -> pl.DataFrame:
        return pl.DataFrame({"column": self.columns, "type": [str(it) for it in self.schema_.dtypes()]})


def _example(key: object) -> str:
    return repr(re.sub(r"\S+@\S+", "•••", str(key)))
