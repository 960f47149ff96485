"""Nothing heavy is imported before it is needed."""

import subprocess
import sys
from pathlib import Path

import pytest

import toolkit
from tests.conftest import Tables

ENGINES = {"duckdb", "pyspark", "ibis"}
HEAVY = {"great_expectations", "pandas", "altair", "fastapi", "sqlalchemy", "pyarrow", "polars", "requests", "alembic"}


def imported_after(code: str) -> set[str]:
    script = f"{code}\nimport sys; print(' '.join({{name.partition('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


def test_the_package_itself_imports_nothing_heavy() -> None:
    assert imported_after("import toolkit; dir(toolkit)") & HEAVY == set()


def test_checks_import_no_spark() -> None:
    code = "from toolkit.importing import import_great_expectations; import_great_expectations()"
    assert "pyspark" not in imported_after(code)


def test_the_command_line_imports_nothing_heavy_until_a_command_runs() -> None:
    assert imported_after("import toolkit.__main__") & HEAVY == set()


def test_a_preview_does_without_the_checks_charts_and_http(tmp_path: Path, tables: Tables) -> None:
    toolkit.open_workspace(tmp_path / "workspace", profiles=tables.profiles, segments=tables.segments, create=True)
    code = (
        f"import toolkit; print(toolkit.open_workspace({str(tmp_path / 'workspace')!r})"
        ".preview('All', email_column='EMail').counts)"
    )
    assert imported_after(code) & {"great_expectations", "pandas", "altair", "fastapi", *ENGINES} == set()


def test_a_checked_run_draws_its_report_without_what_draws_charts(workspace: toolkit.Workspace) -> None:
    code = (
        f"import sys, toolkit; run = toolkit.open_workspace({str(workspace.path)!r}).runs.start('Nightly')\n"
        "assert run.outcome == 'successful' and run.checks and 'toolkit-bars' in run.report.read_text()\n"
        "assert not {'altair.vegalite', 'vl_convert', 'ipywidgets', 'scipy.stats._stats_py'} & set(sys.modules)"
    )
    assert "great_expectations" in imported_after(code)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError):
        toolkit.Nothing  # noqa: B018


def test_every_public_name_can_be_had() -> None:
    assert [name for name in toolkit.__all__ if getattr(toolkit, name, None) is None] == []


def test_garbage_is_collected_after_the_first_name() -> None:
    code = "import gc, toolkit; toolkit.open_workspace; assert gc.isenabled(); assert gc.get_threshold()[0] < 10_000"
    assert "sqlalchemy" in imported_after(code)
