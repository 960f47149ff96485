"""What the fault tests share says in words what it found to be wrong."""

import pytest

from toolkit.state.leases import TIMES_VARIABLE

pytest.register_assert_rewrite("tests.faults.days", "tests.faults.stopping", "tests.faults.truth")


@pytest.fixture(autouse=True)
def _nothing_lands_late(monkeypatch: pytest.MonkeyPatch) -> None:
    # What a killed process sent is carried out at once by an embedded Criteo, or never.
    monkeypatch.setenv(TIMES_VARIABLE, "landing=0")
