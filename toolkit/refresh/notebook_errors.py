"""How a notebook that runs an export tells what ended it, to its reader and to whoever executes it.

Jupyter keeps an exception as one text. So an error is shown before it is raised, as a box for the reader and in its
parts for the refresh. An unforeseen exception may quote a row of the data, and every scheduler keeps its words
somewhere: so it never leaves here, and only its kind and the places in the code do.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from toolkit.errors import ENDS_ALL, ErrorInfo, ToolkitError, translated
from toolkit.markup import markup
from toolkit.translatable import shown

ERROR_TYPE = "application/vnd.criteo-segment-toolkit.error+json"
"""The kind of output that holds an ``ErrorInfo`` as JSON."""


@contextmanager
def translate_notebook_errors() -> Iterator[None]:
    """Show an error in the notebook before it is raised; raises one of the toolkit in the place of any other."""
    try:
        yield
    except ToolkitError as error:
        _show(error)
        raise
    except ENDS_ALL:
        raise
    except BaseException as error:  # noqa: BLE001  # whatever it is, its words stay here
        of_ours = translated(error)
        _show(of_ours)
        raise of_ours from None


def error_of_notebook(notebook: Mapping[str, Any]) -> ErrorInfo | None:
    """Return the last error that a notebook, as JSON, tells; None when it tells none."""
    outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", ())]
    told = [output["data"][ERROR_TYPE] for output in outputs if ERROR_TYPE in output.get("data", ())]
    return ErrorInfo.from_json(told[-1]) if told else None


def _show(error: ToolkitError) -> None:
    from IPython import get_ipython
    from IPython.display import publish_display_data

    if get_ipython() is None:
        return
    publish_display_data(  # type: ignore[no-untyped-call]
        {
            "text/plain": f"{shown(error.what)}\n{shown(error.remedy)}",
            "text/html": markup("<p><b>{what}</b><br>{remedy}</p>", what=error.what, remedy=error.remedy),
            ERROR_TYPE: error.info.to_json(),
        }
    )
