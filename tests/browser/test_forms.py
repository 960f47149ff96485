"""The forms, in a real JupyterLab, by mouse and keyboard."""

import hashlib
import json
import re
from collections.abc import Callable, Iterator

import polars as pl
import pytest
from playwright.sync_api import Page, expect

import toolkit
from tests.browser.conftest import Checkout, Notebook, Picture, Server
from tests.conftest import connect, save_nightly
from toolkit.sandbox import Call, Fault, Sandbox, start
from toolkit.widgets.language import Words

pytestmark = pytest.mark.browser

LANGUAGE = "@jupyterlab/translation-extension:plugin"
WIDGETS = "@jupyter-widgets/jupyterlab-manager:plugin"
ADDRESS = re.compile(r"[\w.+-]+@mail\.example")

Open = Callable[..., Notebook]


@pytest.fixture(params=["en", "nl"])
def words(lab: Server, request: pytest.FixtureRequest) -> Iterator[Words]:
    """What the forms say in the language to which somebody set JupyterLab."""
    lab.set(LANGUAGE, locale={"en": "default", "nl": "nl_NL"}[request.param])
    yield Words(request.param)
    lab.set(LANGUAGE, locale="default")


@pytest.fixture
def nightly(checkout: Checkout, criteo: Sandbox) -> toolkit.Workspace:
    """A workspace with an export ``Nightly`` of three segments."""
    workspace = checkout.workspace()
    connect(workspace, criteo)
    save_nightly(workspace, segments=list(workspace.segments))
    return workspace


def identifiers(count: int) -> set[str]:
    return {hashlib.sha256(f"person{number}@mail.example".encode()).hexdigest() for number in range(count)}


def what_criteo_holds(criteo: Sandbox) -> dict[str, set[str]]:
    return {it.name: criteo.identifiers(it.id) for it in criteo.lists()}


def what_it_should_hold(checkout: Checkout) -> dict[str, set[str]]:
    shares = {"High value": 4, "Lapsed 12 months": 2, "Newsletter subscribers": 1}
    return {name: identifiers(checkout.members // share) for name, share in shares.items()}


def press(page: Page, button: str) -> None:
    page.get_by_role("button", name=button, exact=True).click()


def problem_at(page: Page, label: str) -> str:
    """What the form says at the field of this label."""
    field = page.locator(".toolkit-field").filter(has=page.get_by_label(label, exact=True))
    return field.get_by_role("alert").inner_text()


class TestNewcomer:
    """From a fresh checkout to the history of the first run."""

    @pytest.mark.one_case
    def test_the_whole_way(
        self, lab: Server, checkout: Checkout, open_notebook: Open, words: Words, criteo: Sandbox, picture: Picture
    ) -> None:
        say, language = words.say, words.language
        notebook = open_notebook(lab, checkout.path / "notebooks" / "01_connections.ipynb")
        notebook.run_all()
        self.connect_by_keyboard(notebook.page, words, criteo)
        picture(notebook.page, f"connection-{language}")

        notebook = open_notebook(lab, checkout.path / "notebooks" / "03_exports.ipynb", height=1800)
        notebook.run_all()
        page = notebook.page
        press(page, say("Save"))
        assert say("This must be filled in.") in problem_at(page, say("Display name"))
        page.get_by_label(say("Display name"), exact=True).fill("Nightly")
        # The column that holds addresses is proposed, with a masked example.
        proposed = page.get_by_label(say("Email"), exact=True).locator("option:checked")
        expect(proposed).to_have_text(re.compile(r"^EMail:\sp•"))
        page.get_by_label(say("Advertiser ID"), exact=True).select_option("Fietsfabriek Noord (2711)")
        page.get_by_role("button", name=re.compile(rf"^3\. {say('Segments')}")).click()
        chosen = page.get_by_role("group", name=say("Select the segments you want to export"), exact=True)
        for segment in list(checkout.workspace().segments):
            chosen.get_by_label(segment).check()
        expect(page.get_by_text(say("Within the limit"))).to_be_visible()
        expect(page.get_by_text("200", exact=True).first).to_be_visible()
        press(page, say("Save"))
        expect(page.get_by_text(say("It did not run."))).to_be_visible()
        picture(page, f"export-{language}")
        assert criteo.lists() == []

        notebook = open_notebook(lab, checkout.path / "notebooks" / "04_run_and_history.ipynb", height=1800)
        notebook.run_all()
        page = notebook.page
        criteo.fail(Fault.SLOW, calls=Call.AMEND, seconds=4, after=1, times=1)
        press(page, say("Run"))
        bar = page.get_by_role("progressbar", name=say("Progress of the run"))
        step = say("Sending")
        expect(page.get_by_text(re.compile(rf"{step}: \d+ .* 350 "))).to_be_visible()
        part = float(bar.get_attribute("value") or 0)
        picture(page, f"running-{language}")
        over = say("The run is over: {outcome}.", outcome=say("Successful, with warnings"))
        expect(page.get_by_text(over).first).to_be_visible()
        assert 0 < part < float(bar.get_attribute("value") or 0)
        press(page, say("Show the whole report"))
        expect(
            page.frame_locator("iframe").get_by_role("heading", name=f"Nightly: {say('successful')}")
        ).to_be_visible()
        picture(page, f"report-{language}")
        assert what_criteo_holds(criteo) == what_it_should_hold(checkout)

        notebook.save()
        page.reload()
        notebook.ready()
        notebook.run_all()
        page.get_by_role("cell", name="Nightly").click()
        expect(page.get_by_text(re.compile(rf"Nightly, .+: ✓ {say('Successful, with warnings')}")).last).to_be_visible()
        # Of one run there is nothing to draw.
        expect(page.get_by_role("img", name=say("Size of the lists"))).to_have_count(0)
        picture(page, f"history-{language}")

    def connect_by_keyboard(self, page: Page, words: Words, criteo: Sandbox) -> None:
        """Fill the form with the keyboard alone; its order is that of reading."""
        say, keyboard = words.say, page.keyboard
        page.get_by_label(say("Display name"), exact=True).focus()
        keyboard.type("Sandbox")
        for label, keys in (
            (say("Administrators"), ""),
            (say("Contributors"), ""),
            (say("I agree"), " "),
            (say("Address"), ""),
            (say("Client ID"), ""),
            (say("Client secret"), criteo.client_secret),
        ):
            keyboard.press("Tab")
            expect(page.get_by_label(label, exact=True).first).to_be_focused()
            if keys == " ":
                keyboard.press("Space")
            else:
                keyboard.type(keys)
        secret = page.get_by_label(say("Client secret"), exact=True)
        assert secret.get_attribute("type") == "password"
        keyboard.press("Tab")
        expect(page.get_by_role("button", name=say("Authenticate with Criteo"))).to_be_focused()
        keyboard.press("Enter")
        expect(page.get_by_role("cell", name="Fietsfabriek Noord")).to_be_visible()
        expect(secret).to_have_value("")
        keyboard.press("Tab")
        expect(page.get_by_label(say("Add yourself as export user"), exact=True)).to_be_focused()
        keyboard.press("Space")
        keyboard.press("Tab")
        expect(page.get_by_role("button", name=say("Save"), exact=True)).to_be_focused()
        keyboard.press("Enter")
        expect(page.get_by_text(say("Connection {name} is saved.", name="Sandbox"))).to_be_visible()


def test_a_wrong_secret_is_told_in_two_sentences_and_stands_in_no_saved_notebook(
    lab: Server, checkout: Checkout, open_notebook: Open, criteo: Sandbox
) -> None:
    lab.set(WIDGETS, saveState=True)
    notebook = open_notebook(lab, checkout.path / "notebooks" / "01_connections.ipynb")
    notebook.run_all()
    page = notebook.page
    page.get_by_label("Display name", exact=True).fill("Sandbox")
    page.get_by_label("I agree", exact=True).check()
    page.get_by_label("Client secret", exact=True).fill("wrong-and-told-to-nobody")
    # With the secret standing in its field.
    saved = notebook.save()
    assert "Display name" in json.dumps(json.loads(saved)["metadata"]["widgets"])
    assert "wrong-and-told-to-nobody" not in saved
    press(page, "Authenticate with Criteo")
    expect(page.get_by_role("alert").filter(has_text="Criteo").first).to_be_visible()
    expect(page.get_by_label("Client secret", exact=True)).to_have_value("")
    assert "Traceback" not in page.content()
    saved = notebook.save()
    assert "wrong-and-told-to-nobody" not in saved


def test_a_removed_column_is_told_at_its_field_and_by_the_run(
    lab: Server, checkout: Checkout, open_notebook: Open, nightly: toolkit.Workspace
) -> None:
    pl.read_parquet(checkout.profiles).rename({"EMail": "Mail"}).write_parquet(checkout.profiles)
    cells = [
        "import toolkit; from toolkit.widgets import ExportForm, RunPanel; w = toolkit.open_workspace('../workspace')",
        "ExportForm(w, 'Nightly')",
        "RunPanel(w, 'Nightly')",
    ]
    notebook = open_notebook(lab, lab.write(checkout.path / "notebooks" / "try.ipynb", cells))
    notebook.run_all()
    page = notebook.page
    assert "no column EMail" in problem_at(page, "Email")
    press(page, "Run")
    expect(page.get_by_text("What to do:")).to_be_visible()
    expect(page.get_by_text("✗ Failed")).to_be_visible()
    assert "Traceback" not in page.content()


def test_a_sandbox_that_is_down_is_told_with_what_to_do(lab: Server, checkout: Checkout, open_notebook: Open) -> None:
    workspace = checkout.workspace()
    with start() as passing:
        connect(workspace, passing)
    cells = [
        "import toolkit; from toolkit.widgets import ConnectionsList; w = toolkit.open_workspace('../workspace')",
        "ConnectionsList(w)",
    ]
    notebook = open_notebook(lab, lab.write(checkout.path / "notebooks" / "try.ipynb", cells))
    notebook.run_all()
    page = notebook.page
    page.get_by_role("cell", name="Sandbox").click()
    press(page, "Test")
    expect(page.get_by_role("alert")).to_contain_text("Check the network")
    assert passing.url in page.get_by_role("alert").inner_text()
    assert "Traceback" not in page.content()


def test_a_run_outlives_its_kernel(
    lab: Server,
    checkout: Checkout,
    open_notebook: Open,
    nightly: toolkit.Workspace,
    criteo: Sandbox,
) -> None:
    cells = [
        "import toolkit; from toolkit.widgets import RunPanel; w = toolkit.open_workspace('../workspace')",
        "RunPanel(w, 'Nightly')",
        "6 * 7",
    ]
    notebook = open_notebook(lab, lab.write(checkout.path / "notebooks" / "try.ipynb", cells))
    notebook.run_all()
    page = notebook.page
    criteo.fail(Fault.SLOW, calls=Call.AMEND, seconds=25, after=1, times=1)
    press(page, "Run")
    expect(page.get_by_text(re.compile(r"Sending: [1-9]\d* of \d+ identifiers"))).to_be_visible()
    # The kernel answers meanwhile.
    notebook.run(2)
    expect(notebook.output(2)).to_contain_text("42")
    expect(page.get_by_role("button", name="Cancel the run")).to_be_visible()

    notebook.restart_kernel()
    notebook.run_all()
    # It is found, with how far it is, and nothing is to be resumed.
    expect(
        page.get_by_text(re.compile(r"Sending: [1-9]\d* of \d+ identifiers"))
        .or_(page.get_by_text("✓ Successful"))
        .first
    ).to_be_visible()
    expect(page.get_by_text("✓ Successful").first).to_be_visible()
    assert nightly.runs.frame.filter(~pl.col("dry_run"))["status"].to_list() == ["successful"]
    assert what_criteo_holds(criteo) == what_it_should_hold(checkout)
