"""How the tests do what a person does in a browser."""

from typing import Any

from toolkit.widgets.components import Field
from toolkit.widgets.form import Form


def press(form: Form, button: Any) -> None:
    """Click the button, and wait until what it began is over."""
    assert not button.disabled
    button.click()
    form.wait()


def come_onto_a_page(form: Form) -> None:
    """Send what the browser sends when it has put the form on a page."""
    form.accessible._handle_custom_msg({"shown": True}, [])


def type_secret(field: Field, text: str) -> None:
    """Send what the browser sends when somebody types."""
    field.control._handle_custom_msg({"typed": text}, [])
