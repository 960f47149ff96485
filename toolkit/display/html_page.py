"""A page of its own, in one file: it loads nothing, follows the colours that a machine prefers, and prints well."""

from markupsafe import Markup

from toolkit.display.style import STYLE
from toolkit.markup import template, trusted
from toolkit.translatable import current_language


def page(title: str, body: Markup, *, style: str = "") -> str:
    """Return a whole page of HTML, in the language of whoever reads.

    Args:
        title: What the browser's tab says.
        body: What stands on it, made by the toolkit.
        style: Further rules of the style sheet.
    """
    return template("toolkit.display", "page.html").render(
        title=title, body=body, language=current_language(), style=trusted(STYLE + style)
    )
