"""What all forms do alike: speak a language, tell an error in two sentences, and work without holding up the kernel."""

import math
import time
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, TypeVar

import ipywidgets

from toolkit.display import fragment
from toolkit.errors import ENDS_ALL, AccessError, ConfigurationError, DataError, ToolkitError, exception_of
from toolkit.markup import markup
from toolkit.widgets.accessible import Accessible
from toolkit.widgets.background import Background, Deliver
from toolkit.widgets.change_bus import neighbours_of, watch
from toolkit.widgets.components import Field, Message, heading, looks, with_class
from toolkit.widgets.language import words_for
from toolkit.widgets.log import log_file, log_problem
from toolkit.workspace import Workspace

T = TypeVar("T")

_LONGEST_MAKING_SECONDS = 60
"""A page is made in less."""


class Form:
    """A form over the Python interface. It shows itself in a notebook; ``widget`` is what it is made of."""

    in_python: ClassVar[str] = "workspace"
    """The lines of Python that do the same, for who can't see the form."""

    def __init__(self, workspace: Workspace, *, language: str | None) -> None:
        self.workspace = workspace
        self.words = words_for(language)
        self.accessible = Accessible()
        self.message = Message()
        self.problem: Exception | None = None
        """What went wrong last."""
        self.background = Background()
        self.widget = with_class(ipywidgets.VBox(), "toolkit", "toolkit-form")
        self._changed_at = -math.inf
        self.accessible.on_shown(self._show_again)

    def wait(self) -> None:
        """Wait until what goes on in the background is over."""
        self.background.wait()

    def draw(self, title: str, parts: Callable[[], Sequence[Any]]) -> None:
        """Put the form together under its title, or tell there why it can't be."""
        try:
            drawn = parts()
        except ENDS_ALL:
            raise
        except BaseException as problem:  # noqa: BLE001  # a person who opens a form is never shown a traceback
            self.tell(exception_of(problem))
            drawn = [self.message.widget]
        self.widget.children = [looks(), self.accessible, heading(title, level=2), *drawn]

    def field(self, control: Any, *, help_text: str = "") -> Field:
        """Return the control as a field of this form."""
        return Field(control, help_text=help_text, problem_word=self.words.say("Error"), accessible=self.accessible)

    def on_click(self, button: ipywidgets.Button, act: Callable[[], None]) -> None:
        """Let the button do it; whatever goes wrong is told in the form."""
        button.on_click(lambda _: self.attempt(act))

    def on_change(self, control: Any, act: Callable[[], None]) -> None:
        """Do it when the control's value changes; whatever goes wrong is told in the form."""
        control.observe(lambda _: self.attempt(act), names="value")

    def attempt(self, act: Callable[[], None]) -> None:
        """Do it, and tell in the form what goes wrong."""
        try:
            act()
        except ENDS_ALL:
            raise
        except BaseException as problem:  # noqa: BLE001  # a person in a form is never shown a traceback
            self.tell(exception_of(problem))

    def watch(self) -> None:
        """Have ``look_again`` called when another form has changed something."""
        watch(self, self.workspace.path)

    def look_again(self) -> None:
        """Show what is there now."""

    def announce_change(self) -> None:
        """Let the forms beside this one show what it has changed."""
        for other in neighbours_of(self, self.workspace.path):
            other.attempt(other.look_again)

    def in_background(
        self,
        work: Callable[[Deliver], T],
        *,
        done: Callable[[T], None],
        busy: Sequence[Any],
        failed: Callable[[], None] = lambda: None,
    ) -> None:
        """Do the work in the background, the ``busy`` controls off meanwhile; tell in the form what goes wrong."""
        for control in busy:
            control.disabled = True

        def over() -> None:
            self._changed_at = time.monotonic()
            for control in busy:
                control.disabled = False

        def finish(result: T) -> None:
            over()
            self.attempt(lambda: done(result))

        def fail(problem: Exception) -> None:
            over()
            self.tell(problem)
            self.attempt(failed)

        self.background.start(work, done=finish, failed=fail)

    def _show_again(self) -> None:
        """Send the page what changed while it was being made: it asks for all states, and then listens, a bit later."""
        if time.monotonic() - self._changed_at < _LONGEST_MAKING_SECONDS:
            waiting = [self.widget]
            while waiting:
                part = waiting.pop()
                part.send_state()
                waiting += getattr(part, "children", ())

    def tell(self, problem: Exception) -> None:
        """Say in two sentences what went wrong and what to do; the log has where it came from."""
        self.problem = problem
        self.message.show(self.words.say("Error"), *self.told(problem), kind="problem")

    def told(self, problem: Exception) -> tuple[str, str]:
        """Return what went wrong and what to do, and write where it came from to the log."""
        log_problem(self.workspace.path, problem)
        if isinstance(problem, ToolkitError):
            return self.words.read(problem.what), self.words.read(problem.remedy)
        return (
            self.words.say("Something unforeseen happened ({kind}).", kind=type(problem).__name__),
            self.words.say(
                "Try it again; if it happens again, report it with the file {file}.",
                file=log_file(self.workspace.path),
            ),
        )

    def tell_at(self, field: Field) -> None:
        """Say at this field what went wrong last, where that is about what stands in it, and not about the network."""
        if isinstance(self.problem, (AccessError, ConfigurationError, DataError)):
            field.problem = self.message.text
            self.message.clear()

    def say_done(self, *sentences: str) -> None:
        """Say what was done."""
        self.message.show(self.words.say("Done"), *sentences, kind="done")

    def say_busy(self, *sentences: str) -> None:
        """Say what goes on."""
        self.message.show(self.words.say("Working"), *sentences, kind="busy")

    def missing(self, *fields: Field) -> bool:
        """Say at each field that holds nothing that it must hold something; tell whether there is one."""
        for field in fields:
            value = field.control.is_empty if hasattr(field.control, "is_empty") else not field.value
            field.problem = self.words.say("This must be filled in.") if value else ""
        return any(field.problem for field in fields)

    def _repr_mimebundle_(self, **options: Any) -> Any:
        # Where no widget can be drawn, as in a notebook that is read elsewhere, it says what it is.
        said = fragment(markup("<p>{text}</p><pre><code>{line}</code></pre>", text=self._said, line=self.in_python))
        return {**self.widget._repr_mimebundle_(**options), "text/plain": repr(self), "text/html": str(said)}

    @property
    def _said(self) -> str:
        return (
            f"{type(self).__name__} of {self.workspace.path}. The form is drawn where Jupyter's widgets are: in "
            "JupyterLab, with the kernel running. The same in Python:"
        )

    def __repr__(self) -> str:
        return f"{self._said}\n{self.in_python}"
