"""The export form, driven by what a person chooses and types."""

from collections.abc import Mapping, Sequence

import polars as pl
import pytest

import toolkit
from tests.conftest import Tables, save_nightly
from tests.widgets.driving import press
from toolkit.exports.schedule import Every, Weekday
from toolkit.sandbox import Sandbox
from toolkit.widgets import ExportForm


@pytest.fixture
def two_segments(tables: Tables, workspace: toolkit.Workspace) -> toolkit.Workspace:
    tables.write(segments={"Half": [f"C{number:03}" for number in range(50)], "Few": ["C001", "C002", "nobody"]})
    return workspace


def new_form(workspace: toolkit.Workspace, segments: Sequence[str] = ()) -> ExportForm:
    form = ExportForm(workspace, segments=segments, language="en")
    form.matching["email_column"].control.value = "EMail"
    form.advertiser.control.value = ("id", "2711")
    return form


def counts(form: ExportForm) -> Mapping[str, int]:
    form.wait()
    assert form.preview.audience is not None
    return dict(form.preview.audience.counts.select("segment", "exportable").iter_rows())


def test_it_saves_what_was_chosen_and_says_that_it_did_not_run(two_segments: toolkit.Workspace) -> None:
    form = new_form(two_segments)
    form.name.control.value = "Weekly"
    form.advertiser.control.value = ("id", "2712")
    form.segments.ticks["Half"].value = True
    form.exclude.ticks["Few"].value = True
    form.mode.control.value = toolkit.Mode.APPEND
    form.coverage.control.value = 70
    form.contract_limit.control.value = "400 000"
    press(form, form.save)
    assert form.message.text == "Export Weekly is saved, version 1. It did not run."
    saved = two_segments.exports["Weekly"]
    assert (saved.connection, saved.email_column, saved.advertiser_id) == ("Sandbox", "EMail", "2712")
    assert (saved.segments, saved.exclude, saved.mode) == (("Half",), ("Few",), toolkit.Mode.APPEND)
    assert (saved.thresholds.email_coverage, saved.thresholds.contract_limit_profiles) == (0.7, 400_000)
    assert two_segments.runs.frame.height == 0


def test_what_is_missing_shows_at_the_field_and_nothing_is_saved(workspace: toolkit.Workspace) -> None:
    form = ExportForm(workspace, language="en")
    form.contract_limit.control.value = "many"
    form.advertiser.control.value = None
    press(form, form.save)
    assert form.advertiser.problem == "This must be filled in."
    assert form.name.problem == "This must be filled in."
    assert form.patterns.problem == "Choose at least one segment."
    assert form.contract_limit.problem == "This must be a number, or empty."
    assert list(workspace.exports) == ["Nightly"]


def test_the_preview_keeps_up_with_what_is_chosen(two_segments: toolkit.Workspace) -> None:
    form = new_form(two_segments)
    form.wait()
    assert form.preview.message.text == "Choose a column for Email and a segment to see who would be sent."
    form.segments.ticks["Half"].value = True
    assert counts(form) == {"Half": 50}
    form.segments.ticks["Few"].value = True
    assert counts(form) == {"Half": 50, "Few": 2}
    assert "Not in the profiles" in form.preview.figures.value
    assert "Together 50 people, each counted once" in form.preview.figures.value
    assert "Smaller than 500 people" in form.preview.figures.value
    form.segments.ticks["Half"].value = False
    form.segments.ticks["Few"].value = False
    form.wait()
    assert form.preview.figures.value == ""


def test_of_many_changes_at_once_the_last_is_shown(two_segments: toolkit.Workspace) -> None:
    form = new_form(two_segments)
    for name in ("Half", "All", "Few"):
        form.segments.ticks[name].value = True
        form.segments.ticks[name].value = False
    form.segments.ticks["Few"].value = True
    assert counts(form) == {"Few": 2}


def test_the_preview_says_when_a_limit_is_passed(two_segments: toolkit.Workspace) -> None:
    form = new_form(two_segments, segments=["Half"])
    form.contract_limit.control.value = "20"
    form.wait()
    assert form.preview.message.text == "50 identifiers are more than the limit of 20. A run would stop."
    assert "Warning" in form.preview.message.widget.value
    form.contract_limit.control.value = ""
    form.wait()
    assert form.preview.message.text == "50 identifiers, at most 1,000,000 are allowed."


def test_segments_show_their_members(two_segments: toolkit.Workspace) -> None:
    form = new_form(two_segments)
    form.wait()
    assert form.segments.ticks["Half"].description == "Half: 50 members"


def test_a_segment_over_the_limit_is_shown_with_a_warning(two_segments: toolkit.Workspace) -> None:
    two_segments.exports.save(
        "Small",
        connection="Sandbox",
        advertiser_id="2711",
        email_column="EMail",
        segments=["Few"],
        thresholds={"contract_limit_profiles": 20},
    )
    form = ExportForm(two_segments, "Small", language="en")
    form.wait()
    assert form.segments.ticks["Half"].description == "Half: 50 members (warning: larger than the limit)"
    assert form.segments.ticks["Few"].description == "Few: 3 members"


def test_editing_keeps_what_the_form_does_not_show(workspace: toolkit.Workspace) -> None:
    workspace.exports.save(
        "Nightly",
        connection="Sandbox",
        advertiser_id="2711",
        email_column="EMail",
        segments=["All"],
        form="md5",
        exclude=["Old*"],
        lists={},
        priority=7,
        thresholds={"levels": {"segment has members": "error"}},
    )
    before = workspace.exports["Nightly"]
    form = ExportForm(workspace, "Nightly", language="en")
    press(form, form.save)
    after = workspace.exports["Nightly"]
    assert after.model_copy(update={"version": before.version}) == before


def test_what_somebody_saved_meanwhile_is_not_lost(workspace: toolkit.Workspace) -> None:
    form = ExportForm(workspace, "Nightly", language="en")
    workspace.exports.save(
        "Nightly", connection="Sandbox", advertiser_id="2712", email_column="EMail", segments=["All"]
    )
    press(form, form.save)
    assert "meanwhile" in form.message.text
    assert workspace.exports["Nightly"].advertiser_id == "2712"


def test_a_new_export_does_not_take_the_place_of_another(workspace: toolkit.Workspace) -> None:
    form = new_form(workspace, segments=["All"])
    form.name.control.value = "Nightly"
    press(form, form.save)
    assert "Nightly" in form.name.problem
    assert form.steps.at == 0
    assert workspace.exports["Nightly"].version == 1


def test_a_removed_column_is_told_at_its_field(workspace: toolkit.Workspace, tables: Tables) -> None:
    profiles = pl.read_parquet(tables.profiles.location).rename({"EMail": "Mail"})
    profiles.write_parquet(tables.profiles.location)
    form = ExportForm(workspace, "Nightly", language="en")
    form.wait()
    assert form.matching["email_column"].problem == "The profiles have no column EMail."
    assert form.steps.at == 1
    assert form.matching["email_column"].value is None
    form.matching["email_column"].control.value = "Mail"
    assert form.matching["email_column"].problem == ""
    form.wait()


def test_a_broken_table_is_a_sentence_in_the_preview(two_segments: toolkit.Workspace, tables: Tables) -> None:
    form = new_form(two_segments)
    form.wait()
    (tables.folder / "segments" / "Half.parquet").write_bytes(b"not a table")
    form.segments.ticks["Half"].value = True
    form.wait()
    assert "Half" in form.preview.message.text
    assert 'role="alert"' in form.preview.message.widget.value
    assert "Traceback" not in form.preview.message.widget.value


def test_advertisers_are_those_of_the_chosen_connection(workspace: toolkit.Workspace, criteo: Sandbox) -> None:
    form = ExportForm(workspace, language="en")
    assert ("Fietsfabriek Zuid (2712)", ("id", "2712")) in form.advertiser.control.options


def test_a_long_catalog_is_searched_and_what_is_chosen_stays_in_sight(
    workspace: toolkit.Workspace, tables: Tables
) -> None:
    tables.write(segments={f"Segment {number:03}": ["C001"] for number in range(80)})
    form = ExportForm(workspace, language="en")
    form.wait()
    assert len(form.segments.ticks) == 60
    form.segments.search.value = "079"
    assert list(form.segments.ticks) == ["Segment 079"]
    form.segments.ticks["Segment 079"].value = True
    form.segments.search.value = "078"
    assert list(form.segments.ticks) == ["Segment 079", "Segment 078"]
    assert form.segments.value == ("Segment 079",)
    form.wait()


def test_segments_by_pattern_are_saved_and_previewed(two_segments: toolkit.Workspace) -> None:
    form = new_form(two_segments)
    form.name.control.value = "By name"
    form.patterns.control.value = "Ha*, Few"
    assert counts(form) == {"Half": 50, "Few": 2}
    press(form, form.save)
    assert two_segments.exports["By name"].segments == ("Ha*", "Few")
    again = ExportForm(two_segments, "By name", language="en")
    assert (again.patterns.value, again.segments.value) == ("Ha*", ("Few",))
    again.wait()


def test_an_advertiser_may_come_from_a_column(workspace: toolkit.Workspace, tables: Tables) -> None:
    pl.read_parquet(tables.profiles.location).with_columns(Brand=pl.lit("2711")).write_parquet(tables.profiles.location)
    form = ExportForm(workspace, "Nightly", language="en")
    form.advertiser.control.value = ("column", "Brand")
    press(form, form.save)
    saved = workspace.exports["Nightly"]
    assert (saved.advertiser_id, saved.advertiser_column) == ("", "Brand")
    again = ExportForm(workspace, "Nightly", language="en")
    assert again.advertiser.value == ("column", "Brand")
    again.wait()


def test_a_schedule_is_told_at_its_fields_until_it_is_whole(workspace: toolkit.Workspace) -> None:
    form = ExportForm(workspace, "Nightly", language="en")
    form.schedule.every.control.value = Every.WEEK
    form.schedule.at.control.value = "2 o'clock"
    form.schedule.time_zone.control.value = "Amsterdam"
    press(form, form.save)
    assert form.schedule.at.problem == "Write one to 4 times as 02:00, with commas between them."
    assert form.schedule.time_zone.problem == "Choose a time zone, such as Europe/Amsterdam."
    assert form.schedule.on_days.problem == "Choose at least one day."
    assert workspace.exports["Nightly"].version == 1
    form.schedule.at.control.value = "02:00, 14:30"
    form.schedule.time_zone.control.value = "Europe/Amsterdam"
    form.schedule.days[Weekday.SUNDAY].value = True
    press(form, form.save)
    assert str(workspace.exports["Nightly"].schedule) == "Sunday at 02:00, 14:30 Europe/Amsterdam"
    again = ExportForm(workspace, "Nightly", language="en")
    assert again.schedule.value == workspace.exports["Nightly"].schedule
    again.wait()


def test_an_export_is_taken_out_of_the_refresh(workspace: toolkit.Workspace) -> None:
    form = ExportForm(workspace, "Nightly", language="en")
    form.active.control.value = False
    form.schedule.every.control.value = Every.OFF
    press(form, form.save)
    saved = workspace.exports["Nightly"]
    assert (saved.active, saved.schedule.every) == (False, Every.OFF)


def with_columns(tables: Tables, **columns: object) -> None:
    """Give the hundred profiles these columns in the place of ``EMail``."""
    profiles = pl.read_parquet(tables.profiles.location)
    profiles.drop("EMail").with_columns(**columns).write_parquet(tables.profiles.location)


def test_the_column_with_addresses_is_proposed_whatever_it_is_called(
    workspace: toolkit.Workspace, tables: Tables
) -> None:
    numbers = pl.int_range(100).cast(pl.String)
    with_columns(
        tables,
        EMail=pl.lit("none"),
        EMail2="+31 6 123456" + numbers.str.zfill(2),
        Contact="person" + numbers + "@mail.example",
    )
    form = ExportForm(workspace, segments=["All"], language="en")
    assert counts(form) == {"All": 100}
    assert form.matching["email_column"].value == "Contact"
    assert form.matching["email_column"].control.options == (
        ("Contact: p•••@m•••.example", "Contact"),
        ("EMail", "EMail"),
        ("EMail2", "EMail2"),
    )
    said = "100% of the profiles have something there, of which 100% can be sent: p•••@m•••.example."
    assert said in form.matching["email_column"].widget.children[1].value
    form.matching["email_column"].control.value = "EMail2"
    assert form.matching["email_column"].problem == "Most of what column EMail2 holds is no e-mail address."
    form.matching["email_column"].control.value = "Contact"
    assert form.matching["email_column"].problem == ""
    form.wait()


def test_a_column_that_was_chosen_stays_chosen_though_another_is_better(
    workspace: toolkit.Workspace, tables: Tables
) -> None:
    with_columns(tables, EMail=pl.lit("none"), Contact=pl.format("p{}@mail.example", pl.int_range(100)))
    form = ExportForm(workspace, "Nightly", language="en")
    form.wait()
    assert form.matching["email_column"].value == "EMail"
    assert form.matching["email_column"].problem == "Most of what column EMail holds is no e-mail address."
    assert form.matching["email_column"].control.options[0] == ("Contact: p•••@m•••.example", "Contact")


def test_where_no_column_holds_addresses_none_is_proposed(workspace: toolkit.Workspace, tables: Tables) -> None:
    with_columns(tables, Remark=pl.lit("none"))
    form = ExportForm(workspace, language="en")
    form.wait()
    assert form.matching["email_column"].value is None


def test_rarer_options_are_folded_behind_a_button_that_says_whether_it_is_open(workspace: toolkit.Workspace) -> None:
    form = ExportForm(workspace, language="en")
    form.wait()

    def said() -> tuple[str, str | None]:
        name = next(it for it in form.guards.button._dom_classes if it.startswith("toolkit-element-"))
        return form.accessible.named[f".{name}"]["aria-expanded"], form.guards.parts.layout.display

    assert form.guards.button.description == "Checks and guards"
    assert said() == ("false", "none")
    form.guards.button.click()
    assert said() == ("true", None)


class TestSteps:
    def test_the_first_step_with_a_problem_is_shown(self, workspace: toolkit.Workspace) -> None:
        form = new_form(workspace, segments=["All"])
        form.name.control.value = "Weekly"
        form.schedule.every.control.value = Every.DAY
        press(form, form.save)
        assert form.schedule.at.problem
        assert form.steps.at == 4
        assert form.steps.buttons[4].description == "5. Schedule (to mend)"
        form.schedule.at.control.value = "02:00"
        press(form, form.save)
        assert form.steps.buttons[4].description == "5. Schedule"

    def test_what_the_workspace_refuses_stands_at_its_field(self, workspace: toolkit.Workspace) -> None:
        form = new_form(workspace, segments=["All"])
        form.name.control.value = "Weekly"
        form.list_name.control.value = "{nobody}"
        press(form, form.save)
        assert "{segment}" in form.list_name.problem
        assert form.steps.at == 1
        assert list(workspace.exports) == ["Nightly"]

    def test_each_step_leads_to_the_next(self, workspace: toolkit.Workspace) -> None:
        form = ExportForm(workspace, language="en")
        for place in range(4):
            assert form.steps.at == place
            form.steps.onward.click()
        assert form.steps.onward.layout.display == "none"
        form.steps.back.click()
        assert form.steps.at == 3
        form.wait()


class TestAfterSaving:
    def test_the_line_of_python_does_the_same(self, workspace: toolkit.Workspace) -> None:
        form = new_form(workspace, segments=["All"])
        form.name.control.value = 'Week "end"'
        form.coverage.control.value = 30
        form.schedule.every.control.value = Every.WEEK
        form.schedule.days[Weekday.MONDAY].value = True
        form.schedule.at.control.value = "02:00"
        form.schedule.time_zone.control.value = "Europe/Amsterdam"
        press(form, form.save)
        saved = workspace.exports['Week "end"']
        workspace.exports.remove(saved.name)
        exec(form.code.text, {"workspace": workspace})
        assert workspace.exports[saved.name].model_copy(update={"version": saved.version}) == saved

    def test_an_application_without_code_shows_none(
        self, workspace: toolkit.Workspace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TOOLKIT_WITHOUT_CODE", "1")
        form = ExportForm(workspace, "Nightly", language="en")
        press(form, form.save)
        assert form.code.widget.value == ""

    @pytest.mark.usefixtures("run_here")
    def test_a_dry_run_is_offered(self, workspace: toolkit.Workspace, criteo: Sandbox) -> None:
        form = ExportForm(workspace, "Nightly", language="en")
        press(form, form.save)
        press(form, form.next.open)
        assert form.next.opened is not None
        form.next.opened.wait()
        assert workspace.runs.frame.select("export", "dry_run").rows() == [("Nightly", True)]
        assert criteo.lists() == []


def test_a_repeated_row_is_a_member_and_no_person(two_segments: toolkit.Workspace, tables: Tables) -> None:
    tables.write(segments={"Half": ["C001", "C002", "C002"]})
    form = new_form(two_segments, segments=["Half"])
    form.wait()
    assert form.segments.ticks["Half"].description == "Half: 3 members"
    assert "Repeated rows" in form.preview.figures.value
    assert 'toolkit-figure">3<' in form.preview.cards.value
    assert counts(form) == {"Half": 2}


@pytest.fixture
def with_types(workspace: toolkit.Workspace, tables: Tables) -> toolkit.Workspace:
    path = tables.folder / "profiles.parquet"
    pl.read_parquet(path).with_columns(
        EMail2=pl.Series([f"second{it}@mail.example" for it in range(100)]),
        Mails=pl.Series([[f"listed{it}@mail.example"] for it in range(100)]),
        Phone=pl.Series([f"06-1234{it:04}" for it in range(100)]),
        Gum=pl.Series([f"k-Visitor{it:03}" for it in range(100)]),
    ).write_parquet(path)
    return workspace


def test_several_columns_and_settings_are_saved(with_types: toolkit.Workspace) -> None:
    form = new_form(with_types, segments=["All"])
    form.name.control.value = "Weekly"
    form.further["email_column"].control.value = ("EMail", "EMail2", "Mails")
    form.matching["phone_column"].control.value = "Phone"
    form.settings["phone_region"].control.value = "nl"
    form.further["gum_column"].control.value = ("Gum",)
    form.settings["gum_caller_id"].control.value = " 57 "
    form.separator.control.value = ";"
    assert counts(form) == {"All": 100}
    assert form.preview.audience is not None
    assert form.preview.audience.sent.height == 300
    press(form, form.save)
    saved = with_types.exports["Weekly"]
    assert saved.email_column == ("EMail", "EMail2", "Mails")
    assert (saved.phone_column, saved.phone_region) == ("Phone", "NL")
    assert (saved.gum_column, saved.gum_caller_id, saved.separator) == ("Gum", 57, ";")
    again = ExportForm(with_types, "Weekly", language="en")
    assert again.further["email_column"].value == ("EMail2", "Mails")
    assert (again.settings["gum_caller_id"].value, again.several.is_open) == ("57", True)
    press(again, again.save)
    assert with_types.exports["Weekly"].model_copy(update={"version": saved.version}) == saved


def test_a_wrong_setting_shows_at_its_field(with_types: toolkit.Workspace) -> None:
    form = new_form(with_types, segments=["All"])
    form.name.control.value = "Weekly"
    form.matching["gum_column"].control.value = "Gum"
    form.settings["phone_region"].control.value = "Holland"
    press(form, form.save)
    assert form.settings["gum_caller_id"].problem == "This must be filled in."
    assert "HOLLAND" in form.settings["phone_region"].problem
    assert "Weekly" not in with_types.exports
    form.settings["gum_caller_id"].control.value = "57"
    form.settings["phone_region"].control.value = ""
    press(form, form.save)
    assert with_types.exports["Weekly"].gum_caller_id == 57


def test_a_removed_column_of_consent_is_not_saved_away(workspace: toolkit.Workspace, tables: Tables) -> None:
    profiles = pl.read_parquet(tables.profiles.location)
    profiles.with_columns(Consents=True, Form=pl.lit("shop")).write_parquet(tables.profiles.location)
    save_nightly(workspace, consent_column="Consents", consent_basis_column="Form")
    profiles.write_parquet(tables.profiles.location)
    form = ExportForm(workspace, "Nightly", language="en")
    press(form, form.save)
    assert form.consent_column.problem == "The profiles have no column Consents."
    assert form.consent_basis_column.problem == "The profiles have no column Form."
    assert workspace.exports["Nightly"].version == 2
    form.consent_column.control.value = form.consent_basis_column.control.value = ""
    press(form, form.save)
    assert workspace.exports["Nightly"].consent_column == ""


def test_a_value_of_consent_keeps_its_comma(workspace: toolkit.Workspace, tables: Tables) -> None:
    values = ("yes, by phone", 'the "shop"', "no doubt")
    with_columns(tables, EMail=pl.lit("a@mail.example"), Said=pl.lit(values[0]))
    save_nightly(workspace, consent_column="Said", consent_values=values)
    form = ExportForm(workspace, "Nightly", language="en")
    press(form, form.save)
    assert form.saved is not None
    assert form.saved.consent_values == values
    form.consent_values.control.value = "yes, opt-in"
    press(form, form.save)
    assert form.saved.consent_values == ("yes", "opt-in")
