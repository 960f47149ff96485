"""What is imported late is executed in place, once, whoever uses it first."""

import gc
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from toolkit.importing import without_garbage_collection
from toolkit.lazy_modules import defer

NAME = "deferred_by_a_test"
PACKAGE = """
import sys
RUNS = getattr(sys, "_test_runs", 0) + 1
sys._test_runs = RUNS
from deferred_by_a_test import inner
import time
time.sleep(SECONDS)
LAST = inner.VALUE
def __getattr__(name):
    if name == "asked_for":
        return "made on demand"
    raise AttributeError(name)
"""


def printed(code: str) -> list[str]:
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.split()


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Write a package that notes how often it is executed, and defer it."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "_test_runs", 0, raising=False)

    def write(source: str = PACKAGE, *, seconds: float = 0) -> None:
        (tmp_path / NAME).mkdir()
        (tmp_path / NAME / "__init__.py").write_text(source.replace("SECONDS", str(seconds)))
        (tmp_path / NAME / "inner.py").write_text("VALUE = 7\n")
        defer(NAME)

    yield write
    for name in (NAME, f"{NAME}.inner"):
        sys.modules.pop(name, None)


def runs() -> int:
    return int(vars(sys)["_test_runs"])


def test_executes_at_first_use(package: Callable[..., None]) -> None:
    package()
    import deferred_by_a_test as first

    assert (runs(), first.__file__ is not None, first.__spec__ is not None) == (0, True, True)
    assert (first.LAST, runs(), type(first)) == (7, 1, ModuleType)
    assert sys.modules[NAME] is first
    assert (first.asked_for, first.RUNS) == ("made on demand", 1)
    with pytest.raises(AttributeError):
        first.nothing  # noqa: B018


def test_import_of_submodule_executes_it(package: Callable[..., None]) -> None:
    package()
    from deferred_by_a_test.inner import VALUE

    assert (VALUE, runs()) == (7, 1)


def test_threads_wait_for_one_another(package: Callable[..., None]) -> None:
    package(seconds=0.3)
    module = sys.modules[NAME]
    found: list[object] = []

    def look() -> None:
        found.append(module.LAST)

    threads = [threading.Thread(target=look) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert (found, runs()) == ([7] * 8, 1)


@pytest.mark.parametrize("fails", ["raise ImportError('broken')", "sys.broken"])
def test_failing_import_is_told_each_time(package: Callable[..., None], fails: str) -> None:
    package(f"import sys\n{fails}\n")
    module = sys.modules[NAME]
    for _ in range(2):
        with pytest.raises(ImportError, match="broken"):
            module.LAST  # noqa: B018
    assert not [it for it in sys.meta_path if type(it).__module__ == "toolkit.lazy_modules"]


@pytest.mark.parametrize("name", ["not_installed_at_all", "not_installed_at_all.inner", "sys", "_json", "json"])
def test_leaves_other_modules_alone(name: str) -> None:
    before = sys.modules.get(name)
    defer(name)
    assert sys.modules.get(name) is before


def test_checks_import_without_charts_and_statistics() -> None:
    code = (
        "import sys; from toolkit.importing import import_great_expectations as load; load()\n"
        "print(*(name in sys.modules for name in ('altair.vegalite', 'ipywidgets', 'scipy.stats.distributions')))"
    )
    assert printed(code) == ["False", "False", "False"]


def test_charts_and_statistics_are_the_libraries_own() -> None:
    code = (
        "from toolkit.importing import import_great_expectations as load; load()\n"
        "import altair, scipy.stats, sys; from scipy import stats\n"
        "import great_expectations.expectations.core.expect_column_kl_divergence_to_be_less_than as user\n"
        "print(user.alt is altair, user.stats is stats is scipy.stats, 'mark_bar' in dir(altair.Chart))\n"
        "print(user.alt.Chart().mark_bar().to_dict()['mark']['type'], round(stats.norm.cdf(0), 3))\n"
        "from altair import Chart; from scipy.stats import norm\n"
        "print(Chart is user.alt.Chart, norm is user.stats.norm, altair.__name__, altair.__spec__.name)"
    )
    assert printed(code) == ["True", "True", "True", "bar", "0.5", "True", "True", "altair", "altair"]


def test_garbage_is_collected_again() -> None:
    with without_garbage_collection():
        assert not gc.isenabled()
    assert gc.isenabled()
    gc.disable()
    try:
        with without_garbage_collection():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
