"""What a form offers once something is saved: the line of Python that does the same, and what to do next."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import ipywidgets

from toolkit.markup import markup
from toolkit.widgets.components import button, buttons, paragraph, show, with_class
from toolkit.widgets.surroundings import is_without_code

if TYPE_CHECKING:
    from toolkit.widgets.form import Form


class NextStep:
    """A sentence on what to do next, and the button that opens it below."""

    def __init__(self, form: "Form") -> None:
        self._form = form
        self.opened: Form | None = None
        """The form that was opened."""
        self._sentence = ipywidgets.HTML()
        self.open = button("", style="primary")
        self._area = ipywidgets.VBox()
        self._open: Callable[[], Form] | None = None
        self.widget = with_class(ipywidgets.VBox([self._sentence, buttons(self.open), self._area]), "toolkit-next")
        form.on_click(self.open, self._act)
        self.clear()

    def clear(self) -> None:
        """Offer nothing."""
        self.opened = None
        self._area.children = []
        show(self.widget, when=False)

    def offer(self, sentence: str, title: str, make: Callable[[], "Form"]) -> None:
        """Offer a form, which ``make`` draws when it is asked for."""
        self._sentence.value = paragraph(sentence).value
        self.open.description = title
        self._open = make
        show(self.widget, when=True)

    def _act(self) -> None:
        if self._open is not None:
            self.opened = self._open()
            self._area.children = [self.opened.widget]


class CodeLine:
    """The line of Python that does what was done here; an application without code does not show it."""

    def __init__(self, form: "Form") -> None:
        self._label = form.words.say("The same in Python")
        self.widget = ipywidgets.HTML()
        self.text = ""
        """The line."""
        self.clear()

    def clear(self) -> None:
        """Show nothing."""
        self.text = ""
        show(self.widget, when=False)

    def show(self, text: str) -> None:
        """Show this line."""
        if is_without_code():
            return
        self.text = text
        self.widget.value = markup(
            '<div class="toolkit-code" role="group" aria-label="{label}"><p>{label}:</p>'
            '<pre tabindex="0"><code>{text}</code></pre></div>',
            label=self._label,
            text=text,
        )
        show(self.widget, when=True)
