"""What is measured is written as it is, and compared by its ratios."""

from pathlib import Path

import polars as pl
import pytest

import toolkit
from benchmarks import long_life
from benchmarks.comparison import Sizes
from benchmarks.data import make, make_all, write_next_day
from benchmarks.measuring import Figure, Reading, measure
from benchmarks.page import read, what_got_worse, write

SIZES = Sizes(profiles=1_000, members=100, big_profiles=2_000, lists=4, exports=2, many_exports=3, repeats=2)


def figures(*, peer: float = 2.0, own: float = 3.0, gigabytes: float = 1.0) -> dict[str, Figure]:
    return {
        "peer": Figure("peer", "a peer", None, [peer, peer * 2], 10**9),
        "own": Figure("own", "the toolkit", "peer", [own * 3, own], round(gigabytes * 10**9)),
        "alone": Figure("alone", "what stands alone", None, [1.0]),
    }


class TestFigures:
    def test_ratio_of_the_shortest(self) -> None:
        assert figures()["own"].ratio(figures()) == 1.5
        assert figures()["alone"].ratio(figures()) is None

    def test_most_memory_of_all(self) -> None:
        figure = Figure("it", "it")
        for reading in (Reading(1.0, 5), Reading(2.0, 9, 4.0), Reading(3.0, None), Reading(4.0, 7, 3.0)):
            figure.add(reading)
        assert (figure.middle, figure.peak_bytes, figure.processor_seconds) == (2.5, 9, 3.0)

    def test_a_process_is_measured(self) -> None:
        reading = measure(["timeit", "-n1", "-r1", "-s", "import time", "x = b'x' * 200_000_000; time.sleep(0.2)"])
        assert reading.seconds >= 0.2
        assert (reading.peak_bytes or 0) > 200_000_000


class TestPage:
    def test_figures_are_read_again(self, tmp_path: Path) -> None:
        write(tmp_path / "page.md", figures(), SIZES, load=0.5)
        assert read(tmp_path / "page.md") == figures()
        row = "| the toolkit; beside: a peer | 3.0 | 6.0 | 9.0 | 1.50 |  |  | 1.00 |"
        assert row in (tmp_path / "page.md").read_text()

    def test_a_slower_machine_is_not_worse(self) -> None:
        assert what_got_worse(figures(peer=8.0, own=12.0), figures()) == []

    @pytest.mark.parametrize(("own", "gigabytes", "count"), [(4.0, 1.0, 1), (3.0, 1.3, 1), (9.0, 2.0, 2)])
    def test_what_is_worse(self, own: float, gigabytes: float, count: int) -> None:
        assert len(what_got_worse(figures(own=own, gigabytes=gigabytes), figures())) == count

    def test_a_busy_machine_is_not_worse(self) -> None:
        before, now = figures(), figures(own=9.0)
        for it in (before, now):
            it["peer"].processor_seconds, it["own"].processor_seconds = 2.0, 3.0
        assert what_got_worse(now, before) == []
        now["own"].processor_seconds = 4.0
        assert len(what_got_worse(now, before)) == 1

    def test_something_new_is_not_worse(self) -> None:
        assert what_got_worse(figures(), {}) == []


class TestTables:
    def test_sizes(self, tmp_path: Path) -> None:
        profiles, segments, many, big, some = make_all(tmp_path, 1_000, 100, 4, 2_000)
        rows = [pl.scan_parquet(it / "*.parquet").select(pl.len()).collect().item() for it in (profiles, big)]
        assert rows == [1_000, 2_000]
        assert [len(list(it.glob("*.parquet"))) for it in (segments, many, some)] == [1, 4, 1]

    def test_next_day(self, tmp_path: Path) -> None:
        profiles, segments = make(tmp_path, profiles=1_000, members=100)
        (file,) = segments.glob("*.parquet")
        before = set(pl.read_parquet(file)["CustomerId"])
        write_next_day(file, profiles=1_000, changed=0.1)
        after = set(pl.read_parquet(file)["CustomerId"])
        assert (len(before - after), len(after - before)) == (5, 5)
        assert after <= set(pl.read_parquet(profiles / "*.parquet")["CustomerId"])


def test_a_workspace_of_years_answers_as_any_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = long_life.Sizes(runs=40, lists=4, segments=12, exports=2)
    names = ["runs.frame", "form: history"]
    answers = list(long_life.measure(tmp_path, sizes, names))
    assert [it.what for it in answers] == names
    assert all(it.first > 0 for it in answers)
    monkeypatch.setenv("TOOLKIT_KEY_FILE", str(tmp_path / sizes.name / "key"))
    monkeypatch.setenv("TOOLKIT_MEMORY", str(tmp_path / sizes.name / "memory"))
    opened = toolkit.open_workspace(tmp_path / sizes.name / "workspace")
    assert opened.runs.frame.height == 40
    assert opened.runs.frame.drop("run").equals(opened.runs.frame.sort("started_at", descending=True).drop("run"))
    # Of each list: 20 entered in the true run; of the four others two brought 20 and two removed them.
    assert opened.runs.membership()["change"].value_counts(sort=True)["count"].to_list() == [4 * 60, 4 * 40]
    assert {it.what: it.level.name for it in opened.health().findings}["signatures"] == "OK"
