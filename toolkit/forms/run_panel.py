"""Run an export: try it dry, run it, watch it, read what became of it."""

import time
from collections.abc import Sequence
from typing import Any

import ipywidgets

from toolkit.errors import ListGoneError
from toolkit.forms.background import Deliver
from toolkit.forms.form import Form
from toolkit.forms.parts import button, buttons, heading, paragraph, show, with_class
from toolkit.forms.progress_view import ProgressView
from toolkit.forms.report_view import ReportView
from toolkit.forms.terms import term
from toolkit.interface import Workspace
from toolkit.runs import Guard, GuardError, IfListGone, Progress, Run, RunStatus
from toolkit.workspace import Role

_LOOK_EVERY_SECONDS = 1


class RunPanel(Form):
    """``workspace.run`` with buttons. The kernel goes on answering while a run goes on."""

    def __init__(self, workspace: Workspace, export: str | None = None, *, language: str | None = None) -> None:
        """Draw the panel, with this export chosen."""
        super().__init__(workspace, language=language)
        self.run: Run | None = None
        """The run that is shown."""
        self.draw(self.words.say("Run an export"), lambda: self._parts(export))

    def _parts(self, export: str | None) -> Sequence[Any]:
        say = self.words.say
        names = list(self.workspace.exports)
        if not names:
            return [paragraph(say("There is no export yet: add one first."))]
        if export is not None:
            self.workspace.export(export)
        self.export = self.field(
            ipywidgets.Dropdown(options=names, value=export or names[0], description=say("Export"))
        )
        self.dry = button(say("Dry run"), hint=say("Does everything but send."))
        self.start = button(say("Run"), style="primary")
        self.progress = ProgressView(self.words)
        self.report = ReportView(self)
        self._draw_knowingly()
        self.on_click(self.dry, lambda: self._begin(dry_run=True))
        self.on_click(self.start, lambda: self._begin(dry_run=False))
        self.on_change(self.export.control, self.look)
        self._busy = (self.dry, self.start, self.export.control)
        role = self.workspace.me.role
        if role is Role.VIEWER:
            self.message.show(
                say("Note"), say("You are a viewer: you see runs, and a contributor can run."), kind="busy"
            )
        for it in (self.dry, self.start):
            show(it, when=role is not Role.VIEWER)
        self.look()
        return [
            self.export.widget,
            buttons(self.dry, self.start),
            self._knowingly,
            self.message.widget,
            self.progress.widget,
            self.report.widget,
        ]

    def look(self) -> None:
        """Show the newest run of the chosen export."""
        runs = self.workspace.runs(self.export.value)
        self._show(self.workspace.run_report(runs["run"][0]) if runs.height else None)
        if self.run is not None and self.run.status is RunStatus.RUNNING:
            self._follow(self.run)

    def _follow(self, run: Run) -> None:
        """Show the run, which another notebook or a schedule began, until it is over."""
        words = self.words
        self.progress.follow(
            words.say(
                "The run that {person} began at {moment} goes on.",
                person=run.person,
                moment=words.moment(run.started_at),
            )
        )

        def work(_: Deliver) -> Run | None:
            followed = run
            while followed.status is RunStatus.RUNNING:
                time.sleep(_LOOK_EVERY_SECONDS)
                if self.run is not run:
                    return None
                followed = self.workspace.run_report(run.id)
            return followed

        self.in_background(
            work, done=lambda followed: self._finish(followed) if followed is not None else None, busy=(self.start,)
        )

    def _draw_knowingly(self) -> None:
        say = self.words.say
        self.allow = {
            it: with_class(ipywidgets.Checkbox(description=term(self.words, it), indent=False), "toolkit-tick")
            for it in Guard
        }
        self.remake = with_class(
            ipywidgets.Checkbox(description=say("Make lists anew that were deleted at Criteo"), indent=False),
            "toolkit-tick",
        )
        self._guards = ipywidgets.VBox([heading(say("Pass these guards knowingly")), *self.allow.values()])
        self._knowingly = ipywidgets.VBox([self._guards, self.remake])

    def _begin(self, *, dry_run: bool) -> None:
        say = self.words.say
        name = self.export.value
        allow = [guard for guard, tick in self.allow.items() if tick.value]
        if_list_gone = IfListGone.REMAKE if self.remake.value else IfListGone.STOP
        self.message.clear()
        self._show(None)
        self.progress.begin(say("The run of {export} begins.", export=name))

        def work(deliver: Deliver) -> Run:
            def observe(progress: Progress) -> None:
                deliver(lambda: self.progress.tell(progress))

            return self.workspace.run(name, dry_run=dry_run, allow=allow, if_list_gone=if_list_gone, observer=observe)

        self.in_background(work, done=self._finish, busy=self._busy, failed=self._stop)

    def _finish(self, run: Run) -> None:
        self.progress.end(self.words.say("The run is over: {outcome}.", outcome=term(self.words, run.outcome)))
        self._show(run)

    def _stop(self) -> None:
        self.progress.end(self.words.say("The run ended with an error."))
        self.look()

    def _show(self, run: Run | None) -> None:
        self.run = run
        self.report.show(run)
        kind = "" if run is None or run.error is None else run.error["kind"]
        show(self._guards, when=kind == GuardError.__name__)
        show(self.remake, when=kind == ListGoneError.__name__)
        for tick in (*self.allow.values(), self.remake):
            tick.value = False
