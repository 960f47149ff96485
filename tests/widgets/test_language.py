"""All that people see is in English and Dutch, and every text that stands in the code is translated."""

import ast
import json
import re
import shutil
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import ClassVar

import pytest
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_keywords, parse_mapping_cfg
from babel.messages.pofile import read_po

import toolkit
from tests.raising import raises
from toolkit import translatable
from toolkit.bundled import NOTEBOOKS
from toolkit.errors import ErrorCode, family
from toolkit.widgets import ConnectionForm, ExportForm, RunPanel
from toolkit.widgets.language import Words, languages, words_for

LOCALE = Path(toolkit.__file__).parent / "locale"
WORD = re.compile(r"[A-Za-z]{2}")
LABELS = {
    "Connections": "Verbindingen",
    "Add connection": "Verbinding toevoegen",
    "Display name": "Weergavenaam",
    "Choose who can use this connection": "Kies wie deze verbinding kan gebruiken",
    "Administrators": "Beheerders",
    "Contributors": "Inzenders",
    "Data privacy and compliance": "Gegevensprivacy en naleving",
    "I agree": "Ik ga akkoord",
    "Connect": "Verbinden",
    "Authenticate with Criteo": "Verifiëren met Criteo",
    "Add yourself as export user": "Uzelf toevoegen als exportgebruiker",
    "Save": "Opslaan",
    "Exports": "Exports",
    "Add export": "Bestemming toevoegen",
    "Connection for export": "Verbinding voor export",
    "Data matching": "Gegevensvergelijking",
    "Email": "E-mail",
    "Advertiser ID": "Id van adverteerder",
    "Name": "Naam",
    "Select the segments you want to export": "Selecteer de segmenten die u wilt exporteren",
    "Scheduled refresh": "Geplande vernieuwing",
}


@cache
def texts() -> set[str]:
    """Every text that people see, as pybabel collects them from the code and the templates."""
    found: set[str] = set()
    with (LOCALE / "babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)
    keywords = {**DEFAULT_KEYWORDS, **parse_keywords(["say", "some:1,2", "mark"])}
    for folder in (LOCALE.parent, NOTEBOOKS):
        for *_, message, _comments, _context in extract_from_dir(folder, methods, options, keywords):
            found.add(message if isinstance(message, str) else message[0])
    return found


@pytest.mark.parametrize("language", [it for it in languages() if it != "en"])
def test_each_text_is_translated_and_nothing_else(language: str) -> None:
    with (LOCALE / language / "LC_MESSAGES" / "toolkit.po").open("rb") as file:
        catalog = read_po(file, locale=language)
    translated = {it.id if isinstance(it.id, str) else it.id[0]: it for it in catalog if it.id}
    assert set(translated) == texts()
    assert [it for it, message in translated.items() if not all(_strings(message.string)) or message.fuzzy] == []


@pytest.mark.parametrize("language", [it for it in languages() if it != "en"])
def test_a_translation_fills_in_what_the_english_text_does(language: str) -> None:
    with (LOCALE / language / "LC_MESSAGES" / "toolkit.po").open("rb") as file:
        for message in read_po(file, locale=language):
            fields = _fields("".join(_strings(message.id)))
            # What stands for one may leave out the number.
            assert all(_fields(it) | {"{count}"} >= fields >= _fields(it) for it in _strings(message.string)), (
                message.id
            )


def test_the_template_for_a_further_language_has_every_text() -> None:
    with (LOCALE / "toolkit.pot").open("rb") as file:
        known = {it.id if isinstance(it.id, str) else it.id[0] for it in read_po(file) if it.id}
    assert known == texts()


class TestGuard:
    """Sentences that are written anew are translatable."""

    SENTENCES: ClassVar = {"Notice": (1,), "Stop": (1, 2), "Finding": (3,)}
    """The calls that hold sentences, and at which places; those of errors are the first two."""

    @staticmethod
    def plain(node: ast.expr) -> bool:
        """Whether it is text with words in it, without a translation."""
        if isinstance(node, ast.IfExp):
            return TestGuard.plain(node.body) or TestGuard.plain(node.orelse)
        if isinstance(node, ast.JoinedStr):
            return any(TestGuard.plain(it) for it in node.values)
        return isinstance(node, ast.Constant) and isinstance(node.value, str) and bool(WORD.search(node.value))

    def test_errors_and_notices_are_translatable(self) -> None:
        errors = {it.__name__ for it in family()}
        left = []
        for path in Path(toolkit.__file__).parent.rglob("*.py"):
            for call in ast.walk(ast.parse(path.read_text())):
                if not isinstance(call, ast.Call):
                    continue
                name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
                places = (0, 1) if name in errors else self.SENTENCES.get(name, ())
                said = [call.args[it] for it in places if it < len(call.args)]
                said += [it.value for it in call.keywords if it.arg in ("what", "remedy")]
                left += [f"{path}:{it.lineno}" for it in said if self.plain(it)]
        assert left == []

    def test_plain_sentences_are_found(self) -> None:
        plain = ['"No export."', 'f"No export {name}."', '"No export." if here else name', 'f"{name} is gone"']
        assert all(self.plain(ast.parse(it, mode="eval").body) for it in plain)
        assert not any(self.plain(ast.parse(it, mode="eval").body) for it in ['_("No export.")', "said", '"."'])


@pytest.mark.parametrize(("english", "dutch"), LABELS.items())
def test_labels_are_those_of_customer_insights(english: str, dutch: str) -> None:
    assert Words("nl").say(english) == dutch
    assert Words("en").say(english) == english


@pytest.mark.usefixtures("run_here")
def test_the_forms_show_the_labels_of_their_language(workspace: toolkit.Workspace) -> None:
    form = ConnectionForm(workspace, language="nl")
    assert form.name.control.description == "Weergavenaam"
    assert form.secret.control.label == "Clientgeheim"
    export = ExportForm(workspace, "Nightly", language="nl")
    export.wait()
    assert export.segments.ticks["All"].description == "All: 100 leden"
    assert export.preview.message.text == "100 id's, hoogstens 1.000.000 zijn toegestaan."
    panel = RunPanel(workspace, language="nl")
    panel.dry.click()
    panel.wait()
    assert "✓ Geslaagd" in panel.report.short.value


def test_numbers_and_moments_are_written_as_the_language_does(monkeypatch: pytest.MonkeyPatch) -> None:
    moment = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
    assert [Words(it).number(12_345.5) for it in ("en", "nl")] == ["12,345.5", "12.345,5"]
    assert [Words(it).share(0.125) for it in ("en", "nl")] == ["12.5%", "12,5%"]
    assert "mei" in Words("nl").moment(moment)
    assert Words("nl").some("{count} member", "{count} members", 1) == "1 lid"


class TestChoosing:
    @pytest.fixture(autouse=True)
    def _clean(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("TOOLKIT_LANGUAGE", raising=False)
        monkeypatch.setenv("JUPYTERLAB_SETTINGS_DIR", str(tmp_path))

    @staticmethod
    def jupyterlab_speaks(folder: Path, setting: str) -> None:
        file = folder / "@jupyterlab" / "translation-extension" / "plugin.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(setting)

    def test_without_a_choice_it_is_english(self) -> None:
        assert words_for(None).language == "en"

    def test_it_is_the_language_that_jupyterlab_is_set_to(self, tmp_path: Path) -> None:
        self.jupyterlab_speaks(tmp_path, '{\n  // The interface language\n  "locale": "nl_NL",\n}')
        assert words_for(None).language == "nl"

    @pytest.mark.parametrize("setting", ['{"locale": "fr_FR"}', '{"locale": "default"}', "{}", "not json", '["nl"]'])
    def test_a_setting_that_says_nothing_of_use_is_english(self, tmp_path: Path, setting: str) -> None:
        self.jupyterlab_speaks(tmp_path, setting)
        assert words_for(None).language == "en"

    def test_the_environment_goes_before_jupyterlab_and_the_argument_before_both(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.jupyterlab_speaks(tmp_path, json.dumps({"locale": "nl_NL"}))
        monkeypatch.setenv("TOOLKIT_LANGUAGE", "en_US.UTF-8")
        assert words_for(None).language == "en"
        assert words_for("nl-BE").language == "nl"

    def test_a_language_that_is_named_and_not_there_is_an_error(self) -> None:
        with raises(ErrorCode.CONFIGURATION, names="fr"):
            words_for("fr")

    def test_a_third_language_is_a_file(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        catalogs = tmp_path / "locale"
        shutil.copytree(LOCALE, catalogs)
        (catalogs / "fr" / "LC_MESSAGES").mkdir(parents=True)
        (catalogs / "fr" / "LC_MESSAGES" / "toolkit.po").write_text('msgid "Save"\nmsgstr "Enregistrer"\n')
        monkeypatch.setattr(translatable, "CATALOGS", catalogs)
        assert words_for("fr").say("Save") == "Enregistrer"
        assert words_for("fr").say("Status") == "Status"


def _strings(text: str | tuple[str, ...] | list[str]) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text)


def _fields(text: str) -> set[str]:
    """Return what a text fills in, with how it is written; braces that are doubled are braces."""
    return set(re.findall(r"{[^{}]+}", re.sub(r"{{|}}", "", text)))
