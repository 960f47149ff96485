"""A field for a secret, which no saved notebook can keep."""

from pathlib import Path
from typing import Any

import traitlets
from anywidget import AnyWidget


class SecretField(AnyWidget):
    """A masked field. What is typed reaches the kernel in messages, and never is a part of the widget's state.

    The password field of ipywidgets keeps its text in its state, and so in a notebook that is saved with widget state
    while the text stands there.
    """

    _esm = Path(__file__).with_name("secret_field.js")
    label = traitlets.Unicode().tag(sync=True)
    disabled = traitlets.Bool(default_value=False).tag(sync=True)

    def __init__(self, label: str) -> None:
        self._typed = ""
        super().__init__(label=label)
        self.on_msg(self._hear)

    @property
    def is_empty(self) -> bool:
        """Whether nothing stands there."""
        return not self._typed.strip()

    def take(self) -> str:
        """Return what was typed, and empty the field."""
        typed = self._typed
        self.empty()
        return typed

    def empty(self) -> None:
        """Empty the field, here and in the browser."""
        self._typed = ""
        self.send({"empty": True})

    def _hear(self, _: object, content: dict[str, Any], buffers: object) -> None:
        self._typed = str(content.get("typed", ""))
