"""The runs of a workspace."""

import warnings
from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from functools import partial
from typing import ClassVar

import polars as pl

from toolkit.alerts import alert_of_run
from toolkit.collections.collection import Collection
from toolkit.criteo import MAX_IDENTIFIERS_A_CALL
from toolkit.errors import ConfigurationError, ToolkitError, going_on
from toolkit.exports.export import Mode
from toolkit.names import listed, one_of
from toolkit.progress_bar import progress_bar
from toolkit.runs import (
    ConsentProof,
    Guard,
    IfListGone,
    Run,
    Trigger,
    active_exports,
    cancel_run,
    consent_proof,
    flapping,
    last_runs_frame,
    read_history,
    require_known_export,
    resume_export,
    run_export,
    run_ids,
    run_of,
    runs_by_id,
    runs_frame,
    trend,
)
from toolkit.runs.disclosure_gaps import Gap
from toolkit.runs.progress import Observer
from toolkit.runs.run import run_before
from toolkit.spreadsheets import FrameForPeople
from toolkit.state.folder import WorkspaceFolder
from toolkit.translatable import _, mark, shown


class Runs(Collection[str, Run]):
    """The runs, by id, the newest first.

    Examples:
        >>> newest = next(iter(workspace.runs))
        >>> workspace.runs[newest].export
        'Nightly'
    """

    _title: ClassVar[str] = _("Runs")
    _kind: ClassVar[str] = mark("run")
    _if_empty: ClassVar[str] = _("Run an export with workspace.runs.start(name).")

    def _load(self) -> Mapping[str, Run]:
        return runs_by_id(self._folder)

    def _names(self) -> list[str]:
        return run_ids(self._folder)

    def __getitem__(self, run_id: str) -> Run:
        return run_of(self._folder, run_id)

    @property
    def frame(self) -> pl.DataFrame:
        """A row for each run, the newest first.

        Examples:
            >>> workspace.runs.frame.select("export", "status", "added").rows()
            [('Nightly', 'successful', 1751)]
        """
        return FrameForPeople(runs_frame(self._folder))

    @property
    def newest(self) -> pl.DataFrame:
        """A row an export: its newest run, as in ``frame``; dry runs and data subject requests aside.

        Examples:
            >>> workspace.runs.newest.select("export", "status").rows()
            [('Nightly', 'successful')]
        """
        return FrameForPeople(last_runs_frame(self._folder))

    @property
    def _shown(self) -> pl.DataFrame:
        figures = ["run", "export", "status", "kind", "started_at", "seconds", "added", "removed", "rejected"]
        return self.frame.select(figures).with_columns(pl.col("seconds").round(1)).head(_MOST_SHOWN)

    def start(
        self,
        name: str,
        *,
        dry_run: bool = False,
        mode: Mode | str | None = None,
        allow: Guard | str | Sequence[Guard | str] | None = (),
        if_list_gone: IfListGone | str = IfListGone.STOP,
        batch_size: int = MAX_IDENTIFIERS_A_CALL,
        trigger: Trigger | str = Trigger.PERSON,
        observer: Observer | None = None,
    ) -> Run:
        """Run an export now, with a progress bar.

        A run that fails once it began is returned, with its ``error``; it raises only what keeps it from beginning.

        Args:
            name: Name of the export.
            dry_run: Whether to do everything except send.
            mode: Another mode for this run only; ``"replace"`` empties the lists and sends everybody.
            allow: Guards to pass knowingly, such as ``"large change"``.
            if_list_gone: What to do about a list that was deleted at Criteo: ``"stop"``, or ``"remake"`` it.
            batch_size: How many identifiers are sent, and acknowledged, in one call: 1 to 50,000. Choose fewer where
                the network often breaks.
            trigger: What starts the run, for the record.
            observer: Called with the progress, from several threads, in the place of the progress bar.

        Returns:
            The run as it was recorded, successful or not.

        Raises:
            ConfigurationError: There is no export of that name, it has no connection, or an option is wrong.
            BusyError: The export is running already.
            AccessError: You are a viewer, or may not use the connection.

        Examples:
            >>> run = workspace.runs.start("Nightly", dry_run=True)
            >>> run.outcome
            'successful'
            >>> run.frame.select("segment", "exportable", "added", "removed").rows()
            [('High value', 1751, 0, 0)]
        """
        with progress_bar(name) if observer is None else nullcontext(observer) as watching:
            run = run_export(
                self._folder,
                name,
                trigger=one_of("trigger", Trigger, trigger),
                dry_run=dry_run,
                mode=None if mode is None else one_of("mode", Mode, mode),
                allow=[one_of("guard", Guard, it) for it in listed(allow, what=_("allow"))],
                if_list_gone=one_of("choice", IfListGone, if_list_gone),
                batch_size=batch_size,
                observer=watching,
            )
        return _alerted(self._folder, run)

    def start_all(self) -> dict[str, Run | ToolkitError]:
        """Run the active exports one after the other, by name. One that fails does not stop the others.

        Returns:
            The run of each export, by name. In the place of a run there is the error of an export that could not
            begin, or that ended in an unforeseen way.

        Examples:
            >>> [run.outcome for run in workspace.runs.start_all().values()]
            ['successful']
        """
        ended: dict[str, Run | ToolkitError] = {}
        for name in active_exports(self._folder):
            with going_on(partial(ended.__setitem__, name)):
                ended[name] = self.start(name)
        return ended

    def resume(self, name: str, *, batch_size: int = MAX_IDENTIFIERS_A_CALL, observer: Observer | None = None) -> Run:
        """Resume the last run of an export, which failed, was canceled or was killed: send what is missing.

        The guards that the last run was allowed to pass are passed again.

        Args:
            name: Name of the export.
            batch_size: As in ``start``.
            observer: As in ``start``.

        Returns:
            A new run; its ``resumes`` is the id of the last one.

        Raises:
            ConfigurationError: There is no export of that name, or its last run left nothing to resume.
            BusyError: The last run is still going on.
            AccessError: You are a viewer, or may not use the connection.

        Examples:
            >>> workspace.runs.resume("Nightly")
            Traceback (most recent call last):
            toolkit.errors.ConfigurationError: There is nothing to resume: ...
        """
        with progress_bar(name) if observer is None else nullcontext(observer) as watching:
            run = resume_export(self._folder, name, batch_size=batch_size, observer=watching)
        return _alerted(self._folder, run)

    def cancel(self, run_id: str) -> None:
        """Ask a run to end before its next batch, whatever process or machine it runs on.

        What was sent stays sent; ``resume`` sends the rest.

        Args:
            run_id: Id of the run.

        Raises:
            ConfigurationError: There is no run of that id, or it is over.
            AccessError: You are a viewer.

        Examples:
            >>> workspace.runs.cancel(workspace.runs.frame["run"][0])
            Traceback (most recent call last):
            toolkit.errors.ConfigurationError: Run ... can't be canceled. ...
        """
        cancel_run(self._folder, run_id)

    def consent(self, run_id: str) -> ConsentProof:
        """Return the evidence that consent held for everybody whom a run was to add to a list, after verifying it.

        Args:
            run_id: Id of the run.

        Returns:
            The evidence: a row for each identifier that was about to be sent, and who signed it. ``write`` writes an
            auditor's file.

        Raises:
            ConfigurationError: There is no run of that id, or its export asked for no consent.
            DataError: The evidence is missing.
            SignatureError: Somebody changed it since it was signed.

        Examples:
            >>> workspace.runs.consent(workspace.runs.frame["run"][0])
            Traceback (most recent call last):
            toolkit.errors.ConfigurationError: Run ... asked nobody's consent. ...
        """
        return consent_proof(self._folder, run_id)

    def find(self, export: str) -> pl.DataFrame:
        """Return the runs of an export, the newest first.

        Args:
            export: Name of the export; one that was removed has its runs still.

        Returns:
            A row for each run, as in ``frame``.

        Raises:
            UnknownNameError: There is no export of that name, and never was.

        Examples:
            >>> workspace.runs.find("Nightly")["status"].to_list()
            ['successful']
        """
        require_known_export(self._folder, export)
        return FrameForPeople(runs_frame(self._folder, export))

    def before(self, run: Run) -> Run | None:
        """Return the run that a run's report compares its figures with.

        Args:
            run: A run.

        Returns:
            The successful run of the export before it; dry runs and data subject requests do not count. None when
            there is none.

        Examples:
            >>> workspace.runs.before(workspace.runs.start("Nightly")).outcome
            'successful'
        """
        return run_before(self._folder, run)

    def trend(self, export: str | None = None, *, newest: int | None = None) -> pl.DataFrame:
        """Return the figures of past runs.

        Args:
            export: Name of the export; all exports by default.
            newest: How many runs to read, the newest; all by default.

        Returns:
            A row for each run and list, the oldest first: members, exportable, added, removed, rejected, and the match
            rate from 0 to 1.

        Raises:
            UnknownNameError: There is no export of that name, and never was.
            ConfigurationError: ``newest`` is less than 1.

        Examples:
            >>> workspace.runs.trend("Nightly").select("segment", "exportable", "added").rows()
            [('High value', 1751, 1751)]
        """
        self._require_known(export)
        if newest is not None and newest < 1:
            raise ConfigurationError(
                _("{newest} is no number of runs to show.", newest=newest), _("Give newest of 1 or more.")
            )
        return trend(self._folder, export, newest=newest)

    def membership(self, export: str | None = None) -> pl.DataFrame:
        """Return who entered and left each list in each run, the oldest first.

        Args:
            export: Name of the export; all exports by default.

        Returns:
            A row for each change: ``at``, ``run``, ``export``, ``segment``, ``advertiser_id``, ``customer`` (the key),
            ``identifier`` (hashed) and ``change`` (``entered`` or ``left``). A warning says so when files of the
            history are missing or damaged: then it is what the others tell.

        Raises:
            UnknownNameError: There is no export of that name, and never was.
            AccessError: You are a viewer.

        Examples:
            >>> workspace.runs.membership("Nightly").group_by("change").len().rows()
            [('entered', 1751)]
        """
        self._require_known(export)
        return self._with_gaps(*read_history(self._folder, export))

    def flapping(self, export: str | None = None, *, times: int = 3) -> pl.DataFrame:
        """Return the members who entered a list again and again.

        Args:
            export: Name of the export; all exports by default.
            times: How often a member entered the list, at least.

        Returns:
            A row for each member and list, the most frequent first, with ``times_entered`` and ``last_entered_at``. A
            warning says so when files of the history are missing or damaged.

        Raises:
            UnknownNameError: There is no export of that name, and never was.
            AccessError: You are a viewer.

        Examples:
            >>> workspace.runs.flapping(times=2).height
            0
        """
        self._require_known(export)
        return self._with_gaps(*flapping(self._folder, export, times=times))

    def _with_gaps(self, frame: pl.DataFrame, gaps: Iterable[Gap]) -> pl.DataFrame:
        for gap in gaps:
            warnings.warn(shown(str(gap)), stacklevel=3)
        return FrameForPeople(frame)

    def _require_known(self, export: str | None) -> None:
        if export is not None:
            require_known_export(self._folder, export)


_MOST_SHOWN = 20


def _alerted(folder: WorkspaceFolder, run: Run) -> Run:
    """Notify whom it concerns of how the run ended; one that can't be notified is no reason to fail."""
    for warning in alert_of_run(folder, run):
        warnings.warn(shown(warning.text), stacklevel=4)
    return run
