"""The style sheet, and parts of a page that bring it along."""

from importlib.resources import files

from markupsafe import Markup

from toolkit.markup import joined, markup, trusted

STYLE: str = files("toolkit.display").joinpath("style.css").read_text(encoding="utf-8")
"""The style sheet, for whatever stands within an element of the class ``toolkit``."""


def fragment(*parts: Markup, kind: str = "") -> Markup:
    """Return the parts, one below the other, as HTML that brings its style along, such as a cell of a notebook shows.

    Args:
        parts: HTML made by the toolkit.
        kind: A further class of the element around them.
    """
    return markup(
        '<style>{style}</style><div class="{kind}">{parts}</div>',
        style=trusted(STYLE),
        kind=f"toolkit {kind}".rstrip(),
        parts=joined(parts),
    )
