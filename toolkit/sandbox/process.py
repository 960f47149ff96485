"""A sandbox in a process of its own, which ends when the process that started it does."""

import json
import os
import subprocess
import sys
from pathlib import Path

from toolkit.errors import BusyError, ConfigurationError, ToolkitError, UnavailableError
from toolkit.sandbox.control import Sandbox, attach
from toolkit.sandbox.options import SandboxOptions

PORT = 8765
"""Where a sandbox answers that is meant to be found."""

_CLOSING_SECONDS = 10
_ADDRESS_VARIABLE = "TOOLKIT_SANDBOX_URL"
_RAISED_BY_A_CHILD: dict[str, type[ToolkitError]] = {kind.__name__: kind for kind in (ConfigurationError, BusyError)}


class StartedSandbox(Sandbox):
    """A sandbox that lives as long as this object is open."""

    def __init__(self, url: str, process: subprocess.Popen[str]) -> None:
        super().__init__(url)
        self._process = process

    def close(self) -> None:
        """Stop the process; doing it twice is doing it once."""
        _end(self._process)

    def kill(self) -> None:
        """End the process in the middle of whatever it does, as a crash would."""
        self._process.kill()
        _end(self._process)


def start(port: int = 0, options: SandboxOptions | None = None) -> StartedSandbox:
    """Start a sandbox on loopback and wait until it answers; port 0 is any free one.

    Close it, or use it in a ``with`` statement. Raises ConfigurationError if the port is taken or what is
    kept cannot be opened or read, BusyError if another sandbox keeps its lists in the same folder,
    UnavailableError if the process ends before it answers.
    """
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "toolkit.sandbox.child"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env=_environment(),
        # An interrupt of a notebook's kernel goes to the kernel's whole group, and is not meant for the
        # sandbox.
        start_new_session=True,
    )
    try:
        return StartedSandbox(_announced(process, port=port, options=options or SandboxOptions()), process)
    except BaseException:
        _end(process)
        raise


def attach_or_start(*, keep: str | Path | None = None) -> Sandbox:
    """Reach the sandbox that runs on this machine, or start one for as long as this process lives.

    Looked for at the address in the environment variable TOOLKIT_SANDBOX_URL, else at the usual port. ``keep`` is the
    folder in which one that is started here keeps its lists. Raises UnavailableError if the variable names an address
    at which nothing answers, ConfigurationError if something else has the port.
    """
    if named := os.environ.get(_ADDRESS_VARIABLE):
        return attach(named)
    try:
        return attach(f"http://127.0.0.1:{PORT}")
    except UnavailableError:
        return start(PORT, SandboxOptions(keep=None if keep is None else Path(keep).resolve()))


def _announced(process: subprocess.Popen[str], *, port: int, options: SandboxOptions) -> str:
    from pydantic import TypeAdapter

    as_json = TypeAdapter(SandboxOptions).dump_python(options, mode="json")
    _say(process, json.dumps({"port": port, "options": as_json}))
    said = process.stdout.readline() if process.stdout is not None else ""
    if not said:
        raise UnavailableError(
            f"The sandbox's process ended with code {process.wait()} before it answered.",
            "Look at what it printed to the terminal or the notebook server's log.",
        )
    answer = json.loads(said)
    if "url" in answer:
        return str(answer["url"])
    raise _RAISED_BY_A_CHILD.get(answer["error"], UnavailableError)(answer["what"], answer["remedy"])


def _say(process: subprocess.Popen[str], line: str) -> None:
    if process.stdin is None:
        return
    try:
        process.stdin.write(line + "\n")
        process.stdin.flush()
    except BrokenPipeError:
        return


def _environment() -> dict[str, str]:
    package_parent = str(Path(__file__).parents[2])
    known = os.environ.get("PYTHONPATH")
    return {
        **os.environ,
        "PYTHONPATH": package_parent if not known else os.pathsep.join([package_parent, known]),
    }


def _end(process: subprocess.Popen[str]) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None and not pipe.closed:
            pipe.close()
    try:
        process.wait(_CLOSING_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
