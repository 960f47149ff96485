"""Where forms are shown: in a notebook, or in the application without code."""

import os

WITHOUT_CODE = "TOOLKIT_WITHOUT_CODE"
"""The environment variable that the application sets for its kernels."""


def is_without_code() -> bool:
    """Tell whether the forms are shown to somebody who sees no code."""
    return bool(os.environ.get(WITHOUT_CODE))
