"""The preview of an export: what a run of it does afterwards."""

from collections.abc import Callable

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import toolkit
from tests.conftest import Tables, save_nightly
from toolkit import NoticeCode
from toolkit.criteo import MAX_IDENTIFIERS_A_CALL
from toolkit.sandbox import Sandbox

CUSTOMERS = [f"C{number:03}" for number in range(12)]
some = st.lists(st.sampled_from(CUSTOMERS), min_size=1, unique=True)
days = st.lists(
    st.tuples(st.fixed_dictionaries({"All": some, "Half": some}), st.sampled_from(list(toolkit.Mode))),
    min_size=2,
    max_size=3,
)


@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(days)
def test_what_is_previewed_is_what_the_next_run_does(
    workspace: toolkit.Workspace, tables: Tables, criteo: Sandbox, days: list[tuple[dict[str, list[str]], toolkit.Mode]]
) -> None:
    for segments, mode in days:
        tables.write(segments=segments)
        save_nightly(workspace, segments=["All", "Half"], mode=mode)
        asked = len(criteo.requests())
        preview = workspace.exports.preview("Nightly")
        assert len(criteo.requests()) == asked
        run = workspace.runs.start("Nightly", allow=["emptied", "large change"]).raise_for_status()
        columns = ["segment", "exportable", "added", "removed", "batches"]
        assert preview.lists.select(columns).equals(run.frame.select(columns), null_equal=True)
        assert preview.effort["batches"].item() == run.frame["batches"].sum()
        assert preview.effort["calls"].item() == len(criteo.requests()) - asked


def test_calls_are_those_of_the_run(workspace: toolkit.Workspace, criteo: Sandbox, tables: Tables) -> None:
    tables.write(segments={"Half": CUSTOMERS})
    save_nightly(workspace, segments=["All", "Half"], list_name="{segment} of {export}")
    for _ in range(2):
        before = len(criteo.requests())
        calls = workspace.exports.preview("Nightly").effort["calls"].item()
        workspace.runs.start("Nightly").raise_for_status()
        assert calls == len(criteo.requests()) - before
        tables.write(segments={"Half": CUSTOMERS[:5]})


def test_a_second_run_is_timed_by_the_first(workspace: toolkit.Workspace) -> None:
    assert workspace.exports.preview("Nightly").effort["seconds"].is_null().all()
    workspace.runs.start("Nightly").raise_for_status()
    effort = workspace.exports.preview("Nightly").effort
    assert effort.select("identifiers", "batches", "past_runs").row(0) == (0, 0, 1)
    assert effort["seconds"].item() > 0


def test_what_criteo_counted_is_of_the_last_run_until_it_is_asked(
    workspace: toolkit.Workspace, tables: Tables, criteo: Sandbox
) -> None:
    assert workspace.exports.preview("Nightly").lists["matches"].is_null().all()
    for _ in range(2):
        workspace.runs.start("Nightly").raise_for_status()
    (found,) = criteo.lists()
    before = len(criteo.requests())
    remembered = workspace.exports.preview("Nightly").lists.row(0, named=True)
    assert len(criteo.requests()) == before
    assert (remembered["list_id"], remembered["held_by_criteo"], remembered["held"]) == (found.id, 100, 100)
    assert remembered["match_rate"] == remembered["matches"] / 100
    asked = workspace.exports.preview("Nightly", ask_criteo=True).lists.row(0, named=True)
    assert (asked["matches"], asked["counted_at"] > remembered["counted_at"]) == (remembered["matches"], True)
    assert len(criteo.requests()) == before + 3  # a token, a search for the marks, and one count
    criteo.delete_list(found.id)
    gone = workspace.exports.preview("Nightly", ask_criteo=True)
    assert [it.code for it in gone.warnings if found.id in it.text] == [NoticeCode.NOT_COUNTED]
    assert gone.exportable == 100


def codes(workspace: toolkit.Workspace) -> list[NoticeCode]:
    return [it.code for it in workspace.exports.preview("Nightly").warnings]


def test_what_would_stop_a_run_is_a_warning(workspace: toolkit.Workspace, tables: Tables) -> None:
    save_nightly(workspace, thresholds={"most_change": 0.3})
    workspace.runs.start("Nightly").raise_for_status()
    tables.write(segments={"All": CUSTOMERS})
    preview = workspace.exports.preview("Nightly")
    assert preview.changes.select("held", "added", "removed").row(0) == (100, 0, 88)
    assert [it.code for it in preview.warnings if "large change" in it.text] == [NoticeCode.WOULD_STOP]


def test_a_record_that_is_lost_is_told_and_the_rest_is_shown(workspace: toolkit.Workspace) -> None:
    workspace.runs.start("Nightly").raise_for_status()
    for snapshot in (workspace.path / "lists").glob("*.parquet"):
        snapshot.unlink()
    preview = workspace.exports.preview("Nightly")
    assert preview.exportable == 100
    assert preview.changes["added"].is_null().all()
    assert preview.effort["calls"].is_null().all()
    assert "It is not known what a run would send." in repr(preview)
    assert preview.warnings[0].code is NoticeCode.NOT_PLANNED
    assert "lost or damaged" in preview._repr_html_()


def test_sizes_of_past_runs_are_kept_in_order(workspace: toolkit.Workspace, tables: Tables) -> None:
    for members in (CUSTOMERS, CUSTOMERS[:6]):
        tables.write(segments={"All": members})
        workspace.runs.start("Nightly").raise_for_status()
    preview = workspace.exports.preview("Nightly")
    assert preview.history["exportable"].to_list() == [12, 6]
    assert workspace.preview("All", email_column="EMail").history["exportable"].to_list() == [12, 6]
    assert "Over past runs" in preview._repr_html_()


def test_a_detached_export_is_previewed(workspace: toolkit.Workspace) -> None:
    workspace.exports.detach("Nightly")
    preview = workspace.exports.preview("Nightly")
    assert (preview.exportable, preview.lists["added"].to_list()) == (100, [100])


def test_each_advertiser_and_kind_of_identifier_has_a_row(workspace: toolkit.Workspace, tables: Tables) -> None:
    number = pl.int_range(pl.len())
    pl.read_parquet(tables.profiles.location).with_columns(
        Shop=pl.when(number < 30).then(pl.lit("2711")).when(number < 90).then(pl.lit("2712")),
        Phone=pl.format("00000000-0000-4000-8000-{}", number.cast(pl.String).str.zfill(12)),
    ).write_parquet(tables.profiles.location)
    save_nightly(workspace, advertiser_id="", advertiser_column="Shop", madid_column="Phone")
    preview = workspace.exports.preview("Nightly")
    assert preview.lists.select("advertiser_id", "identifier_type", "added").sort(pl.all()).rows() == [
        ("2711", "email", 30),
        ("2711", "madid", 30),
        ("2712", "email", 60),
        ("2712", "madid", 60),
    ]
    assert preview.distinct == 90
    assert preview.effort["batches"].item() == 4
    assert MAX_IDENTIFIERS_A_CALL > 60


def test_held_is_what_the_list_holds(workspace: toolkit.Workspace, held: Callable[[str], set[str]]) -> None:
    workspace.runs.start("Nightly").raise_for_status()
    assert workspace.exports.preview("Nightly").changes["held"].to_list() == [len(held("All"))]


def test_a_dynamic_segment_that_a_run_builds_anew_is_told(
    workspace: toolkit.Workspace, tables: Tables, criteo: Sandbox
) -> None:
    workspace.segments.build("Early", where="CustomerId < 'C010'", dynamic=True)
    save_nightly(workspace, segments=["Early"])
    assert NoticeCode.STALE_SEGMENT not in codes(workspace)
    tables.write(emails={"C000": "a@mail.example", "C001": "b@mail.example"})
    assert codes(workspace)[0] is NoticeCode.STALE_SEGMENT
    workspace.runs.start("Nightly", allow=["large change"]).raise_for_status()
    assert NoticeCode.STALE_SEGMENT not in codes(workspace)
