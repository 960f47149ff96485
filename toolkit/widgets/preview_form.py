"""Preview segments: choose them, the column they are sent by, and further columns to see."""

from collections.abc import Sequence
from typing import Any

import ipywidgets

from toolkit.identifiers import first_type
from toolkit.preview import Preview
from toolkit.profiling import find_candidates
from toolkit.widgets.code import call_of
from toolkit.widgets.components import Folded, button, buttons, paragraph, with_class
from toolkit.widgets.form import Form
from toolkit.widgets.next_step import CodeLine
from toolkit.widgets.segment_picker import SegmentPicker
from toolkit.workspace import Workspace

_MOST_COLUMNS = 60


class PreviewForm(Form):
    """``workspace.preview`` with boxes to tick. Nothing leaves this machine."""

    in_python = "workspace.preview(segments, email_column=…)"

    def __init__(
        self,
        workspace: Workspace,
        segments: str | Sequence[str] = (),
        *,
        email_column: str = "",
        columns: Sequence[str] = (),
        language: str | None = None,
    ) -> None:
        """Draw the form, with these segments and columns chosen."""
        super().__init__(workspace, language=language)
        self.shown: Preview | None = None
        """The preview that is shown."""
        chosen = (segments,) if isinstance(segments, str) else tuple(segments)
        self.draw(self.words.say("Preview"), lambda: self._parts(chosen, email_column, columns))

    def _parts(self, segments: Sequence[str], email_column: str, columns: Sequence[str]) -> Sequence[Any]:
        say = self.words.say
        names, profiles = list(self.workspace.segments), self.workspace.profiles
        texts = [it for it, kind in profiles.schema_.items() if str(kind) == "String" and it != profiles.key]
        self.segments = SegmentPicker(self, names, label=say("Segments"), on_change=self.message.clear)
        self.segments.start_with(it for it in segments if it in names)
        self.exclude = SegmentPicker(
            self, names, label=say("Never send members of these segments"), on_change=self.message.clear
        )
        self.email = self.field(
            ipywidgets.Dropdown(
                options=texts, value=email_column if email_column in texts else None, description=say("Email")
            ),
            help_text=say("The column of the profiles that people are sent by."),
        )
        others = [it for it in profiles.columns if it != profiles.key][:_MOST_COLUMNS]
        self.columns = {
            it: with_class(ipywidgets.Checkbox(value=it in columns, description=it, indent=False), "toolkit-tick")
            for it in others
        }
        box = with_class(ipywidgets.VBox(list(self.columns.values())), "toolkit-scroll")
        self.accessible.set(box, role="group", aria_label=say("Columns to show of the first members"))
        self.more = Folded(
            self.accessible,
            say("Columns and exclusions"),
            [
                self.exclude.widget,
                paragraph(say("Columns to show of the first members; what looks personal is masked.")),
                box,
            ],
        )
        self.show = button(say("Show the preview"), style="primary")
        self.preview = ipywidgets.HTML()
        self.code = CodeLine(self)
        self.on_click(self.show, self._show)
        self._propose(texts)
        self._tell_sizes()
        return [
            self.segments.widget,
            self.email.widget,
            self.more.widget,
            buttons(self.show),
            self.message.widget,
            self.code.widget,
            self.preview,
        ]

    def _tell_sizes(self) -> None:
        def done(sizes: dict[str, int]) -> None:
            self.segments.tell_sizes(sizes, limit=None)
            self.exclude.tell_sizes(sizes, limit=None)

        self.in_background(
            lambda _: dict(self.workspace.segments.source.summary().select("segment", "rows").iter_rows()),
            done=done,
            busy=(),
        )

    def _propose(self, texts: Sequence[str]) -> None:
        """Choose the column that holds e-mails, unless one is chosen."""
        if self.email.value is not None:
            return

        def done(column: str | None) -> None:
            if column in texts and self.email.value is None:
                self.email.control.value = column

        self.in_background(
            lambda _: next((it.column for it in find_candidates(self.workspace.profiles, first_type())), None),
            done=done,
            busy=(),
        )

    def _show(self) -> None:
        say = self.words.say
        self.message.clear()
        if not self.segments.value:
            self.message.show(say("To do"), say("Choose at least one segment."), kind="problem")
            return
        if self.missing(self.email):
            return
        options: dict[str, Any] = {"email_column": self.email.value}
        if self.exclude.value:
            options["exclude"] = list(self.exclude.value)
        if columns := [name for name, tick in self.columns.items() if tick.value]:
            options["columns"] = columns
        segments = list(self.segments.value)
        self.say_busy(say("The preview is made."))

        def prepare(_: object) -> tuple[Preview, str]:
            preview = self.workspace.preview(segments, **options)
            return preview, preview._repr_html_()

        def done(made: tuple[Preview, str]) -> None:
            self.shown, self.preview.value = made
            self.message.clear()
            self.code.show(call_of("workspace.preview", segments, **options))

        self.in_background(prepare, done=done, busy=(self.show,))
