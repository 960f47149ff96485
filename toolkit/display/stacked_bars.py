"""Bars that each stand for a whole and are made of its parts: a picture of HTML alone.

What draws charts takes half a second to begin, which every run would pay for its report.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from toolkit.markup import template
from toolkit.translatable import number_text


@dataclass(frozen=True)
class BarPart:
    """A part of a whole: what it is called, how many it is, and its colour."""

    name: str
    count: int
    colour: str

    @property
    def said(self) -> str:
        """The part in words."""
        return f"{self.name}: {number_text(self.count)}"


@dataclass(frozen=True)
class Bar:
    """A whole, made of parts."""

    name: str
    parts: Sequence[BarPart]

    @property
    def count(self) -> int:
        """How many the parts are together."""
        return sum(it.count for it in self.parts)

    @property
    def counted(self) -> str:
        """How many they are, as text."""
        return number_text(self.count)


def stacked_bars(bars: Iterable[Bar], label: str) -> Markup:
    """Return the wholes as bars that are as long as they are many, below each other, with a legend.

    Args:
        bars: The wholes; parts of nobody are not drawn.
        label: What the picture shows, for who can't see it.
    """
    given = list(bars)
    drawn = [Bar(it.name, [part for part in it.parts if part.count]) for it in given]
    there = {part.name for it in drawn for part in it.parts}
    # In the order of the parts, also where the first bar lacks some.
    legend = {part.name: part.colour for it in given for part in it.parts if part.name in there}
    html = template("toolkit.display", "stacked_bars.html").render(
        bars=drawn, longest=max((it.count for it in drawn), default=0) or 1, legend=legend, label=label
    )
    return Markup(html)  # noqa: S704  # the template escapes
