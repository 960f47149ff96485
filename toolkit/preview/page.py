"""The preview as HTML: a part of a notebook, or a page of its own. Both take the colours of what is around them."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import polars as pl
from markupsafe import Markup

from toolkit.display import fragment, page, table, word
from toolkit.display.charts import figure
from toolkit.identifiers import identifier_types
from toolkit.markup import template
from toolkit.preview.limits import ALL_SEGMENTS
from toolkit.preview.summary import change_sentences, consent_sentences, effort_sentence
from toolkit.redaction import redacted
from toolkit.translatable import _, shown

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
    "ends_within_7_days": "ends within 7 days",
    "ends_within_30_days": "ends within 30 days",
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
    return [*consent_sentences(preview), *change_sentences(preview), effort_sentence(preview)]


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
            _("From members to exportable"),
            picture=figure(preview.funnel_chart, _("From members to exportable")) if preview.audience.members else "",
        ),
        _section(_("By type of identifier"), _shown_types(preview), texts=_texts_of_types(preview)),
        _section(_("Until when people consent"), preview.consent.filter(pl.col("ends_within_30_days") > 0)),
        _section(_("By segment"), preview.counts.select("segment", *reasons)),
        _section(_("Coverage and validity"), preview.coverage),
        _section(_("What a run would send"), _shown_lists(preview)),
        _section(
            _("Limits"),
            preview.limits,
            texts={"of": [word(it) if it == ALL_SEGMENTS else it for it in preview.limits["of"]]},
        ),
    ]
    if several:
        chart = figure(preview.overlap_chart, _("Overlap of the segments"))
        note = _(
            "Together they send {people:,} people, each counted once. In the picture, each row is a segment: it shows "
            "how much of it the segment of each column sends too.",
            people=preview.distinct,
        )
        sections.append(
            _section(_("Overlap of the segments"), preview.overlap.filter(pl.col("both") > 0), picture=chart, note=note)
        )
    if preview.history.height:
        several_runs = preview.history["at"].n_unique() > 1
        lines = figure(preview.history_chart, _("Size of the lists over past runs")) if several_runs else ""
        newest = preview.history.reverse().select(
            "at", "export", "segment", "status", "size", "exportable", "added", "removed"
        )
        sections.append(_section(_("Over past runs"), newest, picture=lines))
    sections.append(
        _section(_("Mail domains"), preview.domains.with_columns(pl.col("domain").fill_null(shown(word("others")))))
    )
    sections.append(_section(_("First members"), _without_addresses(preview.members)))
    sections.append(_section(_("Left out"), _without_addresses(preview.left_out)))
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


def _shown_types(preview: "Preview") -> pl.DataFrame | None:
    """Return how far each type reaches, without reasons that left nobody out; None where there is one type only."""
    types = preview.types
    if types.height == 1 and types["identifiers"].equals(types["exportable"].alias("identifiers")):
        return None
    return types.select(it for it in types.columns if it in ("identifier_type", "members") or types[it].sum())


def _texts_of_types(preview: "Preview") -> Mapping[str, Sequence[str]]:
    short = {it.name: it.short for it in identifier_types()}
    return {"identifier_type": [short.get(it, word(it)) for it in preview.types["identifier_type"]]}


def _section(
    title: str,
    frame: pl.DataFrame | None = None,
    *,
    picture: Markup | str = "",
    note: str = "",
    texts: Mapping[str, Sequence[str]] | None = None,
) -> _Section:
    is_empty = frame is None or frame.is_empty()
    rows = "" if frame is None or is_empty else table(frame, headings=_WORDS, most_rows=_MOST_ROWS, texts=texts)
    return _Section(title, note, picture, rows)


def _without_addresses(people: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of which no key shows an address. Columns of the profiles are masked already."""
    first = people.head(_MOST_ROWS)
    keys = pl.Series("customer", [redacted(it) for it in first["customer"]], dtype=pl.String)
    return pl.concat([first.with_columns(keys), people.slice(_MOST_ROWS)], how="vertical_relaxed")
