"""The text to paste is what its scheduler takes, and calls the refresh at each of its times."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import pytest
import yaml
from croniter import croniter

import toolkit
from tests.conftest import Tables, need
from tests.refresh.conftest import save
from toolkit.exports.schedule import Schedule
from toolkit.refresh.schedulers import Call, Scheduler, call_of, text_for
from toolkit.state.folder import WorkspaceFolder

NOW = datetime(2027, 2, 1, 9, 30, tzinfo=UTC)
NIGHTLY = Schedule.daily("02:30", time_zone="Europe/Amsterdam")
TASK = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"


@pytest.fixture
def folder(tmp_path: Path, tables: Tables) -> WorkspaceFolder:
    """A workspace with a path that schedulers may take apart."""
    path = tmp_path / "it's 100% $HOME"
    toolkit.open_workspace(path, profiles=tables.profiles, segments=tables.segments, create=True)
    return WorkspaceFolder.open(path)


@pytest.fixture
def call(folder: WorkspaceFolder) -> Call:
    return call_of(folder, NIGHTLY)


def test_the_call_is_that_of_this_workspace_interpreter_and_key(call: Call, folder: WorkspaceFolder) -> None:
    assert call.arguments == [
        *(sys.executable, "-P", "-m", "toolkit", "refresh", "--workspace", str(folder.path)),
        *("--at", "02:30", "--time-zone", "Europe/Amsterdam", "--quiet"),
    ]
    assert call.environment == {"TOOLKIT_KEY_FILE": os.environ["TOOLKIT_KEY_FILE"]}


def test_no_module_of_the_workspace_is_imported(call: Call, folder: WorkspaceFolder) -> None:
    """Schedulers call it in the workspace, where colleagues write."""
    for module in ("toolkit", "typer", "json"):
        (folder.path / f"{module}.py").write_text("raise SystemExit('imported from the workspace')")
    started = call.arguments[: call.arguments.index("refresh")]
    said = subprocess.run([*started, "refresh", "--help"], cwd=folder.path, capture_output=True, text=True, check=False)
    assert (said.returncode, "--workspace" in said.stdout) == (0, True), said.stderr


def test_the_file_of_addresses_is_named_where_there_is_one(
    folder: WorkspaceFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOOLKIT_NOTIFY_FILE", str(tmp_path / "notify.yml"))
    text = text_for(Scheduler.SYSTEMD, call_of(folder, NIGHTLY), now=NOW)
    assert f'Environment="TOOLKIT_NOTIFY_FILE={tmp_path / "notify.yml"}"' in text


def test_what_cron_runs_is_a_refresh(call: Call, folder: WorkspaceFolder) -> None:
    *settings, line = [it for it in text_for(Scheduler.CRON, call, now=NOW).splitlines() if not it.startswith("#")]
    *fields, command = line.split(" ", 5)
    assert croniter.is_valid(" ".join(fields))
    # To cron, a percent sign ends a command unless a backslash stands before it.
    assert command.count("%") == command.count(r"\%") == 1
    environment = dict(it.split("=", 1) for it in settings)
    ran = subprocess.run(
        ["/bin/sh", "-c", command.replace(r"\%", "%")],
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder.path), **environment},
        cwd=folder.path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
    from toolkit.refresh import last_refresh

    done = last_refresh(folder)
    assert done is not None
    assert (done.schedule, done.exports) == (NIGHTLY, ())


def test_systemd_takes_the_unit_and_its_timer(call: Call, folder: WorkspaceFolder, tmp_path: Path) -> None:
    analyze = need("systemd-analyze")
    text = text_for(Scheduler.SYSTEMD, call, now=NOW)
    service, timer = text.split("\n# /etc/systemd/system/toolkit-refresh.timer, then: ")
    units = {"toolkit-refresh.service": service, "toolkit-refresh.timer": f"# {timer}"}
    for name, unit in units.items():
        (tmp_path / name).write_text(unit)
    verified = subprocess.run(
        [analyze, "verify", *(f"./{it}" for it in units)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (verified.returncode, verified.stderr) == (0, "")
    # Percent signs begin a specifier, dollar signs in arguments a variable.
    workspace = str(folder.path).replace("%", "%%")
    assert f"WorkingDirectory={workspace}\n" in service
    assert f'"--workspace" "{workspace.replace("$", "$$")}"' in service
    (when,) = [it.removeprefix("OnCalendar=") for it in timer.splitlines() if it.startswith("OnCalendar=")]
    elapses = subprocess.run([analyze, "calendar", when], capture_output=True, text=True, check=True)
    assert "*-*-* *:00/15:00" in elapses.stdout


def test_the_task_for_windows_keeps_the_order_of_its_schema(call: Call) -> None:
    root = ET.fromstring(text_for(Scheduler.WINDOWS, call, now=NOW))
    assert root.tag == f"{TASK}Task"
    assert {it.tag.removeprefix(TASK) for it in root} == {
        *("RegistrationInfo", "Triggers", "Principals", "Settings", "Actions")
    }
    trigger = root.find(f"{TASK}Triggers/{TASK}TimeTrigger")
    assert trigger is not None
    assert [it.tag.removeprefix(TASK) for it in trigger] == ["Enabled", "StartBoundary", "Repetition"]
    assert root.findtext(f".//{TASK}Repetition/{TASK}Interval") == "PT15M"
    assert root.findtext(f".//{TASK}MultipleInstancesPolicy") == "IgnoreNew"
    assert root.findtext(f".//{TASK}Exec/{TASK}Command") == "cmd.exe"
    line = root.findtext(f".//{TASK}Exec/{TASK}Arguments")
    assert line is not None
    # With /s, cmd takes away the first quote and the last, and nothing else.
    settings, _, command = line.removeprefix('/d /s /c "').removesuffix('"').rpartition(" && ")
    assert settings == f'set "TOOLKIT_KEY_FILE={os.environ["TOOLKIT_KEY_FILE"]}"'
    assert command.removeprefix('"').removesuffix('"').split('" "') == call.arguments


def test_the_dag_is_one_of_airflow_3(call: Call, folder: WorkspaceFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    made: dict[str, Any] = {}

    def dag(**arguments: Any) -> contextlib.AbstractContextManager[None]:
        made["dag"] = arguments
        return contextlib.nullcontext()

    def operator(**arguments: Any) -> None:
        made["task"] = arguments

    # Airflow does not install beside the toolkit. These are the names that its documentation has.
    for name, member, value in (
        ("pendulum", "datetime", lambda *parts, tz: datetime(*parts, tzinfo=ZoneInfo(tz))),
        ("airflow", "sdk", None),
        ("airflow.sdk", "DAG", dag),
        ("airflow.providers", "standard", None),
        ("airflow.providers.standard", "operators", None),
        ("airflow.providers.standard.operators", "bash", None),
        ("airflow.providers.standard.operators.bash", "BashOperator", operator),
    ):
        module = ModuleType(name)
        setattr(module, member, value)
        monkeypatch.setitem(sys.modules, name, module)
    exec(compile(text_for(Scheduler.AIRFLOW, call, now=NOW), "toolkit_refresh.py", "exec"), {})
    assert made["dag"].keys() == {"dag_id", "schedule", "start_date", "catchup", "max_active_runs"}
    assert made["dag"]["start_date"].tzinfo == ZoneInfo("Europe/Amsterdam")
    assert croniter.is_valid(made["dag"]["schedule"])
    assert made["task"].keys() == {"task_id", "bash_command", "env", "append_env", "cwd"}
    assert words(made["task"]["bash_command"], shell="bash") == call.arguments
    assert (made["task"]["cwd"], made["task"]["env"]) == (str(folder.path), call.environment)


def test_the_workflow_of_github_is_called_in_summer_and_in_winter(call: Call) -> None:
    workflow = yaml.safe_load(text_for(Scheduler.GITHUB_ACTIONS, call, now=NOW))
    assert [it["cron"] for it in workflow["on"]["schedule"]] == ["30 0 * * *", "30 1 * * *"]
    job = workflow["jobs"]["refresh"]
    assert job["env"] == call.environment
    (step,) = job["steps"]
    assert words(step["run"], shell="bash") == call.arguments


def test_kubernetes_takes_the_job_and_drops_nothing_of_it(call: Call, tmp_path: Path) -> None:
    kubectl = need("kubectl")
    (tmp_path / "job.yml").write_text(text_for(Scheduler.KUBERNETES, call, now=NOW))
    # It reads the job into its own types, which lose what they do not know.
    read = subprocess.run(
        [kubectl, "set", "env", "--local", "-f", "job.yml", "READ=so", "-o", "yaml"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    taken = yaml.safe_load(read.stdout)
    assert list(lost(yaml.safe_load((tmp_path / "job.yml").read_text()), taken)) == []


def test_the_job_of_kubernetes_runs_the_refresh_with_a_key_of_its_own(call: Call) -> None:
    job = yaml.safe_load(text_for(Scheduler.KUBERNETES, call, now=NOW))
    assert (job["kind"], job["spec"]["timeZone"]) == ("CronJob", "Europe/Amsterdam")
    (container,) = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    shell, option, script = container["command"]
    assert (shell, option) == ("sh", "-ec")
    install, run = script.splitlines()
    assert words(install)[:3] == ["install", "-m", "600"]
    assert words(run) == ["exec", "python", *call.toolkit_arguments]
    assert container["env"] == [{"name": "TOOLKIT_KEY_FILE", "value": words(install)[-1]}]


SCHEDULES = [
    Schedule.daily("02:30", time_zone="Europe/Amsterdam"),
    Schedule.daily("00:05", "06:05", "12:05", "18:05", time_zone="Asia/Kathmandu"),
    Schedule.daily("02:15", time_zone="Australia/Lord_Howe"),
    Schedule.weekly(["sunday", "monday"], "02:00", time_zone="America/New_York"),
    Schedule.daily("23:10", "04:40"),
]


@pytest.mark.parametrize("schedule", SCHEDULES, ids=str)
def test_each_time_of_a_year_is_one_at_which_the_schedulers_call(folder: WorkspaceFolder, schedule: Schedule) -> None:
    call = call_of(folder, schedule)
    moments = schedule.moments(after=NOW, until=NOW + timedelta(days=365))
    by_the_clock = [it.astimezone(ZoneInfo(schedule.time_zone)).replace(tzinfo=None) for it in moments]
    in_zone = call.cron(NOW)
    quarters = in_zone.startswith("*/15 ")
    assert [it for it in by_the_clock if not (quarters or croniter.match(in_zone, it))] == []
    crons = call.crons_in_utc(NOW)
    in_utc = [it.replace(tzinfo=None) for it in moments]
    assert [it for it in in_utc if not any(croniter.match(cron, it) for cron in crons)] == []


def test_an_expression_is_as_narrow_as_the_times_allow(folder: WorkspaceFolder) -> None:
    crons = {str(it): call_of(folder, it).cron(NOW) for it in SCHEDULES}
    assert list(crons.values()) == [
        "30 2,3 * * *",
        "5 0,6,12,18 * * *",
        "*/15 * * * *",
        "0 2,3 * * 1,0",
        "*/15 * * * *",
    ]


@pytest.mark.parametrize("scheduler", [Scheduler.AIRFLOW, Scheduler.KUBERNETES, Scheduler.GITHUB_ACTIONS])
def test_exports_with_times_of_their_own_are_asked_for_each_quarter(
    workspace: toolkit.Workspace, scheduler: Scheduler
) -> None:
    folder = WorkspaceFolder.open(workspace.path)
    assert "*/15" not in text_for(scheduler, call_of(folder, NIGHTLY), now=NOW)
    save(workspace, "Own", schedule=Schedule.daily("09:00"))
    assert "*/15 * * * *" in text_for(scheduler, call_of(folder, NIGHTLY), now=NOW)


def words(command: str, *, shell: str = "sh") -> list[str]:
    """Return the words that a shell makes of a command."""
    printed = subprocess.run([shell, "-c", f"printf '%s\\0' {command}"], capture_output=True, text=True, check=True)
    return printed.stdout.split("\0")[:-1]


def lost(given: Any, taken: Any, at: str = "") -> Iterator[str]:
    """Yield where something is given that was not taken."""
    match given, taken:
        case dict(), dict():
            for key, it in given.items():
                yield from lost(it, taken.get(key), f"{at}.{key}")
        case list(), list():
            for number, it in enumerate(given):
                yield from lost(it, taken[number] if number < len(taken) else None, f"{at}[{number}]")
        case _ if given != taken:
            yield at
