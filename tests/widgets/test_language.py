"""The forms speak English and Dutch, and every text that stands in the code is translated."""

import ast
import json
import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

import toolkit
from tests.raising import raises
from toolkit import translatable
from toolkit.errors import ErrorCode
from toolkit.widgets import ConnectionForm, ExportForm, RunPanel
from toolkit.widgets.language import Words, languages, words_for

WRITTEN_IN = [Path(toolkit.__file__).parent / it for it in ("widgets", "identifiers/types")]
LOCALE = Path(toolkit.__file__).parent / "locale"
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


def texts() -> Iterator[str]:
    """Every text that the forms say, read from their code and from the types of identifiers."""
    for file in (file for it in WRITTEN_IN for file in it.glob("*.py")):
        for call in ast.walk(ast.parse(file.read_text())):
            if not isinstance(call, ast.Call) or not call.args:
                continue
            name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
            if name in ("say", "some", "mark") and isinstance(call.args[0], ast.Constant):
                yield call.args[0].value


@pytest.mark.parametrize("language", [it for it in languages() if it != "en"])
def test_each_text_is_translated_and_nothing_else(language: str) -> None:
    with (LOCALE / language / "LC_MESSAGES" / "toolkit.po").open("rb") as file:
        catalog = read_po(file, locale=language)
    translated = {it.id if isinstance(it.id, str) else it.id[0]: it for it in catalog if it.id}
    assert set(translated) == set(texts())
    assert [it for it, message in translated.items() if not all(_strings(message.string)) or message.fuzzy] == []


@pytest.mark.parametrize("language", [it for it in languages() if it != "en"])
def test_a_translation_fills_in_what_the_english_text_does(language: str) -> None:
    with (LOCALE / language / "LC_MESSAGES" / "toolkit.po").open("rb") as file:
        for message in read_po(file, locale=language):
            fields = set(re.findall(r"{\w+}", "".join(_strings(message.id))))
            assert all(set(re.findall(r"{\w+}", it)) == fields for it in _strings(message.string)), message.id


def test_the_template_for_a_further_language_has_every_text() -> None:
    with (LOCALE / "toolkit.pot").open("rb") as file:
        known = {it.id if isinstance(it.id, str) else it.id[0] for it in read_po(file) if it.id}
    assert known == set(texts())


@pytest.mark.parametrize(("english", "dutch"), LABELS.items())
def test_labels_are_those_of_customer_insights(english: str, dutch: str) -> None:
    assert Words("nl").say(english) == dutch
    assert Words("en").say(english) == english


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
