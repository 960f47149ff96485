"""The figures of the contact lists of many runs, read from the database as columns.

A run of hundreds of lists every night makes a million rows in a few years: as values of Python they would take minutes.
"""

from collections.abc import Iterable

import polars as pl
from sqlalchemy import Select, Text, cast
from sqlalchemy.orm import Session

from toolkit.runs.list_result import ListResult
from toolkit.state.models import RunRecord

_REQUIRED = {"segment": pl.String(), "advertiser_id": pl.String(), "identifier_type": pl.String()}
_REQUIRED_COUNTS = ("members", "exportable")
_COUNTS = ("added", "removed", "rejected")
_KNOWN_OR_NOT = ("size", "held_by_criteo", "matches")
SCHEMA = pl.Schema(
    {
        **_REQUIRED,
        **dict.fromkeys((*_REQUIRED_COUNTS, *_COUNTS), pl.Int64()),
        "list_id": pl.String(),
        **dict.fromkeys(_KNOWN_OR_NOT, pl.Int64()),
    }
)


def read_list_figures(
    session: Session, runs: Select[RunRecord], columns: Iterable[str] = tuple(SCHEMA)
) -> pl.DataFrame | None:
    """Return the figures of each contact list of some runs.

    Args:
        session: The database.
        runs: The runs.
        columns: Those of ``SCHEMA`` that are asked for.

    Returns:
        A row a run and list, in the order of the runs: ``run`` (its id) and the columns. None where a run did not
        write them as they are written today: then each has to be read by itself.
    """
    # Whatever is asked for, what all lists have tells whether they are as they are written today.
    schema = {name: dtype for name, dtype in SCHEMA.items() if name in {*_REQUIRED, *_REQUIRED_COUNTS, *columns}}
    # Sorted here: the database would sort what is written, too, which may be hundreds of megabytes.
    ids = session.scalars(runs.with_only_columns(RunRecord.id)).all()
    written = session.execute(runs.with_only_columns(RunRecord.id, cast(RunRecord.lists, Text)).order_by(None)).all()
    texts = pl.DataFrame([tuple(it) for it in written], schema={"run": pl.String, "list": pl.String}, orient="row")
    rows = pl.DataFrame({"run": ids}, schema={"run": pl.String}).join(texts, on="run", maintain_order="left")
    try:
        lists = rows.with_columns(pl.col("list").str.json_decode(pl.List(pl.Struct(schema))))
    except pl.exceptions.ComputeError:
        return None
    figures = lists.filter(pl.col("list").list.len() > 0).explode("list").unnest("list")
    is_other = pl.any_horizontal(pl.col(*_REQUIRED, *_REQUIRED_COUNTS).is_null()).any() | lists["list"].has_nulls()
    if figures.select(is_other).item():
        return None
    return figures.select("run", *columns).with_columns(pl.col(it).fill_null(0) for it in _COUNTS if it in columns)


def list_figures_of(runs: Iterable[tuple[str, Iterable[ListResult]]]) -> pl.DataFrame:
    """Return the same of runs that are read already: their ids, and what became of their lists."""
    rows = [(run, *(getattr(it, name) for name in SCHEMA)) for run, lists in runs for it in lists]
    return pl.DataFrame(rows, schema={"run": pl.String(), **SCHEMA}, orient="row")
