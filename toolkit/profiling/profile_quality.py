"""The quality of a profile table: how each column is filled, and which ones data matching can use."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice

import polars as pl

from toolkit.display import fragment, per_cent, table, text_table
from toolkit.errors import DataError, ToolkitError
from toolkit.identifiers import IdentifierType, identifier_types
from toolkit.profiling.candidates import Candidate, counting, frame_of, measured, rank, ranked_by_sample, to_measure
from toolkit.profiling.column_content import ColumnContent, ContentType, as_text, content_type_of
from toolkit.profiling.distinct_counts import distinct_in, part_of
from toolkit.profiling.sample import Sample, sample_of
from toolkit.sources import Profiles, Table, blame_table
from toolkit.sources.error_translation import as_toolkit_error
from toolkit.translatable import _

_FEW = 20_000
"""A column with fewer values in a sample has few in all, which can be counted one by one."""
_NEARLY_ALL = 0.99
_AT_ONCE = 64
"""Columns that are looked at together: the sample of them is in memory, and a query of very many is slow to plan."""

_SCHEMA = pl.Schema(
    {
        "column": pl.String(),
        "type": pl.String(),
        "holds": pl.String(),
        "filled": pl.Float64(),
        "nulls": pl.Int64(),
        "blanks": pl.Int64(),
        "distinct": pl.Int64(),
        "is_exact": pl.Boolean(),
        "least": pl.String(),
        "most": pl.String(),
        "examples": pl.List(pl.String()),
        "masked": pl.Boolean(),
    }
)


@dataclass(frozen=True, repr=False, eq=False)
class ProfileQuality:
    """What a profile table holds, column by column.

    ``frame`` has a row a column: ``type``; what it ``holds``; ``filled``, the share of the rows with something to see
    in them; ``nulls`` and ``blanks`` (text that holds nothing that can be seen); ``distinct`` values, counted or, where
    they are many, estimated to some 0.2 % (``is_exact`` tells); ``least`` and ``most``, unless they could tell of a
    person; ``examples``, ``masked`` unless they can't. Of a column that can't be read ``holds`` says why, and its
    figures are null.

    Examples:
        >>> quality = workspace.quality()
        >>> quality.rows, quality.key_candidates["column"][0]
        (20000, 'CustomerId')
    """

    location: str
    rows: int
    frame: pl.DataFrame
    candidates: Mapping[str, pl.DataFrame]
    """By the keyword of the type, such as ``email``: the columns that hold identifiers of a type or hashes of
    them, the best first: ``coverage`` (share of the rows), ``validity`` (share of what is filled that would be sent),
    ``hashes`` (share of that), ``distinct`` (likewise) and ``reach`` (share of the rows that would be sent, each
    identifier once), ranked by a sample and counted as ``based_on`` says. Any UUID looks like a mobile id: see what a
    column is before you send it."""
    key_candidates: pl.DataFrame
    """Columns of integers or text without nulls, of which no two rows, or as good as none, have the same."""

    def __repr__(self) -> str:
        parts = [self._headline, text_table(_in_per_cent(_shown(self.frame)))]
        for title, candidates in self._candidates:
            parts += [title, text_table(_in_per_cent(_shown(candidates))) if candidates.height else " none"]
        return "\n".join(parts)

    def _repr_html_(self) -> str:
        tables = [table(_shown(self.frame), title=_("Profile quality"), subtitle=self._headline)]
        tables += [table(_shown(it), title=title) for title, it in self._candidates if it.height]
        return str(fragment(*tables))

    @property
    def _headline(self) -> str:
        return _(
            "Profiles at {location}: {rows:,} rows, {count:,} columns",
            location=self.location,
            rows=self.rows,
            count=self.frame.height,
        )

    @property
    def _types(self) -> list[IdentifierType]:
        return [it for it in identifier_types() if it.keyword in self.candidates]

    @property
    def _candidates(self) -> tuple[tuple[str, pl.DataFrame], ...]:
        return (
            *(
                (_("Candidates for the {short} column", short=its.short), self.candidates[its.keyword])
                for its in self._types
            ),
            (_("Candidates for the key"), self.key_candidates),
        )


def quality_of(profiles: Profiles) -> ProfileQuality:
    """Look at every column of the profile table: at some rows to tell what it holds, then at all to count.

    A column that can't be read has a row as well, which says why. Raises a ToolkitError that names the table, and the
    file, when none can be.
    """
    table, types = profiles.look_at_all()
    unreadable = {name: _Unreadable(dtype, f"it has the type {dtype}") for name, dtype in types.items()}
    try:
        found = [_measure(table.only(names)) for names in _blocks(table.types)]
    except _OF_A_COLUMN as error:
        found, broken = _measure_each(table)
        if not found:
            raise _told(error, table) from None
        unreadable |= broken
    frame = pl.concat([*(it.frame for it in found), _frame_of_unreadable(unreadable)])
    order = pl.DataFrame({"column": profiles.columns}, schema={"column": pl.String})
    ranked = {kind: rank(candidate for it in found for candidate in it.candidates[kind]) for kind in identifier_types()}
    return ProfileQuality(
        location=profiles.location,
        rows=found[0].rows,
        frame=order.join(frame, on="column", how="inner", maintain_order="left"),
        candidates={kind.keyword: frame_of(its) for kind, its in ranked.items()},
        key_candidates=pl.concat(it.keys for it in found),
    )


_OF_A_COLUMN = (DataError, pl.exceptions.PolarsError, pl.exceptions.PanicException, TypeError, ValueError)
"""What may be of one column, so that the others can be measured without it."""


@dataclass(frozen=True)
class _Measured:
    """What was found of some columns."""

    rows: int
    frame: pl.DataFrame
    candidates: dict[IdentifierType, list[Candidate]]
    keys: pl.DataFrame


@dataclass(frozen=True)
class _Unreadable:
    """A column that can't be read, and why."""

    dtype: str
    why: str


def _blocks(names: Iterable[str]) -> Iterator[list[str]]:
    left = iter(names)
    while block := list(islice(left, _AT_ONCE)):
        yield block


def _measure(table: Table) -> _Measured:
    sample = sample_of(table)
    today = datetime.now(UTC).date()
    holdings = {it.name: content_type_of(it, today=today) for it in sample.frame}
    ranked = {kind: ranked_by_sample(sample, kind) for kind in identifier_types()}
    countable = [name for name, dtype in sample.table.types.items() if _is_countable(dtype)]
    # One after the other: asked at once they would share the scan, and hold the whole of it in memory.
    with blame_table(sample.table):
        figures = sample.scan().select(_aggregates(sample, holdings)).collect(engine="streaming")
        values = [
            distinct_in(sample.scan(), it, part=_part(sample, it)).collect(engine="streaming") for it in countable
        ]
        exact = [counting(sample, to_measure(some), kind).collect(engine="streaming") for kind, some in ranked.items()]
    counted = pl.concat(values, how="horizontal") if values else pl.DataFrame(height=1)
    frame = _frame(sample, holdings, figures, counted)
    candidates = {kind: measured(some, its) for (kind, some), its in zip(ranked.items(), exact, strict=True)}
    return _Measured(sample.rows, frame, candidates, _keys(frame, sample))


def _measure_each(table: Table) -> tuple[list[_Measured], dict[str, _Unreadable]]:
    """Measure column by column; return what was found, and which ones can't be read."""
    found, broken = [], {}
    for name, dtype in table.types.items():
        try:
            found.append(_measure(table.only([name])))
        except _OF_A_COLUMN as error:
            broken[name] = _Unreadable(str(dtype), _told(error, table).what)
    return found, broken


def _told(error: BaseException, table: Table) -> ToolkitError:
    if isinstance(error, ToolkitError):
        return error
    what, where = table.files.what, table.files.location
    return as_toolkit_error(error, what=what, where=where) or DataError(
        _(
            "The {what} at {where} hold values that can't be counted ({kind}).",
            what=what,
            where=where,
            kind=type(error).__name__,
        ),
        _("Have the column written as another type, such as text."),
    )


def _frame_of_unreadable(unreadable: Mapping[str, _Unreadable]) -> pl.DataFrame:
    said: list[tuple[object, ...]] = [
        (name, it.dtype, f"{ContentType.NOT_READABLE}: {it.why.rstrip('.')}", *[None] * 4, False, None, None, [], True)
        for name, it in unreadable.items()
    ]
    return pl.DataFrame(said, schema=_SCHEMA, orient="row")


def _aggregates(sample: Sample, holdings: dict[str, ColumnContent]) -> list[pl.Expr]:
    exprs = []
    for number, (name, dtype) in enumerate(sample.table.types.items()):
        column = pl.col(name)
        exprs.append(column.null_count().alias(f"{number}:nulls"))
        if dtype == pl.String:
            exprs.append((column.str.strip_chars() == "").sum().alias(f"{number}:blanks"))
        if _has_ends(dtype) and not holdings[name].is_masked:
            exprs += [
                as_text(column.min(), dtype).alias(f"{number}:least"),
                as_text(column.max(), dtype).alias(f"{number}:most"),
            ]
    return exprs


def _part(sample: Sample, name: str) -> int:
    """Return of how many of a column's values one is counted."""
    few = sample.frame.height > _FEW and sample.frame[name].n_unique() < _FEW
    return 1 if few else part_of(sample.rows)


def _is_countable(dtype: pl.DataType) -> bool:
    return not (dtype.is_nested() or dtype in (pl.Binary, pl.Object) or isinstance(dtype, pl.BaseExtension))


def _has_ends(dtype: pl.DataType) -> bool:
    """Tell whether the least and the most of a column are worth knowing; of text they are single values of anybody."""
    return dtype.is_numeric() or dtype.is_temporal()


def _frame(
    sample: Sample, holdings: dict[str, ColumnContent], counted: pl.DataFrame, values: pl.DataFrame
) -> pl.DataFrame:
    figures, distinct = counted.row(0, named=True), values.row(0, named=True)
    rows = []
    for number, (name, dtype) in enumerate(sample.table.types.items()):
        nulls, blanks = int(figures[f"{number}:nulls"]), int(figures.get(f"{number}:blanks") or 0)
        rows.append(
            (
                name,
                str(dtype),
                holdings[name].holds,
                (sample.rows - nulls - blanks) / sample.rows if sample.rows else 0.0,
                nulls,
                blanks,
                distinct.get(name),
                _part(sample, name) == 1,
                figures.get(f"{number}:least"),
                figures.get(f"{number}:most"),
                list(holdings[name].examples),
                holdings[name].is_masked,
            )
        )
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")


def _keys(frame: pl.DataFrame, sample: Sample) -> pl.DataFrame:
    enough = sample.rows * _NEARLY_ALL
    could_be = [it for it, dtype in sample.table.types.items() if dtype.is_integer() or dtype == pl.String]
    is_key = (
        pl.col("column").is_in(could_be)
        & (pl.col("nulls") == 0)
        & (pl.col("blanks") == 0)
        & pl.when("is_exact").then(pl.col("distinct") == sample.rows).otherwise(pl.col("distinct") > enough)
    )
    return frame.filter(is_key & (sample.rows > 0)).select(
        "column", "type", "holds", "distinct", "is_exact", "examples"
    )


def _in_per_cent(frame: pl.DataFrame) -> pl.DataFrame:
    shares = [name for name, dtype in frame.schema.items() if dtype.is_float()]
    return frame.with_columns(per_cent(pl.col(it)).alias(it) for it in shares)


def _shown(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the frame as it is read: types without details, how distinct values were counted."""
    lists = [name for name, dtype in frame.schema.items() if dtype == pl.List]
    plain = frame.with_columns(pl.col(lists).list.join(", "))
    if "is_exact" not in frame.columns:
        return plain
    counted = pl.when("is_exact").then(pl.lit("exactly")).otherwise(pl.lit("about"))
    return plain.with_columns(pl.col("type").str.replace(r"\(.*$", ""), counted=counted).select(
        pl.all().exclude("is_exact", "masked", "counted", "least", "most", "examples"),
        "counted",
        pl.selectors.by_name("least", "most", "examples", require_all=False),
    )
