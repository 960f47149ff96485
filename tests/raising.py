"""Errors as tests see them: what kind one is, and what it names, in whatever words."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from toolkit.errors import ErrorCode, ErrorInfo, ToolkitError


@contextmanager
def raises(code: ErrorCode, *, names: object = ()) -> Iterator[pytest.ExceptionInfo[ToolkitError]]:
    """Expect an error of this kind that names all that a user needs to find the fault.

    Args:
        code: What kind of error it is.
        names: A value, or a tuple or list of values: columns, segments, ids, files, options, numbers. Never a wording.
    """
    with pytest.raises(ToolkitError) as raised:
        yield raised
    require(raised.value, code, names=names)


def require(error: ToolkitError | ErrorInfo | None, code: ErrorCode, *, names: object = ()) -> None:
    """See that an error is of this kind and names these values, each in whole: ``All`` is not named by ``Allied``."""
    assert error is not None
    assert error.code is code, f"{error.code!r}: {error}"
    wanted = [str(it) for it in (names if isinstance(names, tuple | list) else (names,))]
    missing = [it for it in wanted if not re.search(_whole(it), str(error))]
    assert missing == [], str(error)


def _whole(value: str) -> str:
    """Return the pattern of a value that is no part of a longer word."""
    begins, ends = (r"(?<!\w)" if value[:1].isalnum() else ""), (r"(?!\w)" if value[-1:].isalnum() else "")
    return begins + re.escape(value) + ends
