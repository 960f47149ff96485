"""Attributes for those who listen to a page, such as ``aria-expanded``, which ipywidgets' controls can't have."""

from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import traitlets
from anywidget import AnyWidget

_numbers = count(1)


class Accessible(AnyWidget):
    """Sets attributes on the controls of the form that it stands in. It shows nothing itself."""

    _esm = Path(__file__).with_name("accessible.js")
    named = traitlets.Dict().tag(sync=True)

    def on_shown(self, act: Callable[[], None]) -> None:
        """Do it each time that the form has come onto a page, which from then on hears of all that changes."""
        self.on_msg(lambda _, content, __: act() if content.get("shown") else None)

    def set(self, widget: Any, *, part: str = "", **attributes: str) -> None:
        """Give the element of a widget these attributes, in the place of those that it was given here before.

        Args:
            widget: Any widget of the form, with the classes of its style.
            part: A selector of the elements within it that get them; the widget itself by default.
            **attributes: The values by name, with an underscore for a hyphen. An empty one takes it away.
        """
        name = next((it for it in widget._dom_classes if it.startswith(_PREFIX)), None)
        if name is None:
            name = f"{_PREFIX}{next(_numbers)}"
            widget.add_class(name)
        selector = f".{name} {part}".rstrip()
        given = {key.replace("_", "-"): value for key, value in attributes.items()}
        self.named = {**self.named, selector: {**self.named.get(selector, {}), **given}}


_PREFIX = "toolkit-element-"
