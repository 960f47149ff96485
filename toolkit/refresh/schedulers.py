"""The text that makes a scheduler call the refresh: for cron, systemd, Windows, Airflow, GitHub Actions, Kubernetes.

The toolkit has no scheduler of its own. Where calling costs little, it is called each quarter of an hour with the times
at which it should run: it then decides by docs/schedule.md, in any time zone, and makes up for what was missed.
"""

import shlex
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from operator import attrgetter
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

from toolkit.alerts.channels import FILE_VARIABLE, file_of_addresses
from toolkit.exports.saved_exports import exports
from toolkit.exports.schedule import Schedule, Weekday
from toolkit.state.folder import WorkspaceFolder
from toolkit.state.keys import KEY_FILE_VARIABLE, key_path

EVERY_MINUTES = 15
_NAME = "toolkit-refresh"
_LONGEST = "PT12H"
_CRON_DAYS = {day: number % 7 for number, day in enumerate(Weekday, start=1)}


class Scheduler(StrEnum):
    """What can call the refresh."""

    CRON = "cron"
    SYSTEMD = "systemd"
    WINDOWS = "windows"
    AIRFLOW = "airflow"
    GITHUB_ACTIONS = "github-actions"
    KUBERNETES = "kubernetes"


@dataclass(frozen=True)
class Call:
    """What is called, where, by whom and when."""

    python: str
    workspace: Path
    account: str
    environment: Mapping[str, str]
    """Where the key and the addresses lie."""
    schedule: Schedule
    """When exports run that run with every refresh."""
    has_own_times: bool
    """Whether an export has times of its own."""

    @property
    def arguments(self) -> list[str]:
        """The command and its arguments."""
        return [self.python, *self.toolkit_arguments]

    @property
    def toolkit_arguments(self) -> list[str]:
        """The arguments of the interpreter; by ``-P`` it imports nothing from the workspace, where others may write."""
        times = [argument for at in self.schedule.at for argument in ("--at", f"{at:%H:%M}")]
        days = [argument for day in self.schedule.days for argument in ("--day", day.value)]
        zone = ["--time-zone", self.schedule.time_zone]
        workspace = ["--workspace", str(self.workspace)]
        return ["-P", "-m", "toolkit", "refresh", *workspace, *times, *days, *zone, "--quiet"]

    def cron(self, now: datetime) -> str:
        """Return the times as one cron expression in the schedule's zone; each quarter of an hour where none can.

        Times that the clocks skip in spring are called for an hour later too: schedulers leave them out that day. When
        it runs, the command decides.
        """
        shown = [it.astimezone(ZoneInfo(self.schedule.time_zone)).time() for it in self._moments_of_a_year(now)]
        minutes, hours = (
            {part(it) for it in [*shown, *self.schedule.at]} for part in (attrgetter("minute"), attrgetter("hour"))
        )
        if self.has_own_times or len(minutes) > 1:
            return f"*/{EVERY_MINUTES} * * * *"
        days = ",".join(str(_CRON_DAYS[day]) for day in self.schedule.days) or "*"
        return f"{minutes.pop()} {','.join(map(str, sorted(hours)))} * * {days}"

    def crons_in_utc(self, now: datetime) -> list[str]:
        """Return the times in UTC, in summer and in winter, as cron expressions of each day."""
        if self.has_own_times:
            return [f"*/{EVERY_MINUTES} * * * *"]
        times = sorted({it.time() for it in self._moments_of_a_year(now)})
        return [f"{at.minute} {at.hour} * * *" for at in times]

    def _moments_of_a_year(self, now: datetime) -> list[datetime]:
        return self.schedule.moments(after=now, until=now + timedelta(days=366))


def call_of(folder: WorkspaceFolder, schedule: Schedule) -> Call:
    """Return the call that is right for this workspace, interpreter and account."""
    addresses = file_of_addresses()
    environment = {KEY_FILE_VARIABLE: str(key_path())} | ({FILE_VARIABLE: str(addresses)} if addresses else {})
    return Call(
        python=sys.executable,
        workspace=folder.path,
        account=folder.account,
        environment=environment,
        schedule=schedule,
        has_own_times=any(it.active and it.schedule.has_times for it in exports(folder)),
    )


def text_for(scheduler: Scheduler, call: Call, *, now: datetime) -> str:
    """Return the text to paste; its first lines say where."""
    return _TEXTS[scheduler](call, now)


def _cron(call: Call, _: datetime) -> str:
    # A percent sign ends a command of cron's.
    command = shlex.join(call.arguments).replace("%", r"\%")
    settings = "\n".join(f"{name}={value}" for name, value in call.environment.items())
    return (
        f"# Paste with: crontab -e, as {call.account}. Cron mails what the refresh prints: nothing, unless it ran.\n"
        f"{settings}\n"
        f"*/{EVERY_MINUTES} * * * * {command}\n"
    )


def _systemd(call: Call, _: datetime) -> str:
    environment = "\n".join(f"Environment={_for_systemd(f'{name}={it}')}" for name, it in call.environment.items())
    # A dollar sign begins a variable in arguments, and nowhere else.
    program, *arguments = map(_for_systemd, call.arguments)
    command = " ".join([program, *(it.replace("$", "$$") for it in arguments)])
    return f"""\
# /etc/systemd/system/{_NAME}.service
[Unit]
Description=Send segments to Criteo
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
User={call.account}
WorkingDirectory={_path_for_systemd(call.workspace)}
{environment}
ExecStart={command}
UMask=0077

# /etc/systemd/system/{_NAME}.timer, then: systemctl enable --now {_NAME}.timer
[Unit]
Description=Ask whether exports to Criteo are due

[Timer]
OnCalendar=*:0/{EVERY_MINUTES}
Persistent=true

[Install]
WantedBy=timers.target
"""


def _windows(call: Call, now: datetime) -> str:
    start = now.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    settings = "".join(f"set {_for_cmd(f'{name}={it}')} && " for name, it in call.environment.items())
    task: dict[str, Any] = {
        "RegistrationInfo": {"Description": "Send segments to Criteo"},
        "Triggers": {
            # The schema has them in this order.
            "TimeTrigger": {
                "Enabled": "true",
                "StartBoundary": start.isoformat(),
                "Repetition": {"Interval": f"PT{EVERY_MINUTES}M"},
            }
        },
        "Principals": {"Principal": {"UserId": call.account, "LogonType": "S4U", "RunLevel": "LeastPrivilege"}},
        "Settings": {
            "MultipleInstancesPolicy": "IgnoreNew",
            "DisallowStartIfOnBatteries": "false",
            "StopIfGoingOnBatteries": "false",
            "StartWhenAvailable": "true",
            "ExecutionTimeLimit": _LONGEST,
            "Enabled": "true",
        },
        "Actions": {
            "Exec": {
                "Command": "cmd.exe",
                "Arguments": f'/d /s /c "{settings}{" ".join(map(_for_cmd, call.arguments))}"',
                "WorkingDirectory": str(call.workspace),
            }
        },
    }
    root = ET.Element("Task", version="1.2", xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task")
    _fill(root, task)
    ET.indent(root)
    how = f"Save as {_NAME}.xml, then: schtasks /Create /TN {_NAME} /XML {_NAME}.xml"
    return f"<!-- {how} -->\n{ET.tostring(root, encoding='unicode')}\n"


def _airflow(call: Call, now: datetime) -> str:
    return f"""\
# Save as {_NAME.replace("-", "_")}.py in Airflow's folder of DAGs; its workers run it as {call.account}.
import pendulum
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG(
    dag_id={_NAME!r},
    schedule={call.cron(now)!r},
    start_date=pendulum.datetime({now.year}, {now.month}, {now.day}, tz={call.schedule.time_zone!r}),
    catchup=False,
    max_active_runs=1,
):
    BashOperator(
        task_id="refresh",
        bash_command={shlex.join(call.arguments)!r},
        env={dict(call.environment)!r},
        append_env=True,
        cwd={str(call.workspace)!r},
    )
"""


def _github_actions(call: Call, now: datetime) -> str:
    """Return a workflow for a runner of one's own: the workspace, and what it knows of the lists, stays on its disk."""
    workflow = {
        "name": _NAME,
        "on": {"schedule": [{"cron": it} for it in call.crons_in_utc(now)], "workflow_dispatch": None},
        "concurrency": {"group": _NAME, "cancel-in-progress": False},
        "permissions": {},
        "jobs": {
            "refresh": {
                "runs-on": ["self-hosted", "toolkit"],
                "timeout-minutes": 720,
                "env": dict(call.environment),
                "steps": [{"name": "Refresh", "run": shlex.join(call.arguments)}],
            }
        },
    }
    return (
        f"# Save as .github/workflows/{_NAME}.yml. The runner is the machine with the workspace, has the label\n"
        f"# toolkit, and runs as {call.account}. GitHub counts in UTC: the command decides by its own time zone.\n"
        f"{_as_yaml(workflow)}"
    )


def _kubernetes(call: Call, now: datetime) -> str:
    # A key that a group may read is refused; as a file of a Secret it is one, so that it is copied first.
    command = shlex.join(["exec", "python", *call.toolkit_arguments])
    script = f"install -m 600 /run/toolkit/key /tmp/key\n{command}\n"
    job = {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": _NAME},
        "spec": {
            "schedule": call.cron(now),
            "timeZone": call.schedule.time_zone,
            "concurrencyPolicy": "Forbid",
            "startingDeadlineSeconds": 3600,
            "jobTemplate": {"spec": {"backoffLimit": 0, "template": {"spec": _pod(call, script)}}},
        },
    }
    return (
        f"# Needs a volume claim {_NAME} with the workspace, and the key of its service account in a secret:\n"
        f"#   kubectl create secret generic {_NAME} --from-file=key={call.environment[KEY_FILE_VARIABLE]}\n"
        f"# Name the image that has the toolkit installed, then: kubectl apply -f {_NAME}.yml\n"
        f"{_as_yaml(job)}"
    )


def _pod(call: Call, script: str) -> dict[str, Any]:
    user = 1000
    return {
        "restartPolicy": "Never",
        "securityContext": {"runAsUser": user, "runAsGroup": user, "fsGroup": user, "runAsNonRoot": True},
        "containers": [
            {
                "name": "refresh",
                "image": "criteo-segment-toolkit:latest",
                "command": ["sh", "-ec", script],
                "workingDir": str(call.workspace),
                "env": [{"name": KEY_FILE_VARIABLE, "value": "/tmp/key"}],  # noqa: S108  # of the container alone
                "volumeMounts": [
                    {"name": "workspace", "mountPath": str(call.workspace)},
                    {"name": "key", "mountPath": "/run/toolkit", "readOnly": True},
                    {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108
                ],
            }
        ],
        "volumes": [
            {"name": "workspace", "persistentVolumeClaim": {"claimName": _NAME}},
            {"name": "key", "secret": {"secretName": _NAME, "defaultMode": 0o440}},
            {"name": "tmp", "emptyDir": {}},
        ],
    }


_TEXTS: Mapping[Scheduler, Callable[[Call, datetime], str]] = {
    Scheduler.CRON: _cron,
    Scheduler.SYSTEMD: _systemd,
    Scheduler.WINDOWS: _windows,
    Scheduler.AIRFLOW: _airflow,
    Scheduler.GITHUB_ACTIONS: _github_actions,
    Scheduler.KUBERNETES: _kubernetes,
}


def _for_systemd(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped}"'


def _path_for_systemd(path: Path) -> str:
    return str(path).replace("%", "%%")


def _for_cmd(word: str) -> str:
    return f'"{word}"'


def _fill(parent: ET.Element, content: Mapping[str, Any]) -> None:
    for name, value in content.items():
        element = ET.SubElement(parent, name)
        if isinstance(value, Mapping):
            _fill(element, value)
        else:
            element.text = value


def _as_yaml(content: Mapping[str, Any]) -> str:
    import yaml

    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=1000)
