"""Kernels that are prepared: one for each notebook, none left behind, and the same as any other."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import psutil
import pytest

import toolkit
from tests.conftest import Tables
from tests.refresh.conftest import LONG_AGO, save, written
from toolkit.bundled import SCHEDULED_NOTEBOOK
from toolkit.errors import UnavailableError
from toolkit.refresh import execute_notebook, prepared_kernels
from toolkit.refresh.prepared_kernels import PreparedKernels, can_fork

pytestmark = pytest.mark.skipif(not can_fork(), reason="Kernels are forked on Linux.")

LOOKS = """
import json, os, random, sys, numpy
found = {
    "pid": os.getpid(),
    "parent": os.getppid(),
    "was_here": hasattr(sys, "was_here"),
    "safe_path": sys.flags.safe_path,
    "folder": os.getcwd(),
    "environment": dict(os.environ),
    "path": sys.path,
    "main": __import__("__main__").__name__,
    "drawn": [random.random(), numpy.random.random(), os.urandom(8).hex()],
    "is_warm": "toolkit.markup" in sys.modules and sys.modules["toolkit.markup"].template.cache_info().currsize > 0,
    "polars_works": __import__("polars").DataFrame({"a": [1, 2]}).lazy().sum().collect().item(),
}
sys.was_here = True
"""
TELLS = "print(json.dumps(found))"


@pytest.fixture
def looking(tmp_path: Path) -> Path:
    """A notebook that looks at the kernel that it runs in."""
    notebook = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_code_cell("more = ''", metadata={"tags": ["parameters"]}),
            nbformat.v4.new_code_cell(LOOKS),
            nbformat.v4.new_code_cell("exec(more)"),
            nbformat.v4.new_code_cell(TELLS),
        ],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    )
    nbformat.write(notebook, tmp_path / "looking.ipynb")
    return tmp_path / "looking.ipynb"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder where a colleague put modules with the names of libraries."""
    folder = tmp_path / "of a workspace"
    folder.mkdir()
    for name in ("polars", "great_expectations", "toolkit", "ipykernel", "sitecustomize", "numpy"):
        (folder / f"{name}.py").write_text(f"raise SystemExit('{name} of the folder was imported')\n")
    return folder


@pytest.fixture
def executed(looking: Path, folder: Path) -> Iterator[Callable[..., dict[str, Any]]]:
    """Execute the notebook by prepared kernels; return what it saw."""
    number = iter(range(100))
    others = kernels_of_this()

    def execute(kernels: PreparedKernels | None, more: str = "") -> dict[str, Any]:
        out = folder.parent / f"out {next(number)}.ipynb"
        execute_notebook(looking, to=out, parameters={"more": more}, cwd=folder, kernels=kernels)
        return told(out)

    yield execute
    assert_gone(kernels_of_this() - others)


def told(notebook: Path) -> dict[str, Any]:
    # What is saved of a notebook is masked where it may name a person; none of what is looked at does.
    found: dict[str, Any] = json.loads(nbformat.read(notebook, as_version=4).cells[-1].outputs[0].text)
    return found


def descendants(pid: int) -> set[int]:
    try:
        return {it.pid for it in psutil.Process(pid).children(recursive=True) if it.status() != psutil.STATUS_ZOMBIE}
    except psutil.NoSuchProcess:
        return set()


def is_running(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def is_kernel(pid: int) -> bool:
    try:
        words = psutil.Process(pid).cmdline()
    except psutil.NoSuchProcess:
        return False
    return "toolkit.kernel_server" in words or "ipykernel_launcher" in words


def kernels_of_this() -> set[int]:
    """Return the kernels below this process, those of a JupyterLab that other tests share among them."""
    return {it for it in descendants(os.getpid()) if is_kernel(it)}


def assert_gone(watched: set[int]) -> None:
    """Wait until these processes are gone."""
    until = time.monotonic() + 30
    while alive := {it for it in watched if is_running(it)}:
        assert time.monotonic() < until, alive
        time.sleep(0.1)


def server() -> int:
    """Return the process that forks the kernels of this one."""
    (found,) = [it.pid for it in psutil.Process().children() if is_kernel(it.pid)]
    return found


def waiting_kernel() -> int:
    """Return the kernel that waits."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        found = descendants(server())
        if len(found) == 1:
            return found.pop()
        time.sleep(0.05)
    raise AssertionError("no kernel waits")


def test_serves_one_notebook_each(executed: Callable[..., dict[str, Any]], folder: Path) -> None:
    with PreparedKernels(folder, exports=3) as kernels:
        seen = [executed(kernels) for _ in range(3)]
        assert [it["parent"] for it in seen] == [server()] * 3
    assert len({it["pid"] for it in seen}) == 3
    assert [it["was_here"] for it in seen] == [False] * 3
    assert [it["is_warm"] for it in seen] == [True] * 3
    assert len({json.dumps(drawn) for it in seen for drawn in it["drawn"]}) == 9
    assert_gone({it["pid"] for it in seen} | {seen[0]["parent"]})


def test_is_like_a_kernel_of_its_own(
    executed: Callable[..., dict[str, Any]], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with PreparedKernels(folder, exports=2) as kernels:
        executed(kernels)
        # As the environment is when the notebook begins, not as it was when the kernel was prepared.
        monkeypatch.setenv("SET_LATER", "é €")
        monkeypatch.delenv("TOOLKIT_MEMORY")
        forked, own = executed(kernels), executed(None)
    assert (forked["parent"] != os.getpid(), own["parent"]) == (True, os.getpid())
    for it in (forked, own):
        assert it["environment"].pop("JPY_PARENT_PID") == str(it["parent"])
        assert it["environment"].pop("SET_LATER") == "é €"
    for name in ("safe_path", "folder", "environment", "path", "main", "polars_works"):
        assert forked[name] == own[name], name
    assert (forked["safe_path"], forked["folder"], forked["polars_works"]) == (True, str(folder), 3)


@pytest.mark.parametrize("exports", [0, 1])
def test_begins_nothing_for_a_single_export(folder: Path, exports: int) -> None:
    before = descendants(os.getpid())
    with PreparedKernels(folder, exports=exports) as kernels:
        assert descendants(os.getpid()) == before
        assert kernels.take(["-f", "none"], folder=str(folder), environment={}) is None


def test_replaces_waiting_kernel_that_died(executed: Callable[..., dict[str, Any]], folder: Path) -> None:
    with PreparedKernels(folder, exports=2) as kernels:
        first = executed(kernels)
        killed = waiting_kernel()
        os.kill(killed, signal.SIGKILL)
        second = executed(kernels)
        assert (second["parent"], second["pid"] != killed) == (first["parent"], True)


def test_kernel_that_is_not_needed_leaves_no_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    temporary = folder.parent / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    for _time in range(2):
        with PreparedKernels(folder, exports=2) as kernels:
            taken = kernels.take(["-f", "none"], folder=str(folder), environment=dict(os.environ))
            assert taken is not None
            taken.kill()
            taken.wait()
            waiting_kernel()  # the next, which makes what exports need
        assert list(temporary.iterdir()) == []


def test_says_nothing_when_no_kernel_was_needed(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with PreparedKernels(folder, exports=2):
        watched = {server(), waiting_kernel()}
    assert_gone(watched)
    assert capfd.readouterr().err == ""


def test_tells_of_a_kernel_that_died_before_it_was_ready(
    executed: Callable[..., dict[str, Any]], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    take = PreparedKernels.take

    def take_and_kill(self: PreparedKernels, *order: Any, **more: Any) -> Any:
        kernel = take(self, *order, **more)
        assert kernel is not None
        kernel.kill()
        return kernel

    with PreparedKernels(folder, exports=2) as kernels:
        with monkeypatch.context() as patched:
            patched.setattr(PreparedKernels, "take", take_and_kill)
            with pytest.raises(UnavailableError):
                executed(kernels)
        assert executed(kernels)["parent"] == server()


def test_keeps_every_output(folder: Path) -> None:
    """Many more than ZeroMQ lets wait to be read."""
    notebook = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_code_cell("print('begun')", metadata={"tags": ["parameters"]}),
            nbformat.v4.new_code_cell("for number in range(4_000): display(number)"),
        ]
    )
    nbformat.write(notebook, folder / "telling.ipynb")
    execute_notebook(folder / "telling.ipynb", to=folder / "out.ipynb", parameters={}, cwd=folder)
    first, told = (it.outputs for it in nbformat.read(folder / "out.ipynb", as_version=4).cells)
    assert [it.text for it in first] == ["begun\n"]
    assert [int(it.data["text/plain"]) for it in told] == list(range(4_000))


def test_goes_on_when_server_dies(executed: Callable[..., dict[str, Any]], folder: Path) -> None:
    with PreparedKernels(folder, exports=2) as kernels:
        first = executed(kernels)
        os.kill(first["parent"], signal.SIGKILL)
        alone, forked = executed(kernels), executed(kernels)
    assert alone["parent"] == os.getpid()
    assert forked["parent"] not in {first["parent"], os.getpid()}


def test_gives_up_paused_server(
    executed: Callable[..., dict[str, Any]], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with PreparedKernels(folder, exports=2) as kernels:
        paused = {executed(kernels)["parent"], waiting_kernel()}
        monkeypatch.setattr(prepared_kernels, "_LONGEST_FORK_SECONDS", 1.0)
        os.kill(server(), signal.SIGSTOP)
        assert executed(kernels)["parent"] == os.getpid()
        assert_gone(paused)


def test_replaces_old_server(
    executed: Callable[..., dict[str, Any]], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with PreparedKernels(folder, exports=2) as kernels:
        first = executed(kernels)
        monkeypatch.setattr(prepared_kernels, "_OLD_AFTER_SECONDS", 0.0)
        second = executed(kernels)
        assert second["parent"] not in {first["parent"], os.getpid()}
        assert_gone({first["parent"]})


def test_starts_kernels_where_none_can_be_forked(
    executed: Callable[..., dict[str, Any]], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = folder.parent / "earlier" / "bleach"
    broken.mkdir(parents=True)
    # A library that imports Polars: its threads would be missing after a fork.
    (broken / "__init__.py").write_text("import polars\n")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(broken.parent), *sys.path]))
    others = kernels_of_this()
    with PreparedKernels(folder, exports=2) as kernels:
        assert [executed(kernels)["parent"] for _ in range(2)] == [os.getpid()] * 2
        assert_gone(kernels_of_this() - others)


def test_what_a_cell_starts_ends_with_its_kernel(executed: Callable[..., dict[str, Any]], folder: Path) -> None:
    with PreparedKernels(folder, exports=2) as kernels:
        more = "import subprocess; found['started'] = subprocess.Popen(['sleep', '600']).pid"
        own, forked = executed(None, more), executed(kernels, more)
    outlives = is_running(own["started"])
    assert is_running(forked["started"]) == outlives
    for pid in (own["started"], forked["started"]):
        if is_running(pid):
            os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("instant", ["before the first notebook", "within a notebook"])
def test_killed_refresh_leaves_no_kernel(
    workspace: toolkit.Workspace, tables: Tables, tmp_path: Path, instant: str
) -> None:
    written(tables, LONG_AGO)
    save(workspace, "A")
    notebook = nbformat.read(SCHEDULED_NOTEBOOK, as_version=4)
    begun = tmp_path / "begun"
    notebook.cells.insert(3, nbformat.v4.new_code_cell(f"open({str(begun)!r}, 'w'); import time; time.sleep(600)"))
    nbformat.write(notebook, tmp_path / "own.ipynb")
    command = [sys.executable, "-m", "toolkit", "refresh", "--workspace", str(workspace.path)]
    running = subprocess.Popen([*command, "--notebook", str(tmp_path / "own.ipynb")])
    until = time.monotonic() + 120
    while not (begun.exists() if instant == "within a notebook" else descendants(running.pid)):
        assert time.monotonic() < until
        time.sleep(0.05)
    started = descendants(running.pid)
    assert len(started) >= (3 if instant == "within a notebook" else 1)
    running.kill()
    running.wait()
    assert_gone(started)


def test_refresh_of_many_forks_their_kernels(workspace: toolkit.Workspace, tables: Tables, tmp_path: Path) -> None:
    written(tables, LONG_AGO)
    for name in ("A", "B"):
        save(workspace, name)
    notebook = nbformat.read(SCHEDULED_NOTEBOOK, as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell(LOOKS))
    notebook.cells.append(nbformat.v4.new_code_cell(TELLS))
    nbformat.write(notebook, tmp_path / "own.ipynb")
    command = [sys.executable, "-m", "toolkit", "refresh", "--workspace", str(workspace.path), "--json"]
    ran = subprocess.run(
        [*command, "--notebook", str(tmp_path / "own.ipynb")], capture_output=True, text=True, check=True
    )
    *exports, last = [json.loads(line) for line in ran.stdout.splitlines()]
    assert (last["counts"], ran.stderr) == ({"successful": 3}, "")
    seen = [told(Path(it["notebook"])) for it in exports]
    assert (len({it["pid"] for it in seen}), len({it["parent"] for it in seen})) == (3, 1)
    assert_gone({it["pid"] for it in seen} | {it["parent"] for it in seen})


@pytest.mark.parametrize("prepared", [1, 2])
def test_kernel_that_just_answered_is_not_interrupted(
    folder: Path, capfd: pytest.CaptureFixture[str], prepared: int
) -> None:
    """A reply is sent before the kernel is done with its request."""
    notebook = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_code_cell("", metadata={"tags": ["parameters"]}),
            nbformat.v4.new_code_cell(
                "import time\n"
                "handlers = get_ipython().kernel.shell_handlers\n"
                "answer = handlers['kernel_info_request']\n"
                "async def answer_slowly(*question):\n"
                "    await answer(*question)\n"
                "    time.sleep(0.5)\n"
                "handlers['kernel_info_request'] = answer_slowly"
            ),
        ]
    )
    nbformat.write(notebook, folder / "slow.ipynb")
    with PreparedKernels(folder, exports=prepared) as kernels:
        execute_notebook(folder / "slow.ipynb", to=folder / "out.ipynb", parameters={}, cwd=folder, kernels=kernels)
    assert capfd.readouterr().err == ""
