"""Who does not consent any more leaves the lists at the next run, and each run proves that consent held."""

import hashlib
import sqlite3
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

import toolkit
from tests.conftest import Tables, save_nightly
from toolkit.errors import ConfigurationError, DataError, SignatureError
from toolkit.runs import Guard, NoticeCode, Progress

Held = Callable[[str], set[str]]
UNGUARDED = {"most_change": 1, "least_size": 0}


def hashes(*customers: str) -> set[str]:
    return {hashlib.sha256(f"{it}@mail.example".lower().encode()).hexdigest() for it in customers}


def write(tables: Tables, until: Mapping[str, datetime | None]) -> None:
    """Write profiles whose consent ends then, all of them members of ``All``."""
    pl.DataFrame(
        {
            "CustomerId": list(until),
            "EMail": [f"{it}@mail.example" for it in until],
            "Until": list(until.values()),
            "Basis": [f"form {it}" for it in until],
        },
        schema_overrides={"Until": pl.Datetime("us", "UTC")},
    ).write_parquet(tables.folder / "profiles.parquet")
    tables.write(segments={"All": list(until)})


def later(days: float) -> datetime:
    return datetime.now(UTC) + timedelta(days=days)


@pytest.fixture
def asking(workspace: toolkit.Workspace, tables: Tables) -> toolkit.Workspace:
    """The export asks for consent until a moment; that of C and D ended."""
    write(tables, {"A": later(1), "B": later(100), "C": later(-1), "D": None})
    save_nightly(workspace, consent_column="Until", consent_basis_column="Basis", thresholds=UNGUARDED)
    return workspace


class TestRuns:
    def test_who_consents_is_sent(self, asking: toolkit.Workspace, held: Held) -> None:
        run = asking.runs.start("Nightly").raise_for_status()
        assert held("All") == hashes("A", "B")
        assert run.frame.select("exportable", "no_consent").row(0) == (2, 2)

    def test_whose_consent_ended_leaves(self, asking: toolkit.Workspace, tables: Tables, held: Held) -> None:
        asking.runs.start("Nightly").raise_for_status()
        write(tables, {"A": later(-1), "B": later(100), "C": later(5), "D": None})
        run = asking.runs.start("Nightly").raise_for_status()
        assert held("All") == hashes("B", "C")
        assert run.frame.select("added", "removed").row(0) == (1, 1)

    def test_a_resumed_run_asks_again(self, asking: toolkit.Workspace, tables: Tables, held: Held) -> None:
        def cancel(progress: Progress) -> None:
            if progress.done == 1:
                asking.runs.cancel(asking.runs.frame["run"][0])

        people = [f"P{number}" for number in range(20)]
        write(tables, dict.fromkeys(people, later(1)))
        canceled = asking.runs.start("Nightly", batch_size=1, observer=cancel)
        assert canceled.outcome == "canceled"
        assert 0 < len(held("All")) < len(people)
        write(tables, {"A": None, "B": None, "C": later(5), "D": None})
        run = asking.runs.resume("Nightly").raise_for_status()
        assert held("All") == hashes("C")
        assert set(asking.runs.consent(run.id).frame["identifier"]) == hashes("C")

    def test_a_list_of_two_exports_keeps_whom_the_other_sends(
        self, asking: toolkit.Workspace, tables: Tables, held: Held
    ) -> None:
        (sent,) = asking.runs.start("Nightly").raise_for_status().lists
        asking.exports.save(
            "Other",
            connection="Sandbox",
            advertiser_id="2711",
            email_column="EMail",
            segments=["All"],
            lists={"All": str(sent.list_id)},
            thresholds=UNGUARDED,
        )
        asking.runs.start("Other").raise_for_status()
        write(tables, {"A": None, "B": later(1), "C": None, "D": None})
        asking.runs.start("Nightly").raise_for_status()
        assert held("All") == hashes("A", "B", "C", "D")

    @pytest.mark.parametrize("form", ["sha256", "plain"])
    def test_nobody_consents(self, asking: toolkit.Workspace, tables: Tables, form: str, held: Held) -> None:
        asking.exports.save(**(options_of(asking) | {"form": form}))
        asking.runs.start("Nightly").raise_for_status()
        write(tables, dict.fromkeys("ABCD"))
        stopped = asking.runs.start("Nightly")
        assert stopped.error is not None
        asking.runs.start("Nightly", allow=[Guard.EMPTIED, Guard.LARGE_CHANGE]).raise_for_status()
        assert held("All") == set()

    def test_a_slow_schedule_is_told(self, asking: toolkit.Workspace, tables: Tables) -> None:
        weekly = toolkit.Schedule.weekly(f"{later(-1):%A}".lower(), "00:00")
        asking.exports.save(**(options_of(asking) | {"schedule": weekly}))
        for run_or_preview in (asking.runs.start("Nightly"), asking.exports.preview("Nightly")):
            assert [it.code for it in run_or_preview.warnings] == [NoticeCode.CONSENT_ENDS]
        asking.exports.save(**(options_of(asking) | {"schedule": toolkit.Schedule.daily("00:00")}))
        assert asking.runs.start("Nightly").warnings == ()

    def test_who_is_sent_by_another_type_is_told(self, asking: toolkit.Workspace, tables: Tables) -> None:
        profiles = tables.folder / "profiles.parquet"
        is_a = pl.col("CustomerId") == "A"
        gum = "k-visitor-" + pl.col("CustomerId")
        table = pl.read_parquet(profiles).with_columns(Gum=gum, EMail=pl.when(~is_a).then("EMail"))
        table.write_parquet(profiles)
        weekly = toolkit.Schedule.weekly(f"{later(-1):%A}".lower(), "00:00")
        options = {"gum_column": "Gum", "gum_caller_id": 57, "schedule": weekly}
        asking.exports.save(**(options_of(asking) | options))
        preview = asking.exports.preview("Nightly")
        assert preview.consent.rows() == [("All", 2, 1, 1)]
        for run_or_preview in (preview, asking.runs.start("Nightly")):
            assert NoticeCode.CONSENT_ENDS in {it.code for it in run_or_preview.warnings}

    def test_the_preview_says_what_ends(self, asking: toolkit.Workspace) -> None:
        preview = asking.exports.preview("Nightly")
        assert preview.consent.rows() == [("All", 2, 1, 1)]
        assert dict(preview.funnel.select("step", "people").iter_rows())["no_consent"] == 2
        assert preview.changes["added"].to_list() == [2]


def options_of(workspace: toolkit.Workspace) -> dict[str, object]:
    kept = workspace.exports["Nightly"].model_dump(exclude={"version"})
    return {it: value for it, value in kept.items() if value not in ((), "", {}, None)}


class TestOptions:
    def test_append_would_keep_whose_consent_ended(self, asking: toolkit.Workspace) -> None:
        with pytest.raises(ConfigurationError):
            save_nightly(asking, consent_column="Until", mode="append")
        with pytest.raises(ConfigurationError):
            asking.runs.start("Nightly", mode="append")

    @pytest.mark.parametrize(
        "options",
        [
            {"consent_values": "yes"},
            {"consent_basis": "form"},
            {"consent_column": "Unknown"},
            {"consent_column": "Until", "consent_basis_column": "Unknown"},
            {"consent_column": "Until", "consent_basis": "form", "consent_basis_column": "Basis"},
            {"consent_column": "Until", "consent_values": [True]},
            {"consent_column": "Basis", "consent_values": ["form A", " "]},
            {"consent_column": "Basis", "consent_values": ["a@mail.example"]},
            {"consent_column": "Until", "consent_basis": "told a@mail.example"},
            {"consent_column": "Until", "consent_basis_column": "EMail"},
        ],
    )
    def test_what_does_not_fit_is_refused(self, asking: toolkit.Workspace, options: dict[str, object]) -> None:
        with pytest.raises(ConfigurationError):
            save_nightly(asking, **options)

    def test_a_column_that_is_gone_stops_the_run(self, asking: toolkit.Workspace, tables: Tables) -> None:
        profiles = tables.folder / "profiles.parquet"
        pl.read_parquet(profiles).drop("Until").write_parquet(profiles)
        run = asking.runs.start("Nightly")
        assert run.status.value == "failed"
        assert "Until" in str(run.error)

    def test_yaml_holds_them(self, asking: toolkit.Workspace, tmp_path: Path) -> None:
        save_nightly(asking, consent_column="Basis", consent_values=["form A", "form B"], consent_basis="opt-in")
        asking.exports.write(tmp_path / "exports.yaml")
        asking.exports.remove("Nightly")
        asking.exports.read(tmp_path / "exports.yaml")
        export = asking.exports["Nightly"]
        assert (export.consent_column, export.consent_values) == ("Basis", ("form A", "form B"))
        assert export.consent_basis == "opt-in"


class TestProof:
    def test_it_names_whom_the_run_added(self, asking: toolkit.Workspace, tables: Tables, tmp_path: Path) -> None:
        first = asking.runs.start("Nightly").raise_for_status()
        proof = asking.runs.consent(first.id)
        assert set(proof.frame["identifier"]) == hashes("A", "B")
        assert set(proof.frame["basis"]) == {"form A", "form B"}
        assert (proof.frame["until"] > proof.frame["held_at"]).all()
        assert proof.person == asking.people.me.name
        written = proof.write(tmp_path / "proof.csv").read_text()
        assert written.count("\n") == 3
        assert "@" not in written
        write(tables, {"A": later(1), "B": later(100), "C": later(5), "D": None})
        second = asking.runs.start("Nightly").raise_for_status()
        assert set(asking.runs.consent(second.id).frame["identifier"]) == hashes("C")
        third = asking.runs.start("Nightly").raise_for_status()
        assert (asking.runs.consent(third.id).person, asking.runs.consent(third.id).frame.height) == (None, 0)

    def test_a_basis_in_words_is_that_of_all(self, asking: toolkit.Workspace) -> None:
        save_nightly(asking, consent_column="Until", consent_basis="opt-in of the shop", thresholds=UNGUARDED)
        run = asking.runs.start("Nightly").raise_for_status()
        assert asking.runs.consent(run.id).frame["basis"].to_list() == ["opt-in of the shop"] * 2

    def test_consent_without_an_end_is_shown(self, asking: toolkit.Workspace, tables: Tables, tmp_path: Path) -> None:
        profiles = tables.folder / "profiles.parquet"
        pl.read_parquet(profiles).with_columns(Until=date(9999, 12, 31)).write_parquet(profiles)
        evidence = asking.runs.consent(asking.runs.start("Nightly").raise_for_status().id)
        assert set(evidence.frame["until"]) == {datetime.max.replace(tzinfo=UTC)}
        assert evidence._repr_html_().count("9999-12-31") == 4
        assert evidence.write(tmp_path / "evidence.csv").read_text().count("9999-12-31") == 4

    def test_what_was_altered_is_told(self, asking: toolkit.Workspace) -> None:
        run = asking.runs.start("Nightly").raise_for_status()
        file = run.folder / "consent.parquet"
        kept = file.read_bytes()
        pl.read_parquet(file).with_columns(basis=pl.lit("invented")).write_parquet(file)
        with pytest.raises(SignatureError):
            asking.runs.consent(run.id)
        file.unlink()
        with pytest.raises(DataError):
            asking.runs.consent(run.id)
        file.write_bytes(kept)
        assert asking.runs.consent(run.id).frame.height == 2

    def test_a_disclosure_tells_the_basis(self, asking: toolkit.Workspace) -> None:
        run = asking.runs.start("Nightly").raise_for_status()
        assert asking.disclose(email="A@mail.example").frame["basis"].to_list() == ["form A"]
        (run.folder / "consent.parquet").unlink()
        found = asking.disclose(email="A@mail.example")
        assert found.frame["basis"].to_list() == [None]
        assert toolkit.GapCode.CONSENT_UNPROVED in {it.code for it in found.unknown}

    def test_the_basis_is_that_of_each_list(self, asking: toolkit.Workspace, tables: Tables) -> None:
        profiles = tables.folder / "profiles.parquet"
        pl.read_parquet(profiles).with_columns(EMail=pl.lit("same@mail.example")).write_parquet(profiles)
        tables.write(segments={"All": ["A"], "More": ["B"]})
        asking.exports.save(**(options_of(asking) | {"segments": ["All", "More"]}))
        asking.runs.start("Nightly").raise_for_status()
        found = asking.disclose(email="same@mail.example").frame
        assert set(found.select("segment", "basis").rows()) == {("All", "form A"), ("More", "form B")}

    def test_a_basis_shows_no_address(self, asking: toolkit.Workspace, tables: Tables, tmp_path: Path) -> None:
        profiles = tables.folder / "profiles.parquet"
        basis = pl.lit("told ") + pl.col("EMail") + " so"
        numbers = pl.lit(" on 01-02-2026 10:30, +31 (0)6 1234 0001, 06-12340002, 0031612340003 and 06 12 34 00 04")
        pl.read_parquet(profiles).with_columns(Basis=basis + numbers).write_parquet(profiles)
        run = asking.runs.start("Nightly").raise_for_status()
        assert set(asking.runs.consent(run.id).frame["basis"]) == {
            "told ••• so on 01-02-2026 10:30, •••, •••, ••• and •••"
        }
        found = asking.disclose(email="A@mail.example")
        assert "@" not in found.to_json(tmp_path / "disclosure.json").read_text()
        assert "@" not in repr(asking.runs.consent(run.id))

    def test_a_proof_that_was_taken_out_is_told(
        self, asking: toolkit.Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        run = asking.runs.start("Nightly").raise_for_status()
        with sqlite3.connect(asking.path / "workspace.db") as database:
            database.execute("DELETE FROM audit WHERE id >= (SELECT max(id) FROM audit WHERE action LIKE 'prove%')")
        database.close()
        # A machine that has not seen the workspace before can't know that rows are missing at the end.
        monkeypatch.setenv("TOOLKIT_MEMORY", str(tmp_path / "memory"))
        with pytest.raises(SignatureError):
            toolkit.open_workspace(asking.path).runs.consent(run.id)

    def test_what_was_not_sent_is_not_said_to_be(self, asking: toolkit.Workspace, held: Held) -> None:
        def end(progress: Progress) -> None:
            if progress.step is toolkit.Step.PUSH:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            asking.runs.start("Nightly", observer=end)
        proof = asking.runs.consent(asking.runs.frame["run"][0])
        assert held("All") == set()
        assert "was about to send" in proof.headline

    def test_that_of_another_run_is_told(self, asking: toolkit.Workspace, tables: Tables) -> None:
        first = asking.runs.start("Nightly").raise_for_status()
        write(tables, {"A": later(1), "B": later(100), "C": later(5), "D": later(5)})
        second = asking.runs.start("Nightly").raise_for_status()
        (second.folder / "consent.parquet").write_bytes((first.folder / "consent.parquet").read_bytes())
        with pytest.raises(SignatureError):
            asking.runs.consent(second.id)

    def test_a_run_without_it_says_so(self, workspace: toolkit.Workspace) -> None:
        run = workspace.runs.start("Nightly").raise_for_status()
        for unknown in (run.id, "unknown"):
            with pytest.raises(ConfigurationError):
                workspace.runs.consent(unknown)

    def test_a_dry_run_proves_nothing(self, asking: toolkit.Workspace) -> None:
        run = asking.runs.start("Nightly", dry_run=True).raise_for_status()
        assert asking.runs.consent(run.id).frame.is_empty()
