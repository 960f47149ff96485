"""Which columns people can be sent by, ranked by what they hold and never by what they are called.

A column is as good as the number of people that it reaches: the distinct values in it that the audience would send, by
the rules of ``toolkit.audience``. Hashes come after addresses, since nobody can tell of what they are.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import narwhals as nw
import polars as pl

from toolkit.identifiers import IdentifierType
from toolkit.profiling.distinct_counts import distinct, part_of
from toolkit.profiling.sample import ALL_ROWS, Sample, sample_of
from toolkit.sources import Profiles, blame_table

_LEAST_USABLE = 0.01
_MOSTLY = 0.5
_MEASURED = 2
"""Of how many candidates the whole column is read."""

_SCHEMA = pl.Schema(
    {
        "column": pl.String(),
        "coverage": pl.Float64(),
        "validity": pl.Float64(),
        "hashes": pl.Float64(),
        "distinct": pl.Float64(),
        "reach": pl.Float64(),
        "example": pl.String(),
        "based_on": pl.String(),
    }
)


@dataclass(frozen=True)
class Candidate:
    """A column that people may be sent by, and what was counted of it."""

    column: str
    rows: int
    filled: int
    usable: int
    """Values that would be sent: valid identifiers of the type, and hashes of them that can be sent."""
    hashes: int
    distinct: int
    """Distinct usable values; of many, about."""
    based_on: str
    example: str
    """Masked."""

    @property
    def coverage(self) -> float:
        """The share of the rows that hold something."""
        return _share(self.filled, self.rows)

    @property
    def validity(self) -> float:
        """The share of what is held that would be sent."""
        return _share(self.usable, self.filled)

    @property
    def reach(self) -> float:
        """The share of the rows that would be sent, each address once."""
        return _share(self.distinct, self.rows)

    @property
    def is_fit(self) -> bool:
        """Whether the column holds little else than what can be sent."""
        return self.validity > _MOSTLY


def find_candidates(
    profiles: Profiles,
    identifier_type: IdentifierType,
    *,
    by_sample: Callable[[list[Candidate]], object] = lambda _: None,
) -> list[Candidate]:
    """Return the columns that hold identifiers of a type or their hashes, the best first.

    They are ranked by a sample, of which ``by_sample`` is told at once; then the best two are counted in all rows.
    """
    table, _ = profiles.look_at_all()
    sample = sample_of(table.only([name for name, dtype in table.types.items() if _holds_text(dtype)]))
    ranked = ranked_by_sample(sample, identifier_type)
    by_sample(ranked)
    with blame_table(sample.table):
        exact = counting(sample, to_measure(ranked), identifier_type).collect(engine="streaming")
    return measured(ranked, exact)


def ranked_by_sample(sample: Sample, identifier_type: IdentifierType) -> list[Candidate]:
    """Return the text columns of which some values can be sent, the best first, with the figures of the sample."""
    columns = [name for name, dtype in sample.table.types.items() if _holds_text(dtype)]
    if not columns or not identifier_type.is_recognizable:
        return []
    counted = _counted_in(sample.frame, columns, identifier_type)
    found = [_candidate(it, counted, based_on=sample.said) for it in columns]
    usable = [it for it in found if it.validity >= _LEAST_USABLE and it.column != sample.table.key]
    return sorted((replace(it, example=_example(sample.frame, it.column, identifier_type)) for it in usable), key=_rank)


def to_measure(ranked: Sequence[Candidate]) -> list[str]:
    """Return the columns whose whole content should be counted: the best, unless it was."""
    return [it.column for it in ranked[:_MEASURED] if it.based_on != ALL_ROWS]


def counting(sample: Sample, columns: Sequence[str], identifier_type: IdentifierType) -> pl.LazyFrame:
    """Return the counts of these columns in all rows of the table, lazily, as one row."""
    return _counting(sample.scan(), columns, identifier_type, part=part_of(sample.rows))


def measured(ranked: Sequence[Candidate], exact: pl.DataFrame) -> list[Candidate]:
    """Return the candidates, the best first, with what ``counting`` found of some of them."""
    counted = exact.row(0, named=True)
    found = [
        replace(_candidate(it.column, counted, based_on=ALL_ROWS), example=it.example)
        if _figure(it.column, "filled") in counted
        else it
        for it in ranked
    ]
    return sorted(found, key=_rank)


def frame_of(candidates: Iterable[Candidate]) -> pl.DataFrame:
    """Return a row a candidate: shares from 0 to 1, an example, and what they are based on."""
    rows = [
        (
            it.column,
            it.coverage,
            it.validity,
            _share(it.hashes, it.usable),
            _share(it.distinct, it.usable),
            it.reach,
            it.example,
            it.based_on,
        )
        for it in candidates
    ]
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")


def _counting(
    frame: pl.LazyFrame, columns: Sequence[str], identifier_type: IdentifierType, *, part: int = 1
) -> pl.LazyFrame:
    if not columns:
        return frame.select(pl.len().alias(_ROWS))
    # By their numbers: no name of a column can be one of these.
    numbers = [str(number) for number in range(len(columns))]
    schema = frame.collect_schema()
    numbered = frame.select(_first_text(it, schema).alias(number) for it, number in zip(columns, numbers, strict=True))
    marked = (
        nw.from_native(identifier_type.normalize_columns(numbered, numbers))
        .with_columns(
            *((~identifier_type.is_missing(nw.col(it))).alias(f"{it}:filled") for it in numbers),
            *(identifier_type.is_valid(nw.col(it)).alias(f"{it}:valid") for it in numbers),
            *(identifier_type.is_prehashed(nw.col(it)).alias(f"{it}:hashes") for it in numbers),
        )
        .to_native()
        .with_columns((pl.col(f"{it}:valid") | pl.col(f"{it}:hashes")).alias(f"{it}:usable") for it in numbers)
    )
    sums = {(name, what): pl.col(f"{it}:{what}").sum() for name, it in _pairs(columns, numbers) for what in _SUMS}
    kinds = {(name, "distinct"): _distinct(it, part) for name, it in _pairs(columns, numbers)}
    return marked.select(pl.len().alias(_ROWS), *(expr.alias(_figure(*of)) for of, expr in {**sums, **kinds}.items()))


def _counted_in(frame: pl.DataFrame, columns: Sequence[str], identifier_type: IdentifierType) -> dict[str, int]:
    """Return the same counts of rows in memory, of any number of columns by one expression: all in one long column."""
    schema = frame.schema
    numbered = frame.lazy().select(_first_text(name, schema).alias(str(number)) for number, name in enumerate(columns))
    counts = (
        _counting_long(numbered.unpivot(variable_name=_NUMBER, value_name=_VALUE), identifier_type)
        .collect(engine="streaming")
        .rows_by_key(_NUMBER, named=True, unique=True)
    )
    of_none = dict.fromkeys((*_SUMS, "distinct"), 0)  # of a table without rows
    figures = {(name, what): it for n, name in enumerate(columns) for what, it in counts.get(str(n), of_none).items()}
    return {_ROWS: frame.height} | {_figure(*of): it for of, it in figures.items()}


def _counting_long(long: pl.LazyFrame, identifier_type: IdentifierType) -> pl.LazyFrame:
    value = nw.col(_VALUE)
    return (
        nw.from_native(identifier_type.normalize_columns(long, [_VALUE]))
        .with_columns(
            filled=~identifier_type.is_missing(value),
            valid=identifier_type.is_valid(value),
            hashes=identifier_type.is_prehashed(value),
        )
        .to_native()
        .with_columns(usable=pl.col("valid") | pl.col("hashes"))
        .group_by(_NUMBER)
        .agg(pl.col(*_SUMS).sum(), distinct=distinct(pl.col(_VALUE), where=pl.col("usable"), part=1))
    )


def _holds_text(dtype: pl.DataType) -> bool:
    return dtype in (pl.String, pl.List(pl.String))


def _first_text(column: str, schema: pl.Schema) -> pl.Expr:
    """Return the text of a column; of one of lists, the first of each that is not blank, by which a person has any."""
    if schema[column] != pl.List(pl.String):
        return pl.col(column)
    return pl.col(column).list.filter(pl.element().str.strip_chars() != "").list.first()


_NUMBER, _VALUE = "number", "value"
_ROWS = "rows"
_SUMS = ("filled", "usable", "hashes")


def _pairs(columns: Sequence[str], numbers: Sequence[str]) -> Iterable[tuple[str, str]]:
    return zip(columns, numbers, strict=True)


def _distinct(number: str, part: int) -> pl.Expr:
    return distinct(pl.col(number), where=pl.col(f"{number}:usable"), part=part)


def _figure(column: str, what: str) -> str:
    return f"{what} {column}"  # with a blank, as the number of rows has none


def _candidate(column: str, counted: Mapping[str, int], *, based_on: str) -> Candidate:
    filled, usable, hashes, distinct = (
        int(counted[_figure(column, what)] or 0) for what in ("filled", "usable", "hashes", "distinct")
    )
    return Candidate(
        column,
        rows=int(counted[_ROWS]),
        filled=filled,
        usable=usable,
        hashes=hashes,
        distinct=min(distinct, usable),
        based_on=based_on,
        example="",
    )


def _example(frame: pl.DataFrame, column: str, identifier_type: IdentifierType) -> str:
    """Return the first value of the sample that would be sent, masked."""
    text = frame.lazy().select(_first_text(column, frame.schema).alias(column))
    values = identifier_type.normalize_columns(text, [column])
    usable = nw.from_native(values).filter(identifier_type.is_usable(nw.col(column))).to_native()
    found = usable.head(1).select(identifier_type.masked(pl.col(column))).collect()[column]
    return found.item() if len(found) else ""


def rank(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Return the candidates, the best first."""
    return sorted(candidates, key=_rank)


def _rank(candidate: Candidate) -> tuple[bool, float, str]:
    are_addresses = candidate.is_fit and candidate.hashes <= candidate.usable * _MOSTLY
    return (not are_addresses, -candidate.reach, candidate.column)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
