from tests.widgets.conftest import as_contributor as as_contributor  # noqa: PLC0414
from tests.widgets.conftest import as_stranger as as_stranger  # noqa: PLC0414
from tests.widgets.conftest import as_viewer as as_viewer  # noqa: PLC0414
