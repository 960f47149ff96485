"""The notebooks as an application without code, through Voilà."""

from collections.abc import Callable, Iterator
from operator import itemgetter
from random import Random
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

import toolkit
from tests.browser.conftest import SECONDS, Checkout, Picture, Server
from tests.conftest import connect
from tests.long_form import one_of_each, seed
from toolkit.sandbox import Call, Fault, Sandbox
from toolkit.widgets.page_list import pages

pytestmark = pytest.mark.browser
WIDTHS = (360, 1280, 1920)
IN_BOTH_SCHEMES = [(it.file, scheme) for it in pages() for scheme in ("light", "dark")]
Open = Callable[..., Page]


@pytest.fixture
def open_page(app: Server, browser: Browser) -> Iterator[Open]:
    """Open a page of the application, with its token."""
    contexts = []

    def opened(file: str = "", *, scheme: str = "light", width: int = 1280) -> Page:
        context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 1400})  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(60 * SECONDS)
        # At once: the first page goes on to another by itself, and would take this one with it.
        place = f"voila/render/{file}?theme={scheme}&" if file else "?"
        page.goto(f"{app.url}{place}token={app.token}")
        return page

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture
def nightly(app: Server, criteo: Sandbox) -> toolkit.Workspace:
    """The workspace of the application, connected anew, with the export ``Nightly``."""
    workspace = Checkout(app.folder.parent, app.key).workspace()
    for name in list(workspace.exports):
        workspace.exports.remove(name)
    for name in list(workspace.connections):
        workspace.connections.remove(name)
    connect(workspace, criteo)
    workspace.exports.save(
        "Nightly",
        connection="Sandbox",
        advertiser_id="2711",
        email_column="EMail",
        segments=["Newsletter subscribers"],
        thresholds={"least_size": 0},
    )
    return workspace


def test_its_pages_work_without_code_and_ask_no_network_for_anything(
    app: Server, open_page: Open, browser: Browser, criteo: Sandbox
) -> None:
    stranger = browser.new_page()
    stranger.goto(f"{app.url}voila/render/01_connections.ipynb")
    assert urlsplit(stranger.url).path == "/login"
    stranger.close()

    page = open_page(width=360)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    # It opens on the start page, which says what to do first.
    page.wait_for_url("**/00_start.ipynb")
    bar = page.get_by_role("navigation")
    expect(bar.get_by_role("link")).to_have_text([it.title for it in pages()])
    expect(page.get_by_text("Add a connection to Criteo.")).to_be_visible()

    bar.get_by_role("link", name="Connections").click()
    page.get_by_label("Display name", exact=True).fill("Sandbox")
    page.get_by_label("I agree").check()
    page.get_by_label("Client secret").fill(criteo.client_secret)
    page.get_by_role("button", name="Authenticate with Criteo").click()
    expect(page.get_by_role("cell", name="Fietsfabriek Noord")).to_be_visible()
    page.get_by_label("Add yourself as export user").check()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Connection Sandbox is saved.")).to_be_visible()
    assert "import toolkit" not in page.content()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360

    page.get_by_role("navigation").get_by_role("link", name="Exports").click()
    expect(page.get_by_label("Connection for export")).to_have_value("Sandbox")
    assert asked
    assert {urlsplit(it).hostname for it in asked if it.startswith("http")} == {urlsplit(app.url).hostname}


def test_a_run_outlives_its_page(app: Server, open_page: Open, nightly: toolkit.Workspace, criteo: Sandbox) -> None:
    page = open_page("04_run_and_history.ipynb")
    criteo.fail(Fault.SLOW, calls=Call.AMEND, seconds=12, times=1)
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.get_by_text("You can close this page")).to_be_visible()
    expect(page.locator(".toolkit-log").get_by_text("Sending")).to_be_visible()
    page.get_by_role("navigation").get_by_role("link", name="Connections").click()
    expect(page.get_by_role("heading", name="Add connection")).to_be_visible()
    page.get_by_role("navigation").get_by_role("link", name="Run and history").click()
    # The run is found there, however far it is by now.
    expect(page.get_by_text("Nightly, ").first).to_be_visible()
    expect(page.get_by_text("✓ Successful").first).to_be_visible()
    assert nightly.runs.frame["status"].to_list() == ["successful"]
    (found,) = criteo.lists()
    assert len(criteo.identifiers(found.id)) == 200


def test_a_list_of_a_live_ad_set_is_emptied_only_by_its_own_box(
    open_page: Open, nightly: toolkit.Workspace, criteo: Sandbox
) -> None:
    # The Criteo of a test before, which is gone, had this list too.
    nightly.runs.start("Nightly", if_list_gone="remake").raise_for_status()
    (held,) = criteo.lists()
    nightly.audiences.save("Readers", '"Newsletter subscribers"', connection="Sandbox", advertiser_id="2711")
    nightly.audiences.apply().raise_for_status()
    nightly.ad_sets.link("610001", "Readers")
    nightly.segments.build("Nobody", where="CustomerId = 'nobody'")
    nightly.exports.save(
        "Beside",
        connection="Sandbox",
        advertiser_id="2711",
        email_column="EMail",
        segments=["Nobody"],
        lists={"Nobody": held.id},
        mode="replace",
    )
    page = open_page("04_run_and_history.ipynb")
    page.get_by_label("Export", exact=True).first.select_option("Beside")
    run = page.get_by_role("button", name="Run", exact=True)
    run.click()
    expect(page.get_by_text("1 live ad set targets list").first).to_be_visible()
    page.get_by_label("Emptied segment").check()
    run.click()
    # The history below the form has both runs that were stopped.
    expect(page.locator("option", has_text="Beside,")).to_have_count(2)
    expect(page.get_by_text("1 live ad set targets list").first).to_be_visible()
    assert nightly.runs.find("Beside")["status"].to_list() == ["failed", "failed"]
    assert len(criteo.identifiers(held.id)) == 200
    page.get_by_label("Emptied segment").check()
    page.get_by_label("Live campaign").check()
    run.click()
    expect(page.locator("option", has_text="Beside,")).to_have_count(3)
    assert nightly.runs[nightly.runs.find("Beside")["run"][0]].status is toolkit.RunStatus.SUCCESSFUL
    assert criteo.identifiers(held.id) == set()
    nightly.audiences.remove("Readers")
    nightly.exports.remove("Beside")
    nightly.segments.remove("Nobody")


def test_an_error_while_a_page_is_set_up_is_told_in_it(app: Server, open_page: Open) -> None:
    settings = app.folder.parent / "workspace" / "workspace.toml"
    away = settings.rename(settings.with_name("away.toml"))
    try:
        page = open_page("08_health.ipynb")
        expect(page.get_by_text("There is no workspace")).to_be_visible()
        assert "tracebacks" not in page.content()
        assert "Traceback" not in page.content()
    finally:
        away.rename(settings)


@pytest.mark.parametrize(("file", "scheme"), one_of_each(IN_BOTH_SCHEMES, itemgetter(0), Random(seed())))
def test_each_page_is_accessible_and_fits(
    file: str, scheme: str, open_page: Open, nightly: toolkit.Workspace, picture: Picture
) -> None:
    page = open_page(file, scheme=scheme)
    expect(page.locator(".toolkit-form h2").first).to_be_visible()
    if file.startswith("03"):
        page.get_by_role("button", name="3. Segments").click()
        page.get_by_label("Newsletter subscribers").first.check()
        expect(page.get_by_role("img", name="From members to exportable")).to_be_visible()
    found = Axe().run(page).response["violations"]
    assert [(it["id"], it["nodes"][0]["html"][:200]) for it in found] == []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 1400})
        picture(page, f"{file.removesuffix('.ipynb')}-{width}-{scheme}")
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_headline_of_the_preview_stays_in_sight(open_page: Open, nightly: toolkit.Workspace) -> None:
    page = open_page("03_exports.ipynb")
    page.get_by_role("button", name="3. Segments").click()
    page.get_by_label("Newsletter subscribers").first.check()
    headline = page.get_by_role("group", name="Preview")
    expect(headline.get_by_text("each counted once")).to_be_visible()
    page.set_viewport_size({"width": 1280, "height": 500})
    page.get_by_role("group", name="Never send members of these segments").scroll_into_view_if_needed()
    page.get_by_role("button", name="Save", exact=True).first.scroll_into_view_if_needed()
    place = headline.bounding_box()
    assert place is not None
    assert -1 <= place["y"] <= 60
    # A ring that is seen: 3 to 1 and more against the page.
    page.get_by_role("button", name="Next step").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    ring = page.get_by_role("button", name="Next step").evaluate("it => getComputedStyle(it).outline")
    assert "rgb(42, 130, 201)" in ring
    assert "2px" in ring
