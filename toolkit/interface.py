"""The Python interface: a workspace, and everything that is done with it, a line each."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from toolkit.audience import Audience, IdentifierForm, audience_of
from toolkit.progress_bar import progress_bar
from toolkit.runs import IfListGone, Run, Trigger, run_export, run_of, runs_frame
from toolkit.show import html_table
from toolkit.tables import Profiles, SegmentFolder, SegmentTable
from toolkit.workspace import Connection, Export, WorkspaceFolder
from toolkit.workspace.connections import Credentials, connection, connections, save_connection
from toolkit.workspace.exports import export_of, exports, make_export, save_export


def open_workspace(
    folder: str | Path,
    *,
    profiles: Profiles | None = None,
    segments: SegmentFolder | SegmentTable | None = None,
) -> "Workspace":
    """Open the workspace in ``folder``.

    With ``profiles`` or ``segments`` it is made when it is not there, and reads from these from now on. Raises
    ConfigurationError when there is no workspace and neither is given.
    """
    if profiles is None and segments is None:
        return Workspace(WorkspaceFolder.open(folder))
    workspace = Workspace(WorkspaceFolder.make(folder))
    workspace.read_from(profiles=profiles, segments=segments)
    return workspace


class Workspace:
    """Segments, connections, exports and runs of one folder."""

    def __init__(self, folder: WorkspaceFolder) -> None:
        self._folder = folder

    @property
    def path(self) -> Path:
        """The folder."""
        return self._folder.path

    def read_from(
        self, *, profiles: Profiles | None = None, segments: SegmentFolder | SegmentTable | None = None
    ) -> None:
        """Set where profiles and segments are read from, from now on; what is left out stays as it is."""
        self._folder.read_from(
            profiles=None if profiles is None else profiles.resolved(Path.cwd()),
            segments=None if segments is None else segments.resolved(Path.cwd()),
        )

    @property
    def profiles(self) -> Profiles:
        """The profile table."""
        return self._folder.profiles

    @property
    def segments(self) -> SegmentFolder | SegmentTable:
        """The catalog of segments; ``.summary()`` is a frame of them."""
        return self._folder.segments

    def preview(
        self,
        segments: str | Sequence[str],
        *,
        email_column: str,
        exclude: Sequence[str] = (),
        form: IdentifierForm | str = IdentifierForm.SHA256,
    ) -> Audience:
        """Prepare one or several segments and return what would be sent, and who would be left out and why."""
        return audience_of(
            self._folder.profiles,
            self._folder.segments,
            [segments] if isinstance(segments, str) else list(segments),
            email_column=email_column,
            exclude=exclude,
            form=IdentifierForm(form),
        )

    def preview_export(self, name: str) -> Audience:
        """Prepare the segments of an export as its next run would."""
        export = export_of(self._folder, name)
        return self.preview(export.segments, email_column=export.email_column, exclude=export.exclude, form=export.form)

    def connect(self, name: str, *, host: str, client_id: str, client_secret: str, i_agree: bool = False) -> Connection:
        """Authenticate with Criteo and save the connection, its secret sealed to your key.

        ``i_agree`` consents to ``toolkit.CONSENT_TEXT``; without it nothing is saved.
        """
        credentials = Credentials(host=host, client_id=client_id, client_secret=client_secret)
        return save_connection(self._folder, name, credentials, i_agree=i_agree)

    @property
    def connections(self) -> dict[str, Connection]:
        """The connections by name."""
        return {it.name: it for it in connections(self._folder)}

    def connection(self, name: str) -> Connection:
        """Return a connection by its name."""
        return connection(self._folder, name)

    def save_export(self, name: str, **options: Any) -> Export:
        """Save an export, in the place of one of that name; it is not run.

        Options are the fields of ``toolkit.Export``: ``connection``, ``email_column`` and ``segments`` are required.
        """
        return save_export(self._folder, make_export(name, options))

    @property
    def exports(self) -> dict[str, Export]:
        """The exports by name."""
        return {it.name: it for it in exports(self._folder)}

    def export(self, name: str) -> Export:
        """Return an export by its name."""
        return export_of(self._folder, name)

    def run(
        self,
        name: str,
        *,
        dry_run: bool = False,
        if_list_gone: IfListGone | str = IfListGone.STOP,
        trigger: Trigger | str = Trigger.PERSON,
    ) -> Run:
        """Run an export now, with a progress bar; return the run, successful or not.

        A dry run does everything but send. ``if_list_gone="remake"`` makes lists anew that were deleted at Criteo.
        """
        with progress_bar(name) as observer:
            return run_export(
                self._folder,
                name,
                trigger=Trigger(trigger),
                dry_run=dry_run,
                if_list_gone=IfListGone(if_list_gone),
                observer=observer,
            )

    def runs(self, export: str | None = None) -> pl.DataFrame:
        """Return a row a run, the newest first, of one export or of all."""
        return runs_frame(self._folder, export)

    def run_report(self, run_id: str) -> Run:
        """Return a run by its id."""
        return run_of(self._folder, run_id)

    def __repr__(self) -> str:
        return (
            f"Workspace {self.path}: {len(self.connections)} connections, {len(self.exports)} exports, "
            f"{self.runs().height} runs"
        )

    def _repr_html_(self) -> str:
        table = pl.DataFrame(
            {
                "what": ["profiles", "segments", "connections", "exports", "runs"],
                "here": [
                    self._folder.settings.profiles.location if self._folder.settings.profiles else "not set",
                    self._folder.settings.segments.location if self._folder.settings.segments else "not set",
                    ", ".join(self.connections) or "none",
                    ", ".join(self.exports) or "none",
                    str(self.runs().height),
                ],
            }
        )
        return html_table(table, title=f"Workspace {self.path}")
