"""Look back: all runs, the report of one, and how the lists went over time."""

from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets
import polars as pl
from markupsafe import Markup

from toolkit.display.charts import figure
from toolkit.markup import markup
from toolkit.translatable import reading_in
from toolkit.widgets.charts import FEWEST, trend_html
from toolkit.widgets.components import button, buttons, heading
from toolkit.widgets.form import Form
from toolkit.widgets.labels import term
from toolkit.widgets.language import local_zone
from toolkit.widgets.report_view import ReportView
from toolkit.widgets.run_view import status_text
from toolkit.widgets.table_view import TableView
from toolkit.workspace import Workspace

_MOST_IN_CHARTS = 60


class HistoryPanel(Form):
    """``workspace.runs`` as a table, with the report of the run that is chosen."""

    in_python = "workspace.runs"

    def __init__(self, workspace: Workspace, export: str | None = None, *, language: str | None = None) -> None:
        """Draw the panel, of this export or of all."""
        super().__init__(workspace, language=language)
        self.draw(self.words.say("History"), lambda: self._parts(export))

    def _parts(self, export: str | None) -> Sequence[Any]:
        say = self.words.say
        names = list(self.workspace.exports)
        self.export = self.field(
            ipywidgets.Dropdown(
                options=[(say("All exports"), ""), *((it, it) for it in names)],
                value=export or "",
                description=say("Export"),
            )
        )
        self.refresh = button(say("Refresh"))
        self.runs = TableView(
            self,
            what=say("Choose a run"),
            key="run",
            headings={
                "started": say("Started"),
                "export": say("Export"),
                "status": say("Status"),
                "kind": say("Kind"),
                "trigger": say("Started by"),
                "person": say("Who"),
                "exportable": say("Exportable"),
                "added": say("Added"),
                "removed": say("Removed"),
                "rejected": say("Rejected by Criteo"),
                "seconds": say("Seconds"),
            },
            on_choose=self._show_report,
            called="called",
        )
        self.report = ReportView(self)
        self.charts = ipywidgets.HTML()
        self.on_change(self.export.control, self.look)
        self.on_click(self.refresh, self.look)
        self.look()
        self.watch()
        return [
            self.export.widget,
            buttons(self.refresh),
            self.message.widget,
            self.runs.widget,
            self.report.widget,
            heading(say("Over time")),
            self.charts,
        ]

    def look(self) -> None:
        """Show the runs as they are now."""
        words = self.words
        chosen = self.export.value
        runs = self.workspace.runs.find(chosen) if chosen else self.workspace.runs.frame
        zone = local_zone()
        was_sent = pl.when(~pl.col("dry_run"))
        self.runs.fill(
            runs.with_columns(
                started=pl.col("started_at").dt.convert_time_zone(zone).dt.strftime("%Y-%m-%d %H:%M:%S"),
                called=pl.Series([self._name_of(it) for it in runs.iter_rows(named=True)], dtype=pl.String),
                status=_in_words(runs["status"], lambda it: status_text(words, it)),
                trigger=_in_words(runs["started_by"], lambda it: term(words, it)),
                kind=pl.when("dry_run").then(pl.lit(words.say("Dry run"))).otherwise(pl.lit(words.say("Real run"))),
                seconds=pl.col("seconds").round(1),
                # A dry run sent nothing: its report says what a run would have.
                **{it: was_sent.then(it) for it in ("added", "removed", "rejected")},
            )
        )
        self._draw_charts()

    def look_again(self) -> None:
        """Show the runs as they are now."""
        self.look()

    def _name_of(self, run: dict[str, Any]) -> str:
        """Return what a run is called: its export, when it began, and whether it was dry."""
        words = self.words
        called = {"export": run["export"], "moment": words.short_moment(run["started_at"])}
        return (
            words.say("{export}, {moment} (dry run)", **called)
            if run["dry_run"]
            else words.say("{export}, {moment}", **called)
        )

    def _draw_charts(self) -> None:
        export = self.export.value or None

        def pictures(_: object) -> str:
            trend = self.workspace.runs.trend(export, newest=_MOST_IN_CHARTS)
            said = markup("<p>{text}</p>", text=few if trend.height else nothing)
            return (trend_html(self.words, trend) or said) + ("" if export else self._picture_of_audiences())

        say = self.words.say
        few, nothing = say("There are pictures from the second run on."), say("Nothing was sent yet.")

        def place(html: str) -> None:
            self.charts.value = html

        self.in_background(pictures, done=place, busy=(self.refresh,))

    def _picture_of_audiences(self) -> Markup:
        """Return how many people Criteo audiences reached over time; nothing where there is no course to be seen."""
        if self.workspace.audiences.sizes["at"].n_unique() < FEWEST:
            return Markup()
        with reading_in(self.words.language):
            return figure(self.workspace.audiences.sizes_chart, self.words.say("Size of the Criteo audiences"))

    def _show_report(self) -> None:
        chosen = self.runs.chosen
        self.report.show(None if chosen is None else self.workspace.runs[chosen])


def _in_words(values: pl.Series, say: Callable[[str], str]) -> pl.Series:
    return values.replace({it: say(it) for it in values.unique()})
