"""A table that can be sorted and searched, and one row of it chosen: by mouse, by keyboard, or in a list beside it."""

from collections.abc import Callable, Mapping
from typing import Any

import ipywidgets
import polars as pl

from toolkit.markup import markup
from toolkit.widgets.components import show, with_class
from toolkit.widgets.form import Form

_ROWS_A_PAGE = 10
_OPTIONS: dict[str, Any] = {
    "select": {"style": "single", "keys": True, "info": False},
    "showIndex": False,
    "show_dtypes": False,
    "paging": True,
    "pageLength": _ROWS_A_PAGE,
    "lengthMenu": [_ROWS_A_PAGE, 25, 100],
    "autoWidth": False,
    "style": "width:100%;margin:0",
    "classes": "display compact stripe",
    "order": [],
    # However many rows there are, each is shown: a row is known by its number.
    "maxBytes": 0,
}


class TableView:
    """A frame as a table, by DataTables through itables, which asks no network for anything."""

    def __init__(
        self,
        form: Form,
        *,
        what: str,
        key: str,
        headings: Mapping[str, str],
        on_choose: Callable[[], None],
        called: str | None = None,
    ) -> None:
        """Make an empty one. ``key`` is the column that tells rows apart, ``what`` the label of the list of its values.

        ``headings`` name the columns that are shown, in their order. ``called`` is the column with what the list calls
        a row, where that is not its key.
        """
        from itables.widget import ITable

        self._words = form.words
        self._called = called or key
        self._headings = headings
        self._key = key
        self.keys: list[Any] = []
        self._nothing = form.words.say("Nothing is here yet.")
        self.choice = ipywidgets.Dropdown(options=[], value=None, description=what)
        self._options = {**_OPTIONS, "language": _language(form)}
        self.table = ITable(pl.DataFrame(), **self._options)
        self._empty = ipywidgets.HTML(markup("<p>{text}</p>", text=self._nothing))
        field = form.field(self.choice)
        self.widget = ipywidgets.VBox([self._empty, with_class(self.table, "toolkit-wide"), field.widget])
        self._field = field.widget
        self.table.observe(lambda _: form.attempt(self._take_from_table), names="selected_rows")
        self.choice.observe(lambda _: form.attempt(self._take_from_list), names="value")
        self._on_choose = on_choose

    @property
    def chosen(self) -> Any:
        """The key of the chosen row; None when none is."""
        return self.choice.value

    @chosen.setter
    def chosen(self, key: Any) -> None:
        self.choice.value = key if key in self.keys else None

    def fill(self, frame: pl.DataFrame) -> None:
        """Show this frame; the chosen row stays chosen where it is still there."""
        before = self.chosen
        self.keys = frame[self._key].to_list()
        shown = frame.select(self._written(frame, name).alias(heading) for name, heading in self._headings.items())
        figures = [place for place, name in enumerate(self._headings) if frame.schema[name].is_numeric()]
        self.table.selected_rows = []
        # An update forgets what the table was made with.
        self.table.update(shown, selected_rows=[], **self._options, **_of_its_size(shown, figures))
        self.choice.options = list(zip(map(str, frame[self._called]), self.keys, strict=True))
        self.choice.value = before if before in self.keys else None
        for part in (self.table, self._field):
            show(part, when=bool(self.keys))
        show(self._empty, when=not self.keys)

    def _written(self, frame: pl.DataFrame, name: str) -> pl.Expr:
        """Return a column as it is read: figures as the language writes them, which DataTables sorts as figures."""
        if not frame.schema[name].is_numeric():
            return pl.col(name)
        texts = {it: self._words.number(it) for it in frame[name].drop_nulls().unique()}
        return pl.col(name).replace_strict(texts, default="", return_dtype=pl.String)

    def _take_from_table(self) -> None:
        rows: list[int] = self.table.selected_rows
        if rows and rows[0] < len(self.keys):
            self.choice.value = self.keys[rows[0]]

    def _take_from_list(self) -> None:
        rows = [self.keys.index(self.choice.value)] if self.choice.value in self.keys else []
        if self.table.selected_rows != rows:
            self.table.selected_rows = rows
        self._on_choose()


def _of_its_size(shown: pl.DataFrame, figures: list[int]) -> dict[str, Any]:
    """Return DataTables' options for this frame: it can always be searched, and has pages where it needs them."""
    pages = shown.height > _ROWS_A_PAGE
    texts = [place for place in range(shown.width) if place not in figures]
    return {
        "layout": {
            "topStart": "pageLength" if pages else None,
            "topEnd": "search",
            "bottomStart": "info" if pages else None,
            "bottomEnd": "paging" if pages else None,
        },
        "columnDefs": [
            {"targets": texts, "className": "dt-left"},
            {"targets": figures, "className": "dt-right", "type": "num-fmt"},
        ],
    }


def _language(form: Form) -> dict[str, Any]:
    """Return DataTables' own texts (https://datatables.net/reference/option/language)."""
    say = form.words.say
    return {
        "search": say("Search:"),
        "lengthMenu": say("Show {menu} rows", menu="_MENU_"),
        "info": say("Rows {first} to {last} of {all}", first="_START_", last="_END_", all="_TOTAL_"),
        "infoEmpty": say("No rows"),
        "infoFiltered": say("(out of {all})", all="_MAX_"),
        "zeroRecords": say("Nothing is found."),
        "emptyTable": say("Nothing is here yet."),
        "thousands": form.words.thousands,
        "decimal": form.words.decimal,
        # They stand behind the column's heading.
        "aria": {
            "orderable": ": " + say("Press Enter to sort by this column"),
            "orderableReverse": ": " + say("Press Enter to turn the order of this column round"),
        },
    }
