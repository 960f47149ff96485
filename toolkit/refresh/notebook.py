"""An export run by its notebook: papermill executes it, and what is kept of it names no person.

An unforeseen error, of a cell that somebody added to the notebook, may quote a row of the data. So whatever papermill
saves, after each cell, passes here first: of errors that are not the toolkit's own, only their kind and the places in
the code are kept.
"""

import os
import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import orjson

from toolkit.errors import ConfigurationError, ToolkitError, UnavailableError, UnforeseenError, family
from toolkit.extras import Extra, require
from toolkit.files import write_atomically
from toolkit.lazy_grammar import defer_iri_grammar
from toolkit.redaction import redacted
from toolkit.refresh.notebook_errors import error_of_notebook
from toolkit.refresh.prepared_kernels import PreparedKernels, kernel_manager
from toolkit.translatable import _

if TYPE_CHECKING:
    from traitlets.config import Config

_SCHEDULED = "notebooks/scheduled/run_export.ipynb"
_SCHEME = "without-people://"
_LONGEST_OUTPUT_SECONDS = 60
"""So long the outputs of a cell may go on to arrive after it ended: thousands, or on a machine that does much else."""
_COLORS = re.compile(r"\x1b\[[0-9;]*m")
_PLACE = re.compile(r"^(File \S.*:\d+|Cell In\s?\[\d+\], line \d+)", re.MULTILINE)
_OURS = frozenset(it.__name__ for it in family())
"""What Jupyter calls the toolkit's own errors: of the kind of an error it keeps the name of its class alone."""


def execute_notebook(
    notebook: Path,
    *,
    to: Path,
    parameters: Mapping[str, Any],
    cwd: Path,
    longest_seconds: int | None = None,
    kernels: PreparedKernels | None = None,
) -> None:
    """Execute the notebook with these parameters, and keep it executed, whatever comes of it.

    It gets a kernel of its own: one of those that are prepared, where there are such.

    Raises the ToolkitError that ended it, UnavailableError when the kernel was lost, UnforeseenError for all else.
    """
    defer_iri_grammar()
    require_notebook(notebook)
    import papermill
    from jupyter_client.kernelspec import NoSuchKernel
    from nbclient.exceptions import CellTimeoutError, DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    to.parent.mkdir(parents=True, exist_ok=True)
    _register()
    try:
        # In a folder of their own: the sockets of two kernels in one would meet.
        with TemporaryDirectory() as sockets:
            papermill.execute_notebook(
                str(notebook),
                f"{_SCHEME}{to}",
                parameters=dict(parameters),
                progress_bar=False,
                cwd=str(cwd),
                config=_without_tcp(sockets),
                execution_timeout=longest_seconds,
                iopub_timeout=_LONGEST_OUTPUT_SECONDS,
                kernel_manager_class=kernel_manager(kernels),
                **_kernel_of(notebook),
            )
    except PapermillExecutionError as error:
        raise _told(error.ename, notebook=to) from None
    except NoSuchKernel as error:
        raise ConfigurationError(
            _(
                "The notebook {notebook} asks for a kernel {error!r} that is not installed.",
                notebook=notebook,
                error=error.name,
            ),
            _("Open it in JupyterLab, choose the kernel of the toolkit's environment, and save it."),
        ) from None
    except (CellTimeoutError, DeadKernelError) as error:
        what = _("took too long and was ended") if isinstance(error, CellTimeoutError) else _("lost its kernel")
        raise UnavailableError(
            _("The notebook {to} {what}.", to=to, what=what),
            _("Nothing is lost: the next run sends what is missing. See its log and memory."),
        ) from None


def require_notebook(notebook: Path) -> None:
    """Raise ConfigurationError when there is no notebook that parameters can be given to, or nothing that runs one."""
    require(Extra.SCHEDULE, _("Running an export by its notebook"), otherwise=_("run it with `toolkit run start`"))
    try:
        cells = orjson.loads(notebook.read_bytes())["cells"]
        tags = [tag for cell in cells for tag in cell["metadata"].get("tags", ())]
    except (OSError, ValueError, KeyError, TypeError) as error:
        why = _("is not there") if isinstance(error, FileNotFoundError) else _("can't be read as one")
        raise ConfigurationError(
            _("The notebook {notebook} {why}.", notebook=notebook, why=why),
            _("Correct the path, or leave out --notebook for the one that comes with the toolkit."),
        ) from None
    if "parameters" not in tags:
        raise ConfigurationError(
            _("The notebook {notebook} has no cell with the tag 'parameters'.", notebook=notebook),
            _("Begin with a copy of {scheduled}, which `toolkit init` puts into a project.", scheduled=_SCHEDULED),
        )


def without_people(notebook: dict[str, Any]) -> dict[str, Any]:
    """Take out of the outputs of a notebook, as JSON, what may name a person."""
    for cell in notebook["cells"]:
        if "outputs" not in cell:
            continue
        for output in cell["outputs"]:
            if output["output_type"] == "error" and output["ename"] not in _OURS:
                output["evalue"] = _("(its words are left out, because they may quote the data)")
                output["traceback"] = [*_places(output["traceback"]), f"{output['ename']}: {output['evalue']}"]
        cell["outputs"] = _masked(cell["outputs"])
    return notebook


@cache
def _register() -> None:
    from papermill.iorw import papermill_io

    papermill_io.register(_SCHEME, _Writer())


class _Writer:
    """Writes for papermill."""

    def write(self, content: str, path: str, _extensions: Sequence[str] = ()) -> None:
        clean = orjson.dumps(without_people(orjson.loads(content)), option=orjson.OPT_INDENT_2)
        write_atomically(Path(path.removeprefix(_SCHEME)), lambda beside: beside.write_bytes(clean))

    def pretty_path(self, path: str) -> str:
        return path.removeprefix(_SCHEME)


def _masked(value: Any) -> Any:
    match value:
        case str():
            return redacted(value)
        case list():
            return [_masked(it) for it in value]
        case dict():
            return {key: _masked(it) for key, it in value.items()}
        case _:
            return value


def _places(traceback: Sequence[str]) -> list[str]:
    return _PLACE.findall(_COLORS.sub("", "\n".join(traceback)))


def _told(kind: str, *, notebook: Path) -> ToolkitError:
    """Return the error that the notebook tells of."""
    told = error_of_notebook(orjson.loads(notebook.read_bytes()))
    if told is not None and type(error := told.error()).__name__ == kind:
        return error
    return UnforeseenError(
        _("The notebook {notebook} ended with an error ({kind}).", notebook=notebook, kind=kind),
        _("Open it: it shows what happened or, where that may quote the data, the places in the code."),
    )


def _kernel_of(notebook: Path) -> dict[str, str]:
    """Return what papermill is told of the kernel: Python's, where the notebook names none."""
    of_notebook = orjson.loads(notebook.read_bytes()).get("metadata", {})
    named = of_notebook.get("kernelspec", {})
    language = named.get("language") or of_notebook.get("language_info", {}).get("name") or "python"
    return {"kernel_name": named.get("name") or "python3", "language": language}


def _without_tcp(sockets: str) -> "Config":
    """Let the kernel be reached through sockets in a folder of this user, where there are such, and not over TCP."""
    from traitlets.config import Config

    return Config({"KernelManager": {"transport": "ipc", "ip": f"{sockets}/kernel"}} if os.name == "posix" else {})
