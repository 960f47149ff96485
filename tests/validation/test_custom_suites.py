"""Suites of a user's own are asked about every segment, whether from Python, from a file or from Great Expectations."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import great_expectations as gx
import great_expectations.expectations as gxe
import polars as pl
import pytest
import yaml
from great_expectations.expectations.row_conditions import Column
from typer.testing import CliRunner

import toolkit
from tests.conftest import Tables, connect, save_nightly
from tests.raising import raises
from toolkit.cli import app
from toolkit.errors import ErrorCode, SignatureError
from toolkit.sandbox import Sandbox
from toolkit.validation import CheckResult, CheckResults, Level

ADULT = {"type": "expect_column_values_to_be_between", "kwargs": {"column": "Age", "min_value": 18}}


@pytest.fixture
def people(tables: Tables) -> Tables:
    """The hundred customers, of whom the first ten are children, with a city and an address each."""
    number = pl.int_range(100)
    pl.select(
        CustomerId=pl.format("C{}", number.cast(pl.String).str.zfill(3)),
        EMail=pl.format("person{}@mail.example", number),
        Age=pl.when(number < 10).then(7).otherwise(40),
        City=pl.when(number == 3).then(pl.lit("Atlantis")).otherwise(pl.lit("Gouda")),
    ).write_parquet(tables.folder / "profiles.parquet")
    return tables


@pytest.fixture
def workspace(tmp_path: Path, people: Tables, criteo: Sandbox) -> toolkit.Workspace:
    opened = toolkit.open_workspace(
        tmp_path / "workspace", profiles=people.profiles, segments=people.segments, create=True
    )
    connect(opened, criteo)
    save_nightly(opened)
    return opened


def put_file(workspace: toolkit.Workspace, name: str, content: str) -> Path:
    path = workspace.path / "checks" / "expectations" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


def own(results: CheckResults) -> list[CheckResult]:
    return [it for it in results if it.suite != "built in"]


def the_own(results: CheckResults) -> CheckResult:
    (found,) = own(results)
    return found


class TestFromPython:
    def test_one_expectation_is_checked_and_its_failures_are_told_by_key(self, workspace: toolkit.Workspace) -> None:
        workspace.checks.add("Adults", gxe.ExpectColumnValuesToBeBetween(column="Age", min_value=18))
        results = workspace.exports.check("Nightly")
        found = the_own(results)
        assert (found.check, found.level, found.passed) == (
            "Adults: column values to be between (Age)",
            Level.ERROR,
            False,
        )
        assert (found.failing_share, found.observed) == (0.1, "10.0% (10 of 100) not as expected")
        assert found.unexpected.sort().to_list() == [f"C00{number}" for number in range(10)]
        assert results.unexpected["customer"].n_unique() == 10

    def test_a_share_may_fail_where_the_suite_says_so(self, workspace: toolkit.Workspace) -> None:
        workspace.checks.add("Adults", gxe.ExpectColumnValuesToBeBetween(column="Age", min_value=18, mostly=0.9))
        assert the_own(workspace.exports.check("Nightly")).passed
        workspace.checks.add("Adults", gxe.ExpectColumnValuesToBeBetween(column="Age", min_value=18, mostly=0.91))
        assert not the_own(workspace.exports.check("Nightly")).passed

    @pytest.mark.parametrize(
        ("severity", "level"), [("critical", "error"), ("warning", "warning"), ("info", "warning")]
    )
    def test_its_severity_is_the_level(self, workspace: toolkit.Workspace, severity: str, level: str) -> None:
        workspace.checks.add("Adults", gxe.ExpectColumnValuesToBeBetween(column="Age", min_value=18, severity=severity))
        assert the_own(workspace.exports.check("Nightly")).level == level

    def test_a_suite_of_great_expectations_or_a_list_does_too(self, workspace: toolkit.Workspace) -> None:
        expectations = [
            gxe.ExpectColumnValuesToBeInSet(column="City", value_set=["Gouda"], description="all live in Gouda"),
            gxe.ExpectColumnValuesToNotBeNull(column="Age"),
        ]
        workspace.checks.add("Listed", expectations)
        workspace.checks.add("Suite", gx.ExpectationSuite(name="Other", expectations=expectations))
        assert [(it.check, it.passed) for it in own(workspace.exports.check("Nightly"))] == [
            ("Listed: all live in Gouda", False),
            ("Listed: column values to not be null (Age)", True),
            ("Suite: all live in Gouda", False),
            ("Suite: column values to not be null (Age)", True),
        ]

    def test_columns_of_the_labelled_audience_and_conditions_on_rows_may_be_named(
        self, workspace: toolkit.Workspace, people: Tables
    ) -> None:
        workspace.checks.add(
            "Sent",
            [
                gxe.ExpectColumnValuesToBeInSet(column="status", value_set=["exportable"]),
                gxe.ExpectColumnValueLengthsToEqual(
                    column="identifier", value=64, row_condition=Column("status") == "exportable"
                ),
                gxe.ExpectColumnValuesToBeBetween(column="Age", min_value=18, row_condition=Column("City") == "Gouda"),
            ],
        )
        statuses, lengths, ages = own(workspace.exports.check("Nightly"))
        assert (statuses.passed, lengths.passed) == (True, True)
        assert "C003" not in ages.unexpected
        assert ages.unexpected.len() == 9

    def test_it_stays_until_it_is_removed(self, workspace: toolkit.Workspace) -> None:
        workspace.checks.add("Adults", gxe.ExpectColumnValuesToBeBetween(column="Age", min_value=18))
        command = ["export", "check", "Nightly", "--workspace", str(workspace.path)]
        failed = CliRunner().invoke(app, command)
        assert failed.exit_code == 1
        assert "Adults: column values to be between (Age)" in failed.output
        toolkit.open_workspace(workspace.path).checks.remove("Adults")
        passed = CliRunner().invoke(app, command)
        assert passed.exit_code == 0
        assert "Adults" not in passed.output

    def test_what_is_no_expectation_is_refused_by_name(self, workspace: toolkit.Workspace) -> None:
        with raises(ErrorCode.CONFIGURATION, names=("Odd", "int")):
            workspace.checks.add("Odd", 3)
        with raises(ErrorCode.CONFIGURATION, names="../Odd"):
            workspace.checks.add("../Odd", gxe.ExpectColumnValuesToNotBeNull(column="Age"))

    def test_adding_and_removing_one_is_in_the_audit(self, workspace: toolkit.Workspace) -> None:
        workspace.checks.add("Adults", gxe.ExpectColumnValuesToNotBeNull(column="Age"))
        workspace.checks.remove("Adults")
        assert workspace.audit.frame["action"].head(2).to_list() == ["remove suite of checks", "save suite of checks"]
        with raises(ErrorCode.UNKNOWN_NAME, names="Adults"):
            workspace.checks.remove("Adults")


class TestFromFiles:
    @pytest.mark.parametrize(("ending", "dump"), [("json", json.dumps), ("yaml", yaml.safe_dump)])
    def test_a_file_in_the_folder_is_checked(self, workspace: toolkit.Workspace, ending: str, dump: Any) -> None:
        put_file(workspace, f"Adults.{ending}", dump({"name": "Adults", "expectations": [ADULT]}))
        with pytest.raises(SignatureError):
            workspace.exports.check("Nightly")
        workspace.checks.sign("Adults")
        assert the_own(workspace.exports.check("Nightly")).failing_share == 0.1

    def test_a_suite_made_with_great_expectations_in_the_folder_is_checked_as_it_is(
        self, workspace: toolkit.Workspace
    ) -> None:
        workspace.checks.add("First", gxe.ExpectColumnValuesToNotBeNull(column="Age"))
        context = gx.get_context(mode="file", context_root_dir=workspace.path / "checks")
        assert [it.name for it in context.suites.all()] == ["First"]
        suite = gx.ExpectationSuite(
            name="Second", expectations=[gxe.ExpectColumnValuesToBeBetween(column="Age", min_value=18)]
        )
        context.suites.add(suite)
        workspace.checks.sign("Second")
        assert [(it.suite, it.passed) for it in own(workspace.exports.check("Nightly"))] == [
            ("First", True),
            ("Second", False),
        ]

    def test_a_file_elsewhere_can_be_added(self, workspace: toolkit.Workspace, tmp_path: Path) -> None:
        (tmp_path / "mine.json").write_text(json.dumps({"name": "mine", "expectations": [ADULT]}))
        workspace.checks.add("Adults", tmp_path / "mine.json")
        assert the_own(workspace.exports.check("Nightly")).suite == "Adults"

    @pytest.mark.parametrize(
        ("content", "names"),
        [
            ("{", ()),
            ("[]", ()),
            pytest.param("[" * 200_000, (), id="deep"),
            ('{"expectations": [{"kwargs": {}}]}', 1),
            ('{"expectations": [{"type": "expect_wonders", "kwargs": {}}]}', "expect_wonders"),
            (
                '{"expectations": [{"type": "expect_column_values_to_be_between", "kwargs": {"column": "Age"}}]}',
                (1, "min_value", "max_value"),
            ),
        ],
    )
    def test_a_broken_one_is_a_sentence_that_names_the_file(
        self, workspace: toolkit.Workspace, content: str, names: object
    ) -> None:
        put_file(workspace, "Broken.json", content)
        with raises(ErrorCode.CONFIGURATION, names=names) as caught:
            workspace.checks.sign("Broken")
        assert "Broken.json" in caught.value.what
        assert workspace.runs.start("Nightly").error.code is ErrorCode.SIGNATURE

    @pytest.mark.parametrize("content", ["[" * 20_000, "at: 2026-02-31", "expectations: []\nexpectations: []"])
    def test_so_is_a_broken_one_of_yaml(self, workspace: toolkit.Workspace, content: str) -> None:
        put_file(workspace, "Broken.yaml", content)
        with raises(ErrorCode.CONFIGURATION) as caught:
            workspace.checks.sign("Broken")
        assert "Broken.yaml" in caught.value.what

    def test_an_export_may_choose_among_them(self, workspace: toolkit.Workspace) -> None:
        workspace.checks.add("Adults", gxe.ExpectColumnValuesToBeBetween(column="Age", min_value=18))
        workspace.checks.add("Cities", gxe.ExpectColumnValuesToNotBeNull(column="City"))
        save_nightly(workspace, thresholds={"suites": ["Cities"]})
        assert the_own(workspace.exports.check("Nightly")).suite == "Cities"
        save_nightly(workspace, thresholds={"suites": []})
        assert own(workspace.exports.check("Nightly")) == []
        save_nightly(workspace, thresholds={"suites": ["Citys"]})
        with raises(ErrorCode.UNKNOWN_NAME, names=("Citys", "Cities")):
            workspace.exports.check("Nightly")


class TestBadOnes:
    def test_a_missing_column_of_a_condition_is_named_too(self, workspace: toolkit.Workspace) -> None:
        expectation = gxe.ExpectColumnValuesToNotBeNull(column="Age", row_condition=Column("Cty") == "Gouda")
        with raises(ErrorCode.CONFIGURATION, names="Cty"):
            workspace.checks.add("Cities", expectation)

    def test_a_missing_column_fails_the_check_and_names_the_nearest(self, workspace: toolkit.Workspace) -> None:
        expectation = {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "Cty"}}
        put_file(workspace, "Cities.json", json.dumps({"expectations": [expectation]}))
        workspace.checks.sign("Cities")
        found = the_own(workspace.exports.check("Nightly"))
        assert found.sentence == (
            "Check 'Cities: column values to not be null (Cty)' of segment 'All': expected a column 'Cty' in the "
            "profiles or the labelled audience, found none."
        )
        assert found.remedy == "Correct the column in suite 'Cities'. 'City' may be meant."
        run = workspace.runs.start("Nightly")
        assert run.error is not None
        assert found.sentence in run.error.what

    def test_one_is_refused_when_it_is_added(self, workspace: toolkit.Workspace) -> None:
        with raises(ErrorCode.CONFIGURATION, names=("Cities", "Cty", "City")):
            workspace.checks.add("Cities", gxe.ExpectColumnValuesToNotBeNull(column="Cty"))
        assert workspace.checks == {}

    def test_an_expectation_that_raises_counts_as_failed_and_the_others_are_asked(
        self, workspace: toolkit.Workspace
    ) -> None:
        workspace.checks.add(
            "Odd",
            [
                gxe.ExpectColumnValuesToBeBetween(column="EMail", min_value=18),
                gxe.ExpectColumnMaxToBeBetween(column="City", max_value=3),
                gxe.ExpectColumnValuesToMatchRegex(column="City", regex="("),
                gxe.ExpectColumnValuesToNotBeNull(column="City"),
            ],
        )
        *raising, last = own(workspace.exports.check("Nightly"))
        assert [it.passed for it in raising] == [False] * 3
        assert all("could not be checked" in it.observed for it in raising)
        assert last.passed
        assert workspace.runs.start("Nightly").status == "failed"

    def test_what_it_raised_shows_nothing_of_the_data(self, workspace: toolkit.Workspace) -> None:
        workspace.checks.add("Odd", gxe.ExpectColumnStdevToBeBetween(column="EMail", max_value=3))
        found = the_own(workspace.exports.check("Nightly"))
        assert found.raised
        assert "mail.example" not in found.observed


class TestPersonalData:
    def test_examples_are_masked(self, workspace: toolkit.Workspace) -> None:
        workspace.checks.add(
            "Odd",
            [
                gxe.ExpectColumnValuesToMatchRegex(column="EMail", regex="company"),
                gxe.ExpectColumnValuesToBeBetween(column="Age", min_value=18),
                gxe.ExpectColumnValuesToMatchRegex(column="customer", regex="X"),
            ],
        )
        assert [it.examples for it in own(workspace.exports.check("Nightly"))] == [
            ("p•••@m•••.example",),
            ("•",),
            ("C•••",),
        ]

    def test_neither_an_address_nor_a_key_stands_in_what_a_run_tells(self, workspace: toolkit.Workspace) -> None:
        workspace.checks.add(
            "Odd",
            [
                gxe.ExpectColumnValuesToNotBeInSet(column="EMail", value_set=["person5@mail.example"]),
                gxe.ExpectColumnValuesToBeInSet(column="customer", value_set=["C005"], severity="warning"),
                gxe.ExpectColumnDistinctValuesToBeInSet(column="City", value_set=["Gouda"], severity="warning"),
                gxe.ExpectColumnMostCommonValueToBeInSet(column="EMail", value_set=["x"], severity="warning"),
            ],
        )
        run = workspace.runs.start("Nightly")
        told = [run.to_json(), run.report.read_text(), run.data_docs.read_text(), repr(run), run._repr_html_()]
        told += [repr(it) + it._repr_html_() for it in (workspace.exports.check("Nightly"),)]
        for text in told:
            assert "mail.example" not in text
            assert "C005" not in text
            assert "Atlantis" not in text
        assert run.unexpected.filter(pl.col("check").str.contains("EMail"))["customer"].to_list()[:1] == ["C005"]


class TestManyAtOnce:
    def test_processes_that_check_and_save_suites_at_once_do_not_break_each_other(
        self, workspace: toolkit.Workspace
    ) -> None:
        code = (
            "import sys, toolkit, great_expectations.expectations as gxe\n"
            "opened = toolkit.open_workspace(sys.argv[1])\n"
            "for _ in range(3):\n"
            "    opened.checks.add('Shared', gxe.ExpectColumnValuesToBeBetween(column='Age', min_value=18))\n"
            "    opened.checks.add(f'Of {sys.argv[2]}', gxe.ExpectColumnValuesToNotBeNull(column='Age'))\n"
            "    assert len([it for it in opened.exports.check('Nightly').errors]) == 1\n"
        )

        def work(name: str) -> "subprocess.CompletedProcess[str]":
            # What Great Expectations imports may warn of pandas.
            command = [sys.executable, "-W", "ignore::FutureWarning", "-c", code, str(workspace.path), name]
            return subprocess.run(command, capture_output=True, text=True, check=False)

        with ThreadPoolExecutor() as pool:
            done = list(pool.map(work, ["one", "two"]))
        assert [(it.returncode, it.stderr) for it in done] == [(0, "")] * 2
        assert sorted(workspace.checks) == ["Of one", "Of two", "Shared"]

    def test_a_folder_that_may_only_be_read_is_checked(self, workspace: toolkit.Workspace) -> None:
        workspace.checks.add("Adults", gxe.ExpectColumnValuesToBeBetween(column="Age", min_value=18))
        folder = workspace.path / "checks"
        before = {it: it.stat().st_mtime_ns for it in folder.rglob("*")}
        places = [folder, *(it for it in before if it.is_dir())]
        for place in places:
            place.chmod(0o500)
        try:
            assert not the_own(workspace.exports.check("Nightly")).passed
        finally:
            for place in places:
                place.chmod(0o700)
        assert {it: it.stat().st_mtime_ns for it in folder.rglob("*")} == before

    def test_nothing_of_this_machine_stands_in_the_folder(self, workspace: toolkit.Workspace) -> None:
        workspace.checks.add("Adults", gxe.ExpectColumnValuesToBeBetween(column="Age", min_value=18))
        workspace.exports.check("Nightly")
        files = [it for it in (workspace.path / "checks").rglob("*") if it.is_file()]
        assert sorted(it.name for it in files) == ["Adults.json", "great_expectations.yml"]
        for file in files:
            assert str(Path.home()) not in file.read_text()
            assert str(workspace.path) not in file.read_text()


def test_where_there_is_no_suite_the_folder_is_not_made(workspace: toolkit.Workspace) -> None:
    workspace.runs.start("Nightly").raise_for_status()
    assert not (workspace.path / "checks").exists()
    assert workspace.checks == {}


def test_profile_columns_are_read_only_where_a_suite_names_one(workspace: toolkit.Workspace, people: Tables) -> None:
    workspace.checks.add("Sent", gxe.ExpectColumnValuesToNotBeNull(column="status"))
    profiles = pl.read_parquet(people.folder / "profiles.parquet")
    profiles.drop("Age", "City").write_parquet(people.folder / "profiles.parquet")
    assert the_own(workspace.exports.check("Nightly")).passed


class TestSavingBrokenOff:
    """A suite counts from the moment of its decision, wherever its file lies by then."""

    def test_decided_and_not_in_place(self, workspace: toolkit.Workspace) -> None:
        adults = gxe.ExpectColumnValuesToBeBetween(column="Age", min_value=18)
        workspace.checks.add("Adults", adults)
        file = workspace.path / "checks" / "expectations" / "Adults.json"
        older = file.read_bytes()
        workspace.checks.add("Adults", gxe.ExpectColumnValuesToBeBetween(column="Age", min_value=21))
        file.rename(file.with_name(".Adults.json.0123abcd.part"))
        file.write_bytes(older)
        assert [it.configuration.kwargs["min_value"] for it in workspace.checks["Adults"]] == [21]
        assert workspace.altered_rows == []

    def test_written_and_not_decided(self, workspace: toolkit.Workspace) -> None:
        workspace.checks.add("Adults", gxe.ExpectColumnValuesToBeBetween(column="Age", min_value=18))
        file = workspace.path / "checks" / "expectations" / "Adults.json"
        forged = file.read_text().replace("18", "0")
        file.with_name(".Adults.json.0123abcd.part").write_text(forged)
        assert [it.configuration.kwargs["min_value"] for it in workspace.checks["Adults"]] == [18]
        file.unlink()
        with pytest.raises(toolkit.SignatureError):
            list(workspace.checks)
        assert len(workspace.altered_rows) == 1
        workspace.checks.remove("Adults")
        assert workspace.checks == {}
        assert list(file.parent.iterdir()) == []
