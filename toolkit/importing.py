"""Great Expectations, imported when a check needs it, and faster than it comes.

It takes seconds: it imports charts and statistics that its one expectation of distributions uses, and while its
thousands of classes are made, Python looks again and again for garbage among them. So the first wait until somebody
uses them, and the second until the import is over. Its usage analytics are turned off before.
"""

import gc
import os
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

from toolkit.lazy_grammar import defer_iri_grammar
from toolkit.lazy_modules import defer

_RARELY_USED = ("altair", "scipy.stats")
"""What Great Expectations imports for a single expectation."""


def import_great_expectations() -> None:
    """Import Great Expectations, or wait until it is."""
    # One thread imports it, the others wait: its modules import each other in a circle, and half of it is of no use.
    with _importing:
        os.environ["GX_ANALYTICS_ENABLED"] = "false"
        defer_iri_grammar()
        for name in _RARELY_USED:
            defer(name)
        with without_garbage_collection(), _without_spark():
            import_module("great_expectations")


_importing = threading.Lock()


class _NoSpark(MetaPathFinder):
    """Lets one thread find no PySpark."""

    def __init__(self) -> None:
        self._thread = threading.get_ident()

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None, /
    ) -> ModuleSpec | None:
        """Return nothing, as for a module that others find; raise for PySpark as if it were not installed."""
        if fullname.partition(".")[0] == "pyspark" and threading.get_ident() == self._thread:
            raise ModuleNotFoundError(f"No module named {fullname!r}", name=fullname)
        return None


@contextmanager
def _without_spark() -> Iterator[None]:
    """Let what is imported meanwhile do without PySpark, unless somebody imported it before.

    Great Expectations would import it where it is installed: half a second, and a warning about pandas. The checks ask
    it of tables in memory only. Whoever has a Spark session has imported it.
    """
    finder = _NoSpark()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


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
