"""The way of a segment to the ad sets that use it, as a picture."""

import polars as pl
from markupsafe import Markup

from toolkit.display import charts, word
from toolkit.translatable import _, shown

_STEPS = (("export", "export"), ("list_id", "list"), ("audience_id", "audience"), ("ad_set_id", "ad_set"))
"""What a step is known by, and what it is called by."""
_COLOURS = (charts.BLUE, charts.SKY, charts.ORANGE, charts.GREEN, charts.PURPLE)
_WIDTH, _ROW, _MOST_ROWS = 760, 34, 40
_LONGEST = 22

_Node = tuple[int, str]


def usage_chart(segment: str, usage: pl.DataFrame) -> Markup:
    """Draw a column for each of segment, exports, lists, audiences and ad sets, and a line for each use.

    Args:
        segment: Name of the segment.
        usage: A row a way, as ``SegmentUsage.frame`` has it; of very many the first are drawn.
    """
    columns: list[dict[str, str]] = [{segment: segment}, *({} for _step in _STEPS)]
    lines: dict[tuple[_Node, _Node], None] = {}
    for row in usage.head(_MOST_ROWS).iter_rows(named=True):
        before: _Node = (0, segment)
        for step, (key, name) in enumerate(_STEPS, start=1):
            if row[key] is None:
                break
            status = f" ({shown(word(row['status']))})" if key == "ad_set_id" and row["status"] else ""
            columns[step][row[key]] = _short(f"{row[name] or row[key]}") + status
            lines[before, (step, row[key])] = None
            before = (step, row[key])
    places = {
        (step, key): (step, (place + 0.5) / len(nodes))
        for step, nodes in enumerate(columns)
        for place, key in enumerate(nodes)
    }
    titles = [_("Segment"), _("Exports"), _("Contact lists"), _("Criteo audiences"), _("Ad sets")]
    nodes: list[dict[str, object]] = [
        {"x": step, "y": places[step, key][1], "name": name, "kind": shown(titles[step])}
        for step, column in enumerate(columns)
        for key, name in column.items()
    ]
    edges: list[dict[str, object]] = [
        {"x": places[a][0], "y": places[a][1], "x2": places[b][0], "y2": places[b][1]} for a, b in lines
    ]
    return charts.figure(
        _specification(nodes, edges, [shown(it) for it in titles], rows=max(map(len, columns))),
        _("Where segment {name} is used", name=segment),
    )


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"


def _specification(
    nodes: list[dict[str, object]], edges: list[dict[str, object]], titles: list[str], *, rows: int
) -> dict[str, object]:
    across = {"field": "x", "type": "quantitative", "axis": None, "scale": {"domain": [-0.2, len(titles) - 0.3]}}
    down = {"field": "y", "type": "quantitative", "axis": None, "scale": {"domain": [1, 0]}}
    colours = {"domain": titles, "range": list(_COLOURS)}
    kind = {"field": "kind", "type": "nominal", "title": None, "scale": colours, "legend": {"orient": "top"}}
    # Written out: Altair alone takes longer to import than Criteo to answer.
    return {
        "width": _WIDTH,
        "height": max(rows, 2) * _ROW,
        "layer": [
            {
                "data": {"values": edges},
                "mark": {"type": "rule", "opacity": 0.5},
                "encoding": {"x": across, "y": down, "x2": {"field": "x2"}, "y2": {"field": "y2"}},
            },
            {
                "data": {"values": nodes},
                "mark": {"type": "circle", "size": 90, "opacity": 1, "stroke": charts.TEXT, "strokeWidth": 0.6},
                "encoding": {"x": across, "y": down, "color": kind},
            },
            {
                "data": {"values": nodes},
                "mark": {"type": "text", "align": "left", "dx": 8, "dy": -9},
                "encoding": {"x": across, "y": down, "text": {"field": "name", "type": "nominal"}},
            },
        ],
    }
