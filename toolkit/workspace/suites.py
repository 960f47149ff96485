"""The suites of a workspace: expectations of its people's own, which every run of its exports checks."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy.orm import Session

from toolkit.checks import OwnSuite, made_suite, own_suites, remove_suite, require_columns, suite_files, write_suite
from toolkit.workspace import audit
from toolkit.workspace.audit import Action
from toolkit.workspace.decisions import Decided, Kind, require_as_decided, state_of
from toolkit.workspace.folder import WorkspaceFolder
from toolkit.workspace.people import Role, acting


def suites_of(folder: WorkspaceFolder, chosen: Sequence[str] | None = None) -> list[OwnSuite]:
    """Return the suites, by name: the chosen ones, or all.

    Raises ConfigurationError for a file that is no suite, and for a chosen one that is not there; SignatureError for
    one that is missing, or not as somebody entitled signed it.
    """
    with folder.reading() as session:
        acting(session, folder)
        require_signed_suites(session, folder, chosen)
    return own_suites(_place(folder), chosen)


def add_suite(folder: WorkspaceFolder, name: str, given: object) -> OwnSuite:
    """Save a suite, in the place of one of that name.

    Raises ConfigurationError when it is none, or names a column that neither the profiles nor the audience have;
    AccessError to viewers.
    """
    suite = made_suite(name, given)
    require_columns(suite, folder.profiles)
    with folder.session() as session, session.begin():
        actor = acting(session, folder, least=Role.CONTRIBUTOR)
        write_suite(_place(folder), suite)
        audit.record(session, folder, actor, Action.SAVE_SUITE, name, decides=[_decided(folder, name)])
    return suite


def sign_suite(folder: WorkspaceFolder, name: str) -> OwnSuite:
    """Sign a suite that lies in the folder as it is, such as one that Great Expectations wrote there.

    Raises ConfigurationError when there is none of that name, or the file is no suite; AccessError to viewers.
    """
    (suite,) = own_suites(_place(folder), [name])
    with folder.session() as session, session.begin():
        actor = acting(session, folder, least=Role.CONTRIBUTOR)
        audit.record(session, folder, actor, Action.SAVE_SUITE, name, decides=[_decided(folder, name)])
    return suite


def end_suite(folder: WorkspaceFolder, name: str) -> None:
    """Remove a suite; raises ConfigurationError when there is none of that name, AccessError to viewers."""
    with folder.session() as session, session.begin():
        actor = acting(session, folder, least=Role.CONTRIBUTOR)
        gone = signed_suites(session)
        audit.record(session, folder, actor, Action.REMOVE_SUITE, name, decides=[Decided(Kind.SUITE, name, None)])
        if name in suite_files(_place(folder)) or name not in gone:
            remove_suite(_place(folder), name)


def require_signed_suites(session: Session, folder: WorkspaceFolder, chosen: Sequence[str] | None = None) -> None:
    """Raise SignatureError unless the files are what was saved, no more and no less."""
    there = suite_files(_place(folder))
    for name in there.keys() | signed_suites(session):
        if chosen is None or name in chosen:
            require_as_decided(
                session,
                _decided(folder, name),
                table="checks/expectations",
                name=f"Suite {name!r}",
                remedy=f"Find out who changed the file. If it is right, sign it with workspace.checks.sign({name!r}), "
                f"else remove it with workspace.checks.remove({name!r}).",
            )


def signed_suites(session: Session) -> set[str]:
    """Return the names of the suites that there must be."""
    prefix = f"{Kind.SUITE.value}:"
    found = state_of(session).decisions.items()
    return {about.removeprefix(prefix) for about, it in found if about.startswith(prefix) and it.sha256 is not None}


def _decided(folder: WorkspaceFolder, name: str) -> Decided:
    file = suite_files(_place(folder)).get(name)
    content = None if file is None else {"file": hashlib.sha256(file.read_bytes()).hexdigest()}
    return Decided(Kind.SUITE, name, content)


def _place(folder: WorkspaceFolder) -> Path:
    return folder.path / "checks"
