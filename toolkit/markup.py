"""The one place where text becomes HTML: whatever is put into it is escaped, unless it is HTML made here."""

from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING

from markupsafe import Markup

from toolkit.translatable import _

if TYPE_CHECKING:
    from jinja2 import Environment, Template

_TAGS = frozenset(
    {"a", "b", "br", "code", "div", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "li", "ol", "p"}
) | {*("pre", "small", "span", "strong", "table", "tbody", "td", "th", "thead", "tr", "u", "ul")}
_ATTRIBUTES = {"*": ["class", "id", "role", "scope", "title"], "a": ["href"], "td": ["colspan"], "th": ["colspan"]}


def markup(template: str, **values: object) -> Markup:
    """Return the template of HTML, a literal, with the values in it: escaped, unless they are ``Markup`` themselves.

    Example:
        ``markup("<p>{text}</p>", text="a < b")`` is ``<p>a &lt; b</p>``.
    """
    return Markup(template).format(**values)  # noqa: S704  # the template is a literal of the caller's


def joined(parts: Iterable[Markup]) -> Markup:
    """Return the parts one after the other."""
    return Markup("").join(parts)


def trusted(html: str) -> Markup:
    """Return HTML that a library made and escaped itself, such as a table of Great Tables or a picture, as it is."""
    return Markup(html)  # noqa: S704  # see above: not for text of a table


def sanitized(html: str) -> Markup:
    """Return HTML that a library made without escaping all of it: what can act or load is shown as text."""
    import bleach

    clean = bleach.clean(html, tags=_TAGS, attributes=_ATTRIBUTES, protocols=[], strip_comments=True)
    return Markup(clean)  # noqa: S704  # bleach leaves nothing that acts


@cache
def template(package: str, name: str) -> "Template":
    """Return a template from the folder ``templates`` of a package."""
    return _environment(package).get_template(name)


def load_templates(package: str) -> None:
    """Compile all templates of a package, so that this is done when the first page is written."""
    for name in _environment(package).list_templates(extensions=["html"]):
        template(package, name)


@cache
def _environment(package: str) -> "Environment":
    from jinja2 import Environment, PackageLoader

    environment = Environment(
        loader=PackageLoader(package, "templates"), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    # A translatable text escapes itself in the language of whoever reads.
    environment.globals["_"] = _
    return environment
