"""The preview as HTML: a part of a notebook, or a page of its own. Both take the colours of what is around them."""

from typing import TYPE_CHECKING, Any

import polars as pl

from toolkit.charts import figure
from toolkit.markup import template, trusted
from toolkit.preview.sentences import change_sentences, effort_sentence
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
    "counted_at": "counted at (UTC)",
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
    return template("toolkit.preview", "preview.html").render(
        preview=preview, sections=_sections(preview), says=_says(preview)
    )


def html_page(preview: "Preview") -> str:
    """Return the preview as a page of its own, in one file."""
    return template("toolkit.preview", "page.html").render(title=preview.headline, body=trusted(html_fragment(preview)))


def _says(preview: "Preview") -> list[str]:
    return [*change_sentences(preview), effort_sentence(preview)]


def _sections(preview: "Preview") -> list[dict[str, Any]]:
    """Return what is shown below one another: a title, a picture or none, a table or none."""
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
        chart = figure(preview.history_chart, "Size of the lists over past runs")
        newest = preview.history.reverse().select(
            "at", "export", "segment", "status", "size", "exportable", "added", "removed"
        )
        sections.append(_section("Over past runs", newest, picture=chart))
    sections.append(_section("Mail domains", preview.domains))
    sections.append(_section("First members", preview.members))
    sections.append(_section("Left out", preview.left_out))
    return [it for it in sections if it["picture"] or it["rows"]]


def _shown_lists(preview: "Preview") -> pl.DataFrame:
    lists = preview.lists.drop("members")
    told = [it for it in lists.columns if not lists[it].cast(pl.String).replace("", None).is_null().all()]
    alike: list[str] = [it for it in ("advertiser_id", "identifier_type") if it in told and lists[it].n_unique() == 1]
    if lists["name"].equals(lists["segment"].alias("name")):
        alike.append("name")
    if not lists["is_emptied"].any():
        alike.append("is_emptied")
    return lists.select(it for it in told if it not in alike)


def _section(title: str, frame: pl.DataFrame | None = None, *, picture: str = "", note: str = "") -> dict[str, Any]:
    frame = pl.DataFrame() if frame is None else frame
    shown = frame.head(_MOST_ROWS)
    return {
        "title": title,
        "picture": trusted(picture),
        "note": note,
        "heads": [_WORDS.get(it, it.replace("_", " ")) for it in frame.columns],
        "numbers": [dtype.is_numeric() for dtype in frame.dtypes],
        "rows": [[_said(name, value) for name, value in row.items()] for row in shown.iter_rows(named=True)],
        "more": frame.height - shown.height,
    }


def _said(column: str, value: object) -> str:
    if value is None:
        return "others" if column == "domain" else ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.1%}"
    if isinstance(value, int):
        return f"{value:,}"
    if hasattr(value, "strftime"):
        return f"{value:%Y-%m-%d %H:%M}"
    # A key may be an address. Columns of the profiles are masked already.
    return redacted(str(value)) if column == "customer" else str(value)
