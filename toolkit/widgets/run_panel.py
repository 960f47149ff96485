"""Run an export: try it dry, run it, watch it, read what became of it."""

import time
from collections.abc import Sequence
from functools import partial
from typing import Any

import ipywidgets

from toolkit.access.people import Role
from toolkit.detached import RunRequest, begin_run, read_progress
from toolkit.errors import ErrorCode
from toolkit.exports.export import Mode
from toolkit.runs import Guard, IfListGone, Run, RunStatus
from toolkit.widgets.background import Deliver
from toolkit.widgets.components import Folded, button, buttons, heading, paragraph, show, with_class
from toolkit.widgets.form import Form
from toolkit.widgets.labels import term
from toolkit.widgets.progress_view import ProgressView
from toolkit.widgets.report_view import ReportView
from toolkit.widgets.wording import SEND_WHOLE, in_form
from toolkit.workspace import Workspace

_LOOK_EVERY_SECONDS = 1
_BROKEN = (RunStatus.FAILED, RunStatus.CANCELED)
_STOPPED = (ErrorCode.GUARD, ErrorCode.CHANGING_INPUT, ErrorCode.LEDGER_DIVERGED)


class RunPanel(Form):
    """``workspace.runs.start`` with buttons. A run goes on when the page is closed, and any page finds it again."""

    in_python = "workspace.runs.start(name, dry_run=True)"

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
            self.workspace.exports[export]
        self.export = self.field(
            ipywidgets.Dropdown(options=names, value=export or names[0], description=say("Export"))
        )
        self.dry = button(say("Dry run"), hint=say("Does everything but send."))
        self.start = button(say("Run"), style="primary")
        self.resume = button(say("Resume"), hint=say("Sends what the last run did not."))
        self.cancel = button(say("Cancel the run"))
        self.progress = ProgressView(self.words)
        self._goes_on = paragraph(
            say("You can close this page: the run goes on, and this page shows it when you come back."),
            kind="toolkit-help",
        )
        show(self._goes_on, when=False)
        self.report = ReportView(self)
        self.on_click(self.dry, lambda: self._begin(dry_run=True))
        self.on_click(self.start, lambda: self._begin(dry_run=False))
        self.on_click(self.resume, self._resume)
        self.on_click(self.cancel, self._cancel)
        self.on_change(self.export.control, self.look)
        self._busy = (self.dry, self.start, self.resume, self.export.control)
        role = self.workspace.people.me.role
        if role is Role.VIEWER:
            self.message.show(
                say("Note"), say("You are a viewer: you see runs, and a contributor can run."), kind="busy"
            )
        self._may_run = role is not Role.VIEWER
        self._draw_knowingly()
        for it in (self.dry, self.start):
            show(it, when=self._may_run)
        self.look()
        return [
            self.export.widget,
            buttons(self.dry, self.start, self.resume, self.cancel),
            self._knowingly,
            self.message.widget,
            self._goes_on,
            self.progress.widget,
            self.report.widget,
        ]

    def look(self) -> None:
        """Show the newest run of the chosen export."""
        runs = self.workspace.runs.find(self.export.value)
        self._show(self.workspace.runs[runs["run"][0]] if runs.height else None)
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

        def work(deliver: Deliver) -> Run | None:
            followed = run
            while followed.status is RunStatus.RUNNING:
                time.sleep(_LOOK_EVERY_SECONDS)
                if self.run is not run:
                    return None
                progress = read_progress(self.workspace.path, run.id)
                if progress is not None:
                    deliver(partial(self.progress.tell, progress))
                # Looking at the list records runs as ended whose process is gone.
                self.workspace.runs.find(run.export)
                followed = self.workspace.runs[run.id]
            return followed

        def done(followed: Run | None) -> None:
            if followed is not None:
                self._finish(followed)

        show(self.cancel, when=self._may_run)
        show(self._goes_on, when=True)
        self.in_background(work, done=done, busy=(self.dry, self.start, self.resume))

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
        self.guards = ipywidgets.VBox([heading(say("Pass these guards knowingly")), *self.allow.values()])
        self.whole = with_class(ipywidgets.Checkbox(description=say(SEND_WHOLE), indent=False), "toolkit-tick")
        self.otherwise = Folded(self.accessible, say("Another way to run"), [self.whole])
        self._knowingly = ipywidgets.VBox([self.guards, self.remake, self.otherwise.widget])
        show(self.otherwise.widget, when=self._may_run)

    def _begin(self, *, dry_run: bool) -> None:
        name = self.export.value
        self._watch(
            RunRequest(
                **self._tables,
                export=name,
                dry_run=dry_run,
                mode=Mode.REPLACE if self.whole.value else None,
                allow=tuple(guard for guard, tick in self.allow.items() if tick.value),
                if_list_gone=IfListGone.REMAKE if self.remake.value else IfListGone.STOP,
            ),
            self.words.say("The run of {export} begins.", export=name),
        )

    def _resume(self) -> None:
        name = self.export.value
        self._watch(
            RunRequest(**self._tables, export=name, resumes=True),
            self.words.say("The last run of {export} is taken up.", export=name),
        )

    @property
    def _tables(self) -> dict[str, Any]:
        """The workspace, and the tables that are read in this session."""
        workspace = self.workspace
        has_other = workspace.notice is not None
        return {
            "workspace": str(workspace.path),
            "profiles": workspace.profiles if has_other else None,
            "segments": workspace.segments.source if has_other else None,
        }

    def _watch(self, request: RunRequest, sentence: str) -> None:
        """Let it run in a process of its own, which goes on when this page is closed, and show how far it is."""
        self.message.clear()
        self._show(None)
        self.progress.begin(sentence)

        def work(deliver: Deliver) -> tuple[Run, tuple[str, ...]]:
            process = begin_run(request)
            for progress in process.progress():
                deliver(partial(self.progress.tell, progress))
            assert process.run_id is not None  # noqa: S101  # else it raised
            return self.workspace.runs[process.run_id], process.warnings

        def done(ended: tuple[Run, tuple[str, ...]]) -> None:
            run, warnings = ended
            self._finish(run)
            if warnings:
                self.message.show(self.words.say("Warning"), *warnings, kind="warning")

        show(self.cancel, when=True)
        show(self._goes_on, when=True)
        self.in_background(work, done=done, busy=self._busy, failed=self._stop)

    def _cancel(self) -> None:
        say = self.words.say
        runs = self.workspace.runs.find(self.export.value).filter(status=RunStatus.RUNNING.value)
        if runs.is_empty():
            self.message.show(say("Note"), say("There is no run to cancel."), kind="busy")
            return
        self.workspace.runs.cancel(runs["run"][0])
        self.message.show(say("Working"), say("The run is asked to end before its next batch."), kind="busy")

    def _finish(self, run: Run) -> None:
        self.message.clear()
        self.progress.end(self.words.say("The run is over: {outcome}.", outcome=term(self.words, run.outcome)))
        self._show(run)
        self.announce_change()

    def _stop(self) -> None:
        self.progress.end(self.words.say("The run ended with an error."))
        self.look()

    def _show(self, run: Run | None) -> None:
        self.run = run
        self.report.show(run)
        can_be_resumed = run is not None and not run.dry_run and run.status in _BROKEN
        show(self.resume, when=self._may_run and can_be_resumed)
        show(self.cancel, when=False)
        show(self._goes_on, when=False)
        code = None if run is None or run.error is None else run.error.code
        show(self.guards, when=code in _STOPPED)
        show(self.remake, when=code is ErrorCode.LIST_GONE)
        self.otherwise.open(is_open=run is not None and _asks_to_send_whole(run))
        for tick in (*self.allow.values(), self.remake, self.whole):
            tick.value = False


def _asks_to_send_whole(run: Run) -> bool:
    told = [it.text for it in run.warnings]
    if run.error is not None:
        told.append(run.error.remedy)
    return any(SEND_WHOLE in in_form(it) for it in told)
