"""Choose segments, with their sizes."""

from collections.abc import Callable, Iterable, Mapping

import ipywidgets

from toolkit.markup import markup
from toolkit.widgets.components import paragraph, show, with_class
from toolkit.widgets.form import Form

_MOST_SHOWN = 60


class SegmentPicker:
    """A tick for each segment, the chosen ones first; a long catalog is searched."""

    def __init__(self, form: Form, names: Iterable[str], *, label: str, on_change: Callable[[], None]) -> None:
        self._form = form
        self._names = list(names)
        self._on_change = on_change
        self._sizes: Mapping[str, int] = {}
        self._limit: int | None = None
        self._chosen: tuple[str, ...] = ()
        self.ticks: dict[str, ipywidgets.Checkbox] = {}
        """The ticks that are shown, by segment."""
        self.search = with_class(
            ipywidgets.Text(description=form.words.say("Search segments"), continuous_update=True), "toolkit-control"
        )
        show(self.search, when=len(self._names) > 10)  # noqa: PLR2004  # as many as are seen at once
        self._box = with_class(ipywidgets.VBox(), "toolkit-scroll")
        self._more = paragraph("", kind="toolkit-help")
        self.control = ipywidgets.HTML(markup("<h3>{label}</h3>", label=label))
        self.widget = ipywidgets.VBox([self.control, self.search, self._box, self._more])
        # Two pickers on a page have the same segments: whoever listens is told in which one they are.
        form.accessible.set(self.widget, role="group", aria_label=label)
        form.on_change(self.search, self._draw)
        self._draw()

    @property
    def value(self) -> tuple[str, ...]:
        """The chosen segments, in the order of choosing."""
        return self._chosen

    def start_with(self, names: Iterable[str]) -> None:
        """Choose these, before anybody looks."""
        self._chosen = tuple(names)
        self._draw()

    def tell_sizes(self, sizes: Mapping[str, int], *, limit: int | None) -> None:
        """Show these sizes beside the names, and a warning beside one that is over the limit."""
        self._sizes, self._limit = sizes, limit
        for name, tick in self.ticks.items():
            tick.description = self._label(name)

    def _draw(self) -> None:
        say = self._form.words.say
        sought = self.search.value.casefold()
        found = [it for it in self._names if sought in it.casefold() and it not in self._chosen]
        shown = [*self._chosen, *found[:_MOST_SHOWN]]
        self.ticks = {name: self._tick(name) for name in shown}
        self._box.children = list(self.ticks.values())
        hidden = len(found) - len(found[:_MOST_SHOWN])
        show(self._more, when=hidden > 0)
        self._more.value = say("{count} more: search for them by name.", count=hidden)

    def _tick(self, name: str) -> ipywidgets.Checkbox:
        tick = with_class(
            ipywidgets.Checkbox(value=name in self._chosen, description=self._label(name), indent=False),
            "toolkit-tick",
        )
        self._form.on_change(tick, lambda: self._take(name, ticked=tick.value))
        return tick

    def _take(self, name: str, *, ticked: bool) -> None:
        others = tuple(it for it in self._chosen if it != name)
        self._chosen = (*others, name) if ticked else others
        self._on_change()

    def _label(self, name: str) -> str:
        words = self._form.words
        if name not in self._names:
            return words.say("{segment} (not in the catalog)", segment=name)
        size = self._sizes.get(name)
        if size is None:
            return name
        members = words.some("{count} member", "{count} members", size)
        too_large = self._limit is not None and size > self._limit
        warning = words.say(" (warning: larger than the limit)") if too_large else ""
        return f"{name}: {members}{warning}"
