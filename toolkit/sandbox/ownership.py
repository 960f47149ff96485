"""Whose sandbox it is: a token that only the account which started it can read, and a proof that asks for no token.

The token lies in files of mode 600 in the user's state folder: one by the port, and one by the folder in which the
sandbox keeps its lists, by which a workspace finds its own again. A listener that merely says that it is a sandbox
can't answer a challenge, and is sent no token.
"""

import hashlib
import hmac
import json
import os
import secrets
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

TOKEN_HEADER = "X-Sandbox-Token"  # noqa: S105  # the name of a header
CHALLENGE_PARAMETER = "challenge"


@dataclass(frozen=True, repr=False)
class Control:
    """Where a sandbox answers, and the token of its control calls."""

    url: str
    token: str

    def proof(self, challenge: str) -> str:
        """Return what only who knows the token can answer to the challenge."""
        return proof(self.token, challenge)

    @property
    def port(self) -> int:
        """The port it listens on."""
        return urlsplit(self.url).port or 0


def new_token() -> str:
    """Return a token for a sandbox that is being started."""
    return secrets.token_urlsafe(32)


def proof(token: str, challenge: str) -> str:
    """Return the answer to a challenge."""
    return hmac.new(token.encode(), challenge.encode(), hashlib.sha256).hexdigest()


def publish(control: Control, keep: Path | None) -> None:
    """Write the files by which this account finds the sandbox."""
    # Where there is no state folder to write to, whoever started the sandbox knows the token all the same.
    with suppress(OSError):
        _write(_by_port(control.port), control)
        if keep is not None:
            _write(_by_folder(keep), control)


def withdraw(control: Control) -> None:
    """Remove the file by the port; the one by the folder stays, so that the next start takes the same port."""
    with suppress(OSError):
        if _read(_by_port(control.port)) == control:
            _by_port(control.port).unlink()


def control_at(url: str) -> Control | None:
    """Return the control of the sandbox at the address, as far as this account started it."""
    port = urlsplit(url).port
    found = None if port is None else _read(_by_port(port))
    return None if found is None else Control(url, found.token)


def control_beside(keep: Path) -> Control | None:
    """Return the control of the sandbox that keeps, or last kept, its lists in the folder."""
    return _read(_by_folder(keep))


def _by_port(port: int) -> Path:
    return _folder() / f"{port}.json"


def _by_folder(keep: Path) -> Path:
    return _folder() / f"of-{hashlib.sha256(str(keep.resolve()).encode()).hexdigest()[:32]}.json"


def _folder() -> Path:
    from platformdirs import user_state_path

    return user_state_path("criteo-segment-toolkit") / "sandboxes"


def _write(path: Path, control: Control) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(asdict(control), file)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _read(path: Path) -> Control | None:
    try:
        with path.open(encoding="utf-8") as file:
            if os.name == "posix" and not _is_private(os.fstat(file.fileno())):
                return None
            said = json.load(file)
        return Control(str(said["url"]), str(said["token"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _is_private(status: os.stat_result) -> bool:
    return status.st_uid == os.geteuid() and not status.st_mode & 0o077
