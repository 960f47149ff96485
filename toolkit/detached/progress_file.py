"""How far a run is, in its folder, for whoever looks from another page."""

from pathlib import Path

from pydantic import ValidationError

from toolkit.detached.request import Answer
from toolkit.files import write_atomically
from toolkit.runs import Progress
from toolkit.runs.progress import PROGRESS_FILE


def read_progress(workspace: Path, run_id: str) -> Progress | None:
    """Return how far a run is; None when it is over, or runs on another machine."""
    try:
        return Answer.model_validate_json(_file(workspace, run_id).read_bytes()).progress
    except (OSError, ValidationError):
        return None


def write_progress(workspace: Path, run_id: str, progress: Progress) -> None:
    """Write down how far a run is."""
    text = Answer.of_progress(progress).line()
    write_atomically(_file(workspace, run_id), lambda path: path.write_text(text, encoding="utf-8"))


def end_progress(workspace: Path, run_id: str) -> None:
    """Take it away: the run is over."""
    _file(workspace, run_id).unlink(missing_ok=True)


def _file(workspace: Path, run_id: str) -> Path:
    return workspace / "runs" / run_id / PROGRESS_FILE
