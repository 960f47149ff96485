"""Great Expectations, imported when a check needs it, and faster than it comes.

It takes seconds: it imports charts and statistics that its one expectation of distributions uses, and while its
thousands of classes are made, Python looks again and again for garbage among them. So the first wait until somebody
uses them, and the second until the import is over. Its usage analytics are turned off before.
"""

import gc
import os
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module

from toolkit.lazy_grammar import defer_iri_grammar
from toolkit.lazy_modules import defer

_RARELY_USED = ("altair", "scipy.stats")
"""What Great Expectations imports for a single expectation."""
_OF_SPARK = "PySpark does not yet fully support pandas"
"""It imports PySpark where that is installed, which says so; neither the checks nor Spark's tables go through both."""


def import_great_expectations() -> None:
    """Import Great Expectations, or wait until it is."""
    # One thread imports it, the others wait: its modules import each other in a circle, and half of it is of no use.
    with _importing:
        os.environ["GX_ANALYTICS_ENABLED"] = "false"
        defer_iri_grammar()
        for name in _RARELY_USED:
            defer(name)
        warnings.filterwarnings("ignore", message=_OF_SPARK, category=FutureWarning)
        with without_garbage_collection():
            import_module("great_expectations")


_importing = threading.Lock()


@contextmanager
def without_garbage_collection() -> Iterator[None]:
    """Let Python look for no garbage meanwhile, as many objects are made that stay."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
