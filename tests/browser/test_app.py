"""The notebooks as an application without code, through Voilà."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import SECONDS, Server
from toolkit.sandbox import Sandbox
from toolkit.widgets.pages import pages

pytestmark = pytest.mark.browser


def test_its_pages_work_without_code_and_ask_no_network_for_anything(
    app: Server, browser: Browser, criteo: Sandbox, pictures: Path
) -> None:
    page = browser.new_page(viewport={"width": 360, "height": 1400})
    page.set_default_timeout(60 * SECONDS)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    # Nobody without the token.
    page.goto(f"{app.url}voila/render/01_connections.ipynb")
    assert urlsplit(page.url).path == "/login"
    page.goto(f"{app.url}?token={app.token}")
    assert page.get_by_role("listitem").get_by_role("link").all_inner_texts() == [it.title for it in pages()]
    page.screenshot(path=pictures / "app-start.png")

    page.get_by_role("listitem").get_by_role("link", name="Connections").click()
    page.get_by_label("Display name", exact=True).fill("Sandbox")
    page.get_by_label("I agree").check()
    page.get_by_label("Client secret").fill(criteo.client_secret)
    page.get_by_role("button", name="Authenticate with Criteo").click()
    expect(page.get_by_role("cell", name="Fietsfabriek Noord")).to_be_visible()
    page.get_by_label("Add yourself as export user").check()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Connection Sandbox is saved.")).to_be_visible()
    page.screenshot(path=pictures / "app-connection.png", full_page=True)
    assert "import toolkit" not in page.content()
    # It fits a narrow window.
    assert page.evaluate("document.documentElement.scrollWidth") <= 360

    page.get_by_role("navigation").get_by_role("link", name="Exports").click()
    expect(page.get_by_label("Connection for export")).to_have_value("Sandbox")
    page.screenshot(path=pictures / "app-export.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    there = urlsplit(app.url).netloc
    assert [
        it for it in asked if urlsplit(it).scheme in ("http", "https", "ws", "wss") and urlsplit(it).netloc != there
    ] == []
