"""What forms are put together from: labelled fields, messages, buttons, small tables."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ipywidgets

from toolkit.display import STYLE
from toolkit.markup import markup, trusted

_LOOKS = Path(__file__).with_name("form.css")


def looks() -> ipywidgets.HTML:
    """Return the style sheet, which each form brings along."""
    return with_class(
        ipywidgets.HTML(markup("<style>{rules}</style>", rules=trusted(STYLE + _LOOKS.read_text(encoding="utf-8")))),
        "toolkit-style",
    )


def with_class(widget: Any, *names: str) -> Any:
    """Return the widget, with these classes of the style sheet."""
    for name in names:
        widget.add_class(name)
    return widget


def heading(text: str, *, level: int = 3) -> ipywidgets.HTML:
    """Return a heading."""
    return ipywidgets.HTML(markup("<h{level}>{text}</h{level}>", level=level, text=text))


def paragraph(text: str, *, kind: str = "") -> ipywidgets.HTML:
    """Return a paragraph, of a kind that the style sheet knows."""
    return ipywidgets.HTML(markup('<p class="{kind}">{text}</p>', kind=kind, text=text))


def buttons(*those: ipywidgets.Button) -> ipywidgets.HBox:
    """Return buttons in a row that breaks where it is too long."""
    return with_class(ipywidgets.HBox(those), "toolkit-buttons")


def button(text: str, *, style: str = "", hint: str = "") -> ipywidgets.Button:
    """Return a button; the style is ``primary``, ``danger`` or nothing."""
    return ipywidgets.Button(description=text, button_style=style, tooltip=hint or None)


def columns(*those: Any) -> ipywidgets.HBox:
    """Return columns side by side on a wide page, one below the other in a narrow sidebar."""
    return with_class(ipywidgets.HBox(those), "toolkit-columns")


class Folded:
    """Parts that are shown when the button that names them is pressed.

    A button, because the titles of ipywidgets' accordion are out of the keyboard's reach.
    """

    def __init__(self, title: str, parts: Sequence[Any]) -> None:
        self._title = title
        self.is_open = False
        self.button = with_class(ipywidgets.Button(), "toolkit-fold")
        self._parts = with_class(ipywidgets.VBox(parts), "toolkit-folded")
        self.widget = ipywidgets.VBox([self.button, self._parts])
        self.button.on_click(lambda _: self.open(is_open=not self.is_open))
        self.open(is_open=False)

    def open(self, *, is_open: bool = True) -> None:
        """Show the parts, or put them away."""
        self.is_open = is_open
        self.button.description = f"{'▾' if is_open else '▸'} {self._title}"
        show(self._parts, when=is_open)


def show(widget: Any, *, when: bool) -> None:
    """Show the widget, or take it off the page and out of the keyboard's way."""
    widget.layout.display = None if when else "none"


class Field:
    """A control with its label above it, a line of help below, and the reason when something is not right with it."""

    def __init__(self, control: Any, *, help_text: str = "", problem_word: str) -> None:
        self.control = control
        self._problem_word = problem_word
        self._problem = ipywidgets.HTML()
        self._help = paragraph(help_text, kind="toolkit-help")
        show(self._help, when=bool(help_text))
        show(self._problem, when=False)
        is_tick = isinstance(control, ipywidgets.Checkbox)
        with_class(control, "toolkit-tick" if is_tick else "toolkit-control")
        if is_tick:
            control.indent = False
        self.widget = with_class(ipywidgets.VBox([control, self._help, self._problem]), "toolkit-field")

    @property
    def value(self) -> Any:
        """What the control holds."""
        return self.control.value

    @property
    def problem(self) -> str:
        """What is not right; empty when all is."""
        return self._problem.value and self._told

    @problem.setter
    def problem(self, text: str) -> None:
        self._told = text
        html = '<div class="toolkit-problem" role="alert"><strong>{word}:</strong> {text}</div>'
        self._problem.value = markup(html, word=self._problem_word, text=text) if text else ""
        show(self._problem, when=bool(text))

    def explain(self, text: str) -> None:
        """Set the line of help."""
        self._help.value = markup('<p class="toolkit-help">{text}</p>', text=text)
        show(self._help, when=bool(text))


class Message:
    """Where a form says what it did, or could not do; read out by screen readers."""

    def __init__(self) -> None:
        self.widget = ipywidgets.HTML()
        self.text = ""
        """What it says, without its marks."""
        self.clear()

    def clear(self) -> None:
        """Say nothing."""
        self._set("", "")

    def show(self, word: str, *sentences: str, kind: str) -> None:
        """Say the sentences after a word that tells their kind: ``done``, ``busy``, ``warning`` or ``problem``."""
        role = "alert" if kind == "problem" else "status"
        text = " ".join(sentences)
        self._set(
            text,
            markup(
                '<div class="toolkit-told toolkit-{kind}" role="{role}"><strong>{word}:</strong> {text}</div>',
                kind=kind,
                role=role,
                word=word,
                text=text,
            ),
        )

    def _set(self, text: str, html: str) -> None:
        self.text = text
        self.widget.value = html
        show(self.widget, when=bool(html))
