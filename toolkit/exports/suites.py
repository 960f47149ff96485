"""The suites of a workspace: expectations of its people's own, which every run of its exports checks."""

import hashlib
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from sqlalchemy.orm import Session

from toolkit.access.people import Role, require_actor
from toolkit.errors import SignatureError
from toolkit.names import unknown_name
from toolkit.state import audit
from toolkit.state.audit import Action
from toolkit.state.decisions import Decided, Kind, is_as_decided, require_as_decided, state_of
from toolkit.state.folder import WorkspaceFolder
from toolkit.translatable import _, mark
from toolkit.validation import (
    OwnSuite,
    load_suite,
    parse_suite,
    put_in_place,
    require_columns,
    suite_files,
    write_beside,
    written_beside,
)


def suites_of(folder: WorkspaceFolder, chosen: Sequence[str] | None = None) -> list[OwnSuite]:
    """Return the suites, by name: the chosen ones, or all.

    What is returned is what was compared with the signatures, not what lies in the folder a moment later.

    Raises ConfigurationError for a file that is no suite, and for a chosen one that is not there; SignatureError for
    one that is missing, or not as somebody entitled signed it.
    """
    try:
        found = _read(folder, chosen)
    except SignatureError:
        # Somebody may save or remove a suite in this very moment: what was seen of the database is older than the file.
        time.sleep(A_MOMENT)
        found = _read(folder, chosen)
    for name in chosen or ():
        if name not in found:
            raise unknown_name(mark("suite"), name, suite_files(_place(folder)))
    return [parse_suite(path, content) for path, content in found.values()]


def add_suite(folder: WorkspaceFolder, name: str, given: object) -> OwnSuite:
    """Save a suite, in the place of one of that name.

    Raises ConfigurationError when it is none, or names a column that neither the profiles nor the audience have;
    AccessError to viewers.
    """
    suite = load_suite(name, given)
    require_columns(suite, folder.profiles)
    with folder.reading() as session:
        # Before anything is written.
        require_actor(session, folder, least=Role.CONTRIBUTOR)
    beside = write_beside(_place(folder), suite)
    try:
        with folder.session() as session, session.begin():
            actor = require_actor(session, folder, least=Role.CONTRIBUTOR)
            audit.record(session, folder, actor, Action.SAVE_SUITE, name, decides=[_decided(name, beside.read_bytes())])
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    # From the decision on it counts, also where this is not reached.
    put_in_place(beside, name)
    return suite


def sign_suite(folder: WorkspaceFolder, name: str) -> OwnSuite:
    """Sign a suite that lies in the folder as it is, such as one that Great Expectations wrote there.

    Raises ConfigurationError when there is none of that name, or the file is no suite; AccessError to viewers.
    """
    path = _file_of(folder, name)
    content = path.read_bytes()
    suite = parse_suite(path, content)
    with folder.session() as session, session.begin():
        actor = require_actor(session, folder, least=Role.CONTRIBUTOR)
        audit.record(session, folder, actor, Action.SAVE_SUITE, name, decides=[_decided(name, content)])
    return suite


def remove_suite(folder: WorkspaceFolder, name: str) -> None:
    """Remove a suite; raises ConfigurationError when there is none of that name, AccessError to viewers."""
    with folder.session() as session, session.begin():
        actor = require_actor(session, folder, least=Role.CONTRIBUTOR)
        if name not in signed_suites(session):
            _file_of(folder, name)
        audit.record(session, folder, actor, Action.REMOVE_SUITE, name, decides=[_decided(name, None)])
    for path in [*written_beside(_place(folder), name), suite_files(_place(folder)).get(name)]:
        if path is not None:
            path.unlink(missing_ok=True)


def signed_files(
    session: Session, folder: WorkspaceFolder, chosen: Sequence[str] | None = None
) -> dict[str, tuple[Path, bytes]]:
    """Return the files of the suites and what they hold, by name; raises SignatureError unless they are what was saved.

    No more and no less. A suite that is saved at this moment may lie beside its place still, and one that is removed
    in its place: look again after ``A_MOMENT``, in another session.
    """
    names = suite_files(_place(folder)).keys() | signed_suites(session)
    return {
        name: _signed_file(session, folder, name) for name in sorted(names if chosen is None else names & set(chosen))
    }


A_MOMENT = 0.1
"""In seconds: longer than it takes from the end of a transaction to the change of a file."""


def _read(folder: WorkspaceFolder, chosen: Sequence[str] | None) -> dict[str, tuple[Path, bytes]]:
    with folder.reading() as session:
        require_actor(session, folder)
        return signed_files(session, folder, chosen)


def _signed_file(session: Session, folder: WorkspaceFolder, name: str) -> tuple[Path, bytes]:
    place = _place(folder)
    path = suite_files(place).get(name)
    candidates: list[tuple[Path, bytes]] = []
    for it in [*([] if path is None else [path]), *written_beside(place, name)]:
        with suppress(FileNotFoundError):
            candidates.append((it if it == path else place / "expectations" / f"{name}.json", it.read_bytes()))
    first = candidates[0] if candidates else (place, None)
    picked, content = next((it for it in candidates if is_as_decided(session, _decided(name, it[1]))), first)
    require_as_decided(
        session,
        _decided(name, content),
        table="checks/expectations",
        name=f"Suite {name!r}",
        remedy=_(
            "Find out who changed the file. If it is right, sign it with "
            "workspace.checks.sign({name!r}), else remove it with "
            "workspace.checks.remove({name!r}).",
            name=name,
        ),
    )
    assert content is not None  # noqa: S101  # what is not there is refused
    return picked, content


def signed_suites(session: Session) -> set[str]:
    """Return the names of the suites that there must be."""
    prefix = f"{Kind.SUITE.value}:"
    found = state_of(session).decisions.items()
    return {about.removeprefix(prefix) for about, it in found if about.startswith(prefix) and it.sha256 is not None}


def _decided(name: str, content: bytes | None) -> Decided:
    return Decided(Kind.SUITE, name, None if content is None else {"file": hashlib.sha256(content).hexdigest()})


def _file_of(folder: WorkspaceFolder, name: str) -> Path:
    files = suite_files(_place(folder))
    if name not in files:
        raise unknown_name(mark("suite"), name, files)
    return files[name]


def _place(folder: WorkspaceFolder) -> Path:
    return folder.path / "checks"
