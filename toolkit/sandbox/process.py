"""A sandbox in a process of its own, which ends when the process that started it does."""

import json
import os
import subprocess
import sys
import sysconfig
from importlib.resources import files
from pathlib import Path

from requests import RequestException, Session

from toolkit.errors import ErrorInfo, PortTakenError, UnavailableError
from toolkit.extras import Extra, require
from toolkit.sandbox.control import Sandbox, attach
from toolkit.sandbox.options import SandboxOptions
from toolkit.sandbox.ownership import TOKEN_HEADER, Control, control_at, control_beside
from toolkit.translatable import _

PORT = 8765
"""Where a sandbox answers that is meant to be found."""

_CLOSING_SECONDS = 10
_ADDRESS_VARIABLE = "TOOLKIT_SANDBOX_URL"


class StartedSandbox(Sandbox):
    """A sandbox that lives as long as this object is open."""

    def __init__(self, control: Control, process: subprocess.Popen[str]) -> None:
        super().__init__(control.url, control.token)
        self._process = process
        self.taken_port: int | None = None
        """The port that it was to have, where another program listens."""

    def close(self) -> None:
        """Stop the process, or leave it to others who use it; doing it twice is doing it once."""
        _end(self._process)

    def kill(self) -> None:
        """End the process in the middle of whatever it does, as a crash would."""
        self._process.kill()
        _end(self._process)


class SharedSandbox(Sandbox):
    """A sandbox that another process started, and that stays as long as this object is open."""

    def __init__(self, control: Control) -> None:
        super().__init__(control.url, control.token)
        self._session = Session()
        self._session.trust_env = False
        self._hold = self._session.get(
            f"{control.url}/sandbox/hold",
            headers={TOKEN_HEADER: control.token},
            stream=True,
            timeout=_CLOSING_SECONDS,
            allow_redirects=False,
        )
        self._hold.raise_for_status()
        # Until its first sign the sandbox may not count this user yet, though it has answered.
        self._signs = self._hold.iter_content(1)
        next(self._signs)

    def close(self) -> None:
        """Need it no more."""
        self._hold.close()
        self._session.close()


def start(port: int = 0, options: SandboxOptions | None = None) -> StartedSandbox:
    """Start a sandbox on loopback and wait until it answers; port 0 is any free one.

    Close it, or use it in a ``with`` statement. Raises ConfigurationError if the port is taken or what is
    kept cannot be opened or read, BusyError if another sandbox keeps its lists in the same folder,
    UnavailableError if the process ends before it answers.
    """
    require(Extra.SANDBOX, "The embedded Criteo")
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
    """Reach the sandbox of this workspace that runs on this machine, or start one for as long as this process lives.

    The environment variable TOOLKIT_SANDBOX_URL names the address of one. Else it is the one that keeps its lists in
    the folder ``keep`` (without a folder, the one on the usual port), if this account started it: it then stays until
    this object is closed, too. Where another program has the port, a free one is taken.

    Raises UnavailableError if the variable names an address at which nothing answers, ConfigurationError if something
    else answers there.
    """
    if named := os.environ.get(_ADDRESS_VARIABLE):
        return attach(named)
    folder = None if keep is None else Path(keep).resolve()
    usual = f"http://127.0.0.1:{PORT}"
    known = control_at(usual) if folder is None else control_beside(folder)
    shared = None if known is None else _shared(known)
    if shared is not None:
        return shared
    options = SandboxOptions(keep=folder)
    # Connections name the address: the port of the last time is the best.
    best = PORT if known is None else known.port
    for port in dict.fromkeys([best, PORT, 0]):
        try:
            started = start(port, options)
        except PortTakenError:
            continue
        started.taken_port = None if port == best else best
        return started
    raise UnavailableError(_("No port is free on this machine."), _("End a program that listens, then try again."))


def _shared(control: Control) -> SharedSandbox | None:
    """Return the sandbox if it answers and proves that it is the one; it is sent no token before."""
    try:
        return SharedSandbox(control) if Sandbox(control.url).proves(control.token) else None
    except (UnavailableError, RequestException):
        return None


def _announced(process: subprocess.Popen[str], *, port: int, options: SandboxOptions) -> Control:
    from pydantic import TypeAdapter

    as_json = TypeAdapter(SandboxOptions).dump_python(options, mode="json")
    _say(process, json.dumps({"port": port, "options": as_json}))
    said = process.stdout.readline() if process.stdout is not None else ""
    if not said:
        raise UnavailableError(
            _("The sandbox's process ended with code {wait} before it answered.", wait=process.wait()),
            _("Look at what it printed to the terminal or the notebook server's log."),
        )
    answer = json.loads(said)
    if "url" in answer:
        return Control(str(answer["url"]), str(answer["token"]))
    raise ErrorInfo.from_json(answer["error"]).error()


def _say(process: subprocess.Popen[str], line: str) -> None:
    if process.stdin is None:
        return
    try:
        process.stdin.write(line + "\n")
        process.stdin.flush()
    except BrokenPipeError:
        return


def _environment() -> dict[str, str]:
    """Let the process find the package that this one uses, also where it is not installed."""
    home = str(files("toolkit").joinpath(os.pardir))
    if Path(home).resolve() == Path(sysconfig.get_path("purelib")).resolve():
        return dict(os.environ)  # else what is installed would come before Python's own modules
    known = os.environ.get("PYTHONPATH")
    return {**os.environ, "PYTHONPATH": home if not known else os.pathsep.join([home, known])}


def _end(process: subprocess.Popen[str]) -> None:
    if process.stdin is not None and not process.stdin.closed:
        process.stdin.close()
        if process.stdout is not None and process.stdout.readline():
            # Others use it: it ends with the last of them, and nobody waits for it here.
            process.stdout.close()
            process.returncode = 0
            return
    if process.stdout is not None and not process.stdout.closed:
        process.stdout.close()
    try:
        process.wait(_CLOSING_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
