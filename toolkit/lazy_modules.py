"""Keeps a library that is imported from importing another that it may never use.

Great Expectations imports ``scipy.stats`` and ``altair`` for one expectation that few people ask: more than a second of
a run. What is deferred stands in ``sys.modules`` as a module without contents. The first look at any of its names
executes the real code in the very same module, by Python's own import system and under its locks: whoever imports it,
before or after, has the real one as soon as they use it.
"""

import sys
import threading
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import find_spec
from types import ModuleType
from typing import Any

_waiting: set[str] = set()
"""The names of the modules that nobody has looked into yet."""
_executing: dict[str, int] = {}
"""The thread that executes each of those whose code runs right now."""
_lock = threading.Lock()


def defer(name: str) -> None:
    """Let a module be executed when something of it is used. Does nothing when it is imported, or is not installed."""
    with _lock:
        if name in sys.modules:
            return
        try:
            spec = find_spec(name)
        except ImportError:  # of the package that it lies in
            return
        # The import of the package may have imported it; and of a module that is no Python code nothing is gained.
        if spec is None or name in sys.modules or type(spec.loader) is not SourceFileLoader:
            return
        sys.modules[name] = _Deferred(spec)
        _waiting.add(name)


class _Deferred(ModuleType):
    """A module before it is executed.

    It has what the import system and ``inspect`` ask of every module. Its path is not among it, so that an import of
    one of its submodules executes it too.
    """

    def __init__(self, spec: ModuleSpec) -> None:
        super().__init__(spec.name)
        self.__spec__ = spec
        self.__file__ = spec.origin

    def __getattr__(self, name: str) -> Any:
        # While this thread executes it, what is not there yet is not there, as in any module.
        if _executing.get(self.__name__) != threading.get_ident():
            try:
                module = _executed(self)
            except AttributeError as error:
                # Of its code: by an AttributeError, whoever looks would learn that it has no such name.
                raise ImportError(f"{self.__name__} can't be imported: {error}", name=self.__name__) from error
            if module is not self:
                return getattr(module, name)
        if name in self.__dict__:
            return self.__dict__[name]
        if "__getattr__" in self.__dict__:
            return self.__dict__["__getattr__"](name)
        raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")


def _executed(module: _Deferred) -> ModuleType:
    """Return the module after its code ran; another thread that runs it is waited for."""
    name = module.__name__
    with _lock:
        is_first = name in _waiting and sys.modules.get(name) is module
        _waiting.discard(name)
        if is_first:
            finder = _Finder(module)
            sys.meta_path.insert(0, finder)
            del sys.modules[name]
    if not is_first:
        return import_module(name)
    try:
        return import_module(name)
    finally:
        sys.meta_path.remove(finder)


class _Finder(MetaPathFinder):
    """Finds one module, and lets it be executed in the place of the one that stood in for it."""

    def __init__(self, module: _Deferred) -> None:
        self._module = module

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None, /
    ) -> ModuleSpec | None:
        """Return how the module is loaded; nothing for any other."""
        spec = self._module.__spec__
        if fullname != self._module.__name__ or spec is None or spec.origin is None:
            return None
        spec.loader = _InPlace(fullname, spec.origin, self._module)
        return spec


class _InPlace(SourceFileLoader):
    """Executes the code of a module in one that is there."""

    def __init__(self, name: str, path: str, module: _Deferred) -> None:
        super().__init__(name, path)
        self._module = module

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Return the module that stood in."""
        _executing[spec.name] = threading.get_ident()
        return self._module

    def exec_module(self, module: ModuleType) -> None:
        """Run the code; from then on it is a module like any other."""
        try:
            super().exec_module(module)
        finally:
            del _executing[module.__name__]
        module.__class__ = ModuleType
