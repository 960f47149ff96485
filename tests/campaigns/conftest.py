import pytest

import toolkit
from tests.conftest import Tables, save_nightly
from tests.widgets.conftest import as_contributor as as_contributor  # noqa: PLC0414
from tests.widgets.conftest import as_stranger as as_stranger  # noqa: PLC0414
from tests.widgets.conftest import as_viewer as as_viewer  # noqa: PLC0414


@pytest.fixture
def sent(workspace: toolkit.Workspace, tables: Tables) -> toolkit.Workspace:
    """A workspace that sent ``All`` and ``Half``."""
    tables.write(segments={"Half": [f"C{number:03}" for number in range(50)]})
    save_nightly(workspace, segments=["All", "Half"])
    workspace.runs.start("Nightly").raise_for_status()
    return workspace
