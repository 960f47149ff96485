"""The size of what would be sent, held against what is allowed and what is of use."""

import polars as pl

from toolkit.checks import Thresholds
from toolkit.checks.thresholds import MOST_PROFILES_AN_EXPORT
from toolkit.identifiers import IdentifierType

MOST_OF_EXPORT, MOST_BY_CONTRACT = "most of an export", "most by the contract"
_OF_USE_BY = "Criteo's integrators"
"""Criteo itself names no least size of a list; who integrates with its audiences does."""

_SCHEMA = pl.Schema(
    {
        "limit": pl.String(),
        "of": pl.String(),
        "size": pl.Int64(),
        "at_least": pl.Int64(),
        "at_most": pl.Int64(),
        "is_kept": pl.Boolean(),
        "said_by": pl.String(),
    }
)


def limits_of(
    exportable: int, lists: pl.DataFrame, thresholds: Thresholds, *, counted_by: IdentifierType
) -> pl.DataFrame:
    """Return a row a limit: what it is ``of`` (all segments, or a list), its ``size``, and whether it ``is_kept``.

    ``said_by`` tells where a limit comes from.
    """
    own = "Customer Insights" if thresholds.limit_profiles == MOST_PROFILES_AN_EXPORT else "the export"
    most = [(MOST_OF_EXPORT, thresholds.limit_profiles, own)]
    if thresholds.contract_limit_profiles is not None:
        most.append((MOST_BY_CONTRACT, thresholds.contract_limit_profiles, "the contract with Criteo"))
    of_export = [(limit, "all segments", exportable, None, at_most, said_by) for limit, at_most, said_by in most]
    # Identifiers of other types are of the same people.
    sizes = lists.filter(pl.col("identifier_type") == counted_by.name).select("segment", "exportable")
    of_lists = [
        ("fewest that are of use", segment, size, thresholds.least_size, None, _OF_USE_BY)
        for segment, size in sizes.iter_rows()
    ]
    is_kept = pl.col("size").is_between(
        pl.col("at_least").fill_null(0), pl.coalesce("at_most", pl.col("size")), closed="both"
    )
    columns = [name for name in _SCHEMA.names() if name != "is_kept"]
    frame = pl.DataFrame([*of_export, *of_lists], schema={name: _SCHEMA[name] for name in columns}, orient="row")
    return frame.with_columns(is_kept=is_kept).select(_SCHEMA.names())
