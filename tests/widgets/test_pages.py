"""The forms of segments, suppression, people, audit, health and preview."""

import shutil
from pathlib import Path
from threading import Event

import polars as pl
import pytest

import toolkit
from tests.conftest import Tables
from tests.widgets.driving import press
from toolkit.errors import ConfigurationError
from toolkit.sandbox import Sandbox
from toolkit.widgets import (
    AuditPanel,
    DisclosureForm,
    ForgetForm,
    HealthPanel,
    PeopleForm,
    PreviewForm,
    SegmentForm,
    SegmentsList,
    SuppressionForm,
)


def is_shown(widget: object) -> bool:
    return widget.layout.display != "none"  # type: ignore[attr-defined, no-any-return]


class TestPreview:
    def test_segments_and_columns_are_chosen(self, workspace: toolkit.Workspace) -> None:
        form = PreviewForm(workspace, language="en")
        press(form, form.show)
        assert "Choose at least one segment" in form.message.text
        form.segments.ticks["All"].value = True
        assert form.email.value == "EMail"
        form.columns["EMail"].value = True
        press(form, form.show)
        assert form.shown is not None
        assert form.shown.exportable == 100
        assert "person1@mail.example" not in form.preview.value
        assert form.code.text == 'workspace.preview(["All"], email_column="EMail", columns=["EMail"])'

    def test_the_application_shows_no_python(
        self, workspace: toolkit.Workspace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TOOLKIT_WITHOUT_CODE", "1")
        form = PreviewForm(workspace, "All", email_column="EMail", language="en")
        press(form, form.show)
        assert form.shown is not None
        assert form.code.text == ""


class TestSegments:
    def test_of_very_many_the_names_are_there_first(
        self, workspace: toolkit.Workspace, tables: Tables, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        names = [f"S{it:04}" for it in range(1_100)]
        tables.write(segments={"S0000": [f"C{it:03}" for it in range(7)]})
        for name in names[1:]:
            shutil.copy2(tables.folder / "segments" / "S0000.parquet", tables.folder / "segments" / f"{name}.parquet")
        may_count, count = Event(), toolkit.SegmentFolder.summary

        def count_later(folder: toolkit.SegmentFolder) -> pl.DataFrame:
            assert may_count.wait(60)
            return count(folder)

        monkeypatch.setattr(toolkit.SegmentFolder, "summary", count_later)
        form = SegmentsList(workspace, language="en")
        assert form.segments.keys == ["All", *names]
        assert set(form.segments.table.df["Members"]) == {""}
        assert "The members are counted." in form.message.text
        may_count.set()
        form.wait()
        assert form.segments.table.df["Members"].to_list() == ["100", *["7"] * 1_100]
        assert not is_shown(form.message.widget)
        form.segments.chosen = "S0001"
        assert not is_shown(form.actions)

    def test_its_size_is_seen_before_it_is_saved(self, workspace: toolkit.Workspace) -> None:
        beside = SegmentsList(workspace, language="en")
        form = SegmentForm(workspace, language="en")
        form.name.control.value = "First"
        form.where.control.value = "CustomerId < 'C010'"
        press(form, form.look)
        assert form.draft is not None
        assert form.draft.size == 10
        assert "First" not in workspace.segments
        form.dynamic.control.value = True
        press(form, form.save)
        assert (workspace.segments["First"].size, workspace.segments["First"].kind) == (10, "dynamic")
        assert form.message.text.startswith("Segment First is saved with 10 members.")
        beside.segments.chosen = "All"
        assert not is_shown(beside.actions)
        beside.segments.chosen = "First"
        assert is_shown(beside.actions)
        beside.remove.click()
        press(beside, beside.confirm)
        assert "First" not in workspace.segments

    def test_a_wrong_condition_is_told_at_its_field(self, workspace: toolkit.Workspace) -> None:
        form = SegmentForm(workspace, language="en")
        form.name.control.value = "First"
        form.where.control.value = "Nowhere = 1"
        press(form, form.look)
        assert "Nowhere" in form.where.problem
        form.where.control.value = "CustomerId = 'nobody'"
        press(form, form.look)
        assert form.where.problem == ""
        assert "Nobody" in form.message.text


class TestForgetting:
    def test_a_person_is_removed_once_somebody_is_sure(self, workspace: toolkit.Workspace, criteo: Sandbox) -> None:
        workspace.runs.start("Nightly").raise_for_status()
        form = ForgetForm(workspace, language="en")
        form.person.control.value = "person1@mail.example"
        press(form, form.act)
        assert form.sure.problem
        assert form.forgotten is None
        form.sure.control.value = True
        press(form, form.act)
        assert form.forgotten is not None
        assert (form.forgotten.done, form.forgotten.lists) == (True, 1)
        assert form.person.value == ""
        assert "person1@mail.example" not in form.outcome.value + form.message.widget.value
        (found,) = criteo.lists()
        assert len(criteo.identifiers(found.id)) == 99

    def test_what_is_no_address_is_told_at_its_field(self, workspace: toolkit.Workspace) -> None:
        form = ForgetForm(workspace, language="en")
        form.person.control.value = "nobody"
        form.sure.control.value = True
        press(form, form.act)
        assert "not" in form.person.problem
        assert len(workspace.suppressions) == 0

    def test_a_person_whom_nobody_knows_is_a_warning(self, workspace: toolkit.Workspace) -> None:
        form = ForgetForm(workspace, language="en")
        form.person.control.value = "somebody@mail.example"
        form.sure.control.value = True
        press(form, form.act)
        assert "Check the spelling" in form.message.text

    def test_a_person_is_named_by_any_type(self, workspace: toolkit.Workspace) -> None:
        form = ForgetForm(workspace, language="en")
        form.kind.control.value = "phone"
        form.person.control.value = "06 12345678"
        form.sure.control.value = True
        press(form, form.act)
        assert "+31 6 12345678" in form.person.problem
        form.person.control.value = "+31 (0)6 12345678"
        press(form, form.act)
        (entry,) = workspace.suppressions.values()
        assert entry.identifiers["phoneNumber"] == 1

    def test_a_viewer_is_offered_nothing(self, as_viewer: toolkit.Workspace) -> None:
        assert "viewer" in ForgetForm(as_viewer, language="en").widget.children[-1].value


class TestDisclosing:
    def test_a_person_is_told(self, workspace: toolkit.Workspace, tmp_path: Path) -> None:
        run = workspace.runs.start("Nightly").raise_for_status()
        form = DisclosureForm(workspace, language="en")
        form.place.control.value = str(tmp_path / "none")
        form.person.control.value = "person1@mail.example"
        press(form, form.act)
        assert form.place.problem
        assert workspace.audit.frame.filter(action="disclose person").is_empty()
        form.place.control.value = str(tmp_path)
        press(form, form.act)
        assert form.disclosure is not None
        assert form.disclosure.frame["from_run"].to_list() == [run.id]
        assert form.person.value == ""
        assert "person1@mail.example" not in form.outcome.value + form.message.widget.value
        (document,) = tmp_path.glob("disclosure-*.json")
        assert workspace.verify_disclosure(document).is_genuine
        assert run.id in document.with_suffix(".html").read_text()

    def test_a_viewer_is_offered_nothing(self, as_viewer: toolkit.Workspace) -> None:
        assert "viewer" in DisclosureForm(as_viewer, language="en").widget.children[-1].value


class TestSuppression:
    def test_people_are_added_and_their_entry_lifted(self, workspace: toolkit.Workspace, tmp_path: Path) -> None:
        table = tmp_path / "out.parquet"
        pl.DataFrame({"key": ["C001", "C002"]}).write_parquet(table)
        form = SuppressionForm(workspace, language="en")
        form.file.control.value = str(table)
        press(form, form.add)
        assert form.email.problem
        form.customer.control.value = "key"
        press(form, form.add)
        ((entry, made),) = workspace.suppressions.items()
        assert made.customers == 2
        assert entry in form.message.text
        form.entries.chosen = entry
        form.lift.click()
        press(form, form.confirm)
        assert workspace.suppressions[entry].lifted_at is not None
        assert not is_shown(form.actions)

    def test_people_are_added_by_any_type(self, workspace: toolkit.Workspace, tmp_path: Path) -> None:
        pl.DataFrame({"number": ["06 12345678"], "id": ["k-Visitor"]}).write_parquet(tmp_path / "out.parquet")
        form = SuppressionForm(workspace, language="en")
        form.file.control.value = str(tmp_path / "out.parquet")
        form.columns["phone_column"].control.value = "number"
        form.columns["gum_column"].control.value = "id"
        press(form, form.add)
        assert len(workspace.suppressions) == 0
        form.settings["phone_region"].control.value = "NL"
        press(form, form.add)
        (entry,) = workspace.suppressions.values()
        assert (entry.identifiers["phoneNumber"], entry.identifiers["gum"]) == (1, 1)

    def test_a_table_without_rows_adds_nobody(self, workspace: toolkit.Workspace, tmp_path: Path) -> None:
        pl.DataFrame({"key": []}, schema={"key": pl.String}).write_parquet(tmp_path / "out.parquet")
        form = SuppressionForm(workspace, language="en")
        form.file.control.value = str(tmp_path / "out.parquet")
        form.customer.control.value = "key"
        press(form, form.add)
        assert form.message.text == "The table has no rows. Nobody was added to the suppression list."
        assert len(workspace.suppressions) == 0

    def test_emails_that_are_added_are_counted(self, workspace: toolkit.Workspace, tmp_path: Path) -> None:
        pl.DataFrame({"mail": ["a@mail.example", "no address"]}).write_parquet(tmp_path / "out.parquet")
        form = SuppressionForm(workspace, language="nl")
        form.file.control.value = str(tmp_path / "out.parquet")
        form.email.control.value = "mail"
        press(form, form.add)
        assert "skip_unusable" not in form.file.problem
        assert form.skip.control.description in form.file.problem
        assert "rij 2" in form.file.problem
        form.skip.control.value = True
        press(form, form.add)
        assert "1 adressen" in form.message.text
        assert "1 rij is niet bruikbaar" in form.message.text

    @pytest.mark.parametrize(
        "place", ["https://user:hush@host.example/t.csv", "abfss://c@a.dfs.core.windows.net/t?sig=hush"]
    )
    def test_a_location_with_a_secret_is_told_without_it(self, workspace: toolkit.Workspace, place: str) -> None:
        form = SuppressionForm(workspace, language="en")
        form.file.control.value = place
        form.email.control.value = "mail"
        press(form, form.add)
        assert "holds" in form.file.problem
        assert "hush" not in form.file.problem + (workspace.path / "logs" / "forms.log").read_text()


class TestPeople:
    @pytest.mark.parametrize("name", ["a\\q", "a\nb", "\\u12"])
    def test_a_line_that_is_none_is_told_at_its_field(self, workspace: toolkit.Workspace, name: str) -> None:
        form = PeopleForm(workspace, language="en")
        form.line.control.value = f'workspace.people.add("{name}", public_key="{"ab" * 32}")'
        press(form, form.add)
        assert form.line.problem
        assert form.problem is None

    def test_a_colleague_is_let_in_by_their_line(
        self, workspace: toolkit.Workspace, as_stranger: toolkit.Workspace
    ) -> None:
        theirs = PeopleForm(as_stranger, language="en")
        assert as_stranger.people.join("Ann").public_key in theirs.widget.children[-1].value
        form = PeopleForm(workspace, language="en")
        form.line.control.value = as_stranger.people.join("Ann").line
        form.role.control.value = toolkit.Role.VIEWER
        press(form, form.add)
        assert workspace.people["Ann"].role is toolkit.Role.VIEWER
        assert "workspace.trust(" in form.answer.value
        form.people.chosen = "Ann"
        form.new_role.control.value = toolkit.Role.CONTRIBUTOR
        press(form, form.change)
        assert workspace.people["Ann"].role is toolkit.Role.CONTRIBUTOR
        form.people.chosen = "Ann"
        form.remove.click()
        press(form, form.confirm)
        assert "Ann" not in workspace.people

    @pytest.mark.parametrize("line", ["", "people.add('Ann')", 'x.people.add("Ann", public_key="12")', "import os"])
    def test_what_is_no_such_line_is_told(self, line: str, workspace: toolkit.Workspace) -> None:
        form = PeopleForm(workspace, language="en")
        form.line.control.value = line
        press(form, form.add)
        assert form.line.problem
        assert len(workspace.people) == 1

    def test_the_last_administrator_stays(self, workspace: toolkit.Workspace) -> None:
        form = PeopleForm(workspace, language="en")
        me = workspace.people.me.name
        form.people.chosen = me
        form.remove.click()
        press(form, form.confirm)
        assert 'role="alert"' in form.message.widget.value
        assert me in workspace.people


def test_the_audit_is_verified(workspace: toolkit.Workspace, as_contributor: toolkit.Workspace) -> None:
    panel = AuditPanel(workspace, language="en")
    shown = panel.rows.table.df
    assert shown.height == len(workspace.audit)
    by_action = dict(shown.select("Action", "Details").rows())
    assert by_action["save export"] == "version: 1"
    assert by_action["add person"].startswith("role: ")
    assert not any(it.startswith("{") for it in shown["Details"])
    assert any(it.endswith("…") for it in shown["Details"])
    press(panel, panel.verify)
    assert "as it was written" in panel.message.text
    # Anybody may verify it, and administrators alone read it.
    theirs = AuditPanel(as_contributor, language="en")
    press(theirs, theirs.verify)
    assert "as it was written" in theirs.message.text
    assert not hasattr(theirs, "rows")


def test_the_audit_tells_numbers_and_roles(
    workspace: toolkit.Workspace, as_contributor: toolkit.Workspace, tables: Tables
) -> None:
    emails = {f"C{number:04}": f"person{number}@mail.example" for number in range(1_200)}
    tables.write(emails)
    workspace.segments.build("Nobody", where="EMail IS NULL")
    workspace.segments.build("Many", where="EMail IS NOT NULL")
    workspace.people.change_role(as_contributor.people.me.name, "administrator")
    rows = AuditPanel(workspace, language="nl").rows.table.df
    told = dict(reversed(rows.select("Wat", "Details").rows()))  # the newest last
    assert told["Nobody"].endswith("leden: 0")
    assert told["Many"].endswith("leden: 1.200")
    assert told[as_contributor.people.me.name] == "rol: beheerder · daarvoor: inzender"


def test_health_shows_the_worst_first(workspace: toolkit.Workspace) -> None:
    panel = HealthPanel(workspace, language="en")
    panel.wait()
    assert panel.findings.value.index("Warning, refresh") < panel.findings.value.index("Its secret opens")


def test_a_form_says_what_it_is_where_it_cannot_be_drawn(workspace: toolkit.Workspace, tables: Tables) -> None:
    shown = SegmentForm(workspace, language="en")._repr_mimebundle_()
    for kind in ("text/plain", "text/html"):
        assert "SegmentForm of" in shown[kind]
        assert "workspace.segments.build(name, where=" in shown[kind]
    assert "application/vnd.jupyter.widget-view+json" in shown


def test_a_name_that_is_taken_is_refused_by_the_workspace_too(workspace: toolkit.Workspace) -> None:
    with pytest.raises(ConfigurationError):
        workspace.exports.save(
            "Nightly", connection="Sandbox", email_column="EMail", segments="All", advertiser_id=2711, based_on=0
        )
