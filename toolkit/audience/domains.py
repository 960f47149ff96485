"""At which mail domains the people of an audience are, counted so that no domain tells of one person."""

import polars as pl

from toolkit.audience.status import Status

FEWEST_PEOPLE = 10
"""A domain with fewer people than this is not named: it could be somebody's own."""


def with_domain(classified: pl.LazyFrame, domain: pl.Expr) -> pl.LazyFrame:
    """Add the domain of each address that is sent; of one that is hashed already nobody can tell it."""
    is_known = (pl.col("status") == Status.EXPORTABLE.value) & ~pl.col("is_hash")
    return classified.with_columns(domain=pl.when(is_known).then(domain))


def domains_of(labelled: pl.DataFrame) -> pl.DataFrame:
    """Return ``domain`` and ``people``, the largest first; last, without a domain, those whose domain is not named.

    ``labelled`` has ``segment``, ``status``, ``identifier`` and ``domain``; who is in several segments counts once.
    """
    people = labelled.lazy().filter(pl.col("status") == Status.EXPORTABLE.value).select("identifier", "domain")
    if labelled["segment"].n_unique() > 1 or "advertiser" in labelled.columns:
        people = people.unique("identifier")
    counted = people.group_by("domain").len("people")
    is_named = pl.col("people") >= FEWEST_PEOPLE
    return (
        counted.group_by(pl.when(is_named).then("domain"))
        .agg(pl.col("people").sum().cast(pl.Int64))
        .sort(pl.col("domain").is_null(), "people", "domain", descending=[False, True, False])
        .collect(engine="streaming")
    )
