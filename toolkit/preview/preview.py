"""The preview: a value that an analyst looks at, asks and hands on."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from toolkit.access.people import Role, require_actor
from toolkit.audience import Audience
from toolkit.display import text_table
from toolkit.errors import ConfigurationError
from toolkit.files import write_atomically
from toolkit.preview.funnel import coverage_of, funnel_of
from toolkit.preview.overlap import Overlap, overlap_of
from toolkit.runs.notices import Notice
from toolkit.spreadsheets import write_csv
from toolkit.state import audit
from toolkit.state.audit import Action
from toolkit.state.folder import WorkspaceFolder
from toolkit.translatable import _, ngettext

if TYPE_CHECKING:
    from toolkit.preview.charts import Chart


@dataclass(frozen=True, repr=False, eq=False)
class Preview:
    """Who would be sent, who not and why, what would change, and what it takes: before anything is sent.

    It tells how things were when it was made. Frames hold keys, statuses, hashes and figures, never an address.

    Examples:
        >>> preview = workspace.preview(["High value", "Lapsed 12 months"], email_column="EMail")
        >>> preview.exportable, preview.distinct
        (5471, 5068)
        >>> preview.funnel.columns
        ['step', 'people', 'remaining', 'share']
    """

    audience: Audience
    """Who is sent and who is left out, as e-mails: ``.frame`` has a row a member and segment."""
    export: str | None
    """The export, or None for segments that were named."""
    lists: pl.DataFrame
    """A row a contact list: what a run would add and remove, what the list held, and what Criteo counted in it.

    ``held_by_criteo``, ``matches`` and ``match_rate`` are of ``counted_at``: when a run last counted the list, or
    just now when Criteo was asked.
    """
    limits: pl.DataFrame
    """A row a limit: of what, the ``size``, ``at_least`` or ``at_most``, whether it ``is_kept``, and the ``level``:
    an ``error`` stops a run, a ``warning`` does not.

    That is null of a list that nobody would be in, which has no useful size.
    """
    types: pl.DataFrame
    """A row a type of identifier: ``members``, how many are left out for each reason, how many are ``exportable``, and
    by how many ``identifiers``. Where there are several types, the row ``any`` counts whom at least one reaches."""
    consent: pl.DataFrame
    """A row a segment: ``members`` who are sent by one type of identifiers at least, and of how many consent ends
    within 7 and within 30 days. It has no rows where consent is not asked."""
    history: pl.DataFrame
    """A row a past run and list, the oldest first, as ``workspace.runs.trend`` has them, of the newest 500 runs."""
    effort: pl.DataFrame
    """One row: ``calls``, ``batches``, ``identifiers``, and the ``seconds`` by the speed of ``past_runs``."""
    members: pl.DataFrame
    """The first members of each segment, with the identifier and the chosen columns, masked."""
    warnings: tuple[Notice, ...]
    """What is worth a look before a run."""
    _folder: WorkspaceFolder = field(repr=False)

    @property
    def segments(self) -> list[str]:
        """The names of the segments."""
        return self.audience.segments

    @property
    def counts(self) -> pl.DataFrame:
        """A row a segment: ``members``, and how many of them have each status."""
        return self.audience.counts

    @property
    def exportable(self) -> int:
        """The identifiers that all segments would send, one counted once a segment."""
        return self.audience.exportable

    @property
    def distinct(self) -> int:
        """The people that all segments together would send, each counted once."""
        return self._overlap.distinct

    @cached_property
    def funnel(self) -> pl.DataFrame:
        """From ``members`` over each reason to ``exportable``: ``step``, ``people``, ``remaining``, ``share``."""
        return funnel_of(self.audience)

    @cached_property
    def coverage(self) -> pl.DataFrame:
        """A row a segment: shares of members with an e-mail, of valid ones, of those that another member has too."""
        return coverage_of(self.audience)

    @property
    def overlap(self) -> pl.DataFrame:
        """A row for each two segments: how many people ``both`` send, and the ``share`` of the first that this is."""
        return self._overlap.pairs

    @cached_property
    def _overlap(self) -> Overlap:
        return overlap_of(self.audience)

    @property
    def changes(self) -> pl.DataFrame:
        """A row a contact list: what it ``held``, what a run would have ``added`` and ``removed``."""
        which = ("segment", "advertiser_id", "identifier_type", "name", "list_id")
        return self.lists.select(*which, "held", "added", "removed", "is_emptied")

    @property
    def domains(self) -> pl.DataFrame:
        """The mail domains: ``domain``, ``people``, ``share``; null holds those whose domain is not named.

        A domain of fewer than ten people is not named, because it could be somebody's own.
        """
        known = self.audience.domains
        if known is None:
            known = pl.DataFrame(schema={"domain": pl.String, "people": pl.Int64})
        return known.with_columns(share=pl.col("people") / pl.col("people").sum())

    @property
    def left_out(self) -> pl.DataFrame:
        """The members who are not sent: ``segment``, ``customer`` (the key), ``status``, ``suppressed_by``."""
        return self.audience.left_out

    @property
    def suppressed_by(self) -> pl.DataFrame:
        """A row a segment and reason for which members are suppressed: ``segment``, ``suppressed_by``, ``members``."""
        return self.audience.suppressed_by

    def find(self, customer: str | int) -> pl.DataFrame:
        """Find a customer by the key.

        Args:
            customer: The customer key.

        Returns:
            A row for each segment that the customer is in: ``segment``, ``customer``, ``status`` and ``suppressed_by``.
        """
        is_meant = pl.col("customer") == pl.lit(str(customer)).cast(
            self.audience.frame.schema["customer"], strict=False
        )
        found = self.audience.frame.filter(is_meant).select(
            pl.col("segment", "status", "suppressed_by").cast(pl.String), "customer"
        )
        return found.sort("segment").select("segment", "customer", "status", "suppressed_by")

    def write_left_out(self, path: str | Path) -> Path:
        """Write the members who are not sent, with the reason, to a file. The audit records who did.

        In CSV, an apostrophe stands before a key that a spreadsheet would run as a formula.

        Args:
            path: A file whose name ends in ``.csv`` or ``.parquet``.

        Returns:
            The file.

        Raises:
            ConfigurationError: The name of the file has another ending.
            AccessError: You are a viewer.

        Examples:
            >>> workspace.preview("High value", email_column="EMail").write_left_out("excluded.csv").name
            'excluded.csv'
        """
        to = Path(path)
        if to.suffix.lower() not in {".csv", ".parquet"}:
            raise ConfigurationError(
                _("{to} has a name that tells no format to write.", to=to.name), _("Let it end in .csv or .parquet.")
            )
        left_out = self.left_out.with_columns(pl.col("segment", "status", "suppressed_by").cast(pl.String))
        is_csv = to.suffix.lower() == ".csv"
        what = self.export or ", ".join(self.segments)
        with self._folder.session() as session, session.begin():
            actor = require_actor(session, self._folder, least=Role.CONTRIBUTOR)
            # First, so that no file is there that the audit does not know.
            audit.record(
                session, self._folder, actor, Action.WRITE_LEFT_OUT, what, file=str(to.resolve()), rows=left_out.height
            )
            write_atomically(
                to, lambda beside: write_csv(left_out, beside) if is_csv else left_out.write_parquet(beside)
            )
        return to

    @property
    def funnel_chart(self) -> "Chart":
        """The funnel as an Altair chart."""
        from toolkit.preview.charts import funnel_chart

        return funnel_chart(self.funnel)

    @property
    def history_chart(self) -> "Chart":
        """The sizes over past runs as an Altair chart."""
        from toolkit.preview.charts import history_chart

        return history_chart(self.history)

    @property
    def overlap_chart(self) -> "Chart":
        """The overlap of the segments as an Altair chart."""
        from toolkit.preview.charts import overlap_chart

        return overlap_chart(self.overlap)

    def to_html(self, path: str | Path) -> Path:
        """Write the preview as one HTML file that needs no network.

        Args:
            path: The file.

        Returns:
            The file.
        """
        from toolkit.preview.page import html_page

        to = Path(path)
        page = html_page(self)
        write_atomically(to, lambda beside: beside.write_text(page, encoding="utf-8"))
        return to

    @property
    def headline(self) -> str:
        """What is previewed, and how much of it is sent."""
        segments = ngettext("{count:,} segment", "{count:,} segments", len(self.segments))
        what = (
            segments
            if self.export is None
            else _("export {export!r}, {segments}", export=self.export, segments=segments)
        )
        return _(
            "Preview of {what}: {exportable:,} of {members:,} members exportable as {form}, {people}",
            what=what,
            exportable=self.exportable,
            members=self.audience.members,
            form=self.audience.form.value,
            people=ngettext("{count:,} person", "{count:,} people", self.distinct),
        )

    def __repr__(self) -> str:
        from toolkit.preview.summary import sentences_of

        counts = self.counts
        figures = counts.select(it for it in counts.columns if it == "segment" or counts[it].sum())
        return "\n".join([self.headline, text_table(figures), *sentences_of(self)])

    def _repr_html_(self) -> str:
        from toolkit.preview.page import html_fragment

        return html_fragment(self)
