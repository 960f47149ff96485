"""What an export sends beside the type that people are counted by, such as phone numbers beside e-mails.

The checks are of the first type, which everybody has to have. Of a further one a segment may have few: that nobody at
all has one, or that what is there is none, is worth a look.
"""

import polars as pl

from toolkit.audience import Audience
from toolkit.translatable import Text, _, exact_share, ngettext
from toolkit.validation.rules import segment_figures
from toolkit.validation.thresholds import Thresholds


def doubts_of_further_type(audience: Audience, thresholds: Thresholds) -> list[Text]:
    """Return what looks wrong of the identifiers of a further type, in sentences.

    Args:
        audience: The members, prepared with that type.
        thresholds: Those of the export.

    Returns:
        One sentence when nobody has one; else one for each segment where fewer are valid than ``email_validity``.
    """
    kind = audience.identifier_type
    figures = segment_figures(audience)
    if not figures["looked_at"].sum():
        return []
    if not figures["filled"].sum():
        return [
            _(
                "No member of any segment has one of the {plural} that the export sends too. See whether it names the "
                "right column.",
                plural=kind.plural,
            )
        ]
    few = figures.filter(pl.col("validity") < thresholds.email_validity).select("segment", "filled", "validity")
    return [
        ngettext(
            "Segment {segment!r} has {filled:,} field with {plural}; {share} is valid, and at least {least} is "
            "expected. See whether the export names the right column.",
            "Segment {segment!r} has {filled:,} fields with {plural}; {share} of them are valid, and at least {least} "
            "is expected. See whether the export names the right column.",
            filled,
            segment=segment,
            filled=filled,
            plural=kind.plural,
            share=exact_share(validity),
            least=exact_share(thresholds.email_validity),
        )
        for segment, filled, validity in few.iter_rows()
    ]
