"""Build a segment of the profiles that meet a condition: see its size first, then save it."""

from collections.abc import Sequence
from typing import Any

import ipywidgets
import polars as pl

from toolkit.access.people import Role
from toolkit.collections.segment import Segment
from toolkit.collections.segment_draft import SegmentDraft
from toolkit.display import Card, cards, table_of_texts
from toolkit.markup import joined, markup
from toolkit.widgets.code import call_of
from toolkit.widgets.components import Folded, button, buttons, heading, paragraph, show
from toolkit.widgets.form import Form
from toolkit.widgets.language import local_zone
from toolkit.widgets.next_step import CodeLine, NextStep
from toolkit.widgets.preview_form import PreviewForm
from toolkit.widgets.table_view import TableView
from toolkit.workspace import Workspace


class SegmentForm(Form):
    """``workspace.segments.draft`` and ``workspace.segments.build`` with a name and a condition."""

    in_python = "workspace.segments.build(name, where=…)"

    def __init__(self, workspace: Workspace, *, language: str | None = None) -> None:
        super().__init__(workspace, language=language)
        self.draft: SegmentDraft | None = None
        """Who would be in the segment, as it was last asked."""
        self.draw(self.words.say("Build a segment"), self._parts)

    def _parts(self) -> Sequence[Any]:
        say = self.words.say
        if self.workspace.people.me.role is Role.VIEWER:
            return [paragraph(say("You are a viewer: a contributor can build segments."))]
        self.name = self.field(ipywidgets.Text(description=say("Name"), continuous_update=False))
        self.where = self.field(
            ipywidgets.Textarea(
                description=say("Condition"),
                placeholder="Country = 'Netherlands' AND CreatedOn >= '2026-01-01'",
                continuous_update=False,
                rows=3,
            ),
            help_text=say(
                "What stands after WHERE in SQL. Text stands in single quotes; combine conditions with AND, OR and NOT."
            ),
        )
        self.dynamic = self.field(
            ipywidgets.Checkbox(description=say("Dynamic: built again before each run, with the profiles as they are"))
        )
        self.look = button(say("See its size"), style="primary")
        self.save = button(say("Save segment"))
        self.figures = ipywidgets.HTML()
        self.code = CodeLine(self)
        self.next = NextStep(self)
        self.columns = ipywidgets.HTML()
        self._folded = Folded(self.accessible, say("Columns of the profiles"), [self.columns])
        self.on_click(self.look, self._look)
        self.on_click(self.save, self._save)
        self._show_columns()
        return [
            self.name.widget,
            self.where.widget,
            self._folded.widget,
            self.dynamic.widget,
            buttons(self.look, self.save),
            self.message.widget,
            self.figures,
            self.next.widget,
            self.code.widget,
        ]

    def _show_columns(self) -> None:
        schema = self.workspace.profiles.schema_
        say = self.words.say
        rows = [(name, str(kind).partition("(")[0]) for name, kind in schema.items()]
        self.columns.value = table_of_texts([say("Column"), say("Type")], rows)

    @property
    def _given(self) -> tuple[str, str] | None:
        return None if self.missing(self.name, self.where) else (self.name.value.strip(), self.where.value.strip())

    def _look(self) -> None:
        self._clear()
        if (given := self._given) is None:
            return
        name, where = given
        self.say_busy(self.words.say("The profiles are searched."))
        self.in_background(
            lambda _: self.workspace.segments.draft(name, where=where),
            done=self._show,
            busy=(self.look, self.save),
            failed=self._at_condition,
        )

    def _at_condition(self) -> None:
        self.tell_at(self.where)

    def _clear(self) -> None:
        self.message.clear()
        self.next.clear()
        self.code.clear()
        self.figures.value = ""
        self.draft = None

    def _show(self, draft: SegmentDraft) -> None:
        words = self.words
        self.draft = draft
        share = words.share(draft.size / draft.profiles) if draft.profiles else ""
        shown = [
            Card(words.say("Members"), words.number(draft.size), words.say("{share} of the profiles", share=share))
        ]
        if draft.name in self.workspace.segments:
            shown += [
                Card(words.say("New"), words.number(draft.added), words.say("against the segment as it is")),
                Card(words.say("Gone"), words.number(draft.removed), words.say("against the segment as it is")),
            ]
        self.figures.value = cards(shown)
        if draft.size:
            self.say_done(words.say("Nothing is saved yet."))
        else:
            self.message.show(words.say("Warning"), words.say("Nobody meets the condition."), kind="warning")

    def _save(self) -> None:
        say = self.words.say
        self._clear()
        if (given := self._given) is None:
            return
        name, where = given
        dynamic = self.dynamic.value
        self.say_busy(say("The segment is built."))

        def done(segment: Segment) -> None:
            self.say_done(
                self.words.some(
                    "Segment {name} is saved with {count} member.",
                    "Segment {name} is saved with {count} members.",
                    segment.size,
                    name=name,
                )
            )
            self.next.offer(
                say("Next, preview it, or add it to an export."),
                say("Preview {name}", name=name),
                lambda: PreviewForm(self.workspace, name, language=self.words.language),
            )
            self.code.show(call_of("workspace.segments.build", name, where=where, dynamic=dynamic))
            self.announce_change()

        self.in_background(
            lambda _: self.workspace.segments.build(name, where=where, dynamic=dynamic),
            done=done,
            busy=(self.look, self.save),
            failed=self._at_condition,
        )


class SegmentsList(Form):
    """``workspace.segments`` as a table; those that were built here can be built again and removed."""

    in_python = "workspace.segments"

    def __init__(self, workspace: Workspace, *, language: str | None = None) -> None:
        super().__init__(workspace, language=language)
        self.draw(self.words.say("Segments"), self._parts)

    def _parts(self) -> Sequence[Any]:
        say = self.words.say
        self.segments = TableView(
            self,
            what=say("Segment"),
            key="segment",
            headings={
                "segment": say("Segment"),
                "rows": say("Members"),
                "kind": say("Kind"),
                "condition": say("Condition"),
                "changed": say("Changed"),
            },
            on_choose=self._choose,
        )
        self.rebuild = button(say("Build again"))
        self.remove = button(say("Remove"), style="danger")
        self.refresh = button(say("Refresh"))
        self.actions = buttons(self.rebuild, self.remove)
        self._area = ipywidgets.VBox()
        self.on_click(self.rebuild, self._rebuild)
        self.on_click(self.remove, self._ask_to_remove)
        self.on_click(self.refresh, self.look)
        self.look()
        self.watch()
        return [self.segments.widget, self.actions, self._area, self.message.widget, buttons(self.refresh)]

    def look(self) -> None:
        """Show the segments as they are now; where there are very many, their names first."""
        names = list(self.workspace.segments)
        if len(names) <= _MANY:
            self._show(self.workspace.segments.frame)
            return
        self._show(pl.DataFrame({"segment": names}).with_columns(_NOT_YET_KNOWN))
        self.say_busy(self.words.say("The members are counted."))
        said = self.message.text

        def counted(frame: pl.DataFrame) -> None:
            self._show(frame)
            if self.message.text == said:
                self.message.clear()

        self.in_background(lambda _: self.workspace.segments.frame, done=counted, busy=(self.refresh,))

    def _show(self, segments: pl.DataFrame) -> None:
        say = self.words.say
        kinds = {"static": say("Static"), "dynamic": say("Dynamic"), "from elsewhere": say("From elsewhere")}
        moment = pl.col("changed_at").dt.convert_time_zone(local_zone()).dt.strftime("%Y-%m-%d %H:%M")
        frame = pl.DataFrame(segments).with_columns(
            kind=pl.col("kind").cast(pl.String).replace(kinds).fill_null(""),
            condition=pl.col("condition").fill_null(""),
            changed=moment,
        )
        self._built = set(frame.filter(pl.col("condition") != "")["segment"])
        self.segments.fill(frame)
        self._choose()

    def look_again(self) -> None:
        """Show the segments as they are now."""
        self.look()

    def _choose(self) -> None:
        self._area.children = []
        is_ours = self.segments.chosen in self._built and self.workspace.people.me.role is not Role.VIEWER
        show(self.actions, when=is_ours)

    def _required(self) -> str:
        name: str | None = self.segments.chosen
        assert name is not None  # noqa: S101  # no action is offered before one is chosen
        return name

    def _rebuild(self) -> None:
        name = self._required()
        self.say_busy(self.words.say("The segment is built."))

        def done(segment: Segment) -> None:
            self.look()
            self.say_done(
                self.words.some(
                    "Segment {name} is saved with {count} member.",
                    "Segment {name} is saved with {count} members.",
                    segment.size,
                    name=name,
                )
            )

        self.in_background(lambda _: self.workspace.segments.rebuild(name), done=done, busy=(self.rebuild, self.remove))

    def _ask_to_remove(self) -> None:
        say, name = self.words.say, self._required()
        self.confirm = button(say("Remove for good"), style="danger")
        leave = button(say("Leave as it is"))

        def remove() -> None:
            self.workspace.segments.remove(name)
            self.segments.chosen = None
            self.look()
            self.say_done(say("Segment {name} is removed.", name=name))

        self.on_click(self.confirm, remove)
        self.on_click(leave, self._choose)
        text = markup("<p>{text}</p>", text=say("Its lists at Criteo stay."))
        self._area.children = [
            heading(say("Remove segment {name}", name=name)),
            ipywidgets.HTML(joined([text])),
            buttons(self.confirm, leave),
        ]


_MANY = 1_000
"""To look into so many tables takes longer than anybody waits for a form."""
_NOT_YET_KNOWN = [
    pl.lit(None, pl.Int64).alias("rows"),
    pl.lit(None, pl.Datetime("us", "UTC")).alias("changed_at"),
    *(pl.lit(None, pl.String).alias(it) for it in ("kind", "condition")),
]
