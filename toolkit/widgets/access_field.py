"""Choose who can use a connection."""

import ipywidgets

from toolkit.access.people import Role
from toolkit.widgets.components import show, with_class
from toolkit.widgets.form import Form

ADMINISTRATORS = "administrators"
CONTRIBUTORS = "contributors"
NAMED = "named"


class UsersField:
    """Administrators, all contributors too, or contributors by name."""

    def __init__(self, form: Form, *, chosen: str | tuple[str, ...] = ADMINISTRATORS) -> None:
        say = form.words.say
        people = [it.name for it in form.workspace.people.values() if it.role is Role.CONTRIBUTOR]
        kinds = [(say("Administrators"), ADMINISTRATORS), (say("Contributors"), CONTRIBUTORS)]
        if people:
            kinds.append((say("Certain contributors"), NAMED))
        self.kind = ipywidgets.RadioButtons(
            options=kinds,
            value=chosen if isinstance(chosen, str) else NAMED,
            description=say("Choose who can use this connection"),
        )
        self.ticks = {
            name: with_class(
                ipywidgets.Checkbox(
                    value=not isinstance(chosen, str) and name in chosen, description=name, indent=False
                ),
                "toolkit-tick",
            )
            for name in people
        }
        self._names = with_class(ipywidgets.VBox(list(self.ticks.values())), "toolkit-scroll")
        self.field = form.field(self.kind, help_text=say("Administrators can always use it."))
        self.widget = ipywidgets.VBox([self.field.widget, self._names])
        form.on_change(self.kind, self._show_names)
        self._show_names()

    @property
    def value(self) -> str | tuple[str, ...]:
        """``"administrators"``, ``"contributors"``, or names."""
        if self.kind.value != NAMED:
            return str(self.kind.value)
        return tuple(name for name, tick in self.ticks.items() if tick.value)

    def _show_names(self) -> None:
        show(self._names, when=self.kind.value == NAMED)
