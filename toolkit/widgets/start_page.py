"""The first page: how each export stands, what needs somebody, where the tables are, and where to go."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import ipywidgets
import polars as pl
from markupsafe import Markup

from toolkit.bundled import HOME
from toolkit.display import Card, cards, table_of_texts
from toolkit.markup import joined, markup
from toolkit.overview import Overview
from toolkit.runs import RunStatus
from toolkit.widgets.components import button, buttons, heading, show
from toolkit.widgets.form import Form
from toolkit.widgets.page_list import Page, pages
from toolkit.widgets.run_view import status_text
from toolkit.widgets.schedule_field import schedule_text
from toolkit.widgets.tables_form import TablesForm
from toolkit.workspace import Workspace

_MOST_ATTENTION = 8


class StartPage(Form):
    """``workspace.overview`` as a page, with the next thing to do."""

    in_python = "workspace.overview"

    def __init__(self, workspace: Workspace, *, language: str | None = None) -> None:
        super().__init__(workspace, language=language)
        self.draw(self.words.say("Overview"), self._parts)

    def _parts(self) -> Sequence[Any]:
        say = self.words.say
        self.next = ipywidgets.HTML()
        """The next thing to do, and where."""
        self.summary = ipywidgets.HTML()
        self.exports = ipywidgets.HTML()
        self.attention = ipywidgets.HTML()
        self.tables = ipywidgets.HTML()
        self.change = button(say("Read other tables"))
        self.refresh = button(say("Refresh"))
        self.opened: TablesForm | None = None
        """The form that says where the tables are."""
        self._area = ipywidgets.VBox()
        self.on_click(self.change, self._open_tables)
        self.on_click(self.refresh, self.look)
        self.look()
        self.watch()
        return [
            self.message.widget,
            self.next,
            self.summary,
            heading(say("Exports")),
            self.exports,
            buttons(self.refresh),
            heading(say("Needs attention")),
            self.attention,
            heading(say("Where your tables are")),
            self.tables,
            buttons(self.change),
            self._area,
            heading(say("Where to go")),
            ipywidgets.HTML(self._links()),
        ]

    def look(self) -> None:
        """Show how everything stands now. Nothing is written, and Criteo is not asked."""
        overview = self.workspace.overview
        self.next.value = self._next(overview)
        self.summary.value = self._summary(overview)
        self.exports.value = self._exports(overview)
        self.attention.value = self._attention(overview)
        self.tables.value = self._tables(overview)
        if self._lacks_tables(overview) and self.opened is None:
            self._open_tables()

    def look_again(self) -> None:
        """Show how everything stands now."""
        self.look()

    @staticmethod
    def _lacks_tables(overview: Overview) -> bool:
        return "not set" in overview.tables["location"].to_list()

    def _open_tables(self) -> None:
        self.opened = TablesForm(self.workspace, language=self.words.language)
        self._area.children = [self.opened.widget]
        show(self.change, when=False)

    def _next(self, overview: Overview) -> Markup:
        """Return the first of the four steps to a first run that was not done yet."""
        say = self.words.say
        if self._lacks_tables(overview):
            text, page = say("Say where your tables are: below, in two steps."), None
        elif overview.connections.is_empty() and overview.exports.is_empty():
            text, page = say("Add a connection to Criteo."), _page("01")
        elif overview.exports.is_empty():
            text, page = say("Add an export: choose segments, and see who is included."), _page("03")
        elif overview.exports["last_run"].is_null().all():
            text, page = say("Run an export. Try a dry run first: it sends nothing."), _page("04")
        else:
            return Markup("")
        return _notice(say("Next"), text, "" if page is None else self._link(page))

    def _summary(self, overview: Overview) -> Markup:
        words, exports = self.words, overview.exports
        if exports.is_empty():
            return Markup("")
        due = [it for it in exports["next_run"] if it is not None]
        return cards(
            [
                Card(words.say("Exports"), words.number(exports.height)),
                Card(words.say("Identifiers in the lists"), words.number(int(exports["size"].sum()))),
                Card(words.say("Next run"), self._moment(min(due)) if due else words.say("Not scheduled")),
                Card(words.say("Needs attention"), words.number(overview.attention.height + _failed(exports).len())),
            ]
        )

    def _exports(self, overview: Overview) -> Markup:
        words = self.words
        if overview.exports.is_empty():
            return markup("<p>{text}</p>", text=words.say("There is no export yet."))
        rows = [
            (
                row["export"],
                status_text(words, row["last_run"]) if row["last_run"] else words.say("Not started"),
                "" if row["size"] is None else words.number(row["size"]),
                "" if row["match_rate"] is None else words.share(row["match_rate"]),
                self._moment(row["at"]),
                self._due(row["export"], row["next_run"], is_active=row["active"]),
            )
            for row in overview.exports.iter_rows(named=True)
        ]
        head = [
            words.say("Export"),
            words.say("Status"),
            words.say("Identifiers in the lists"),
            words.say("Match rate"),
            words.say("Last run"),
            words.say("Next run"),
        ]
        return table_of_texts(head, rows, numbers=(2, 3))

    def _due(self, export: str, moment: datetime | None, *, is_active: bool) -> str:
        """Return when an export runs next; where no time is known, by what it runs."""
        if moment is not None:
            return self._moment(moment)
        if not is_active:
            return self.words.say("Not active")
        return schedule_text(self.words, self.workspace.exports[export].schedule)

    def _attention(self, overview: Overview) -> Markup:
        words = self.words
        shown = [
            _notice(
                words.say("Failed"),
                words.say("The last run of {export} failed. See why, and run it again:", export=it),
                self._link(_page("04")),
                kind="bad",
            )
            for it in _failed(overview.exports)
        ]
        level = {"critical": words.say("Critical"), "warning": words.say("Warning")}
        kinds = {"critical": "bad", "warning": "warn"}
        found = overview.attention.with_columns(place=pl.int_range(pl.len()))
        shown += [
            _notice(
                f"{level.get(row['level'], row['level'])}, {row['what']} {row['name']}",
                words.read(overview.sentences[row["place"]]),
                "",
                kind=kinds.get(row["level"], "warn"),
            )
            for row in found.head(_MOST_ATTENTION).iter_rows(named=True)
        ]
        if not shown:
            return _notice(words.say("All is well"), words.say("Nothing needs you now."), "", kind="good")
        more = found.height - _MOST_ATTENTION
        if more > 0:
            shown.append(markup("<p>{text}</p>", text=words.say("{count} more on the page of health.", count=more)))
        return joined(shown)

    def _tables(self, overview: Overview) -> Markup:
        say = self.words.say
        names = {"profiles": say("Profiles"), "segments": say("Segments")}
        rows = [
            (names[table], say("Nobody said yet") if place == "not set" else place)
            for table, place in overview.tables.iter_rows()
        ]
        return table_of_texts([say("Table"), say("Location")], rows)

    def _moment(self, moment: datetime | None) -> str:
        return "" if moment is None else self.words.moment(moment)

    def _links(self) -> Markup:
        items = [
            markup("<li>{link}: {about}</li>", link=self._link(it), about=self.words.say(it.about))
            for it in pages()
            if it.file != HOME
        ]
        return markup("<ul>{items}</ul>", items=joined(items))

    def _link(self, page: Page) -> Markup:
        return markup('<a href="{file}">{title}</a>', file=page.file, title=self.words.say(page.title))


def _failed(exports: pl.DataFrame) -> pl.Series:
    """Return the exports whose last run failed."""
    return exports.filter(pl.col("last_run").is_in([RunStatus.FAILED.value, RunStatus.FAILED_RETRYING.value]))["export"]


def _page(number: str) -> Page:
    return next(it for it in pages() if it.file.startswith(number))


def _notice(word: str, text: str, link: Markup | str, *, kind: str = "good") -> Markup:
    html = '<div class="toolkit-notice toolkit-{kind}"><strong>{word}:</strong> {text} {link}</div>'
    return markup(html, kind=kind, word=word, text=text, link=link)
