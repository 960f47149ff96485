"""Text becomes HTML in one place, which escapes it."""

import ast
import re
from pathlib import Path

import polars as pl

from toolkit.display import html_table
from toolkit.markup import markup, sanitized, trusted

PACKAGE = Path(__file__).parents[1] / "toolkit"
SCRIPT = "<img src=x onerror=alert(1)>"


def test_values_are_escaped_and_made_html_is_not() -> None:
    inner = markup("<b>{text}</b>", text=SCRIPT)
    assert markup("<p title='{text}'>{inner}</p>", text="a'b", inner=inner) == (
        "<p title='a&#39;b'><b>&lt;img src=x onerror=alert(1)&gt;</b></p>"
    )
    assert markup("<p>{it}</p>", it=trusted("<i>x</i>")) == "<p><i>x</i></p>"


def test_what_acts_is_shown_as_text() -> None:
    given = f"<p class='x' onclick='y()'>{SCRIPT}<a href='javascript:z()'>1</a></p>"
    assert sanitized(given) == '<p class="x">&lt;img src=x onerror=alert(1)&gt;<a>1</a></p>'


def test_a_table_escapes_names_and_values() -> None:
    table = html_table(pl.DataFrame({SCRIPT: [SCRIPT]}), title=SCRIPT, subtitle=SCRIPT)
    assert "<img" not in table


def test_no_html_is_put_together_elsewhere() -> None:
    found = [
        f"{path.relative_to(PACKAGE)}:{node.lineno}"
        for path in sorted(PACKAGE.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.JoinedStr)
        and re.search(r"</?[a-z][a-z0-9]*[ >]", "".join(it.value for it in node.values if isinstance(it, ast.Constant)))
    ]
    assert found == []


def test_no_template_is_left_unescaped() -> None:
    inside = "\n".join(it.read_text() for it in PACKAGE.rglob("*.py") if it.name != "markup.py")
    # The templates of Great Expectations escape nothing; what they make is sanitized.
    assert re.findall(r"autoescape|Environment\(", inside) == []
    named = [it for it in PACKAGE.rglob("*.html") if re.search(r"\{\{ *\w+(\.\w+)* *\| *safe", it.read_text())]
    assert named == []
