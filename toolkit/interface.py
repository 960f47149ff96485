"""The Python interface: a workspace, and everything that is done with it, a line each."""

import warnings
from collections.abc import Collection, Mapping, Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import polars as pl

from toolkit.audience import IdentifierForm
from toolkit.catalog import (
    Segment,
    SegmentDraft,
    build_segment,
    draft_segment,
    rebuild_segment,
    segment_of,
    segments_frame,
)
from toolkit.checks import CheckResults, OwnSuite, Thresholds
from toolkit.criteo import CRITEO, MAX_IDENTIFIERS_A_CALL
from toolkit.errors import ConfigurationError, ToolkitError, going_on
from toolkit.names import listed, one_of, same_form
from toolkit.notify import tell_of_run
from toolkit.preview import FIRST_MEMBERS, Preview, preview_of_export, preview_of_segments
from toolkit.progress_bar import progress_bar
from toolkit.quality import ProfileQuality, quality_of
from toolkit.refresh import Health, Refresh, RefreshOptions, health_of, refresh, refresh_of, refreshes_frame
from toolkit.runs import (
    AbandonedLists,
    Forgotten,
    Guard,
    IfListGone,
    OfLists,
    Run,
    Trigger,
    active_exports,
    cancel_run,
    check_export,
    end_abandoned,
    end_lists,
    find_abandoned,
    flapping,
    forget,
    resume_export,
    run_export,
    run_of,
    runs_frame,
    scan_history,
    trend,
)
from toolkit.runs.progress import Observer
from toolkit.segments import remove_segment
from toolkit.show import html_table
from toolkit.tables import Profiles, SegmentFolder, SegmentTable
from toolkit.tables.secrets import secret_in
from toolkit.workspace import (
    Connection,
    Connections,
    ConnectionSetup,
    Credentials,
    Export,
    JoinRequest,
    Mode,
    OfExports,
    People,
    Person,
    Role,
    Schedule,
    WorkspaceFolder,
    connections,
    people,
    team,
)
from toolkit.workspace.audit import AuditBreak
from toolkit.workspace.export import make_export
from toolkit.workspace.export_files import read_exports, write_exports
from toolkit.workspace.exports import (
    activate_export,
    detach_export,
    duplicate_export,
    export_of,
    exports,
    exports_frame,
    exports_with,
    remove_export,
    save_export,
)
from toolkit.workspace.locations import SAVE_THEM, Tables, other_tables, require_database, save_tables
from toolkit.workspace.making import open_or_make
from toolkit.workspace.suites import add_suite, end_suite, sign_suite, suites_of
from toolkit.workspace.suppression import accept_lost_suppressions, suppress, suppression_frame, unsuppress
from toolkit.workspace.suppression_import import SuppressionImport
from toolkit.workspace.trust import AlteredRow, altered_rows, restore_signed_rows, trust


def open_workspace(
    folder: str | Path,
    *,
    profiles: Profiles | None = None,
    segments: SegmentFolder | SegmentTable | None = None,
    database: str | None = None,
    create: bool = False,
) -> "Workspace":
    """Open the workspace in ``folder``, or make it.

    Args:
        folder: The folder of the workspace.
        profiles: The profile table. A new workspace saves it; a workspace that reads another table uses this one for
            the session only, and a warning says so (see ``Workspace.save_tables``).
        segments: The segments, in the same way.
        database: For a new workspace, the URL of a PostgreSQL database that a team shares, without a password. The
            default is SQLite in the folder.
        create: Whether to make the workspace when the folder holds none; you become its administrator.

    Returns:
        The workspace. ``Workspace.notice`` says when it is new, or reads other tables than the saved ones.

    Raises:
        ConfigurationError: The folder holds no workspace, and ``create`` is not set; the error names those nearby. Or
            the workspace has another database.
        AccessError: Your account may not read the folder.
    """
    _require_source("profiles", profiles, (Profiles,), "Profiles")
    _require_source("segments", segments, (SegmentFolder, SegmentTable), "SegmentFolder")
    here = Path.cwd()
    tables = Tables(
        None if profiles is None else profiles.resolved(here), None if segments is None else segments.resolved(here)
    )
    opened = open_or_make(folder, tables, database=database) if create else WorkspaceFolder.open(folder)
    require_database(opened, database)
    opened.use_tables(profiles=tables.profiles, segments=tables.segments)
    workspace = Workspace(opened)
    if other := other_tables(opened):
        warnings.warn(f"{' '.join(other)} {SAVE_THEM}", stacklevel=2)
    return workspace


def _require_source(name: str, given: object, kinds: tuple[type, ...], example: str) -> None:
    """Raise ConfigurationError for a path, or anything else, in the place of what says how a table is read."""
    if given is None or isinstance(given, kinds):
        return
    where = given if isinstance(given, str | Path) and secret_in(str(given)) is None else "…"
    raise ConfigurationError(
        f"{name} takes {' or '.join(it.__name__ for it in kinds)}, and not a {type(given).__name__}: the column with "
        "the customer's key is missing.",
        f'Write {name}=toolkit.{example}(location="{where}", key="CustomerId").',
    )


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
        """Set and save where profiles and segments are read from, for everybody and for scheduled runs.

        What is left out stays as it is. It takes a contributor, and the audit keeps it; raises AccessError to viewers.
        """
        _require_source("profiles", profiles, (Profiles,), "Profiles")
        _require_source("segments", segments, (SegmentFolder, SegmentTable), "SegmentFolder")
        here = Path.cwd()
        self._folder.use_tables(
            profiles=None if profiles is None else profiles.resolved(here),
            segments=None if segments is None else segments.resolved(here),
        )
        self.save_tables()

    def save_tables(self) -> None:
        """Save the tables that this session reads, for everybody and for scheduled runs.

        It takes a contributor, and the audit keeps it; raises AccessError to viewers.
        """
        save_tables(self._folder)

    @property
    def notice(self) -> str | None:
        """What to know of this session: the workspace is new, or reads other tables than the saved ones."""
        if other := other_tables(self._folder):
            return f"{' '.join(other)} {SAVE_THEM}"
        return f"This workspace is new, in {self.path}." if self._folder.is_new else None

    @property
    def profiles(self) -> Profiles:
        """The profile table."""
        return self._folder.profiles

    @property
    def segments(self) -> SegmentFolder | SegmentTable:
        """The catalog of segments; ``.summary()`` is a frame of them."""
        return self._folder.segments

    def segment(self, name: str) -> Segment:
        """Return a segment: its size, and if it was built here its definition and history."""
        return segment_of(self._folder, same_form(name))

    @property
    def segments_frame(self) -> pl.DataFrame:
        """A row a segment: its rows, when they changed, and of one that was built here its kind and condition."""
        return segments_frame(self._folder)

    def draft_segment(self, name: str, *, where: str | pl.Expr) -> SegmentDraft:
        """Find out who would be in a segment, as ``build_segment`` would make it; nothing is saved."""
        return draft_segment(self._folder, same_form(name), where)

    def build_segment(self, name: str, *, where: str | pl.Expr, dynamic: bool | None = None) -> Segment:
        """Build a segment of the profiles that meet a condition, in the place of one that was built under that name.

        ``where`` is what stands after WHERE in SQL, or a Polars expression. A dynamic segment, by SQL only, is built
        anew at each refresh and before each run that sends it; else its members stay. When ``dynamic`` is left out, a
        segment stays what it is, and a new one is static.
        """
        return build_segment(self._folder, same_form(name), where, dynamic=dynamic)

    def rebuild_segment(self, name: str) -> Segment:
        """Build a segment anew by its definition, static or dynamic, with the profiles as they are now."""
        return rebuild_segment(self._folder, same_form(name))

    def remove_segment(self, name: str) -> None:
        """Remove a segment that was built here, unless an export holds it; lists at Criteo stay."""
        remove_segment(self._folder, same_form(name))

    def quality(self) -> ProfileQuality:
        """Look at the profile table: what each column holds, and which ones hold e-mail addresses, mobile ids or keys.

        What could tell of a person is masked. A table of any size is streamed, column by column.
        """
        return quality_of(self._folder.profiles)

    def preview(
        self,
        segments: str | Sequence[str],
        *,
        email_column: str,
        exclude: str | Sequence[str] = (),
        form: IdentifierForm | str = IdentifierForm.SHA256,
        thresholds: Thresholds | None = None,
        columns: str | Sequence[str] = (),
        unmasked: str | Sequence[str] = (),
        members: int = FIRST_MEMBERS,
    ) -> Preview:
        """Look at segments before anything is sent: who would be, who not and why, how much that is.

        ``preview.members`` shows the first ``members`` of each segment, with the e-mail masked, and further profile
        ``columns``, masked where they look personal; ``unmasked`` are shown as they are, not to viewers, and the audit
        keeps it. Nothing is sent anywhere.
        """
        return preview_of_segments(
            self._folder,
            [same_form(it) for it in listed(segments, what="segments")],
            email_column=email_column,
            exclude=[same_form(it) for it in listed(exclude, what="exclude")],
            form=one_of("form", IdentifierForm, form),
            thresholds=thresholds,
            columns=listed(columns, what="columns"),
            unmasked=listed(unmasked, what="unmasked"),
            members=members,
        )

    def preview_export(
        self,
        name: str,
        *,
        columns: str | Sequence[str] = (),
        unmasked: str | Sequence[str] = (),
        members: int = FIRST_MEMBERS,
        ask_criteo: bool = False,
    ) -> Preview:
        """Look at an export as its next run would send it: also what it would add, remove, and how long it takes.

        What Criteo counted in its lists is as after the last run; ``ask_criteo=True`` counts anew. Else nothing is sent
        anywhere. For ``columns``, ``unmasked`` and ``members`` see ``preview``.
        """
        return preview_of_export(
            self._folder,
            name,
            columns=listed(columns, what="columns"),
            unmasked=listed(unmasked, what="unmasked"),
            members=members,
            asks_criteo=ask_criteo,
        )

    def check(self, name: str) -> CheckResults:
        """Check an export as its next run would, and return what was found. Nothing is sent."""
        return check_export(self._folder, name)

    def add_check(self, name: str, expectations: Any) -> OwnSuite:
        """Save expectations of Great Expectations as a suite that every run checks, in the place of one of that name.

        One expectation, a list of them, an ``ExpectationSuite``, or the path of a file of one. They are asked about
        each segment, and may name columns of the profiles. One of severity ``"critical"`` stops the run that fails it.
        """
        return add_suite(self._folder, name, expectations)

    def sign_check(self, name: str) -> OwnSuite:
        """Sign a suite of your own that lies in the folder as a file, so that runs check it as it is."""
        return sign_suite(self._folder, name)

    def remove_check(self, name: str) -> None:
        """Remove a suite of your own."""
        end_suite(self._folder, name)

    @property
    def own_checks(self) -> dict[str, OwnSuite]:
        """The suites of your own by name."""
        return {it.name: it for it in suites_of(self._folder)}

    @property
    def me(self) -> Person:
        """Who you are here, by your key."""
        return people.me(self._folder)

    @property
    def people(self) -> People:
        """Everybody whom the workspace knows."""
        return people.people(self._folder)

    def join(self, name: str | None = None) -> JoinRequest:
        """Make your key pair if you have none, and show the line that an administrator runs to let you in."""
        return people.join_request(self._folder, name or self._folder.account)

    def add_person(self, name: str, *, public_key: str, role: Role | str = Role.CONTRIBUTOR, root: str = "") -> People:
        """Let somebody in, as ``viewer``, ``contributor`` or ``administrator``.

        ``root`` is the fingerprint of the workspace's root that their line shows: with another, they see another
        workspace, and TrustError says so. Hand the line that is printed back to them.
        """
        return team.add_person(self._folder, name, public_key=public_key, role=one_of("role", Role, role), root=root)

    def change_role(self, name: str, role: Role | str) -> People:
        """Give somebody another role."""
        return team.change_role(self._folder, name, one_of("role", Role, role))

    def remove_person(self, name: str) -> list[str]:
        """Let somebody out; return the connections whose secret they could open: rotate those at Criteo."""
        return team.remove_person(self._folder, name)

    @property
    def root(self) -> str:
        """The fingerprint of the workspace's root; colleagues who see the same one see the same workspace."""
        return people.join_request(self._folder, "").root

    def trust(
        self,
        root: str | None = None,
        *,
        newest_row: int | None = None,
        hosts: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Confirm how the workspace differs from what this machine remembers of it.

        Args:
            root: The fingerprint of its root, as an administrator told it: this machine accepts no other from now on.
            newest_row: The number of the newest row of the audit, when a backup was brought back on purpose.
            hosts: Where connections go, by their names, when one goes to another host than before.

        Raises:
            TrustError: The workspace is another than the one that you confirm.
        """
        trust(self._folder, root, newest_row=newest_row, hosts=hosts)

    @property
    def known_hosts(self) -> dict[str, str]:
        """Where connections go by what this machine remembers: somebody typed the host here, or used it."""
        return {name: it.host for name, it in connections.known_hosts(self._folder).items()}

    @property
    def altered_rows(self) -> list[AlteredRow]:
        """What is not as somebody entitled signed it: people, connections, exports, suites, locations of tables."""
        return altered_rows(self._folder)

    def restore_signed_rows(self) -> list[str]:
        """Put people, connections and their shares back as administrators signed them; return what was put back."""
        return restore_signed_rows(self._folder)

    def set_up_connection(self, name: str) -> ConnectionSetup:
        """Begin to make a connection, step by step: share, agree, authenticate, add_me, save."""
        return ConnectionSetup(self._folder, name)

    def connect(
        self,
        name: str,
        *,
        client_id: str = "",
        client_secret: str = "",
        host: str = CRITEO,
        credentials: Credentials | None = None,
        users: str | Sequence[str] = "administrators",
        i_agree: bool = False,
    ) -> Connection:
        """Make a connection at once: all steps of ``set_up_connection``, with yourself as export user.

        ``i_agree`` consents to ``toolkit.CONSENT_TEXT``; without it nothing is saved. Instead of id and secret,
        ``credentials`` takes ``toolkit.Credentials.ask(…)``, ``.from_environment()`` or ``.from_file(…)``.
        """
        given = credentials or Credentials(client_id=client_id, client_secret=client_secret, host=host)
        setup = self.set_up_connection(name).share(users)
        if i_agree:
            setup.agree()
        return setup.authenticate(given).add_me().save()

    @property
    def connections(self) -> Connections:
        """The connections that you may see, by name."""
        return connections.connections(self._folder)

    def connection(self, name: str) -> Connection:
        """Return a connection by its name."""
        return connections.connection(self._folder, name)

    def test_connection(self, name: str) -> Connection:
        """Authenticate with Criteo anew, and take over which advertisers consent now."""
        return connections.test_connection(self._folder, name)

    def share_connection(self, name: str, users: str | Sequence[str]) -> Connection:
        """Let ``"contributors"``, or people by name, use the connection too."""
        return connections.share(self._folder, name, users)

    def unshare_connection(self, name: str, users: str | Sequence[str]) -> Connection:
        """Take the connection away from ``"contributors"``, or from people by name."""
        return connections.unshare(self._folder, name, users)

    def seal_connection(self, name: str) -> Connection:
        """Seal the secret, which your key opens, to those who may use the connection and wait for it."""
        return connections.seal_connection(self._folder, name)

    def rotate_connection(self, name: str, credentials: Credentials) -> Connection:
        """Put a new secret, that Criteo accepts, in the place of the old."""
        return connections.rotate(self._folder, name, credentials)

    def rename_connection(self, name: str, to: str) -> Connection:
        """Give the connection another display name."""
        return connections.rename(self._folder, name, to)

    def remove_connection(
        self,
        name: str,
        *,
        exports: OfExports | str | Mapping[str, OfExports | str] = MappingProxyType({}),
        lists: OfLists | str = OfLists.KEEP,
    ) -> AbandonedLists:
        """Remove a connection, which ends the transfer of data through it.

        ``exports`` says what becomes of those that use it: ``"detach"`` or ``"remove"``, for all or by name.
        ``lists`` says what becomes of their lists at Criteo: ``"keep"``, ``"empty"`` or ``"delete"``. Return the
        lists of these exports that still hold people.
        """
        chosen = (
            one_of("choice", OfExports, exports)
            if isinstance(exports, str)
            else {export: one_of("choice", OfExports, choice) for export, choice in exports.items()}
        )
        decided = connections.require_decided(self._folder, name, exports=chosen)
        end_lists(self._folder, name, one_of("choice", OfLists, lists))
        connections.remove_connection(self._folder, name, exports=chosen)
        return self._left_by(decided)

    @property
    def audit(self) -> pl.DataFrame:
        """Who did what to what, when and from where; a row an action, the newest first."""
        return team.audit_frame(self._folder)

    def verify_audit(self) -> AuditBreak | None:
        """Return the first row of the audit that was altered or removed, None when all is as it was written."""
        return team.verify_audit(self._folder)

    def save_export(
        self,
        name: str,
        *,
        connection: str,
        email_column: str,
        segments: str | Sequence[str],
        exclude: str | Sequence[str] = (),
        advertiser_id: str | int = "",
        advertiser_column: str = "",
        madid_column: str = "",
        list_name: str = "{segment}",
        lists: Mapping[str, str] = MappingProxyType({}),
        placeholders: str | Sequence[str] = (),
        form: IdentifierForm | str = IdentifierForm.SHA256,
        mode: Mode | str = Mode.MIRROR,
        active: bool = True,
        schedule: Schedule | Mapping[str, Any] | None = None,
        priority: int = 100,
        thresholds: Thresholds | Mapping[str, Any] | None = None,
        based_on: int | None = None,
    ) -> Export:
        """Save an export, in the place of one of that name; it is not run.

        Args:
            name: What the export is called.
            connection: Name of the connection.
            email_column: The profile column that holds the e-mail.
            segments: Names, or patterns such as ``vip_*``; one may be given alone.
            exclude: Segments whose members are never sent, or patterns of them.
            advertiser_id: One of the connection's advertisers; not needed when there is only one.
            advertiser_column: The profile column with the advertiser's id, instead: each gets lists of its own.
            madid_column: A profile column that holds a mobile advertising id.
            list_name: How contact lists are called, with ``{segment}``, ``{export}`` and ``{date}``.
            lists: Lists that are at Criteo already, by segment: the id, or the name.
            placeholders: What stands in the e-mail column in place of an address, beside what is known.
            form: How addresses are sent: ``"sha256"``, ``"md5"``, ``"sha256_of_md5"`` or ``"plain"``.
            mode: ``"mirror"``, ``"append"`` or ``"replace"``.
            active: Whether ``run_all`` and the refresh run it.
            schedule: When the refresh runs it; with every refresh by default.
            priority: A refresh runs exports with a smaller one first.
            thresholds: How strictly it is checked.
            based_on: The version that you edited: when somebody saved another meanwhile, theirs stays.

        Returns:
            The export as it was saved.

        Raises:
            ConfigurationError: An option is wrong, or what it names is not there.
            AccessError: You may not use the connection.
        """
        options = {
            "connection": connection,
            "email_column": email_column,
            "segments": segments,
            "exclude": exclude,
            "advertiser_id": advertiser_id,
            "advertiser_column": advertiser_column,
            "madid_column": madid_column,
            "list_name": list_name,
            "lists": lists,
            "placeholders": placeholders,
            "form": form,
            "mode": mode,
            "active": active,
            "schedule": Schedule() if schedule is None else schedule,
            "priority": priority,
            "thresholds": Thresholds() if thresholds is None else thresholds,
        }
        return save_export(self._folder, make_export(name, options), based_on=based_on)

    def remove_export(self, name: str) -> AbandonedLists:
        """Remove an export; its runs, and its lists at Criteo, stay. Return those that still hold people."""
        remove_export(self._folder, name)
        return self._left_by([name])

    def detach_export(self, name: str) -> AbandonedLists:
        """Take an export's connection away: it does not run until it is saved with another.

        Return its lists at Criteo that still hold people.
        """
        detach_export(self._folder, name)
        return self._left_by([name])

    def _left_by(self, exports: Collection[str]) -> AbandonedLists:
        return AbandonedLists(tuple(it for it in find_abandoned(self._folder) if it.export in exports))

    def duplicate_export(self, name: str, to: str) -> Export:
        """Save a copy of an export under another name; its lists at Criteo are its own."""
        return duplicate_export(self._folder, name, to)

    def activate_export(self, name: str) -> Export:
        """Let ``run_all`` and the refresh run the export."""
        return activate_export(self._folder, name, active=True)

    def deactivate_export(self, name: str) -> Export:
        """Keep ``run_all`` and the refresh from running the export; ``run`` still does."""
        return activate_export(self._folder, name, active=False)

    def exports_with(self, segment: str) -> dict[str, Export]:
        """Return the exports that send the segment, by name or by pattern."""
        return {it.name: it for it in exports_with(self._folder, segment)}

    def write_exports(self, path: str | Path) -> None:
        """Write all exports to a YAML file, for version control."""
        write_exports(self._folder, Path(path))

    def read_exports(self, path: str | Path) -> dict[str, Export]:
        """Save the exports of a YAML file; return those that changed. What is not in the file stays."""
        return read_exports(self._folder, Path(path))

    @property
    def exports_frame(self) -> pl.DataFrame:
        """A row an export: its connection, segments, mode, whether it is active, its version."""
        return exports_frame(self._folder)

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
        mode: Mode | str | None = None,
        allow: Guard | str | Sequence[Guard | str] | None = (),
        if_list_gone: IfListGone | str = IfListGone.STOP,
        batch_size: int = MAX_IDENTIFIERS_A_CALL,
        trigger: Trigger | str = Trigger.PERSON,
        observer: Observer | None = None,
    ) -> Run:
        """Run an export now, with a progress bar; return the run, successful or not.

        A dry run does everything but send. ``mode`` is another for this run only: ``"replace"`` sends the lists anew.
        ``allow`` names guards to pass knowingly, such as ``"large change"``. ``if_list_gone="remake"`` makes lists anew
        that were deleted at Criteo. ``batch_size`` is how many identifiers are sent, and acknowledged, at a time: fewer
        where a line breaks often. An ``observer`` is told how far the run is, from several threads, in the bar's place.
        """
        with progress_bar(name) if observer is None else nullcontext(observer) as watching:
            run = run_export(
                self._folder,
                name,
                trigger=one_of("trigger", Trigger, trigger),
                dry_run=dry_run,
                mode=None if mode is None else one_of("mode", Mode, mode),
                allow=[one_of("guard", Guard, it) for it in listed(allow, what="allow")],
                if_list_gone=one_of("choice", IfListGone, if_list_gone),
                batch_size=batch_size,
                observer=watching,
            )
        return self._told(run)

    def run_all(self) -> dict[str, Run | ToolkitError]:
        """Run the active exports, one after the other by name; what fails does not stop the others.

        An export that can't even begin, because it is running already or its connection may not be used, has the error
        in the place of its run; so has one that ends in a way that nobody foresaw. Only an interrupt ends all.
        """
        ended: dict[str, Run | ToolkitError] = {}
        for name in active_exports(self._folder):
            with going_on(partial(ended.__setitem__, name)):
                ended[name] = self.run(name)
        return ended

    def resume(self, name: str, *, batch_size: int = MAX_IDENTIFIERS_A_CALL, observer: Observer | None = None) -> Run:
        """Take up the last run of an export, which failed, was canceled or killed: send what is missing.

        What that run was allowed to pass is passed again.
        """
        with progress_bar(name) if observer is None else nullcontext(observer) as watching:
            run = resume_export(self._folder, name, batch_size=batch_size, observer=watching)
        return self._told(run)

    def cancel(self, run_id: str) -> None:
        """Ask a run, of whatever process and machine, to end before its next batch, as interrupting the kernel does."""
        cancel_run(self._folder, run_id)

    def forget(self, *, email: str | None = None, customer: str | int | None = None) -> Forgotten:
        """Remove a person from every list that was ever filled, and keep them out of later runs.

        The person is found by an address (or the hash of one) or by a customer key, in today's profiles and in the
        history of the lists' members. The result says what was found, what was removed, and what is left to do.
        """
        return forget(self._folder, email=email, customer=customer)

    @property
    def abandoned_lists(self) -> AbandonedLists:
        """The lists at Criteo that no export fills any more and that still hold people; ``.frame`` has a row a list."""
        return find_abandoned(self._folder)

    def empty_list(self, list_id: str, *, host: str | None = None) -> AbandonedLists:
        """Remove everybody from a list that is left behind; return what is left behind then."""
        return self._end_list(list_id, OfLists.EMPTY, host)

    def delete_list(self, list_id: str, *, host: str | None = None) -> AbandonedLists:
        """Delete a list that is left behind, at Criteo; return what is left behind then."""
        return self._end_list(list_id, OfLists.DELETE, host)

    def keep_list(self, list_id: str, *, host: str | None = None) -> AbandonedLists:
        """Let a list that is left behind stay as it is: runs and health no longer warn of it."""
        return self._end_list(list_id, OfLists.KEEP, host)

    def _end_list(self, list_id: str, chosen: OfLists, host: str | None) -> AbandonedLists:
        end_abandoned(self._folder, list_id, chosen, host=host)
        return self.abandoned_lists

    def suppress(
        self,
        people: pl.DataFrame | pl.LazyFrame | str | Path,
        *,
        email_column: str | None = None,
        customer_column: str | None = None,
        madid_column: str | None = None,
        skip_unusable: bool = False,
    ) -> SuppressionImport:
        """Keep the people of a frame, or of a Parquet, Delta or CSV table, out of later runs.

        Addresses may be plain or hashed. Rows that name nobody are refused, with their numbers; with
        ``skip_unusable=True`` the people of the other rows are added. Mirroring runs remove them from the lists;
        ``forget`` does at once.
        """
        return suppress(
            self._folder,
            people,
            email_column=email_column,
            customer_column=customer_column,
            madid_column=madid_column,
            skip_unusable=skip_unusable,
        )

    def unsuppress(self, entry: str) -> None:
        """Lift an entry of the suppression list: its people may be sent again, unless another entry names them."""
        unsuppress(self._folder, entry)

    def accept_lost_suppressions(self, *, entries: int) -> None:
        """Go on without entries of the suppression list that are lost; ``entries`` is how many, as the error says."""
        accept_lost_suppressions(self._folder, entries=entries)

    @property
    def suppressed(self) -> pl.DataFrame:
        """A row an entry of the suppression list, without the people."""
        return suppression_frame(self._folder)

    def membership(self, export: str | None = None) -> pl.DataFrame:
        """Return who (customer keys) entered and left each list in each run, the oldest first."""
        return scan_history(self._folder, export).collect(engine="streaming")

    def flapping(self, export: str | None = None, *, times: int = 3) -> pl.DataFrame:
        """Return the members who entered a list ``times`` or more often."""
        return flapping(self._folder, export, times=times)

    def trend(self, export: str | None = None) -> pl.DataFrame:
        """Return a row a run and list: members, exportable, added, removed, rejected, match rate."""
        return trend(self._folder, export)

    def runs(self, export: str | None = None) -> pl.DataFrame:
        """Return a row a run, the newest first, of one export or of all."""
        return runs_frame(self._folder, export)

    def run_report(self, run_id: str) -> Run:
        """Return a run by its id."""
        return run_of(self._folder, run_id)

    def refresh(self, options: RefreshOptions | None = None) -> Refresh:
        """Run all active exports that are due, each through its notebook; what fails does not stop the others."""
        return refresh(self._folder, options)

    @property
    def refreshes(self) -> pl.DataFrame:
        """A row an export that was due at a refresh, the newest refresh first."""
        return refreshes_frame(self._folder)

    def refresh_report(self, refresh_id: str) -> Refresh:
        """Return a refresh by its id."""
        return refresh_of(self._folder, refresh_id)

    def health(self) -> Health:
        """Tell what a monitor should know: refreshes, exports that fail, consents, the API's version, the disk."""
        return health_of(self._folder)

    def _told(self, run: Run) -> Run:
        """Notify whom it concerns of how the run ended; one that can't be notified is no reason to fail."""
        for warning in tell_of_run(self._folder, run):
            warnings.warn(warning, stacklevel=3)
        return run

    def __repr__(self) -> str:
        holds = (
            f"Workspace {self.path}: {len(self.connections)} connections, {len(self.exports)} exports, "
            f"{self.runs().height} runs"
        )
        return holds if self.notice is None else f"{self.notice}\n{holds}"

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
        return html_table(table, title=f"Workspace {self.path}", subtitle=self.notice or "")
