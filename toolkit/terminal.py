"""What is printed, whatever the terminal can show and whether anybody still reads it.

Output never decides how a run ends: a character that the terminal's encoding lacks is written as its code, and when
whoever read the output is gone, the rest of it is dropped.
"""

import errno
import os
import sys
from typing import TextIO

import typer

from toolkit.translatable import shown

_NOBODY_READS = (errno.EPIPE, errno.EBADF, errno.EINVAL)


def prepare_output() -> None:
    """Let standard output and error take every character."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None and not stream.closed:
            reconfigure(errors="backslashreplace")


def say(text: str, *, err: bool = False, nl: bool = True) -> None:
    """Print text to standard output, or to standard error; nothing when it is closed or nobody reads it.

    A translatable text is printed in the language of whoever reads.
    """
    text = shown(text)
    stream = sys.stderr if err else sys.stdout
    if stream is None or stream.closed:
        return
    encoding = getattr(stream, "encoding", None) or "utf-8"
    try:
        typer.echo(text.encode(encoding, "backslashreplace").decode(encoding), err=err, nl=nl)
        stream.flush()
    except OSError as error:
        if error.errno not in _NOBODY_READS:
            raise
        _drop(stream)


def _drop(stream: TextIO) -> None:
    """Send what is still buffered, and all that follows, nowhere, so that no flush at the end fails."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
