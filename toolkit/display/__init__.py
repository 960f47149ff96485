"""How everything looks that a person sees: one style, one maker of tables, one frame for pages.

Nothing here knows a colour scheme by name: text, lines and quiet text are made of the colour of what is around them, so
that each part reads well in a light notebook, in a dark one, on a page of its own and on paper.
"""

from toolkit.display.card_row import Card, cards, change
from toolkit.display.html_page import page
from toolkit.display.stacked_bars import Bar, BarPart, stacked_bars
from toolkit.display.style import STYLE, fragment
from toolkit.display.tables import html_table, per_cent, table, table_of_texts
from toolkit.display.text import text_table
from toolkit.display.words import word

__all__ = [
    "STYLE",
    "Bar",
    "BarPart",
    "Card",
    "cards",
    "change",
    "fragment",
    "html_table",
    "page",
    "per_cent",
    "stacked_bars",
    "table",
    "table_of_texts",
    "text_table",
    "word",
]
