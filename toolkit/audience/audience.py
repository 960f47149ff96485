"""The audience: a value an analyst can look at, ask and hand on."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

import polars as pl

from toolkit.audience.keys import SpeltOtherwise
from toolkit.audience.status import Status
from toolkit.display import html_table, text_table
from toolkit.identifiers import HashFormat, IdentifierType, first_type
from toolkit.spreadsheets import FrameForPeople
from toolkit.translatable import _, ngettext


@dataclass(frozen=True, repr=False, eq=False)
class Audience:
    """One or several segments, prepared: who is sent, and who is left out and why.

    ``frame`` has a row for every member of every segment: ``segment``, ``customer`` (the key), ``status``,
    ``suppressed_by`` (by what, for those who are suppressed) and, for those who are exportable, ``identifier``: the
    hash that is compared, stored and (unless the form is plain) sent.
    Where each advertiser gets its own list, ``advertiser`` is its id.

    Examples:
        >>> audience = workspace.preview("High value", email_column="EMail").audience
        >>> audience.members, audience.exportable
        (1871, 1751)
        >>> audience.frame.columns
        ['segment', 'customer', 'status', 'suppressed_by', 'identifier']
        >>> len(audience.identifiers("High value"))
        1751
    """

    frame: pl.DataFrame
    form: HashFormat
    rows: pl.DataFrame = field(repr=False)
    addresses: pl.DataFrame | None = field(default=None, repr=False)
    domains: pl.DataFrame | None = field(default=None, repr=False)
    """``domain`` and ``people``, where they were counted; a domain of few people is not named."""
    placeholders: int = 0
    """The members whose field holds a placeholder, such as n/a or the hash of an empty field; they count as missing."""
    identifier_type: IdentifierType = field(default_factory=first_type, repr=False)
    """What the members are sent by."""
    further: pl.DataFrame | None = field(default=None, repr=False)
    """Where members have several identifiers: ``segment``, ``customer``, ``identifier`` (and ``advertiser``) of each
    beside the first, which stands in ``frame``; None when nobody has."""
    consented_at: datetime | None = None
    """The moment at which consent was asked of the profiles; None where it was not. ``frame`` then has
    ``consent_until``, null where that is not known, and ``consent_basis``."""
    spelt_otherwise: SpeltOtherwise = field(default_factory=SpeltOtherwise.nobody, repr=False)
    """Members in no profile whose keys are there in another spelling."""

    @property
    def segments(self) -> list[str]:
        """The names of the segments, empty ones too."""
        return self.rows["segment"].cast(pl.String).to_list()

    @cached_property
    def counts(self) -> pl.DataFrame:
        """A row a segment: ``members``, one column a status, and rows of the segment table that name nobody new.

        ``exportable`` and the reasons for leaving out add up to ``members``; ``members``, ``repeated_rows`` and
        ``rows_without_key`` add up to the rows of the segment table.
        """
        by_status = self._count("segment")
        figures = by_status.columns[1:]
        joined = self.rows.join(by_status, on="segment", how="left", maintain_order="left")
        return joined.select(
            pl.col("segment").cast(pl.String),
            pl.col(figures).fill_null(0),
            repeated_rows=(
                pl.col("rows").cast(pl.Int64) - pl.col("blank").cast(pl.Int64) - pl.col("members").fill_null(0)
            ),
            rows_without_key=pl.col("blank").cast(pl.Int64),
        )

    @property
    def suppressed_by(self) -> pl.DataFrame:
        """A row a segment and reason for which members are suppressed: ``segment``, ``suppressed_by``, ``members``."""
        suppressed = self.frame.filter(pl.col("suppressed_by").is_not_null())
        counted = suppressed.group_by("segment", "suppressed_by").agg(pl.len().cast(pl.Int64).alias("members"))
        return counted.sort("segment", "suppressed_by").cast({"segment": pl.String, "suppressed_by": pl.String})

    @property
    def counts_by_advertiser(self) -> pl.DataFrame:
        """A row a segment and advertiser (null for members who belong to none): ``members``, one column a status."""
        return self._count("segment", "advertiser").sort("segment", "advertiser").cast({"segment": pl.String})

    def _count(self, *by: str) -> pl.DataFrame:
        return self.frame.group_by(by).agg(
            pl.len().cast(pl.Int64).alias("members"),
            *(
                (pl.col("status") == status.value).sum().cast(pl.Int64).alias(status.value)
                for status in (Status.EXPORTABLE, *(s for s in Status if s is not Status.EXPORTABLE))
            ),
        )

    @property
    def members(self) -> int:
        """The members of all segments, a customer counted once a segment."""
        return self.frame.height

    @property
    def exportable(self) -> int:
        """The members who are sent, of all segments, a customer counted once a segment."""
        return int(self.counts["exportable"].sum())

    @property
    def left_out(self) -> pl.DataFrame:
        """The members who are not sent: ``segment``, ``customer``, ``status``, ``suppressed_by``."""
        left_out = self.frame.filter(pl.col("status") != Status.EXPORTABLE.value).drop("identifier")
        return FrameForPeople(left_out)

    @property
    def sent(self) -> pl.DataFrame:
        """A row for each identifier that is sent: ``segment``, ``customer``, ``identifier`` (and ``advertiser``)."""
        named = [it for it in ("segment", "advertiser", "customer", "identifier") if it in self.frame.columns]
        first = self.frame.filter(pl.col("status") == Status.EXPORTABLE.value).select(named)
        return first if self.further is None else pl.concat([first, self.further.select(named)])

    @cached_property
    def identifier_counts(self) -> pl.DataFrame:
        """How many identifiers are sent: a row a segment (and advertiser), ``identifiers``."""
        by = [it for it in ("segment", "advertiser") if it in self.frame.columns]
        counts = self.counts_by_advertiser if "advertiser" in by else self.counts
        first = counts.select(*by, pl.col(Status.EXPORTABLE.value).alias("identifiers"))
        if self.further is None:
            return first
        further = self.further.group_by(by).agg(further=pl.len().cast(pl.Int64)).cast({"segment": pl.String})
        joined = first.join(further, on=by, how="left", maintain_order="left", nulls_equal=True)
        return joined.select(*by, pl.col("identifiers") + pl.col("further").fill_null(0))

    def identifiers(self, segment: str) -> pl.Series:
        """Return what a segment's contact list should hold.

        Args:
            segment: Name of the segment.

        Returns:
            The hashes, each once.
        """
        return self.wanted(segment)["identifier"]

    def wanted(self, segment: str, advertiser: str | None = None) -> pl.DataFrame:
        """Return whom a contact list should hold.

        Args:
            segment: Name of the segment.
            advertiser: Id of the advertiser, where each advertiser gets lists of its own; all advertisers by default.

        Returns:
            A row for each identifier: ``identifier`` (hashed) and ``customer`` (the key).
        """
        sent = self._sent.get(segment, self.frame.clear())
        if advertiser is not None:
            sent = sent.filter(pl.col("advertiser") == advertiser)
        return sent.select("identifier", "customer")

    @cached_property
    def _sent(self) -> dict[str, pl.DataFrame]:
        """Who is sent, by segment: found in one pass, since lists are asked for by the hundred."""
        parts = self.sent.partition_by("segment", as_dict=True, maintain_order=True)
        return {str(segment): part for (segment,), part in parts.items()}

    def select(self, segments: Sequence[str]) -> "Audience":
        """Return the part of the audience that some segments make.

        Args:
            segments: Names of the segments.

        Returns:
            An audience of these segments only.
        """
        is_chosen = pl.col("segment").cast(pl.String).is_in(list(segments))
        return Audience(
            self.frame.filter(is_chosen),
            self.form,
            self.rows.filter(is_chosen),
            self.addresses,
            identifier_type=self.identifier_type,
            further=None if self.further is None else self.further.filter(is_chosen),
            consented_at=self.consented_at,
        )

    def __repr__(self) -> str:
        figures = self.counts.select(
            column for column in self.counts.columns if column == "segment" or self.counts[column].sum()
        )
        return f"{self._headline}\n{text_table(figures)}"

    def _repr_html_(self) -> str:
        return html_table(self.counts, title=self._headline, subtitle=_("members by outcome"))

    @property
    def _headline(self) -> str:
        return ngettext(
            "Audience of {count} segment: {exportable:,} of {members:,} members exportable as {form}",
            "Audience of {count} segments: {exportable:,} of {members:,} members exportable as {form}",
            len(self.segments),
            exportable=self.exportable,
            members=self.members,
            form=self.form.value,
        )
