"""The Data Docs of a run are one page that tells all checks, loads nothing and names nobody."""

import re
from html import escape
from html.parser import HTMLParser
from pathlib import Path

import great_expectations.expectations as gxe
import polars as pl
import pytest

import toolkit
from tests.conftest import need
from tests.validation.test_audience_checks import audience_with
from toolkit.runs import Run
from toolkit.validation import Thresholds, check_audience, load_suite, write_data_docs

OWN = load_suite(
    "Odd <suite>",
    [
        gxe.ExpectColumnValuesToMatchRegex(column="customer", regex="exportable", mostly=0.9),
        gxe.ExpectColumnValuesToBeBetween(column="customer", min_value=18),
        gxe.ExpectColumnValuesToNotBeNull(column="Nowhere"),
        gxe.ExpectTableRowCountToBeBetween(min_value=1, description="somebody"),
    ],
)


@pytest.fixture
def page(tmp_path: Path) -> str:
    audience = audience_with(
        **{"VIP <b>": {"exportable": 5, "missing_identifier": 3, "invalid_identifier": 2}, "Empty": {}}
    )
    results = check_audience(audience, Thresholds(), own=[OWN], last_sizes={"VIP <b>": 100})
    return write_data_docs(results, tmp_path, title="Checks of <i>").read_text()


@pytest.fixture
def run(workspace: toolkit.Workspace) -> Run:
    workspace.checks.add(
        "Own",
        [
            gxe.ExpectColumnValuesToMatchRegex(column="EMail", regex="company", severity="warning"),
            gxe.ExpectColumnValuesToMatchRegex(column="customer", regex="X", severity="warning"),
        ],
    )
    return workspace.runs.start("Nightly").raise_for_status()


def test_every_segment_and_suite_is_told(page: str) -> None:
    headings = re.findall("<h2[^>]*>(.*?)</h2>", page)
    assert headings == [
        "The export: built in",
        "All segments: built in",
        "Segment VIP &lt;b&gt;: built in",
        "Segment VIP &lt;b&gt;: Odd &lt;suite&gt;",
        "Segment Empty: built in",
        "Segment Empty: Odd &lt;suite&gt;",
    ]
    assert "<b>" not in page.replace("</b>", "")
    assert "a column &#39;Nowhere&#39; in the profiles" in page
    assert "somebody" in page


SCRIPTS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "a</td><svg onload=alert(1)>",
    "$x <b onclick=y>",
]


@pytest.mark.parametrize("column", SCRIPTS)
def test_the_name_of_a_column_is_text(column: str, tmp_path: Path) -> None:
    suite = load_suite(
        column,
        [
            gxe.ExpectColumnValuesToNotBeNull(column=column),
            gxe.ExpectColumnValuesToBeInSet(column="customer", value_set=[column]),
            gxe.ExpectColumnPairValuesToBeEqual(column_A="customer", column_B=column),
            gxe.ExpectColumnValuesToNotBeNull(column="customer", description=column),
            gxe.ExpectColumnValuesToMatchRegex(column="customer", regex=column.replace("$", "")),
        ],
    )
    audience = audience_with(**{column: {"exportable": 5, "missing_identifier": 3}})
    profiles = pl.DataFrame({"CustomerId": ["1"], column: ["x"]})
    profiles.write_parquet(tmp_path / "profiles.parquet")
    results = check_audience(
        audience,
        Thresholds(),
        own=[suite],
        profiles=toolkit.Profiles(location=str(tmp_path / "profiles.parquet"), key="CustomerId"),
    )
    page = write_data_docs(results, tmp_path, title=column).read_text()
    assert acting_parts(page) == []
    assert escape(column.split("<")[1], quote=False) in page


class _Acting(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.found += [tag] if tag in ("script", "img", "svg", "iframe", "object") else []
        self.found += [name for name, _ in attributes if name.startswith("on")]


def acting_parts(page: str) -> list[str]:
    """Return what of a page would run or load something."""
    parser = _Acting()
    parser.feed(page)
    return parser.found


def test_it_loads_nothing(page: str) -> None:
    assert [it for it in re.findall(r"""(?:src|href)\s*=\s*["']?([^"'\s>]+)""", page) if not it.startswith("#")] == []
    assert re.findall(r"https?:|//[a-z]|@import|url\(|<script|<link|<iframe", page) == []


def test_no_customer_key_stands_in_it(page: str) -> None:
    assert re.findall(r"VIP &lt;b&gt;-[a-z_]+-\d|VIP <b>-", page) == []


@pytest.mark.browser
def test_it_shows_itself_where_there_is_no_network(run: Run) -> None:
    from playwright.sync_api import Request, sync_playwright

    asked: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.url)

    assert run.data_docs is not None
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=need("chromium"),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        context = browser.new_context(offline=True)
        opened = context.new_page()
        problems: list[str] = []
        opened.on("request", note)
        opened.on("pageerror", lambda error: problems.append(str(error)))
        opened.goto(run.report.as_uri())
        opened.get_by_role("link", name="Full validation results").click()
        opened.wait_for_url(run.data_docs.as_uri())
        opened.get_by_text("Full validation results, in the words").click()
        assert opened.get_by_role("heading", name="Segment All: Own").is_visible()
        assert opened.get_by_text("p•••@m•••.example").first.is_visible()
        assert not opened.get_by_text("Show more").first.is_visible()
        browser.close()
    assert asked == [run.report.as_uri(), run.data_docs.as_uri()]
    assert problems == []


def test_it_lies_beside_the_report_of_each_run_and_goes_with_it(run: Run) -> None:
    assert run.data_docs == run.folder / "checks.html"
    assert 'href="checks.html"' in run.report.read_text()
    assert "mail.example" not in run.data_docs.read_text()
    assert re.findall(r"\bC\d{3}\b", run.data_docs.read_text() + run.report.read_text()) == []


def test_whose_rows_failed_is_kept_beside_it(run: Run) -> None:
    found = run.unexpected
    assert found["check"].unique().sort().to_list() == [
        "Own: column values to match regex (EMail)",
        "Own: column values to match regex (customer)",
    ]
    assert found["customer"].n_unique() == 100
    assert found.height == 200


def test_a_run_that_all_checks_pass_keeps_nobody(workspace: toolkit.Workspace) -> None:
    done = workspace.runs.start("Nightly").raise_for_status()
    assert not (done.folder / "unexpected.parquet").exists()
    assert (done.unexpected.height, done.unexpected.columns) == (0, ["check", "segment", "customer"])
