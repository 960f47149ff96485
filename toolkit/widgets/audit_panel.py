"""Who did what, and whether nobody altered the record of it."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
import polars as pl

from toolkit.access.people import Role
from toolkit.display import word
from toolkit.state.audit import AuditBreak
from toolkit.widgets.components import button, buttons, paragraph
from toolkit.widgets.form import Form
from toolkit.widgets.language import local_zone
from toolkit.widgets.table_view import TableView
from toolkit.workspace import Workspace

_MOST_ROWS = 2_000
_LONGEST = 120
"""So much of the details is read in a table; the frame has them whole."""
_TELLS_NOBODY = "nonce"
_IN_WORDS = frozenset({"role", "before", "kind", "status"})
"""Details whose values are words of the toolkit, and not names that somebody gave."""
_NUMBERED = frozenset({"version", "number"})
"""Numbers that tell which one, and not how many."""


class AuditPanel(Form):
    """``workspace.audit`` as a table; anybody may verify it, administrators read it."""

    in_python = "workspace.audit"

    def __init__(self, workspace: Workspace, *, language: str | None = None) -> None:
        super().__init__(workspace, language=language)
        self.draw(self.words.say("Audit"), self._parts)

    def _parts(self) -> Sequence[Any]:
        say = self.words.say
        self.verify = button(say("Verify"), hint=say("Finds rows that were changed or removed."))
        self.refresh = button(say("Refresh"))
        self.on_click(self.verify, self._verify)
        if self.workspace.people.me.role is not Role.ADMINISTRATOR:
            return [
                paragraph(say("Administrators read the audit; anybody may verify it.")),
                buttons(self.verify),
                self.message.widget,
            ]
        self.rows = TableView(
            self,
            what=say("Row"),
            key="row",
            headings={
                "row": say("Row"),
                "moment": say("When"),
                "person": say("Who"),
                "action": say("Action"),
                "name": say("What"),
                "machine": say("Machine"),
                "details": say("Details"),
            },
            on_choose=lambda: None,
        )
        self.on_click(self.refresh, self.look)
        self.look()
        self.watch()
        return [buttons(self.verify, self.refresh), self.message.widget, self.rows.widget]

    def look(self) -> None:
        """Show the newest rows."""
        moment = pl.col("at").dt.convert_time_zone(local_zone()).dt.strftime("%Y-%m-%d %H:%M:%S")
        newest = self.workspace.audit.frame.head(_MOST_ROWS)
        whole = pl.Series("details", [self._in_words(orjson.loads(it)) for it in newest["details"]], pl.String)
        is_cut = whole.str.len_chars() > _LONGEST
        details = pl.when(is_cut).then(whole.str.head(_LONGEST - 1) + "…").otherwise(whole).alias("details")
        self.rows.fill(newest.with_columns(details, moment=moment))

    def _in_words(self, details: Mapping[str, Any]) -> str:
        """Return what is recorded beside the name, as a person reads it; what is empty or false tells nothing."""
        told = {name: it for name, it in details.items() if (it or _is_number(it)) and name != _TELLS_NOBODY}
        return " · ".join(
            name if it is True else f"{name}: {self._value(key, it)}"
            for key, name, it in ((key, self.words.read(word(key)), it) for key, it in told.items())
        )

    def _value(self, key: str, value: Any) -> str:
        match value:
            case str() if key in _IN_WORDS:
                return self.words.read(word(value))
            case int() | float() if _is_number(value) and key not in _NUMBERED:
                return self.words.number(value)
            case dict():
                return f"({self._in_words(value)})"
            case list():
                return ", ".join(self._value(key, it) for it in value)
            case _:
                return str(value)

    def look_again(self) -> None:
        """Show the newest rows."""
        if self.workspace.people.me.role is Role.ADMINISTRATOR:
            self.look()

    def _verify(self) -> None:
        say = self.words.say
        self.say_busy(say("The audit is verified."))

        def done(broken: AuditBreak | None) -> None:
            if broken is None:
                self.say_done(say("Every row of the audit is as it was written."))
            else:
                self.message.show(say("Error"), str(broken), kind="problem")

        self.in_background(lambda _: self.workspace.audit.verify(), done=done, busy=(self.verify,))


def _is_number(value: object) -> bool:
    """Tell whether it is a number; none, too, is one."""
    return isinstance(value, int | float) and not isinstance(value, bool)
