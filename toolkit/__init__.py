"""Send customer segments to Criteo from notebooks: preview, check, push and look back.

Nothing is loaded until it is used: ``import toolkit`` is cheap. The public names stand in ``__init__.pyi``.
"""

from typing import Any as _Any

from lazy_loader import attach_stub as _attach_stub

_attached, __dir__, __all__ = _attach_stub(__name__, __file__)


def __getattr__(name: str) -> _Any:
    from toolkit.importing import without_garbage_collection

    # The first name imports a thousand modules.
    with without_garbage_collection():
        return _attached(name)
