"""Criteo audiences: declared with boxes to tick, compared with Criteo, applied."""

from collections.abc import Sequence
from typing import Any

import ipywidgets

from toolkit.access.people import Role
from toolkit.campaigns import AppliedAudiences, AudiencePlan, AudienceStep, lookalike, segment
from toolkit.campaigns.expression import And, Expression, Not, Or, SegmentLists
from toolkit.errors import ENDS_ALL
from toolkit.widgets.advertiser_choice import AdvertiserChoice
from toolkit.widgets.code import call_of
from toolkit.widgets.components import Folded, button, buttons, heading, paragraph, show, with_class
from toolkit.widgets.form import Form
from toolkit.widgets.next_step import CodeLine
from toolkit.widgets.segment_picker import SegmentPicker
from toolkit.widgets.table_view import TableView
from toolkit.workspace import Workspace


class AudiencesForm(Form):
    """``workspace.audiences``: declare an audience, see what would change at Criteo, and apply it."""

    in_python = "workspace.audiences.save(name, definition, connection=…)"

    def __init__(self, workspace: Workspace, *, language: str | None = None) -> None:
        super().__init__(workspace, language=language)
        self.plan: AudiencePlan | None = None
        """The plan that is shown."""
        self.applied: AppliedAudiences | None = None
        """What was applied last."""
        self.draw(self.words.say("Criteo audiences"), self._parts)

    def _parts(self) -> Sequence[Any]:
        say = self.words.say
        is_viewer = self.workspace.people.me.role is Role.VIEWER
        self.audiences = TableView(
            self,
            what=say("Audience"),
            key="audience",
            headings={
                "audience": say("Audience"),
                "definition": say("Definition"),
                "connection": say("Connection"),
                "advertiser": say("Advertiser ID"),
            },
            on_choose=self._choose,
        )
        self.remove = button(say("Remove"), style="danger")
        self.actions = buttons(self.remove)
        self._area = ipywidgets.VBox()
        self.on_click(self.remove, self._ask_to_remove)
        self.code = CodeLine(self)
        self.look()
        self.watch()
        return [
            self.audiences.widget,
            self.actions,
            self._area,
            *([] if is_viewer else self._declaring()),
            self.message.widget,
            self.code.widget,
            *([paragraph(say("You are a viewer: you may look."))] if is_viewer else self._applying()),
        ]

    def _declaring(self) -> Sequence[Any]:
        say = self.words.say
        names = list(self.workspace.segments)
        self.name = self.field(ipywidgets.Text(description=say("Name"), continuous_update=False))
        self.advertiser = AdvertiserChoice(self)
        self.include = SegmentPicker(self, names, label=say("In any of these segments"), on_change=self._write)
        self.exclude = SegmentPicker(self, names, label=say("And in none of these"), on_change=self._write)
        self.size = self.field(
            ipywidgets.BoundedIntText(value=0, min=0, max=2**31 - 1, description=say("Lookalike size")),
            help_text=say("With a size, Criteo looks for so many people who resemble those of the first segments."),
        )
        self.definition = self.field(
            with_class(ipywidgets.Textarea(description=say("Definition"), continuous_update=False, rows=2), "mono"),
            help_text=say(
                "The boxes above write it. You may also write it yourself: and, or, not, parentheses, and names with "
                "spaces in double quotes."
            ),
        )
        self.on_change(self.size.control, self._write)
        self.save = button(say("Save"), style="primary")
        self.estimate = button(say("Estimate the size"))
        self.on_click(self.save, self._save)
        self.on_click(self.estimate, self._estimate)
        self.lookalike = Folded(self.accessible, say("Lookalike"), [self.size.widget])
        return [
            heading(say("Declare an audience")),
            self.name.widget,
            *self.advertiser.widgets,
            self.include.widget,
            self.exclude.widget,
            self.lookalike.widget,
            self.definition.widget,
            buttons(self.save, self.estimate),
        ]

    def _applying(self) -> Sequence[Any]:
        say = self.words.say
        self.compare = button(say("Compare with Criteo"), style="primary")
        self.overwrite = self.field(ipywidgets.Checkbox(description=say("Overwrite what somebody changed at Criteo")))
        self.apply = button(say("Apply"), style="primary")
        self.outcome = ipywidgets.HTML()
        self.on_click(self.compare, self._compare)
        self.on_click(self.apply, self._apply)
        show(self.apply, when=False)
        show(self.overwrite.widget, when=False)
        return [
            heading(say("At Criteo")),
            paragraph(say("Comparing changes nothing. Ad sets are linked below, each by itself.")),
            buttons(self.compare),
            self.outcome,
            self.overwrite.widget,
            buttons(self.apply),
        ]

    def look(self) -> None:
        """Show the declared audiences as they are now."""
        self.audiences.fill(self.workspace.audiences.frame)
        self._choose()

    def look_again(self) -> None:
        """Show the declared audiences as they are now."""
        self.look()

    def _choose(self) -> None:
        name = self.audiences.chosen
        self._area.children = []
        show(self.actions, when=name is not None and self.workspace.people.me.role is not Role.VIEWER)
        if name is not None and hasattr(self, "definition"):
            chosen = self.workspace.audiences[name]
            self.name.control.value = chosen.name
            self.advertiser.choose(chosen.connection, chosen.advertiser_id)
            included, excluded = _ticks(chosen.expression)
            self.include.start_with(included)
            self.exclude.start_with(excluded)
            self.definition.control.value = chosen.definition

    def _write(self) -> None:
        """Write the definition that the boxes say."""
        included = [self._included(it) for it in self.include.value]
        if not included:
            return
        excluded = [Not.of(segment(it)) for it in self.exclude.value]
        self.definition.control.value = str(And.of(Or.of(*included), *excluded))

    def _included(self, name: str) -> Expression:
        return lookalike(name, size=self.size.value) if self.size.value else segment(name)

    def _save(self) -> None:
        say = self.words.say
        self.message.clear()
        self.code.clear()
        if self.missing(self.name, self.definition, *self.advertiser.fields):
            return
        options = {"connection": self.advertiser.connection, "advertiser_id": self.advertiser.advertiser_id}
        name, definition = self.name.value.strip(), self.definition.value.strip()
        try:
            saved = self.workspace.audiences.save(
                name,
                definition,
                connection=self.advertiser.connection,
                advertiser_id=self.advertiser.advertiser_id,
            )
        except ENDS_ALL:
            raise
        except Exception as problem:  # noqa: BLE001  # told at the field
            self.tell(problem)
            self.tell_at(self.definition)
            return
        self.definition.control.value = saved.definition
        self.look()
        self.audiences.chosen = name
        self.say_done(
            say("Audience {name} is saved, version {version}.", name=name, version=saved.version),
            say("Nothing changed at Criteo."),
        )
        self.code.show(call_of("workspace.audiences.save", name, saved.definition, **options))
        self.announce_change()

    def _estimate(self) -> None:
        say = self.words.say
        self.message.clear()
        if self.missing(self.definition, *self.advertiser.fields):
            return
        definition = self.definition.value.strip()
        options = {"connection": self.advertiser.connection, "advertiser_id": self.advertiser.advertiser_id}
        self.say_busy(say("Criteo is asked."))

        def done(size: int | None) -> None:
            told = (
                say("Criteo doesn't say how many.")
                if size is None
                else self.words.some("Criteo estimates {count} person.", "Criteo estimates {count} people.", size)
            )
            self.say_done(told)
            self.code.show(call_of("workspace.audiences.estimate", definition, **options))

        self.in_background(
            lambda _: self.workspace.audiences.estimate(definition, **options),
            done=done,
            busy=(self.estimate,),
            failed=lambda: self.tell_at(self.definition),
        )

    def _compare(self) -> None:
        self.message.clear()
        self.say_busy(self.words.say("Criteo is asked."))
        self.in_background(lambda _: self.workspace.audiences.plan(), done=self._show, busy=(self.compare,))

    def _show(self, plan: AudiencePlan) -> None:
        self.plan = plan
        self.message.clear()
        self.outcome.value = plan._repr_html_()
        steps = {it.step for it in plan}
        drifted = AudienceStep.DRIFTED in steps
        self.overwrite.control.value = False
        show(self.overwrite.widget, when=drifted)
        show(self.apply, when=drifted or bool(steps & {AudienceStep.CREATE, AudienceStep.CHANGE, AudienceStep.ADOPT}))
        self.code.show(call_of("workspace.audiences.plan"))

    def _apply(self) -> None:
        say = self.words.say
        overwrite = bool(self.overwrite.value)
        self.say_busy(say("The audiences are applied."))

        def done(applied: AppliedAudiences) -> None:
            self.applied = applied
            self.outcome.value = applied._repr_html_()
            show(self.apply, when=False)
            show(self.overwrite.widget, when=False)
            if applied.errors:
                self.message.show(
                    say("Warning"), say("Some audiences could not be applied: see below."), kind="warning"
                )
            else:
                self.say_done(say("Criteo has the audiences as they are declared."))
            self.code.show(call_of("workspace.audiences.apply", **({"overwrite": True} if overwrite else {})))
            self.announce_change()

        self.in_background(
            lambda _: self.workspace.audiences.apply(overwrite=overwrite),
            done=done,
            busy=(self.apply, self.compare),
        )

    def _ask_to_remove(self) -> None:
        say, name = self.words.say, self.audiences.chosen
        assert name is not None  # noqa: S101  # no action is offered before one is chosen
        self.confirm = button(say("Remove for good"), style="danger")
        leave = button(say("Leave as it is"))

        def removed() -> None:
            self.workspace.audiences.remove(name)
            self.look()
            self.say_done(say("Audience {name} is removed. The audience at Criteo stays.", name=name))
            self.announce_change()

        self.on_click(self.confirm, removed)
        self.on_click(leave, self._choose)
        self._area.children = [
            paragraph(say("The audience at Criteo stays, and the ad sets that target it.")),
            buttons(self.confirm, leave),
        ]


def _ticks(expression: Expression) -> tuple[list[str], list[str]]:
    """Return the segments to tick in both boxes; none where the boxes can't say an expression."""
    parts = expression.children if isinstance(expression, And) else (expression,)
    kept = [it for it in parts if not isinstance(it, Not)]
    included = kept[0].children if len(kept) == 1 and isinstance(kept[0], Or) else tuple(kept)
    excluded = [it.child for it in parts if isinstance(it, Not)]
    lists = [it.name for it in (*included, *excluded) if isinstance(it, SegmentLists) and not it.export]
    if len(kept) != 1 or len(lists) != len(included) + len(excluded):
        return [], []
    return lists[: len(included)], lists[len(included) :]
