"""Members met with their profiles once, for all types of identifiers that are prepared of them."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from toolkit.sources.streaming import collect_each, compact

SEGMENT, ROWS, FOUND = "toolkit member segment", "toolkit member rows", "toolkit member found"
"""What a matched member has beside the columns of the profile."""


@dataclass(frozen=True, eq=False)
class Matched:
    """Members with their profiles, in memory."""

    frame: pl.LazyFrame
    """A row a member and profile: the columns of the profile by their names, the key of the member under that of the
    profile's key, and ``SEGMENT``, ``ROWS`` (how many rows named the member) and ``FOUND`` (null without a profile)."""
    null_keys: int
    """How many profiles have no key."""
    rows: int
    """How many rows the members had."""


def match_members(
    members: pl.LazyFrame, profiles: pl.LazyFrame, *, key: str, profile_key: str, columns: Sequence[str]
) -> Matched | None:
    """Match members with their profiles, once for several questions.

    Args:
        members: The columns ``segment`` and ``key``.
        profiles: The profile table.
        key: The column of the members with the key.
        profile_key: The column of the profiles with the key.
        columns: What is asked of the profiles.

    Returns:
        The members; None where a column holds lists, whose parts would keep all of the table that they were read from.
    """
    schema = profiles.select(columns).collect_schema()
    if any(it.is_nested() for it in schema.values()) or {SEGMENT, ROWS, FOUND} & {*columns}:
        return None
    asked = [it for it in dict.fromkeys(columns) if it != profile_key]
    named = members.select(pl.col("segment").alias(SEGMENT), pl.col(key).alias(profile_key))
    matched = (
        named.group_by(SEGMENT, profile_key)
        .agg(pl.len().alias(ROWS))
        .join(profiles.select(profile_key, *asked, pl.lit(True).alias(FOUND)), on=profile_key, how="left")
    )
    frame, null_keys, rows = collect_each(
        compact(matched),
        # As a filter, so that the statistics of Parquet files answer without reading the column.
        profiles.filter(pl.col(profile_key).is_null()).select(pl.len()),
        members.select(pl.len()),
    )
    return Matched(frame.lazy(), null_keys.item(), rows.item())
