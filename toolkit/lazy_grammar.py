"""Keeps ``jsonschema`` from building the grammar of IRIs before anything asks for it.

Where Jupyter's extras are installed, importing ``jsonschema`` imports ``rfc3987_syntax``, which builds a parser: more
than a second, before every first chart, check and notebook. The toolkit checks no IRI. A stand-in takes the package's
place that builds the grammar at the first question, so that whoever else asks gets the same answers.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import Any

_NAME = "rfc3987_syntax"


class _Deferred(ModuleType):
    """The package as long as nothing was asked of it."""

    @staticmethod
    def is_valid_syntax(term: str, text: str) -> bool:
        """Answer as the package does, which is imported now."""
        return bool(_package().is_valid_syntax(term, text))

    def __getattr__(self, name: str) -> Any:
        # What the import system asks of every module is no reason to import it.
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(_package(), name)


def defer_iri_grammar() -> None:
    """Put the stand-in in place, unless the package is imported already. Safe to call often."""
    if _NAME not in sys.modules:
        sys.modules[_NAME] = _Deferred(_NAME)


def _package() -> ModuleType:
    if isinstance(sys.modules.get(_NAME), _Deferred):
        del sys.modules[_NAME]
    return import_module(_NAME)
