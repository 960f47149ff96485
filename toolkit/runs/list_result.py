"""The row of a run's report: what became of one contact list, as one type of identifier."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import polars as pl

from toolkit.audience import LEFT_OUT, Status
from toolkit.identifiers import IdentifierType


@dataclass(frozen=True)
class ListResult:
    """What a run did to one contact list; in a dry run, what it would do.

    Members who belong to no advertiser's list have a row of their own, with an empty ``advertiser_id``.

    Examples:
        >>> (result,) = workspace.runs[workspace.runs.frame["run"][0]].lists
        >>> result.segment, result.members, result.exportable, result.added
        ('High value', 1871, 1751, 1751)
    """

    segment: str
    advertiser_id: str
    identifier_type: str
    """The name of the type of identifiers: what Criteo calls it."""
    members: int
    exportable: int
    left_out: Mapping[Status, int]
    """How many members are not sent, by the reason."""
    identifiers: int = 0
    """By how many identifiers the exportable members are sent; more than members where they have several."""
    added: int = 0
    removed: int = 0
    rejected: int = 0
    """Identifiers that Criteo counted as invalid."""
    batches: int = 0
    retries: int = 0
    """Calls that were repeated."""
    seconds: float = 0.0
    list_id: str | None = None
    """The list at Criteo; None as long as it is not made."""
    size: int | None = None
    """What the list holds of this segment afterwards; None when the run did not come so far."""
    held_by_criteo: int | None = None
    """The identifiers that Criteo counted in the list before the run sent anything; None when it was not counted.

    It is what earlier runs left there: right after sending Criteo is still counting.
    """
    matches: int | None = None
    """How many of them Criteo matched to a person."""

    @property
    def row(self) -> dict[str, str | int | float | None]:
        """The values by the columns of ``SCHEMA``."""
        reasons = {it.value: self.left_out.get(it, 0) for it in LEFT_OUT}
        return {name: reasons[name] if name in reasons else getattr(self, name) for name in SCHEMA}


SCHEMA = pl.Schema(
    {
        "segment": pl.String(),
        "advertiser_id": pl.String(),
        "identifier_type": pl.String(),
        "members": pl.Int64(),
        "exportable": pl.Int64(),
        "identifiers": pl.Int64(),
        **{it.value: pl.Int64() for it in LEFT_OUT},
        "added": pl.Int64(),
        "removed": pl.Int64(),
        "rejected": pl.Int64(),
        "batches": pl.Int64(),
        "retries": pl.Int64(),
        "seconds": pl.Float64(),
        "list_id": pl.String(),
        "size": pl.Int64(),
        "held_by_criteo": pl.Int64(),
        "matches": pl.Int64(),
    }
)
"""The columns of ``Run.frame``."""


def frame_of(results: Iterable[ListResult]) -> pl.DataFrame:
    """Return a row a list, with the columns of ``SCHEMA``."""
    return pl.DataFrame([it.row for it in results], schema=SCHEMA)


def counted(
    counts: Mapping[str, int], *, segment: str, advertiser_id: str, identifier_type: IdentifierType
) -> ListResult:
    """Return the row that a list begins with.

    Args:
        counts: ``members``, how many of them have each status, by its value, and ``identifiers``.
        segment: The segment that the list holds.
        advertiser_id: Whose list it is.
        identifier_type: The type of the identifiers.

    Returns:
        The row of a list to which nothing was sent yet.
    """
    return ListResult(
        segment,
        advertiser_id,
        identifier_type.name,
        members=counts["members"],
        exportable=counts[Status.EXPORTABLE.value],
        left_out={it: counts[it.value] for it in LEFT_OUT},
        identifiers=counts["identifiers"],
    )
