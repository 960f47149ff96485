"""The report of a run, as a browser shows it."""

import pytest
from playwright.sync_api import Browser

import toolkit

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
    assert page.locator("table.toolkit-table").first.locator("tbody tr").first.inner_text().split()[:3] == ["All", "100", "100"]
    (bar,) = page.locator(".toolkit-bars td > div").all()
    assert bar.bounding_box()["width"] > 300  # type: ignore[index]
    assert bar.inner_text() == "included: 100"
    # A table that is wider than the window scrolls in its own frame, and not the page.
    page.set_viewport_size({"width": 400, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
