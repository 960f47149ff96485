"""Who is in a form is told of buttons and boxes, and of no Python."""

import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

import toolkit
from tests.widgets.driving import press
from toolkit.criteo import CriteoClient
from toolkit.sandbox import Sandbox
from toolkit.translatable import CATALOGS, Text, sentences, shown
from toolkit.widgets import RunPanel
from toolkit.widgets.wording import SENTENCES, in_form

PYTHON = re.compile(
    r"workspace\.\w+|\w\(.*…\)|\b[a-z_]+=['\"\[{(]|\b[a-z_]+=(?:True|False)|`|--[a-z]|toolkit (?:run|schedule|workspace|refresh) [a-z]+"
)
QUOTED = re.compile(r"“([^”]+)”")

OF_NO_FORM = re.compile(
    r"--|`toolkit|`never|`preview|toolkit\.|key_as_text|key_normalization|format=|location=|Schedule\.|\{model\}|heartbeat"
    r"|workspace\.checks|workspace\.lists|workspace\.connections\.set_up\(name\)|accept_lost|timedelta|^None\.|keep_list|exports='detach'"
)
"""What a command says of its options, and what is said of values that are written in Python alone."""


def texts() -> dict[str, str]:
    """The Dutch of each English text."""
    with (CATALOGS / "nl" / "LC_MESSAGES" / "toolkit.po").open("rb") as file:
        return {it.id: str(it.string) for it in read_po(file) if isinstance(it.id, str)}


@pytest.mark.parametrize("sentence", SENTENCES.values())
def test_a_sentence_names_buttons_and_boxes_that_are_there(sentence: str) -> None:
    dutch = texts()
    assert not PYTHON.search(sentence)
    titles = re.findall(r"- ([A-Z][\w ]+): [\w/-]+\.md", Path("mkdocs.yml").read_text("utf-8"))
    for label in QUOTED.findall(sentence):
        if f"page “{label}” of the documentation" in sentence:
            assert label in titles
            continue
        (whole,) = {it for it in dutch if it == label} or {it for it in dutch if it.startswith(f"{label}: ")}
        assert f"“{dutch[whole].split(': ')[0]}”" in dutch[sentence]


def test_each_text_that_names_python_has_another_one_for_forms() -> None:
    named = {it for it in texts() if PYTHON.search(it) and not OF_NO_FORM.search(it)}
    assert named - SENTENCES.keys() == set()


def test_texts_that_nobody_writes_any_more_are_not_kept() -> None:
    assert SENTENCES.keys() <= texts().keys()


def test_parts_of_a_text_are_read_too() -> None:
    whole = sentences(
        [
            Text("Nothing was sent."),
            Text("If it is meant, run with allow=[{guards}].", guards="'emptied'"),
        ]
    )
    assert in_form(whole) == (
        "Nothing was sent. If it is meant, tick it under “Pass these guards knowingly” and run it again."
    )
    assert "“Deze grenzen bewust passeren”" in shown(in_form(whole), "nl")
    assert in_form("workspace.people.join()") == "workspace.people.join()"


def test_a_list_that_criteo_lost_a_member_of_is_sent_whole_by_its_box(
    workspace: toolkit.Workspace, criteo: Sandbox
) -> None:
    workspace.runs.start("Nightly").raise_for_status()
    (there,) = criteo.lists()
    before = criteo.identifiers(there.id)
    with CriteoClient(host=criteo.url, client_id=criteo.client_id, client_secret=criteo.client_secret) as client:
        client.remove(there.id, sorted(before)[:3])
    panel = RunPanel(workspace, "Nightly", language="en")
    panel.whole.value = True
    press(panel, panel.start)
    assert criteo.identifiers(there.id) == before
    assert panel.run is not None
    assert panel.whole.value is False
