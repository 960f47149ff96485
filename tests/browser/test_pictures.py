"""The pictures of the README and of the documentation, taken on the sample as a person goes through it.

``make pictures`` keeps them. Each page is seen in both themes; the last of them does what changes the workspace.
"""

import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import pytest
from nacl.signing import SigningKey
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

import toolkit
from tests.browser.conftest import SECONDS, Notebook, Picture, Server, served
from tests.conftest import need
from toolkit.app import served_with
from toolkit.lab import NO_CALLS_OUT
from toolkit.project import Project, make_project, sample_tables
from toolkit.sandbox import Sandbox
from toolkit.state.folder import WorkspaceFolder
from toolkit.state.models import RunRecord

pytestmark = [pytest.mark.browser, pytest.mark.one_case]

Theme = Literal["light", "dark"]
THEMES: tuple[Theme, ...] = ("light", "dark")
NIGHTS = 5
SHARP = 1.5
PEOPLE = ("gernot.schulz@example.com", "kimjohnson@example.org")
LAB_THEMES = "@jupyterlab/apputils-extension:themes"


@dataclass(frozen=True)
class Shop:
    """A project with the sample, the application that shows it, and the workspace as the person has it."""

    server: Server
    project: Project
    criteo: Sandbox

    @property
    def workspace(self) -> toolkit.Workspace:
        return toolkit.open_workspace(self.project.workspace)


Open = Callable[..., Page]


@pytest.fixture(scope="module")
def _person(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Anna, who has a folder and a key of her own."""
    home = tmp_path_factory.mktemp("anna")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("LOGNAME", "USER"):
            patch.setenv(name, "anna")
        patch.setenv("TOOLKIT_MEMORY", str(home / "memory"))
        yield home


@pytest.fixture(scope="module")
def _shop(_person: Path, _criteo_process: Sandbox) -> Iterator[Shop]:
    need("chromium")
    _criteo_process.reset()
    project = Project(_person / "project")
    key = project.path / "home of notebooks" / "key"
    key.parent.mkdir(parents=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TOOLKIT_KEY_FILE", str(key))
        make_project(project.path, sample=True)
    for segment in project.path.rglob("VIP*.parquet"):
        # Its name is for file systems; few machines have letters for all of it.
        segment.rename(segment.with_name("VIP.parquet"))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = f"--port={free.getsockname()[1]}"
    command = [sys.executable, "-m", "toolkit.app", str(project.notebooks), "--no-browser", port, "--Voila.token"]
    address = r"(http://(?:localhost|127\.0\.0\.1):\d+/)"
    environment = {"TOOLKIT_SANDBOX_URL": _criteo_process.url, **served_with()}
    for server in served(command, folder=project.notebooks, address=address, **environment):
        yield Shop(server, project, _criteo_process)


@pytest.fixture
def shop(_shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """The project of a newcomer; the test has the key of whoever works in it."""
    monkeypatch.setenv("TOOLKIT_KEY_FILE", str(_shop.server.key))
    monkeypatch.setenv("TOOLKIT_MEMORY", str(_shop.project.path.parent / "memory"))
    return _shop


@pytest.fixture
def busy(shop: Shop) -> Shop:
    """The same with colleagues, a connection, and two exports that ran on five nights."""
    workspace = shop.workspace
    if "Nightly" in workspace.exports:
        return shop
    criteo = {"client_id": shop.criteo.client_id, "client_secret": shop.criteo.client_secret}
    workspace.connections.connect("Criteo", host=shop.criteo.url, i_agree=True, **criteo)
    options = {"connection": "Criteo", "advertiser_id": "2711", "email_column": "EMail"}
    segments = ["High value", "Newsletter subscribers", "Lapsed 12 months"]
    night = toolkit.Schedule.daily("02:00", time_zone="Europe/Amsterdam")
    workspace.exports.save("Nightly", segments=segments, schedule=night, **options)  # type: ignore[arg-type]
    workspace.exports.save("VIP weekly", segments=["VIP*"], schedule=night, **options)  # type: ignore[arg-type]
    for night in reversed(range(NIGHTS)):
        tables = sample_tables(shop.project, day=1 + night % 2)
        workspace.read_from(profiles=tables.profiles, segments=tables.segments)
        for export in workspace.exports:
            set_back(workspace, workspace.runs.start(export).raise_for_status(), days=night)
    for name, role in (("bert", "contributor"), ("chloé", "viewer"), ("night job", "contributor")):
        key = SigningKey.generate().verify_key.encode().hex()
        workspace.people.add(name, public_key=key, role=role)
    # Tables of a new day, which the next run sends.
    tables = sample_tables(shop.project, day=2)
    workspace.read_from(profiles=tables.profiles, segments=tables.segments)
    workspace.refreshes.start()
    return shop


def set_back(workspace: toolkit.Workspace, run: toolkit.Run, *, days: int) -> None:
    """Let a run have been on an earlier night."""
    with WorkspaceFolder.open(workspace.path).session() as session, session.begin():
        record = session.get_one(RunRecord, run.id)
        night = datetime.now(UTC).replace(hour=1, minute=0, second=0) - timedelta(days=days)
        assert record.finished_at is not None
        record.started_at, record.finished_at = night, night + (record.finished_at - record.started_at)


def themed(browser: Browser, theme: Theme, *, width: int, height: int) -> BrowserContext:
    return browser.new_context(
        color_scheme=theme, viewport={"width": width, "height": height}, device_scale_factor=SHARP
    )


@pytest.fixture
def open_page(shop: Shop, browser: Browser) -> Iterator[Open]:
    """Open a page of the application in a theme, once its forms are there."""
    contexts = []

    def opened(file: str, theme: Theme, *, width: int = 1000) -> Page:
        context = themed(browser, theme, width=width, height=2400)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(60 * SECONDS)
        # At once: the first page goes on to another by itself, and would take this one with it.
        page.goto(f"{shop.server.url}voila/render/{file}.ipynb?theme={theme}&token={shop.server.token}")
        expect(page.locator(".toolkit-form h2").first).to_be_visible()
        return page

    yield opened
    for context in contexts:
        context.close()


def form(page: Page, number: int = 0) -> Locator:
    """Return a form of a page, once it is there."""
    found = page.locator(".toolkit-form").nth(number)
    expect(found).to_be_visible()
    return found


def press(within: Page | Locator, button: str) -> None:
    within.get_by_role("button", name=button, exact=True).click()


def fill(within: Page | Locator, label: str, value: str) -> None:
    field = within.get_by_label(label, exact=True)
    field.fill(value)
    field.press("Tab")


@pytest.mark.parametrize("theme", THEMES)
def test_tables_are_looked_at(theme: Theme, shop: Shop, open_page: Open, picture: Picture) -> None:
    page = open_page("00_start", theme)
    press(page, "Read other tables")
    press(page, "Look at the tables")
    expect(page.get_by_label("Customer key in the profiles")).to_have_value("CustomerId")
    picture(form(page, 1), f"tables-{theme}")


@pytest.mark.parametrize("theme", THEMES)
def test_a_connection_is_made(theme: Theme, shop: Shop, open_page: Open, picture: Picture) -> None:
    page = open_page("01_connections", theme)
    fill(page, "Display name", "Criteo")
    page.get_by_label("I agree", exact=True).check()
    fill(page, "Client secret", shop.criteo.client_secret)
    press(page, "Authenticate with Criteo")
    expect(page.get_by_role("cell", name="Fietsfabriek Noord")).to_be_visible()
    picture(form(page), f"connect-{theme}")


@pytest.mark.parametrize("theme", THEMES)
def test_a_segment_is_drafted(theme: Theme, shop: Shop, open_page: Open, picture: Picture) -> None:
    page = open_page("05_build_segments", theme)
    fill(page, "Name", "Netherlands")
    fill(page, "Condition", "Country = 'Netherlands'")
    press(page, "See its size")
    expect(page.get_by_text("Nothing is saved yet.")).to_be_visible()
    picture(form(page), f"segment-{theme}")


@pytest.mark.parametrize("theme", THEMES)
def test_the_start_shows_each_export(theme: Theme, busy: Shop, open_page: Open, picture: Picture) -> None:
    page = open_page("00_start", theme)
    expect(page.get_by_role("cell", name="VIP weekly")).to_be_visible()
    picture(page, f"start-{theme}", height=1020)


@pytest.mark.parametrize("theme", THEMES)
def test_an_audience_is_previewed(theme: Theme, busy: Shop, open_page: Open, picture: Picture) -> None:
    page = open_page("02_preview_a_segment", theme, width=1120)
    press(page, "Show the preview")
    expect(page.get_by_role("img").first).to_be_visible()
    picture(form(page), f"preview-{theme}", height=1150)


@pytest.mark.parametrize("theme", THEMES)
def test_an_export_is_configured(theme: Theme, busy: Shop, open_page: Open, picture: Picture) -> None:
    page = open_page("03_exports", theme, width=1200)
    fill(page, "Display name", "Newsletter")
    page.get_by_label("Advertiser ID", exact=True).select_option("Fietsfabriek Noord (2711)")
    press(page, "3. Segments")
    page.get_by_label("Newsletter subscribers").first.check()
    expect(page.get_by_role("img", name="From members to exportable")).to_be_visible()
    picture(form(page), f"export-{theme}")
    press(page, "5. Schedule")
    picture(form(page), f"schedule-{theme}")


@pytest.mark.parametrize("theme", THEMES)
def test_a_run_and_the_history_are_shown(theme: Theme, busy: Shop, open_page: Open, picture: Picture) -> None:
    page = open_page("04_run_and_history", theme)
    expect(form(page).get_by_text("Successful").first).to_be_visible()
    picture(form(page), f"run-{theme}")
    # They were drawn while the page was made.
    expect(form(page, 1).get_by_role("img").first).to_be_visible()
    form(page, 1).get_by_label("Export", exact=True).select_option("Nightly")
    expect(form(page, 1).get_by_role("cell", name="VIP weekly")).to_have_count(0)
    expect(form(page, 1).get_by_role("button", name="Refresh", exact=True)).to_be_enabled()
    expect(form(page, 1).get_by_role("img").first).to_be_visible()
    picture(form(page, 1), f"history-{theme}", height=1100)


@pytest.mark.parametrize("theme", THEMES)
def test_the_report_is_read(theme: Theme, busy: Shop, browser: Browser, picture: Picture) -> None:
    workspace = busy.workspace
    report = workspace.runs[workspace.runs.find("Nightly")["run"][0]].report
    context = themed(browser, theme, width=1200, height=900)
    page = context.new_page()
    page.goto(report.as_uri())
    picture(page.locator("body"), f"report-{theme}", height=1100)
    context.close()


@pytest.mark.parametrize("theme", THEMES)
def test_colleagues_are_let_in(theme: Theme, busy: Shop, open_page: Open, picture: Picture) -> None:
    page = open_page("07_people_and_audit", theme)
    picture(form(page), f"team-{theme}")


@pytest.mark.parametrize("theme", THEMES)
def test_health_is_shown(theme: Theme, busy: Shop, open_page: Open, picture: Picture) -> None:
    page = open_page("08_health", theme)
    picture(form(page), f"health-{theme}")


@pytest.mark.parametrize("theme", THEMES)
def test_an_audience_reaches_an_ad_set(theme: Theme, busy: Shop, open_page: Open, picture: Picture) -> None:
    page = open_page("09_audiences", theme)
    fill(page, "Name", "Best customers")
    page.get_by_role("group", name="In any of these segments").get_by_label("High value", exact=True).check()
    page.get_by_role("group", name="And in none of these").get_by_label("Lapsed 12 months", exact=True).check()
    press(page, "Save")
    expect(page.get_by_text("Nothing changed at Criteo.")).to_be_visible()
    press(page, "Compare with Criteo")
    expect(page.get_by_role("cell", name="create", exact=True)).to_be_visible()
    picture(form(page), f"audiences-{theme}")
    assert busy.criteo.audiences() == []
    press(page, "Apply")
    expect(page.get_by_text("Criteo has the audiences as they are declared.")).to_be_visible()
    press(page, "Find ad sets")
    page.get_by_label("Ad set", exact=True).select_option("Summer NL")
    press(page, "Link this audience")
    expect(page.get_by_text("It will target Best customers.")).to_be_visible()
    picture(form(page, 1), f"ad-sets-{theme}")
    page.get_by_role("button", name="Link this audience", exact=True).last.click()
    expect(page.get_by_text("targets 'Best customers' now")).to_be_visible()
    (held,) = busy.criteo.audiences()
    assert [it.name for it in busy.criteo.ad_sets() if it.audience_id == held.id] == ["Summer NL"]
    # As it was, for the other theme.
    at = {"connection": "Criteo", "advertiser_id": "2711"}
    busy.workspace.ad_sets.unlink("610001", held.id, **at)
    busy.workspace.audiences.remove("Best customers")
    busy.workspace.audiences.delete(held.id, **at)


@pytest.fixture(scope="module")
def own_lab(_shop: Shop) -> Iterator[Server]:
    command = [
        *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ServerApp.port=0"),
        *(f"--ServerApp.root_dir={_shop.project.path}", *NO_CALLS_OUT, "--ServerApp.token"),
    ]
    address = r"(http://(?:localhost|127\.0\.0\.1):\d+/)lab"
    yield from served(command, folder=_shop.project.path, address=address, TOOLKIT_KEY_FILE=str(_shop.server.key))


@pytest.mark.parametrize("theme", THEMES)
def test_an_export_is_previewed_in_a_notebook(
    theme: Theme, busy: Shop, own_lab: Server, open_notebook: Callable[..., Notebook], picture: Picture
) -> None:
    own_lab.set(LAB_THEMES, theme=f"JupyterLab {theme.capitalize()}")
    cells = [
        'import toolkit\n\nworkspace = toolkit.open_workspace("workspace")',
        'workspace.exports.preview("Nightly")',
    ]
    file = own_lab.write(busy.project.path / "segments.ipynb", cells)
    notebook = open_notebook(own_lab, file, width=1280, height=860)
    notebook.run_all()
    expect(notebook.output(1).get_by_role("img").first).to_be_visible()
    notebook.page.keyboard.press("Escape")
    notebook.cell(0).scroll_into_view_if_needed()
    picture(notebook.page, f"notebook-{theme}")


@pytest.mark.parametrize(("theme", "person"), list(zip(THEMES, PEOPLE, strict=True)))
def test_a_person_is_forgotten(theme: Theme, person: str, busy: Shop, open_page: Open, picture: Picture) -> None:
    page = open_page("06_suppression", theme)
    fill(form(page), "Identifier or key", person)
    form(page).get_by_role("checkbox").check()
    press(page, "Forget this person")
    expect(form(page).get_by_role("cell", name="removed").first).to_be_visible()
    picture(form(page), f"forget-{theme}")


@pytest.mark.parametrize("theme", THEMES)
def test_what_fails_needs_attention(theme: Theme, busy: Shop, open_page: Open, picture: Picture) -> None:
    workspace = busy.workspace
    options = {"connection": "Criteo", "advertiser_id": "2711", "email_column": "EMail"}
    workspace.exports.save("VIP weekly", segments=["VIP*"], thresholds={"limit_profiles": 1000}, **options)  # type: ignore[arg-type]
    workspace.runs.start("VIP weekly", trigger=toolkit.Trigger.SCHEDULE)
    page = open_page("00_start", theme)
    expect(page.get_by_text("Failed").first).to_be_visible()
    picture(page, f"attention-{theme}", height=780)
