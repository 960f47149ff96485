"""The preview as HTML: a part of a notebook, or a page of its own. Both take the colours of what is around them."""

from typing import TYPE_CHECKING, NamedTuple

import polars as pl
from markupsafe import Markup

from toolkit.display import fragment, page, table
from toolkit.display.charts import figure
from toolkit.markup import template
from toolkit.preview.summary import change_sentences, effort_sentence
from toolkit.redaction import redacted

if TYPE_CHECKING:
    from toolkit.preview.preview import Preview

_MOST_ROWS = 10
_WORDS = {
    "segment": "segment",
    "advertiser_id": "advertiser",
    "identifier_type": "sent as",
    "list_id": "list id",
    "is_emptied": "emptied first",
    "held_by_criteo": "identifiers at Criteo",
    "match_rate": "match rate",
    "counted_at": "counted at",
    "at_least": "at least",
    "at_most": "at most",
    "is_kept": "kept",
    "said_by": "said by",
    "with_email": "with an e-mail",
    "both": "people in both",
    "share": "share",
}


def html_fragment(preview: "Preview") -> str:
    """Return the preview as a part of a page."""
    return str(fragment(_body(preview), kind="toolkit-preview"))


def html_page(preview: "Preview") -> str:
    """Return the preview as a page of its own, in one file."""
    return page(preview.headline, _body(preview))


def _body(preview: "Preview") -> Markup:
    return Markup(  # noqa: S704  # the template escapes
        template("toolkit.preview", "preview.html").render(
            preview=preview, sections=_sections(preview), says=_says(preview)
        )
    )


def _says(preview: "Preview") -> list[str]:
    return [*change_sentences(preview), effort_sentence(preview)]


class _Section(NamedTuple):
    """What is shown below one title: a note, a picture and a table, each or none."""

    title: str
    note: str
    picture: Markup | str
    table: Markup | str


def _sections(preview: "Preview") -> list[_Section]:
    several = len(preview.segments) > 1
    reasons = [it for it in preview.counts.columns if it != "segment" and (preview.counts[it].sum() or it == "members")]
    sections = [
        _section(
            "From members to exportable",
            picture=figure(preview.funnel_chart, "From members to exportable") if preview.audience.members else "",
        ),
        _section("By segment", preview.counts.select("segment", *reasons)),
        _section("Coverage and validity", preview.coverage),
        _section("What a run would send", _shown_lists(preview)),
        _section("Limits", preview.limits),
    ]
    if several:
        chart = figure(preview.overlap_chart, "Overlap of the segments")
        note = (
            f"Together they send {preview.distinct:,} people, each counted once. The picture tells of each segment, "
            "a row, how much of it another one, a column, sends too."
        )
        sections.append(
            _section("Overlap of the segments", preview.overlap.filter(pl.col("both") > 0), picture=chart, note=note)
        )
    if preview.history.height:
        several_runs = preview.history["at"].n_unique() > 1
        lines = figure(preview.history_chart, "Size of the lists over past runs") if several_runs else ""
        newest = preview.history.reverse().select(
            "at", "export", "segment", "status", "size", "exportable", "added", "removed"
        )
        sections.append(_section("Over past runs", newest, picture=lines))
    sections.append(_section("Mail domains", preview.domains.with_columns(pl.col("domain").fill_null("others"))))
    sections.append(_section("First members", _without_addresses(preview.members)))
    sections.append(_section("Left out", _without_addresses(preview.left_out)))
    return [it for it in sections if it.picture or it.table]


def _shown_lists(preview: "Preview") -> pl.DataFrame:
    lists = preview.lists.drop("members")
    told = [it for it in lists.columns if not lists[it].cast(pl.String).replace("", None).is_null().all()]
    alike: list[str] = [it for it in ("advertiser_id", "identifier_type") if it in told and lists[it].n_unique() == 1]
    if lists["name"].equals(lists["segment"].alias("name")):
        alike.append("name")
    if not lists["is_emptied"].any():
        alike.append("is_emptied")
    return lists.select(it for it in told if it not in alike)


def _section(title: str, frame: pl.DataFrame | None = None, *, picture: Markup | str = "", note: str = "") -> _Section:
    shown = "" if frame is None or frame.is_empty() else table(frame, headings=_WORDS, most_rows=_MOST_ROWS)
    return _Section(title, note, picture, shown)


def _without_addresses(people: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of which no key shows an address. Columns of the profiles are masked already."""
    shown = people.head(_MOST_ROWS)
    keys = pl.Series("customer", [redacted(it) for it in shown["customer"]], dtype=pl.String)
    return pl.concat([shown.with_columns(keys), people.slice(_MOST_ROWS)], how="vertical_relaxed")
