"""Send customer segments to Criteo from notebooks: preview, check, push and look back.

Nothing is loaded until it is used: ``import toolkit`` is cheap. The public names stand in ``__init__.pyi``.
"""

from lazy_loader import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
