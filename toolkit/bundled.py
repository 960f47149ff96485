"""The notebooks and sample tables that come with the package. They are copied, and never written to."""

from importlib.resources import files
from pathlib import Path

_IN_THE_WHEEL = Path(str(files("toolkit"))) / "_bundled"
IS_CHECKOUT = not _IN_THE_WHEEL.is_dir()
_HOME = _IN_THE_WHEEL.parents[1] if IS_CHECKOUT else _IN_THE_WHEEL
"""In a checkout they lie beside the package, where a reader of the repository looks for them."""

NOTEBOOKS = _HOME / "notebooks"
HOME = "00_start.ipynb"
"""The notebook that is opened first."""
SCHEDULED_NOTEBOOK = NOTEBOOKS / "scheduled" / "run_export.ipynb"
_DATA = _HOME / "data"


def holds(path: Path) -> bool:
    """Return whether a path is among the notebooks and sample tables of the toolkit itself."""
    resolved = path.resolve()
    return any(resolved.is_relative_to(it.resolve()) for it in (NOTEBOOKS, _DATA))


def sample_day(day: int) -> Path:
    """Return the folder with the sample tables of a day, 1 or 2."""
    return _DATA / f"day{day}"
