"""Pictures of parts, as HTML."""

from html.parser import HTMLParser

from toolkit.display import Bar, BarPart, stacked_bars


class _Drawn(HTMLParser):
    """What stands in the rows, what the legend names, and how wide bars are."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.legend: list[str] = []
        self.widths: list[float] = []
        self.grows: list[int] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        style = dict(it.split(":", 1) for it in (given.get("style") or "").split(";") if it)
        if tag == "tr":
            self.rows.append([])
        if tag == "div":
            self.widths.append(float(style["width"].removesuffix("%")))
        if "flex-grow" in style:
            self.grows.append(int(style["flex-grow"]))

    def handle_data(self, data: str) -> None:
        if not data.strip():
            return
        if self.rows:
            self.rows[-1].append(data)
        else:
            self.legend.append(data)


def _part(name: str, count: int) -> BarPart:
    return BarPart(name, count, "#0072B2")


def test_draws_wholes_as_long_as_they_are_many() -> None:
    drawn = _Drawn(
        stacked_bars([Bar("All", [_part("sent", 1_900), _part("left", 100)]), Bar("Some", [_part("left", 50)])], "")
    )
    assert drawn.rows == [["All", "sent: 1,900", "left: 100", "2,000"], ["Some", "left: 50", "50"]]
    assert drawn.widths == [100, 2.5]
    assert drawn.grows == [1_900, 100, 50]


def test_names_parts_that_are_there_in_their_order() -> None:
    first = Bar("A", [_part("sent", 0), _part("never", 0), _part("left", 1)])
    drawn = _Drawn(stacked_bars([first, Bar("B", [_part("sent", 1), _part("never", 0), _part("left", 1)])], ""))
    assert drawn.legend == ["sent", "left"]


def test_draws_nobody() -> None:
    drawn = _Drawn(stacked_bars([Bar("Nobody", [_part("sent", 0)])], ""))
    assert (drawn.rows, drawn.widths, drawn.legend) == ([["Nobody", "0"]], [0], [])


def test_escapes_names() -> None:
    html = stacked_bars([Bar("<b>", [_part('"><i>', 1)])], '"x')
    assert "<b>" not in html
    assert _Drawn(html).rows == [["<b>", '"><i>: 1', "1"]]
