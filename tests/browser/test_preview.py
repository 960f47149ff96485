"""A preview as a browser shows it: light and dark, narrow and wide, from a file and in JupyterLab."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

import toolkit
from tests.browser.conftest import Checkout, Notebook, Picture, Server
from tests.conftest import Tables

pytestmark = pytest.mark.browser

# The least contrast between a text and what is behind it, over all texts of the preview (WCAG 2).
CONTRAST = """root => {
  const channels = colour => {
    const found = colour.match(/[\\d.]+/g).map(Number);
    // A mixed colour is told in parts of one.
    return colour.startsWith("color(srgb") ? [...found.slice(0, 3).map(it => it * 255), ...found.slice(3)] : found;
  };
  const light = ([r, g, b]) => {
    const part = it => (it /= 255) <= 0.04045 ? it / 12.92 : ((it + 0.055) / 1.055) ** 2.4;
    return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  };
  const behind = it => {
    for (; it; it = it.parentElement) {
      const [r, g, b, a = 1] = channels(getComputedStyle(it).backgroundColor);
      if (a > 0.9) return [r, g, b];
    }
    return [255, 255, 255];
  };
  const contrast = it => {
    const style = getComputedStyle(it);
    const [one, other] = [light(channels(it.tagName === "text" ? style.fill : style.color)), light(behind(it))];
    return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
  };
  return Math.min(...[...root.querySelectorAll("p, th, td, h3, svg text")].map(contrast));
}"""


@pytest.fixture
def two_segments(workspace: toolkit.Workspace, tables: Tables) -> toolkit.Workspace:
    tables.write(segments={"Half": [f"C{number:03}" for number in range(50)]})
    for _ in range(2):
        workspace.runs.start("Nightly").raise_for_status()
    return workspace


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_is_read_in_any_theme_and_width_and_asks_the_network_for_nothing(
    scheme: str, two_segments: toolkit.Workspace, browser: Browser, tmp_path: Path, picture: Picture
) -> None:
    file = two_segments.preview(["All", "Half"], email_column="EMail").to_html(tmp_path / "preview.html")
    context = browser.new_context(color_scheme=scheme, viewport={"width": 1200, "height": 900})  # type: ignore[arg-type]
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(file.as_uri())
    picture(page.locator("body"), f"preview-page-{scheme}")
    assert asked == [file.as_uri()]
    assert page.locator("svg").count() == 3
    assert page.locator("body").evaluate(CONTRAST) >= 4.5
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (background == "rgb(255, 255, 255)") == (scheme == "light")
    for width in (1200, 420):
        page.set_viewport_size({"width": width, "height": 900})
        # What is wider than the page scrolls in its own frame, and a picture shrinks.
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        assert all(it.bounding_box()["width"] <= width for it in page.locator("svg").all())  # type: ignore[index]
    context.close()


_THEMES = "@jupyterlab/apputils-extension:themes"


@pytest.fixture
def dark_lab(lab: Server) -> Iterator[Server]:
    lab.set(_THEMES, theme="JupyterLab Dark")
    yield lab
    lab.set(_THEMES)


def test_it_is_read_in_a_dark_notebook_and_an_error_is_two_sentences(
    checkout: Checkout, dark_lab: Server, open_notebook: Callable[..., Notebook], picture: Picture
) -> None:
    cells = [
        f"import toolkit; workspace = toolkit.open_workspace({str(checkout.workspace().path)!r})",
        "workspace.preview(['High value', 'Lapsed 12 months'], email_column='EMail', columns=['City'])",
        "workspace.preview('High value', email_column='Email')",
    ]
    notebook = open_notebook(dark_lab, dark_lab.write(checkout.path / "preview.ipynb", cells))
    notebook.run_all()
    page = notebook.page
    assert page.locator("body").get_attribute("data-jp-theme-light") == "false"
    shown = notebook.output(1).locator(".toolkit-preview")
    assert shown.locator("svg").count() == 2
    picture(shown, "preview-dark-lab")
    assert shown.evaluate(CONTRAST) >= 4.5
    told = notebook.output(2).inner_text()
    assert "DataError: There is no column 'Email'" in told
    assert "name what is meant" in told
    assert "Traceback" not in told
    picture(notebook.output(2), "preview-error")
