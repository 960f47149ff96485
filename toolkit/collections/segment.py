"""A segment of the catalog, as a value: its size, and if it is built here its definition and history."""

from dataclasses import dataclass, field
from datetime import datetime

import polars as pl

from toolkit.display import fragment, table, text_table
from toolkit.names import unknown_name
from toolkit.runs.segment_usage import SegmentUsage, segment_usage
from toolkit.segments import (
    Definition,
    SegmentFiles,
    definition_of,
    definitions,
    exports_using,
    history_frame,
    read_history,
    rebuild,
)
from toolkit.sources import SegmentFolder, blame_table
from toolkit.state.folder import WorkspaceFolder
from toolkit.translatable import _, mark

_MOST_SHOWN = 10


@dataclass(frozen=True, repr=False, eq=False)
class Segment:
    """A segment as it was when somebody looked.

    Examples:
        >>> segment = workspace.segments.build("Dutch", where="Country = 'Netherlands'")
        >>> segment.kind, segment.size, segment.history.select("version", "members", "added").rows()
        ('static', 9027, [(1, 9027, 9027)])
    """

    name: str
    size: int
    """The rows of its table: of a segment that is built here, its members."""
    changed_at: datetime | None
    """When its members changed last."""
    definition: Definition | None
    """None when it was not built here."""
    history: pl.DataFrame
    """A row a build, the oldest first: ``at``, ``members``, ``added``, ``removed``, the ``version`` of the definition,
    its ``kind`` and ``condition``, ``by`` whom and ``started_by`` what, ``seconds``."""
    exports: tuple[str, ...]
    """The exports that send it or keep its members out."""
    _folder: WorkspaceFolder = field(repr=False)

    @property
    def kind(self) -> str:
        """``static``, ``dynamic``, or ``from elsewhere``."""
        return "from elsewhere" if self.definition is None else self.definition.kind

    @property
    def built_at(self) -> datetime | None:
        """When it was built last; None when it was not built here."""
        return self.history["at"].max() if self.history.height else None  # type: ignore[return-value]

    @property
    def members(self) -> pl.DataFrame:
        """The keys of its members, ``customer``, each once."""
        scan = self._folder.segments.scan([self.name]).select("customer")
        return scan.filter(pl.col("customer").is_not_null()).unique(maintain_order=True).collect(engine="streaming")

    @property
    def used(self) -> SegmentUsage:
        """Where the segment is used: exports, contact lists, Criteo audiences, ad sets, with a picture.

        Criteo is asked, each time.

        Examples:
            >>> workspace.segments["High value"].used.frame.select("export", "list", "ad_set").rows()
            [('Nightly', 'High value', None)]
        """
        return segment_usage(self._folder, self.name)

    @property
    def frame(self) -> pl.DataFrame:
        """A row a fact."""
        facts = {
            "kind": self.kind,
            "members": f"{self.size:,}",
            "members changed": _moment(self.changed_at),
            "condition": "" if self.definition is None else self.definition.condition,
            "version": "" if self.definition is None else str(self.definition.version),
            "saved": "" if self.definition is None else _moment(self.definition.saved_at, by=self.definition.saved_by),
            "built": _moment(self.built_at),
            "exports": ", ".join(self.exports),
        }
        kept = {fact: value for fact, value in facts.items() if value}
        return pl.DataFrame({"fact": list(kept), "value": list(kept.values())})

    def __repr__(self) -> str:
        parts = [f"Segment {self.name!r}: {self.size:,} members", text_table(self.frame)]
        if self.history.height:
            parts.append(text_table(_shown(self.history)))
        return "\n".join(parts)

    def _repr_html_(self) -> str:
        parts = [
            table(
                self.frame, title=_("Segment {name}", name=self.name), subtitle=_("{count:,} members", count=self.size)
            )
        ]
        if self.history.height:
            parts.append(table(_shown(self.history)))
        return str(fragment(*parts))


def segment_of(folder: WorkspaceFolder, name: str) -> Segment:
    """Return a segment of the catalog; raises ConfigurationError with the nearest names when there is none."""
    catalog = folder.segments
    known = catalog.names()
    if name not in known:
        raise unknown_name(mark("segment"), name, known)
    members = catalog.members([name])
    with blame_table(*members.tables):
        size = int(members.frame.select(pl.len()).collect(engine="streaming").item())
    definition = definition_of(folder, name)
    builds = []
    if definition is not None and isinstance(catalog, SegmentFolder):
        builds = read_history(SegmentFiles.of(catalog, name).history)
    return Segment(
        name=name,
        size=size,
        changed_at=max((it.modified_at for it in catalog.inputs([name]) if it.modified_at), default=None),
        definition=definition,
        history=history_frame(builds),
        exports=tuple(exports_using(folder, name)),
        _folder=folder,
    )


def rebuild_segment(folder: WorkspaceFolder, name: str) -> Segment:
    """Build a segment anew by its definition, and return it."""
    rebuild(folder, name)
    return segment_of(folder, name)


def segments_frame(folder: WorkspaceFolder) -> pl.DataFrame:
    """Return a row a segment of the catalog: its rows, when they changed, its kind, condition and version."""
    schema = {"segment": pl.String, "kind": pl.String, "condition": pl.String, "version": pl.Int64}
    built = pl.DataFrame(
        [(it.segment, it.kind, it.condition, it.version) for it in definitions(folder)], schema=schema, orient="row"
    )
    summary = folder.segments.summary().drop("location")
    return summary.join(built, on="segment", how="left", maintain_order="left").with_columns(
        pl.col("changed_at").dt.truncate("1s"), pl.col("kind").fill_null("from elsewhere")
    )


def _shown(history: pl.DataFrame) -> pl.DataFrame:
    last = history.tail(_MOST_SHOWN).reverse()
    return last.drop("condition").with_columns(
        pl.col("at").dt.strftime("%Y-%m-%d %H:%M UTC"), pl.col("seconds").round(1)
    )


def _moment(moment: datetime | None, *, by: str = "") -> str:
    if moment is None:
        return ""
    return f"{moment:%Y-%m-%d %H:%M} UTC{f' by {by}' if by else ''}"
