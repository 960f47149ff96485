"""What forms are put together from: labelled fields, messages, buttons, small tables."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import ipywidgets

from toolkit.display import STYLE
from toolkit.markup import markup, trusted
from toolkit.widgets.accessible import Accessible

_LOOKS = Path(__file__).with_name("form.css")


def looks() -> ipywidgets.HTML:
    """Return the style sheet, which each form brings along."""
    return with_class(
        ipywidgets.HTML(markup("<style>{rules}</style>", rules=trusted(STYLE + _LOOKS.read_text(encoding="utf-8")))),
        "toolkit-style",
    )


def with_class(widget: Any, *names: str) -> Any:
    """Return the widget, with these classes of the style sheet; what a person does with it is taken in order."""
    for name in names:
        widget.add_class(name)
    return in_order(widget)


def in_order(widget: Any) -> Any:
    """Return the widget, of which the kernel hears in the order in which a person did things on the page.

    JupyterLab sends what is done with any widget to one thread of the kernel. ipykernel hands it on to the thread that
    changed that very widget last: a click on Save, handled in one thread, would come before a tick that waits for
    another, for as long as a cell runs there, and would save what stood there before.
    """
    if hasattr(widget.comm, "_reply_subshell_for"):
        widget.comm._reply_subshell_for = None
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
    return in_order(ipywidgets.Button(description=text, button_style=style, tooltip=hint or None))


def columns(*those: Any) -> ipywidgets.HBox:
    """Return columns side by side on a wide page, one below the other in a narrow sidebar."""
    return with_class(ipywidgets.HBox(those), "toolkit-columns")


class Folded:
    """Parts that are shown when the button that names them is pressed.

    A button, because the titles of ipywidgets' accordion are out of the keyboard's reach. The mark before its name is
    drawn by the style sheet, so that nobody hears it.
    """

    def __init__(self, accessible: Accessible, title: str, parts: Sequence[Any]) -> None:
        self._accessible = accessible
        self.is_open = False
        self.button = with_class(ipywidgets.Button(description=title), "toolkit-fold")
        self.parts = with_class(ipywidgets.VBox(parts), "toolkit-folded")
        self.widget = ipywidgets.VBox([self.button, self.parts])
        self.button.on_click(lambda _: self.open(is_open=not self.is_open))
        self.open(is_open=False)

    def open(self, *, is_open: bool = True) -> None:
        """Show the parts, or put them away."""
        self.is_open = is_open
        self._accessible.set(self.button, aria_expanded="true" if is_open else "false")
        show(self.parts, when=is_open)


class Step(NamedTuple):
    """One of the steps of a long form."""

    title: str
    parts: Sequence[Any]
    fields: "Sequence[Field]"
    """Those in which something may be missing."""


class Steps:
    """The steps of a long form, one in sight at a time: each is reached by its button, in any order."""

    def __init__(
        self, accessible: Accessible, steps: Sequence[Step], *, label: str, back: str, onward: str, problem: str
    ) -> None:
        self._accessible = accessible
        self._steps = steps
        self._problem = problem
        self.at = 0
        """The step that is in sight."""
        self.buttons = [
            with_class(ipywidgets.Button(description=f"{number}. {it.title}"), "toolkit-step")
            for number, it in enumerate(steps, 1)
        ]
        self.bar = with_class(ipywidgets.HBox(self.buttons), "toolkit-steps")
        self.back, self.onward = button(back), button(onward)
        self._panels = [with_class(ipywidgets.VBox(it.parts), "toolkit-panel") for it in steps]
        self.widget = ipywidgets.VBox(self._panels)
        accessible.set(self.bar, role="group", aria_label=label)
        for panel, step in zip(self._panels, steps, strict=True):
            accessible.set(panel, role="group", aria_label=step.title)
        for number, it in enumerate(self.buttons):
            it.on_click(lambda _, number=number: self.open(number))
        self.back.on_click(lambda _: self.open(self.at - 1))
        self.onward.on_click(lambda _: self.open(self.at + 1))
        self.open(0)

    def open(self, number: int) -> None:
        """Show this step, and mark the steps in which something is not right."""
        self.at = number
        for place, (its, panel) in enumerate(zip(self.buttons, self._panels, strict=True)):
            show(panel, when=place == number)
            self._accessible.set(its, aria_current="step" if place == number else "")
        show(self.back, when=number > 0)
        show(self.onward, when=number < len(self._steps) - 1)
        self.mark()

    def mark(self) -> None:
        """Mark the steps in which something is not right."""
        for number, (its, step) in enumerate(zip(self.buttons, self._steps, strict=True), 1):
            wrong = any(it.problem for it in step.fields)
            its.description = f"{number}. {step.title}{f' ({self._problem})' if wrong else ''}"

    def open_first_problem(self) -> None:
        """Show the first step in which something is not right; leave the one in sight where it is one of them."""
        wrong = [place for place, it in enumerate(self._steps) if any(field.problem for field in it.fields)]
        if wrong:
            self.open(self.at if self.at in wrong else wrong[0])


def show(widget: Any, *, when: bool) -> None:
    """Show the widget, or take it off the page and out of the keyboard's way."""
    widget.layout.display = None if when else "none"


_INPUTS = ":is(input, select, textarea)"


class Field:
    """A control with its label above it, a line of help below, and the reason when something is not right with it."""

    def __init__(self, control: Any, *, help_text: str = "", problem_word: str, accessible: Accessible) -> None:
        self.control = control
        self._accessible = accessible
        self._told = ""
        self._problem_word = problem_word
        self._problem = ipywidgets.HTML()
        self._help = paragraph(help_text, kind="toolkit-help")
        show(self._help, when=bool(help_text))
        show(self._problem, when=False)
        if isinstance(control, ipywidgets.RadioButtons):
            accessible.set(control, part=".widget-radio-box", role="radiogroup", aria_label=control.description)
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
        return self._told

    @problem.setter
    def problem(self, text: str) -> None:
        if text == self._told:
            return
        self._told = text
        self._accessible.set(self.control, part=_INPUTS, aria_invalid="true" if text else "")
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
