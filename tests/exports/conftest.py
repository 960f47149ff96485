from tests.state.conftest import let_in as let_in  # noqa: PLC0414
from tests.state.conftest import person as person  # noqa: PLC0414
