"""The suites of a workspace: expectations of its people's own, which every run of its exports checks."""

from collections.abc import Sequence
from pathlib import Path

from toolkit.checks import OwnSuite, made_suite, own_suites, remove_suite, require_columns, write_suite
from toolkit.workspace import audit
from toolkit.workspace.audit import Action
from toolkit.workspace.folder import WorkspaceFolder
from toolkit.workspace.people import Role, acting


def suites_of(folder: WorkspaceFolder, chosen: Sequence[str] | None = None) -> list[OwnSuite]:
    """Return the suites, by name: the chosen ones, or all.

    Raises ConfigurationError for a file that is no suite, and for a chosen one that is not there.
    """
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
        audit.record(session, folder, actor, Action.SAVE_SUITE, name)
        write_suite(_place(folder), suite)
    return suite


def end_suite(folder: WorkspaceFolder, name: str) -> None:
    """Remove a suite; raises ConfigurationError when there is none of that name, AccessError to viewers."""
    with folder.session() as session, session.begin():
        actor = acting(session, folder, least=Role.CONTRIBUTOR)
        audit.record(session, folder, actor, Action.REMOVE_SUITE, name)
        remove_suite(_place(folder), name)


def _place(folder: WorkspaceFolder) -> Path:
    return folder.path / "checks"
