"""One run of one export by a schedule: the parameters of the notebook, and what it does with them."""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field

from toolkit.alerts import AlertKey, Subject, alert_of_run, dispatch, record_state, trouble_of_run
from toolkit.errors import ToolkitError
from toolkit.names import one_of
from toolkit.progress_bar import progress_bar
from toolkit.pydantic_errors import validating
from toolkit.refresh.notebook_errors import translate_notebook_errors
from toolkit.runs import Guard, Run, Trigger, run_export
from toolkit.runs.lifecycle import now
from toolkit.runs.notices import Notice
from toolkit.runs.run import last_run
from toolkit.state.folder import WorkspaceFolder
from toolkit.translatable import _, shown

_OF_THE_NOTEBOOK = ("In", "Out")
_PLAIN = (str, int, float, list, tuple, dict, type(None))


class ScheduledRun(BaseModel):
    """The parameters of ``notebooks/scheduled/run_export.ipynb``.

    Examples:
        >>> scheduled = toolkit.ScheduledRun(workspace="workspace", export="Nightly", dry_run=True)
        >>> scheduled.run().outcome
        'successful'
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    workspace: str = Field(min_length=1)
    """Folder of the workspace."""
    export: str = Field(min_length=1)
    dry_run: bool = False
    """Do everything but send."""
    allow: list[str] = []
    """Guards to pass, such as ``large change``."""
    refresh: str = ""
    """The refresh that runs the notebook; it tells people what came of it."""
    is_retried: bool = False
    """Whether the refresh runs the export again when it fails of what may pass."""

    @classmethod
    def of(cls, variables: Mapping[str, Any]) -> Self:
        """Check the parameters among the variables of a notebook; ``globals()`` of its cell gives them.

        Raises ConfigurationError with those that there are for one that is unknown or of a wrong type. Call it before
        the notebook has variables of its own.
        """
        given = {
            name: value
            for name, value in variables.items()
            if isinstance(value, _PLAIN) and not name.startswith("_") and name not in _OF_THE_NOTEBOOK
        }
        with translate_notebook_errors():
            return cls._checked(given)

    @classmethod
    def _checked(cls, given: Mapping[str, Any]) -> Self:
        with validating(
            _("The parameters of the notebook are wrong"), _("There are {names}.", names=", ".join(_told(cls)))
        ):
            return cls.model_validate(given)

    def run(self) -> Run:
        """Run the export and return the run, successful or not. Outside a refresh, people are told what is new."""
        with translate_notebook_errors():
            folder = WorkspaceFolder.open(self.workspace)
            return self._run(folder) if self.refresh else self._run_and_tell(folder)

    def _run_and_tell(self, folder: WorkspaceFolder) -> Run:
        try:
            run = self._run(folder)
        except ToolkitError as error:
            record_state(folder, self._matter, error.info, at=now())
            _warn(dispatch(folder))
            raise
        except BaseException:
            failed = last_run(folder, self.export)
            if failed is not None:
                record_state(folder, self._matter, trouble_of_run(failed), at=now())
                _warn(dispatch(folder))
            raise
        _warn(alert_of_run(folder, run))
        return run

    def _run(self, folder: WorkspaceFolder) -> Run:
        allow = [one_of("guard", Guard, it) for it in self.allow]
        with progress_bar(self.export) as observer:
            return run_export(
                folder,
                self.export,
                trigger=Trigger.REFRESH if self.refresh else Trigger.SCHEDULE,
                dry_run=self.dry_run,
                allow=allow,
                refresh_id=self.refresh or None,
                is_retried=self.is_retried,
                observer=observer,
            )

    @property
    def _matter(self) -> AlertKey:
        return AlertKey(Subject.EXPORT, self.export)


def _warn(notices: Sequence[Notice]) -> None:
    for notice in notices:
        warnings.warn(shown(notice.text), stacklevel=3)


def _told(model: type[BaseModel]) -> list[str]:
    return [
        f"{name} ({it.annotation.__name__ if isinstance(it.annotation, type) else it.annotation}"
        f"{', required' if it.is_required() else ''})"
        for name, it in model.model_fields.items()
    ]
