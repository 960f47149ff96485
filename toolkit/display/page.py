"""A page of its own, in one file: it loads nothing, follows the colours that a machine prefers, and prints well."""

from markupsafe import Markup

from toolkit.display.style import STYLE
from toolkit.markup import template, trusted


def page(title: str, body: Markup, *, language: str = "en", style: str = "") -> str:
    """Return a whole page of HTML.

    Args:
        title: What the browser's tab says.
        body: What stands on it, made by the toolkit.
        language: The language of its words, for screen readers.
        style: Further rules of the style sheet.
    """
    return template("toolkit.display", "page.html").render(
        title=title, body=body, language=language, style=trusted(STYLE + style)
    )
