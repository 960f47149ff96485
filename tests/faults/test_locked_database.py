"""Another program holds the workspace's database: for a while a run waits, for long it ends and is resumed."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from threading import Timer

import pytest

import toolkit
from tests.raising import raises
from toolkit.errors import ErrorCode
from toolkit.runs import Progress, Step
from toolkit.runs.progress import Observer
from toolkit.sandbox import Sandbox
from toolkit.state import database as database_module

pytestmark = pytest.mark.on_both_databases

Held = Callable[[str], set[str]]

HOLD = """
import sys
from sqlalchemy import create_engine
with create_engine(sys.argv[1]).connect() as connection:
    postgresql = connection.dialect.name == "postgresql"
    connection.exec_driver_sql("LOCK TABLE runs, batches" if postgresql else "BEGIN IMMEDIATE")
    print("held", flush=True)
    sys.stdin.readline()
"""


@contextmanager
def another_program(url: str) -> Iterator[None]:
    """A program that holds the database until this is left."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    try:
        yield
    finally:
        holder.communicate("\n")


def when_30_are_sent(act: Callable[[], None]) -> Observer:
    """Do this once, in the middle of a run in batches of ten."""

    def observe(progress: Progress) -> None:
        if progress.step is Step.PUSH and progress.done == 30:
            act()

    return observe


@pytest.fixture
def url(workspace: toolkit.Workspace, database: str | None) -> str:
    return database or f"sqlite:///{workspace.path / 'workspace.db'}"


def test_a_lock_that_is_let_go_is_waited_for(workspace: toolkit.Workspace, url: str, held: Held) -> None:
    with ExitStack() as holding:

        def hold_for_a_second() -> None:
            holding.enter_context(another_program(url))
            Timer(1, holding.close).start()

        run = workspace.runs.start(
            "Nightly", batch_size=10, observer=when_30_are_sent(hold_for_a_second)
        ).raise_for_status()
    assert run.timings["sending"] > 1
    assert len(held("All")) == 100


def test_a_lock_that_is_held_for_long_ends_the_run_which_the_same_notebook_resumes(
    workspace: toolkit.Workspace, url: str, criteo: Sandbox, held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "PATIENCE_MILLISECONDS", 200)
    impatient = toolkit.open_workspace(workspace.path)
    with ExitStack() as holding:

        def hold() -> None:
            holding.enter_context(another_program(url))

        with raises(ErrorCode.BUSY):
            impatient.runs.start("Nightly", batch_size=10, observer=when_30_are_sent(hold))
    assert impatient.runs.frame["status"].to_list() == ["failed"]
    assert 30 <= len(held("All")) < 100
    before = len(criteo.requests())
    impatient.runs.resume("Nightly", batch_size=10).raise_for_status()
    assert len(held("All")) == 100
    assert sum(it.identifiers for it in criteo.requests()[before:]) <= 70
