"""The report of a run, as a browser shows it."""

import pytest
from playwright.sync_api import Browser

import toolkit
from tests.conftest import Tables

pytestmark = pytest.mark.browser


def test_it_shows_figures_and_a_picture_and_asks_the_network_for_nothing(
    workspace: toolkit.Workspace, browser: Browser
) -> None:
    run = workspace.runs.start("Nightly").raise_for_status()
    page = browser.new_page(viewport={"width": 900, "height": 900})
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.goto(run.report.as_uri())
    assert asked == [run.report.as_uri()]
    assert said == []
    assert page.get_by_role("heading", name="Nightly: successful").is_visible()
    lists = page.locator("table.toolkit-table").first.locator("tbody tr").first
    assert lists.inner_text().split()[:3] == ["All", "100", "100"]
    assert page.locator(".toolkit-bars td > div").bounding_box()["width"] > 300
    # A table that is wider than the window scrolls in its own frame, and not the page.
    page.set_viewport_size({"width": 400, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@pytest.mark.parametrize("width", [360, 900])
def test_bars_are_seen_beside_long_names(
    workspace: toolkit.Workspace, tables: Tables, browser: Browser, width: int
) -> None:
    names = ["W" * 120, "many words " * 12 + "end", "All"]
    tables.write(segments={it: ["C001", "C002", "C003"] for it in names[:2]})
    nightly = workspace.exports["Nightly"].model_dump(exclude={"name", "version"})
    workspace.exports.save("Nightly", **(nightly | {"segments": names}))
    run = workspace.runs.start("Nightly", dry_run=True).raise_for_status()
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.goto(run.report.as_uri())
    boxes = [it.bounding_box() for it in page.locator(".toolkit-bars td > div, .toolkit-bars td.toolkit-number").all()]
    assert len(boxes) == 6
    assert [it for it in boxes if it["x"] + it["width"] > width] == []
