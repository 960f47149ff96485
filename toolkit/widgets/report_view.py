"""The report of a run: in short, and in whole when asked for."""

import ipywidgets

from toolkit.markup import markup
from toolkit.runs import Run
from toolkit.runs.report import report_page
from toolkit.translatable import reading_in
from toolkit.widgets.components import button, buttons, show
from toolkit.widgets.form import Form
from toolkit.widgets.run_view import run_html


class ReportView:
    """Shows a run that is over, or the part of it that is known."""

    def __init__(self, form: Form) -> None:
        self._form = form
        self.run: Run | None = None
        """The run that is shown."""
        self.short = ipywidgets.HTML()
        self.whole = ipywidgets.HTML()
        self.open = button(form.words.say("Show the whole report"))
        self.widget = ipywidgets.VBox([self.short, buttons(self.open), self.whole])
        form.on_click(self.open, self._open_or_close)
        self.show(None)

    def show(self, run: Run | None) -> None:
        """Show this run; None shows nothing."""
        self.run = run
        self.short.value = "" if run is None else run_html(self._form.words, run)
        self.whole.value = ""
        show(self.widget, when=run is not None)
        show(self.open, when=run is not None and run.report.exists())

    def _page(self, run: Run) -> str:
        """Return the report in the language of the form, whatever that of the file is."""
        with reading_in(self._form.words.language):
            return report_page(run, self._form.workspace.runs.before(run))

    def _open_or_close(self) -> None:
        if self.run is None or self.whole.value:
            self.whole.value = ""
            return
        # The page needs no script, and is given no leave to run one.
        self.whole.value = markup(
            '<iframe sandbox title="{title}" srcdoc="{page}" style="width:100%;height:40rem;border:0"></iframe>'
            "<p>{file}</p>",
            title=self._form.words.say("Report of run {run}", run=self.run.id),
            page=self._page(self.run),
            file=self.run.report,
        )
