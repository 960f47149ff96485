"""What the fault tests share says in words what it found to be wrong."""

import pytest

pytest.register_assert_rewrite("tests.faults.days", "tests.faults.truth")
