"""Summary figures, each on a card: what a page says first."""

from collections.abc import Iterable
from typing import NamedTuple

from markupsafe import Markup

from toolkit.markup import template
from toolkit.translatable import _


class Card(NamedTuple):
    """A figure with its name."""

    name: str
    figure: str
    note: str = ""
    """What stands below it, smaller, such as the change against last time."""


def cards(those: Iterable[Card]) -> Markup:
    """Return the figures in a row that breaks where it is too long."""
    html = template("toolkit.display", "cards.html").render(cards=list(those))
    return Markup(html)  # noqa: S704  # the template escapes


def change(now: int, before: int | None) -> str:
    """Return how a count changed: ``+12 against last time``; empty when there was no last time.

    Args:
        now: The count.
        before: The count of last time; None when there was none.
    """
    if before is None:
        return ""
    return _("as last time") if now == before else _("{difference:+,} against last time", difference=now - before)
