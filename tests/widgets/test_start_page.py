"""The start page, and the form that says where the tables are."""

from pathlib import Path

import polars as pl
import pytest

import toolkit
from tests.conftest import Tables
from tests.widgets.driving import press
from toolkit.profiling import propose_profiles
from toolkit.widgets import StartPage, TablesForm


@pytest.fixture
def empty(tmp_path: Path) -> toolkit.Workspace:
    return toolkit.open_workspace(tmp_path / "empty", create=True)


class TestStartPage:
    def test_it_shows_how_each_export_stands(self, workspace: toolkit.Workspace) -> None:
        page = StartPage(workspace, language="en")
        assert "Run an export" in page.next.value
        assert "04_run_and_history.ipynb" in page.next.value
        workspace.runs.start("Nightly")
        page.refresh.click()
        assert page.next.value == ""
        assert "✓ Successful" in page.exports.value
        assert ">100<" in page.exports.value

    def test_a_failed_run_needs_attention(self, workspace: toolkit.Workspace, tables: Tables) -> None:
        tables.write(emails=dict.fromkeys(("C001", "C002")))
        workspace.runs.start("Nightly")
        page = StartPage(workspace, language="en")
        assert "The last run of Nightly failed." in page.attention.value

    def test_the_first_thing_is_where_the_tables_are(self, empty: toolkit.Workspace) -> None:
        page = StartPage(empty, language="en")
        assert isinstance(page.opened, TablesForm)
        assert "where your tables are" in page.next.value

    def test_it_shows_what_a_form_beside_it_changed(self, workspace: toolkit.Workspace) -> None:
        page = StartPage(workspace, language="en")
        workspace.exports.remove("Nightly")
        page.look_again()
        assert "Add an export" in page.next.value


class TestTables:
    def test_key_and_email_are_proposed_by_content_and_saved(self, empty: toolkit.Workspace, tmp_path: Path) -> None:
        keys = [f"K{number:04}" for number in range(2_000)]
        folder = tmp_path / "own"
        (folder / "segments").mkdir(parents=True)
        pl.DataFrame(
            {"email": keys, "klant": keys[::-1], "x": [f"p{number}@mail.example" for number in range(2_000)]}
        ).with_columns(klant=pl.col("klant").str.replace("K", "N")).write_parquet(folder / "profiles.parquet")
        pl.DataFrame({"nr": [f"N{number:04}" for number in range(50)]}).write_parquet(folder / "segments" / "A.parquet")
        form = TablesForm(empty, language="en")
        form.profiles.control.value = str(folder / "profiles.parquet")
        form.segments.control.value = str(folder / "segments")
        press(form, form.look)
        assert form.message.text.startswith("2,000 profiles and 1 segment are found")
        assert form.proposal is not None
        assert form.proposal.emails == ("x",)
        assert (form.key.value, form.segments_key.value) == ("klant", "nr")
        assert "p0@mail.example" not in form.found.value
        press(form, form.save)
        assert empty.profiles.key == "klant"
        assert list(empty.segments) == ["A"]
        assert toolkit.open_workspace(empty.path).notice is None
        assert 'key="klant"' in form.code.text

    def test_an_email_in_the_first_column_is_proposed(self, tmp_path: Path) -> None:
        emails = [f"p{number}@mail.example" for number in range(2_000)]
        keys = [f"K{number:04}" for number in range(2_000)]
        pl.DataFrame({"a": emails, "b": emails[::-1], "c": keys}).write_parquet(tmp_path / "profiles.parquet")
        proposal = propose_profiles(str(tmp_path / "profiles.parquet"))
        assert set(proposal.emails) == {"a", "b"}
        assert "c" in proposal.keys

    def test_columns_that_do_not_belong_together_are_a_warning(self, empty: toolkit.Workspace, tmp_path: Path) -> None:
        (tmp_path / "segments").mkdir()
        emails = [f"p{number}@mail.example" for number in range(500)]
        pl.DataFrame({"mail": emails}).write_parquet(tmp_path / "profiles.parquet")
        pl.DataFrame({"id": [f"K{number:04}" for number in range(50)]}).write_parquet(
            tmp_path / "segments" / "A.parquet"
        )
        form = TablesForm(empty, language="en")
        form.profiles.control.value = str(tmp_path / "profiles.parquet")
        form.segments.control.value = str(tmp_path / "segments")
        press(form, form.look)
        assert form.key.value == "mail"
        press(form, form.save)
        assert "no member of the first segments" in form.message.text

    @pytest.mark.parametrize(
        ("keys", "flaw"),
        [
            ([None, *range(1, 500)], "id is not a key yet: 1 row has none."),
            ([1, *range(1, 500)], "id is not a key yet: 1 row repeats that of another."),
            (
                [7, 7, None, None, *range(100, 596)],
                "id is not a key yet: 2 rows have none and 1 row repeats that of another.",
            ),
        ],
    )
    def test_a_key_with_flaws_is_proposed_before_an_email(
        self, empty: toolkit.Workspace, tmp_path: Path, keys: list[int | None], flaw: str
    ) -> None:
        (tmp_path / "segments").mkdir()
        emails = [f"p{number}@mail.example" for number in range(500)]
        pl.DataFrame({"mail": emails, "id": keys}).write_parquet(tmp_path / "profiles.parquet")
        pl.DataFrame({"id": [it for it in keys if it and it > 100]}).write_parquet(tmp_path / "segments" / "A.parquet")
        form = TablesForm(empty, language="en")
        form.profiles.control.value = str(tmp_path / "profiles.parquet")
        form.segments.control.value = str(tmp_path / "segments")
        press(form, form.look)
        assert (form.key.value, form.key.problem) == ("id", flaw)
        press(form, form.save)
        assert "profiles.parquet" in form.key.problem
        assert toolkit.open_workspace(empty.path).overview.tables["location"].to_list() == ["not set", "not set"]
        form.key.control.value = "mail"
        assert form.key.problem == ""
        form.key.control.value = "id"
        assert form.key.problem == flaw

    def test_a_place_without_a_table_is_told_at_its_field(self, empty: toolkit.Workspace, tables: Tables) -> None:
        form = TablesForm(empty, language="en")
        form.profiles.control.value = str(tables.folder / "nothing")
        form.segments.control.value = tables.segments.location
        press(form, form.look)
        assert "nothing" in form.profiles.problem
        form.profiles.control.value = tables.profiles.location
        form.segments.control.value = str(tables.folder / "nothing")
        press(form, form.look)
        assert form.profiles.problem == ""
        assert "nothing" in form.segments.problem

    def test_a_key_that_is_repeated_is_not_saved(self, empty: toolkit.Workspace, tables: Tables) -> None:
        pl.DataFrame({"CustomerId": ["C001", "C001"], "EMail": ["a@mail.example", "b@mail.example"]}).write_parquet(
            tables.profiles.location
        )
        form = TablesForm(empty, language="en")
        form.profiles.control.value = tables.profiles.location
        form.segments.control.value = tables.segments.location
        press(form, form.look)
        form.key.control.value = "CustomerId"
        press(form, form.save)
        assert "C001" in form.key.problem
        assert toolkit.open_workspace(empty.path).overview.tables["location"].to_list() == ["not set", "not set"]

    def test_one_table_of_memberships_is_read_by_its_column(
        self, empty: toolkit.Workspace, tables: Tables, tmp_path: Path
    ) -> None:
        memberships = tmp_path / "memberships"
        memberships.mkdir()
        pl.DataFrame({"CustomerId": ["C001", "C002"], "Segment": ["One", "Two"]}).write_parquet(
            memberships / "all.parquet"
        )
        form = TablesForm(empty, language="en")
        form.profiles.control.value = tables.profiles.location
        form.segments.control.value = str(memberships)
        press(form, form.look)
        form.segment_column.control.value = "Segment"
        press(form, form.save)
        assert list(empty.segments) == ["One", "Two"]

    def test_a_viewer_is_offered_nothing(self, as_viewer: toolkit.Workspace) -> None:
        form = TablesForm(as_viewer, language="en")
        assert "viewer" in form.widget.children[-1].value
