"""What the process is asked to do, and what it answers: lines of JSON, so that nothing stands in its arguments."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from toolkit.errors import ErrorInfo
from toolkit.exports.export import Mode
from toolkit.runs import Guard, IfListGone, Progress, Step
from toolkit.sources import Profiles, SegmentFolder, SegmentTable

_MOST = 2**53
"""No run has so many identifiers: what says so was not written by one."""


class RunRequest(BaseModel):
    """A run that is to begin, or the last one that is to be resumed.

    No secret is a part of it: the process reads the key of whoever acts, as every process does.
    """

    model_config = ConfigDict(frozen=True)

    workspace: str
    """The folder of the workspace."""
    export: str
    resumes: bool = False
    dry_run: bool = False
    mode: Mode | None = None
    """Another mode than the export's, for this run only."""
    allow: tuple[Guard, ...] = ()
    if_list_gone: IfListGone = IfListGone.STOP
    profiles: Profiles | None = None
    """The tables of the session that asks, where they are not the saved ones."""
    segments: Annotated[SegmentFolder | SegmentTable, Field(discriminator="kind")] | None = None


class Answer(BaseModel):
    """A line of what the process says: how far it is; at last how it ended."""

    model_config = ConfigDict(frozen=True)

    step: Step | None = None
    done: int = Field(default=0, ge=0, le=_MOST)
    total: int = Field(default=0, ge=0, le=_MOST)
    waiting: str = ""
    run: str | None = None
    """The id of the run, once it is over."""
    warnings: tuple[str, ...] = ()
    """What else there is to know, such as that nobody could be notified."""
    error: dict[str, JsonValue] | None = None
    """Why it did not begin."""

    @classmethod
    def of_progress(cls, progress: Progress) -> "Answer":
        """Return how far a run is."""
        return cls(step=progress.step, done=progress.done, total=progress.total, waiting=progress.waiting)

    @property
    def progress(self) -> Progress | None:
        """How far the run is, where the line says so."""
        return None if self.step is None else Progress(self.step, self.done, self.total, self.waiting)

    @property
    def info(self) -> ErrorInfo | None:
        """The error, as a value."""
        return None if self.error is None else ErrorInfo.from_json(self.error)

    def line(self) -> str:
        """Return it as a line."""
        return self.model_dump_json(exclude_defaults=True) + "\n"
