"""What an export sends beside the type that people are counted by, such as phone numbers beside e-mails.

The checks are of the first type, which everybody has to have. Of a further one a segment may have few: that nobody at
all has one, or that what is there is none, is worth a look.
"""

from collections.abc import Sequence

import polars as pl

from toolkit.audience import Audience
from toolkit.translatable import Text, _, exact_share, listed, ngettext
from toolkit.validation.rules import segment_figures
from toolkit.validation.thresholds import Thresholds


def doubts_of_further_type(audience: Audience, columns: Sequence[str], thresholds: Thresholds) -> list[Text]:
    """Return what looks wrong of the identifiers of a further type, in sentences.

    Args:
        audience: The members, prepared with that type.
        columns: The profile columns with the identifiers.
        thresholds: Those of the export.

    Returns:
        One sentence when nobody has one; else one for each segment where fewer are valid than ``email_validity``.
    """
    kind = audience.identifier_type
    named = listed(map(repr, columns))
    figures = segment_figures(audience)
    if not figures["looked_at"].sum():
        return []
    if not figures["filled"].sum():
        return [
            _(
                "No member of any segment has {plural} in {columns}. See whether the export names the right column.",
                plural=kind.plural,
                columns=named,
            )
        ]
    few = figures.filter(pl.col("validity") < thresholds.email_validity).select("segment", "filled", "validity")
    return [
        ngettext(
            "In segment {segment!r}, {columns} is filled for {filled:,} member: {share} of the {plural} are valid, and "
            "at least {least} is expected. See whether the export names the right column.",
            "In segment {segment!r}, {columns} is filled for {filled:,} members: {share} of the {plural} are valid, "
            "and at least {least} is expected. See whether the export names the right column.",
            filled,
            segment=segment,
            filled=filled,
            plural=kind.plural,
            columns=named,
            share=exact_share(validity),
            least=exact_share(thresholds.email_validity),
        )
        for segment, filled, validity in few.iter_rows()
    ]
