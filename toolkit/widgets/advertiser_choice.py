"""Choose a connection, and one of its advertisers."""

from typing import Any

import ipywidgets

from toolkit.widgets.components import Field
from toolkit.widgets.form import Form


class AdvertiserChoice:
    """Two lists; the second has the advertisers of what is chosen in the first."""

    def __init__(self, form: Form) -> None:
        say = form.words.say
        self._connections = {name: it.advertisers for name, it in form.workspace.connections.items()}
        names = list(self._connections)
        self._connection = form.field(
            ipywidgets.Dropdown(options=names, value=names[0] if names else None, description=say("Connection"))
        )
        self._advertiser = form.field(ipywidgets.Dropdown(options=[], description=say("Advertiser ID")))
        self._fill()
        form.on_change(self._connection.control, self._fill)

    @property
    def widgets(self) -> list[Any]:
        """What it is made of."""
        return [it.widget for it in self.fields]

    @property
    def fields(self) -> tuple[Field, Field]:
        """Both fields."""
        return self._connection, self._advertiser

    @property
    def connection(self) -> str:
        """The name of the chosen connection."""
        return str(self._connection.value or "")

    @property
    def advertiser_id(self) -> str:
        """The chosen advertiser."""
        return str(self._advertiser.value or "")

    def choose(self, connection: str, advertiser_id: str) -> None:
        """Choose these, as far as they are there."""
        if connection in self._connections:
            self._connection.control.value = connection
            if advertiser_id in self._connections[connection]:
                self._advertiser.control.value = advertiser_id

    def _fill(self) -> None:
        known = self._connections.get(self.connection, {})
        self._advertiser.control.options = [(f"{name} ({number})", number) for number, name in known.items()]
        self._advertiser.control.value = next(iter(known), None)
