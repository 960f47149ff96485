"""Whatever happens over the days, a run that ends well leaves exactly the right members at Criteo."""

import hashlib
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

import toolkit
from tests.conftest import Tables, connect, save_nightly
from tests.long_form import IS_LONG
from toolkit.criteo import client
from toolkit.criteo.rate_limit import RetryPolicy
from toolkit.runs import Progress, RunStatus, Step
from toolkit.sandbox import Call, Fault, Sandbox

pytestmark = pytest.mark.on_both_databases

CUSTOMERS = [f"C{number}" for number in range(6)]
ADDRESSES = [None, "no address", *(f"person{number}@mail.example" for number in range(5))]
SENT: dict[str, Callable[[str], str]] = {
    "sha256": lambda it: hashlib.sha256(it.encode()).hexdigest(),
    "md5": lambda it: hashlib.md5(it.encode()).hexdigest(),
    "sha256_of_md5": lambda it: hashlib.sha256(hashlib.md5(it.encode()).hexdigest().encode()).hexdigest(),
    "plain": lambda it: it,
}
MEMBERS = st.lists(st.sampled_from(CUSTOMERS), unique=True)
UNGUARDED = {
    "most_change": 1,
    "email_coverage": 0,
    "email_validity": 0,
    "levels": {"export has members": "warning"},
}


class Days(RuleBasedStateMachine):
    """A workspace over some days; what should be at Criteo is reckoned here with plain sets."""

    criteo: Sandbox
    database: Callable[[], str | None]

    @initialize()
    def begin(self) -> None:
        self.criteo.reset()
        self.folder = tempfile.TemporaryDirectory()
        self.addresses: dict[str, str | None] = dict(zip(CUSTOMERS, ADDRESSES[1:], strict=True))
        self.segments: dict[str, list[str]] = {"A": CUSTOMERS[:4], "B": CUSTOMERS[3:]}
        self.options: dict[str, object] = {"segments": ["A"], "mode": "mirror", "form": "sha256"}
        self.ever_wanted: set[str] = set()
        self.tables = Tables(Path(self.folder.name) / "tables").write(self.addresses, self.segments)
        self.workspace = toolkit.open_workspace(
            Path(self.folder.name) / "workspace",
            profiles=self.tables.profiles,
            segments=self.tables.segments,
            database=self.database(),
            create=True,
        )
        connect(self.workspace, self.criteo)
        self.save()

    def save(self) -> None:
        save_nightly(self.workspace, thresholds=UNGUARDED, **self.options)

    def wanted(self, segment: str) -> set[str]:
        addresses = {self.addresses[it] for it in self.segments[segment]}
        return {SENT[str(self.options["form"])](it) for it in addresses if it is not None and "@" in it}

    @rule(segment=st.sampled_from(["A", "B"]), members=MEMBERS)
    def members_come_and_go(self, segment: str, members: list[str]) -> None:
        self.segments[segment] = members
        self.tables.write(segments={segment: members})

    @rule(customer=st.sampled_from(CUSTOMERS), address=st.sampled_from(ADDRESSES))
    def somebody_moves(self, customer: str, address: str | None) -> None:
        self.addresses[customer] = address
        self.tables.write(self.addresses)

    @rule(
        segments=st.sampled_from([["A"], ["B"], ["A", "B"]]),
        mode=st.sampled_from(["mirror", "append", "replace"]),
        form=st.sampled_from(sorted(SENT)),
    )
    def the_export_is_edited(self, segments: list[str], mode: str, form: str) -> None:
        self.options = {"segments": segments, "mode": mode, "form": form}
        self.save()

    @rule()
    def a_dry_run_sends_nothing(self) -> None:
        before = {it.id: self.criteo.identifiers(it.id) for it in self.criteo.lists()}
        self.workspace.runs.start("Nightly", dry_run=True).raise_for_status()
        assert {it.id: self.criteo.identifiers(it.id) for it in self.criteo.lists()} == before

    @rule(fault=st.sampled_from([Fault.HTTP_401, Fault.DROP_AFTER]), after=st.integers(0, 3))
    def criteo_breaks_off(self, fault: Fault, after: int) -> None:
        if fault is Fault.DROP_AFTER:
            self.criteo.fail(fault, calls=(Call.AMEND, Call.CLEAR), times=1, after=after)
            after = 0
        self.criteo.fail(Fault.HTTP_401, calls=(Call.AMEND, Call.CLEAR), times=8, after=after)
        self.run()
        self.criteo.stop_failing()

    @rule(batches=st.integers(0, 3), how=st.sampled_from(["interrupt", "cancel"]))
    def a_person_ends_a_run(self, batches: int, how: str) -> None:
        seen = iter(range(batches))

        def end(progress: Progress) -> None:
            if progress.step is not Step.PUSH or next(seen, None) is not None:
                return
            if how == "interrupt":
                raise KeyboardInterrupt
            for run_id in self.workspace.runs.frame.filter(status="running")["run"]:
                self.workspace.runs.cancel(run_id)

        self.run(observer=end)

    @rule()
    def a_night_passes(self) -> None:
        assert self.run() is RunStatus.SUCCESSFUL

    def run(self, **options: object) -> RunStatus | None:
        """Run the export in small batches; when that ends well, see that Criteo holds what it should."""
        self.ever_wanted |= {it for segment in self.options["segments"] for it in self.wanted(segment)}  # type: ignore[attr-defined]
        try:
            run = self.workspace.runs.start("Nightly", allow=["emptied"], batch_size=2, **options)
        except KeyboardInterrupt:
            return None
        if run.status is RunStatus.SUCCESSFUL:
            held = {it.name: self.criteo.identifiers(it.id) for it in self.criteo.lists()}
            for segment in self.options["segments"]:  # type: ignore[attr-defined]
                if self.options["mode"] == "append":
                    assert self.wanted(segment) <= held[segment] <= self.ever_wanted
                else:
                    assert held[segment] == self.wanted(segment)
        return run.status

    @invariant()
    def every_run_has_ended(self) -> None:
        runs = self.workspace.runs.frame
        assert runs.filter(status="running").is_empty()

    def teardown(self) -> None:
        if not hasattr(self, "workspace"):
            return
        self.options |= {"mode": "replace"}
        self.save()
        assert self.run() is RunStatus.SUCCESSFUL
        entered_or_left = self.workspace.runs.membership()
        assert set(entered_or_left["change"]) <= {"entered", "left"}
        del self.workspace
        self.folder.cleanup()


@pytest.fixture
def days(criteo: Sandbox, monkeypatch: pytest.MonkeyPatch) -> type[Days]:
    # A dropped call is tried again soon: there are many.
    monkeypatch.setattr(client, "RetryPolicy", partial(RetryPolicy, first_wait_seconds=0.05))
    return type("DaysHere", (Days,), {"criteo": criteo})


@pytest.mark.parametrize(("kind", "examples"), [("sqlite", 40 if IS_LONG else 6), ("postgresql", 10 if IS_LONG else 2)])
def test_days_of_change_end_with_the_right_members(
    days: type[Days], request: pytest.FixtureRequest, kind: str, examples: int
) -> None:
    server = None if kind == "sqlite" else request.getfixturevalue("_postgresql")
    days.database = staticmethod(lambda: None if server is None else server.new_database_with_schema())
    run_state_machine_as_test(
        days,
        settings=settings(
            max_examples=examples,
            stateful_step_count=12,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
