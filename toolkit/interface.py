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
from toolkit.spreadsheets import FrameForPeople
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

    Examples:
        >>> workspace = toolkit.open_workspace(
        ...     "new workspace",
        ...     profiles=toolkit.Profiles(location="data/day1/profiles", key="CustomerId"),
        ...     segments=toolkit.SegmentFolder(location="data/day1/segments", key="CustomerId"),
        ...     create=True,
        ... )
        >>> workspace.me.role.value
        'administrator'
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
    """Segments, connections, exports and runs of one folder: everything the toolkit does starts here.

    ``open_workspace`` returns one. Frames are Polars data frames, moments in them are in UTC, and durations are in
    seconds.

    Raises:
        AccessError: By calls that read or change the workspace, when it does not know your key, or your role does not
            allow the call: viewers look, contributors run and change exports, administrators change people and
            connections.
        SignatureError: By the same calls, when a row that they rely on is not as somebody entitled signed it.
        TrustError: By the same calls, when the workspace differs from what this machine remembers of it.

    Examples:
        >>> workspace = toolkit.open_workspace("workspace")
        >>> sorted(workspace.exports)
        ['Nightly']
    """

    def __init__(self, folder: WorkspaceFolder) -> None:
        self._folder = folder

    @property
    def path(self) -> Path:
        """The folder of the workspace.

        Examples:
            >>> workspace.path.name
            'workspace'
        """
        return self._folder.path

    def read_from(
        self, *, profiles: Profiles | None = None, segments: SegmentFolder | SegmentTable | None = None
    ) -> None:
        """Set and save where profiles and segments are read from, for everybody and for scheduled runs.

        A table that you leave out stays as it is. The audit records the change.

        Args:
            profiles: The profile table.
            segments: The segments: a folder with a table for each, or one table of memberships.

        Raises:
            ConfigurationError: An argument is a path, or anything else that does not name the key column.
            AccessError: You are a viewer, and a table is another than the saved one.

        Examples:
            >>> workspace.read_from(profiles=toolkit.Profiles(location="data/day1/profiles", key="CustomerId"))
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

        The audit records the change.

        Raises:
            AccessError: You are a viewer, and a table is another than the saved one.

        Examples:
            >>> workspace.save_tables()
        """
        save_tables(self._folder)

    @property
    def notice(self) -> str | None:
        """What to know about this session: the workspace is new, or reads other tables than the saved ones.

        None when there is nothing to know.

        Examples:
            >>> toolkit.open_workspace("workspace").notice is None
            True
        """
        if other := other_tables(self._folder):
            return f"{' '.join(other)} {SAVE_THEM}"
        return f"This workspace is new, in {self.path}." if self._folder.is_new else None

    @property
    def profiles(self) -> Profiles:
        """The profile table.

        Examples:
            >>> workspace.profiles.key
            'CustomerId'
        """
        return self._folder.profiles

    @property
    def segments(self) -> SegmentFolder | SegmentTable:
        """The catalog of segments.

        Examples:
            >>> workspace.segments.names()[:2]
            ['High value', 'Invited but empty']
        """
        return self._folder.segments

    def segment(self, name: str) -> Segment:
        """Return a segment.

        Args:
            name: Name of the segment.

        Returns:
            Its size and, if it was built here, its definition and history.

        Raises:
            ConfigurationError: There is no segment of that name; the error lists similar names.
            DataError: The table of the segment can't be read.

        Examples:
            >>> workspace.segment("High value").size
            1879
        """
        return segment_of(self._folder, same_form(name))

    @property
    def segments_frame(self) -> pl.DataFrame:
        """A row for each segment.

        Columns: ``segment``, ``rows``, ``changed_at`` and, for segments built here, ``kind``, ``condition`` and
            ``version``.

        Examples:
            >>> workspace.segments_frame.columns
            ['segment', 'rows', 'changed_at', 'kind', 'condition', 'version']
        """
        return FrameForPeople(segments_frame(self._folder))

    def draft_segment(self, name: str, *, where: str | pl.Expr) -> SegmentDraft:
        """Find out who would be in a segment, as ``build_segment`` would build it; nothing is saved.

        Args:
            name: Name of the segment.
            where: What stands after ``WHERE`` in SQL, or a Polars expression.

        Returns:
            The draft: its members, and how many it would add and remove.

        Raises:
            ConfigurationError: The condition is no SQL, or no segment can be built in the
                catalog.
            DataError: The condition names a column that is not there, or the profile table can't be read.

        Examples:
            >>> draft = workspace.draft_segment("Dutch", where="Country = 'Netherlands'")
            >>> draft.size, draft.added, draft.removed
            (9027, 9027, 0)
        """
        return draft_segment(self._folder, same_form(name), where)

    def build_segment(self, name: str, *, where: str | pl.Expr, dynamic: bool | None = None) -> Segment:
        """Build a segment of the profiles that meet a condition.

        It replaces a segment that was built under that name. A dynamic segment, by SQL only, is built again at each
        refresh and before each run that sends it. A static segment keeps its members.

        Args:
            name: Name of the segment.
            where: What stands after ``WHERE`` in SQL, or a Polars expression.
            dynamic: Whether the segment is dynamic. By default a segment stays what it is, and a new one is static.

        Returns:
            The segment as it was built.

        Raises:
            ConfigurationError: The condition is no SQL, no segment can be built in the
                catalog, a table of that name was not built here, or a dynamic segment has a Polars expression.
            DataError: The condition names a column that is not there, or the profile table can't be read.
            AccessError: You are a viewer.

        Examples:
            >>> workspace.build_segment("Dutch", where="Country = 'Netherlands'", dynamic=True).kind
            'dynamic'
        """
        return build_segment(self._folder, same_form(name), where, dynamic=dynamic)

    def rebuild_segment(self, name: str) -> Segment:
        """Build a segment again by its definition, with the profiles as they are now.

        Args:
            name: Name of a segment that was built here, static or dynamic.

        Returns:
            The segment as it was built.

        Raises:
            ConfigurationError: The segment was not built here, or was built by a Polars expression, which can't be
                stored.
            AccessError: You are a viewer.

        Examples:
            >>> segment = workspace.build_segment("Polish", where="Country = 'Poland'")
            >>> workspace.rebuild_segment("Polish").history.height
            2
        """
        return rebuild_segment(self._folder, same_form(name))

    def remove_segment(self, name: str) -> None:
        """Remove a segment that was built here. Contact lists at Criteo stay.

        Args:
            name: Name of the segment.

        Raises:
            ConfigurationError: The segment was not built here, or an export uses it.
            AccessError: You are a viewer.

        Examples:
            >>> segment = workspace.build_segment("To remove", where="Country = 'Poland'")
            >>> workspace.remove_segment("To remove")
        """
        remove_segment(self._folder, same_form(name))

    def quality(self) -> ProfileQuality:
        """Profile the profile table: what each column holds, and which columns hold e-mails, mobile ids or keys.

        A table of any size is streamed, column by column. Values that could identify a person are masked.

        Returns:
            A row for each column, and the candidates for data matching, the best first.

        Raises:
            ConfigurationError: There is no table at the location.
            DataError: No column of the table can be read.

        Examples:
            >>> workspace.quality().candidates["email"]["column"][0]
            'EMail'
        """
        return quality_of(self._folder.profiles)

    def preview(
        self,
        segments: str | Sequence[str],
        *,
        email_column: str | None = None,
        exclude: str | Sequence[str] = (),
        form: IdentifierForm | str = IdentifierForm.SHA256,
        thresholds: Thresholds | None = None,
        columns: str | Sequence[str] = (),
        unmasked: str | Sequence[str] = (),
        members: int = FIRST_MEMBERS,
        **identifier_column: str,
    ) -> Preview:
        """Preview segments before anything is sent: who is included, who is excluded and why. Nothing is sent.

        Args:
            segments: Names of segments; one may be given alone.
            email_column: The profile column that holds the e-mail, unless another type of identifier is named.
            exclude: Segments whose members are never sent.
            form: How e-mails are sent: ``"sha256"``, ``"md5"``, ``"sha256_of_md5"`` or ``"plain"``.
            thresholds: The limits that the preview compares with.
            columns: Further profile columns in ``preview.members``, masked where they look personal.
            unmasked: Columns to show as they are. The audit records who looked.
            members: How many members of each segment ``preview.members`` shows.
            **identifier_column: The column of another type of identifier instead, such as ``madid_column``.

        Returns:
            The preview: counts, funnel, overlap and reasons, as frames and charts.

        Raises:
            ConfigurationError: A segment is not there, or not one column with identifiers is named.
            DataError: A column is not there, a table can't be read, or its keys are null or repeated.
            AccessError: You are a viewer and asked for unmasked columns.

        Examples:
            >>> preview = workspace.preview(["High value", "Lapsed 12 months"], email_column="EMail")
            >>> preview.counts.select("segment", "members", "exportable").rows()
            [('High value', 1871, 1751), ('Lapsed 12 months', 4017, 3720)]
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
            **identifier_column,
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
        """Preview an export as its next run would send it: also what it adds and removes, and how long it takes.

        Nothing is sent. What Criteo counted in the lists is from the last run, unless you ask Criteo.

        Args:
            name: Name of the export.
            columns: Further profile columns in ``preview.members``, masked where they look personal.
            unmasked: Columns to show as they are. The audit records who looked.
            members: How many members of each segment ``preview.members`` shows.
            ask_criteo: Whether Criteo is asked to count the lists now.

        Returns:
            The preview, with a row for each contact list in ``preview.changes``.

        Raises:
            ConfigurationError: There is no export of that name, or a segment is not there.
            DataError: A column is not there, a table can't be read, or its keys are null or repeated.
            AccessError: You are a viewer and asked for unmasked columns, or you may not use the connection to ask
                Criteo.

        Examples:
            >>> preview = workspace.preview_export("Nightly")
            >>> preview.changes.select("segment", "held", "added", "removed").rows()
            [('High value', 1751, 0, 0)]
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
        """Check an export as its next run would. Nothing is sent.

        Args:
            name: Name of the export.

        Returns:
            The result of each check; ``passed`` says whether a run would go on.

        Raises:
            ConfigurationError: There is no export of that name, or a segment is not there.
            DataError: A table can't be read.

        Examples:
            >>> workspace.check("Nightly").passed
            True
        """
        return check_export(self._folder, name)

    def add_check(self, name: str, expectations: Any) -> OwnSuite:
        """Save expectations of Great Expectations as a suite that every run checks.

        It replaces a suite of that name. The expectations are checked for each segment and may name profile columns. An
        expectation of severity ``"critical"`` stops a run that fails it; others add a warning.

        Args:
            name: Name of the suite.
            expectations: One expectation, a list of them, an ``ExpectationSuite``, or the path of a file of one.

        Returns:
            The suite as it was saved.

        Raises:
            ConfigurationError: The expectations are not well formed, or the name can't be the name of a file.
            AccessError: You are a viewer.

        Examples:
            >>> from great_expectations.expectations import ExpectColumnValuesToNotBeNull
            >>> filled = ExpectColumnValuesToNotBeNull(column="Country", severity="warning")
            >>> suite = workspace.add_check("Country is known", filled)
            >>> suite.frame["level"].to_list()
            ['warning']
        """
        return add_suite(self._folder, name, expectations)

    def sign_check(self, name: str) -> OwnSuite:
        """Sign a suite whose file you put into the folder, so that runs check it as it is.

        Args:
            name: Name of the suite: the name of its file without the ending.

        Returns:
            The suite.

        Raises:
            ConfigurationError: There is no suite of that name, or it can't be read.
            AccessError: You are a viewer.
        """
        return sign_suite(self._folder, name)

    def remove_check(self, name: str) -> None:
        """Remove a suite of your own.

        Args:
            name: Name of the suite.

        Raises:
            ConfigurationError: There is no suite of that name.
            AccessError: You are a viewer.

        Examples:
            >>> from great_expectations.expectations import ExpectColumnValuesToNotBeNull
            >>> suite = workspace.add_check("Country is known", ExpectColumnValuesToNotBeNull(column="Country"))
            >>> workspace.remove_check("Country is known")
            >>> workspace.own_checks
            {}
        """
        end_suite(self._folder, name)

    @property
    def own_checks(self) -> dict[str, OwnSuite]:
        """Your own suites of checks, by name.

        Examples:
            >>> sorted(workspace.own_checks)
            []
        """
        return {it.name: it for it in suites_of(self._folder)}

    @property
    def me(self) -> Person:
        """Who you are in this workspace, by your key.

        Examples:
            >>> workspace.me.role
            <Role.ADMINISTRATOR: 'administrator'>
        """
        return people.me(self._folder)

    @property
    def people(self) -> People:
        """The people of the workspace, by name.

        Examples:
            >>> workspace.people.frame.columns
            ['name', 'role', 'added_by', 'added_at', 'public_key']
        """
        return people.people(self._folder)

    def join(self, name: str | None = None) -> JoinRequest:
        """Ask to join the workspace: show the line that an administrator runs to add you.

        A key pair is made on this machine if you have none. The secret key stays here.

        Args:
            name: Your name in the workspace; your account's name by default.

        Returns:
            The request; it holds no secret.

        Examples:
            >>> workspace.join("Ann").line.startswith('workspace.add_person("Ann", public_key="')
            True
        """
        return people.join_request(self._folder, name or self._folder.account)

    def add_person(self, name: str, *, public_key: str, role: Role | str = Role.CONTRIBUTOR, root: str = "") -> People:
        """Add a person to the workspace, and open to them the connections that they may use.

        The returned value prints a line to hand back to the person.

        Args:
            name: Name of the person.
            public_key: The public key from the line that the person sent: 64 hexadecimal digits.
            role: ``"viewer"``, ``"contributor"`` or ``"administrator"``.
            root: The fingerprint of the workspace from the same line.

        Returns:
            The people of the workspace.

        Raises:
            ConfigurationError: The name or the key is known already, or the key is not a public key.
            TrustError: The person sees another workspace than you do.
            AccessError: You are no administrator.

        Examples:
            >>> people = workspace.add_person("Bob", public_key=key_of_bob, role="viewer")
            >>> people["Bob"].role
            <Role.VIEWER: 'viewer'>
        """
        return team.add_person(self._folder, name, public_key=public_key, role=one_of("role", Role, role), root=root)

    def change_role(self, name: str, role: Role | str) -> People:
        """Change a person's role, and with it the connections they may use.

        Args:
            name: Name of the person.
            role: ``"viewer"``, ``"contributor"`` or ``"administrator"``.

        Returns:
            The people of the workspace.

        Raises:
            ConfigurationError: There is no person of that name, or they are the last administrator.
            AccessError: You are no administrator.

        Examples:
            >>> people = workspace.add_person("Bob", public_key=key_of_bob)
            >>> workspace.change_role("Bob", "viewer")["Bob"].role.value
            'viewer'
        """
        return team.change_role(self._folder, name, one_of("role", Role, role))

    def remove_person(self, name: str) -> list[str]:
        """Remove a person from the workspace.

        Args:
            name: Name of the person.

        Returns:
            The connections whose secret they could open. Rotate these at Criteo, then with ``rotate_connection``.

        Raises:
            ConfigurationError: There is no person of that name, or they are the last administrator.
            AccessError: You are no administrator.

        Examples:
            >>> people = workspace.add_person("Bob", public_key=key_of_bob, role="viewer")
            >>> workspace.remove_person("Bob")
            []
        """
        return team.remove_person(self._folder, name)

    @property
    def root(self) -> str:
        """The fingerprint of the workspace; colleagues who see the same fingerprint see the same workspace.

        Examples:
            >>> workspace.root == workspace.join().root
            True
        """
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
            ConfigurationError: ``hosts`` names a connection that is not there.

        Examples:
            >>> workspace.trust(root=workspace.root)
        """
        trust(self._folder, root, newest_row=newest_row, hosts=hosts)

    @property
    def known_hosts(self) -> dict[str, str]:
        """The host of each connection, by the connection's name, as this machine remembers it.

        Examples:
            >>> sorted(workspace.known_hosts)
            ['Criteo']
        """
        return {name: it.host for name, it in connections.known_hosts(self._folder).items()}

    @property
    def altered_rows(self) -> list[AlteredRow]:
        """What is not as somebody entitled signed it: people, connections, exports, suites, locations of tables.

        Empty when everything is as it was signed.

        Examples:
            >>> workspace.altered_rows
            []
        """
        return altered_rows(self._folder)

    def restore_signed_rows(self) -> list[str]:
        """Restore people, connections and their shares to what administrators signed.

        Returns:
            A line for each row that was restored.

        Raises:
            AccessError: You are no administrator.

        Examples:
            >>> workspace.restore_signed_rows()
            []
        """
        return restore_signed_rows(self._folder)

    def set_up_connection(self, name: str) -> ConnectionSetup:
        """Make a connection step by step, in this order: share, agree, authenticate, add_me, save.

        Args:
            name: Name of the connection.

        Returns:
            The setup; nothing is saved before its last step.

        Raises:
            ConfigurationError: The name is empty.
            AccessError: You are no administrator.

        Examples:
            >>> setup = workspace.set_up_connection("Second account").share("contributors").agree()
            >>> setup.advertisers
            {}
        """
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

        Args:
            name: Name of the connection.
            client_id: The client id of your app on Criteo's developer portal.
            client_secret: The client secret. Prefer ``credentials``, which stands in no cell of a notebook.
            host: The URL of Criteo's API.
            credentials: The id, the secret and the host in one, in the place of the three.
            users: Who may use it besides administrators: ``"administrators"`` (nobody else), ``"contributors"``, or
                people by name.
            i_agree: Whether you agree to ``toolkit.CONSENT_TEXT``. Without it, nothing is saved.

        Returns:
            The connection, with the advertisers that consented.

        Raises:
            AccessError: You don't agree, you are no administrator, Criteo refuses the credentials, or no advertiser has
                consented.
            ConfigurationError: The name or the credentials are not usable, or the connection goes to another host.
            TrustError: This machine knows the connection with another host.
            UnavailableError: Criteo does not answer.

        Examples:
            >>> credentials = toolkit.Credentials.from_environment(host=host)
            >>> connection = workspace.connect("Spare", credentials=credentials, i_agree=True)
            >>> sorted(connection.advertisers)[0]
            '2711'
        """
        given = credentials or Credentials(client_id=client_id, client_secret=client_secret, host=host)
        setup = self.set_up_connection(name).share(users)
        if i_agree:
            setup.agree()
        return setup.authenticate(given).add_me().save()

    @property
    def connections(self) -> Connections:
        """The connections that you may use, by name.

        Examples:
            >>> "Criteo" in workspace.connections
            True
        """
        return connections.connections(self._folder)

    def connection(self, name: str) -> Connection:
        """Return a connection.

        Args:
            name: Name of the connection.

        Returns:
            The connection, without its secret.

        Raises:
            ConfigurationError: There is no connection of that name that you may use.

        Examples:
            >>> workspace.connection("Criteo").frame.columns
            ['advertiser_id', 'advertiser']
        """
        return connections.connection(self._folder, name)

    def test_connection(self, name: str) -> Connection:
        """Authenticate with Criteo again, and record which advertisers consent now.

        Args:
            name: Name of the connection.

        Returns:
            The connection, with the advertisers that consent now.

        Raises:
            ConfigurationError: There is no connection of that name that you may use.
            AccessError: You are a viewer, the secret is not sealed to you, Criteo refuses it, or no advertiser
                consents.
            UnavailableError: Criteo does not answer.

        Examples:
            >>> workspace.test_connection("Criteo").name
            'Criteo'
        """
        return connections.test_connection(self._folder, name)

    def share_connection(self, name: str, users: str | Sequence[str]) -> Connection:
        """Let more people use a connection.

        Args:
            name: Name of the connection.
            users: ``"contributors"``, or people by name; one may be given alone.

        Returns:
            The connection, with ``users`` as they are now.

        Raises:
            ConfigurationError: There is no connection or person of that name, or the person is a viewer.
            AccessError: You are no administrator.

        Examples:
            >>> workspace.share_connection("Criteo", "contributors").open_to
            'contributors'
        """
        return connections.share(self._folder, name, users)

    def unshare_connection(self, name: str, users: str | Sequence[str]) -> Connection:
        """Take a connection away from people. Rotate the secret afterwards if they could open it.

        Args:
            name: Name of the connection.
            users: ``"contributors"``, or people by name; one may be given alone.

        Returns:
            The connection; ``rotate_because`` names those who could open its secret.

        Raises:
            ConfigurationError: There is no connection or person of that name.
            AccessError: You are no administrator.

        Examples:
            >>> workspace.unshare_connection("Criteo", "contributors").open_to
            'administrators'
        """
        return connections.unshare(self._folder, name, users)

    def seal_connection(self, name: str) -> Connection:
        """Seal the secret to the people who may use the connection and can't open it yet.

        Args:
            name: Name of a connection whose secret your key opens.

        Returns:
            The connection; ``waiting`` is empty.

        Raises:
            ConfigurationError: There is no connection of that name that you may use.
            AccessError: You are a viewer, or your key does not open the secret.

        Examples:
            >>> workspace.seal_connection("Criteo").waiting
            ()
        """
        return connections.seal_connection(self._folder, name)

    def rotate_connection(self, name: str, credentials: Credentials) -> Connection:
        """Replace the secret of a connection by a new one that Criteo accepts.

        Args:
            name: Name of the connection.
            credentials: The new id and secret, for the same host.

        Returns:
            The connection.

        Raises:
            ConfigurationError: There is no connection of that name that you may use, or the credentials are for
                another host.
            AccessError: You are no administrator, or Criteo refuses the credentials.
            UnavailableError: Criteo does not answer.

        Examples:
            >>> workspace.rotate_connection("Criteo", toolkit.Credentials.from_environment(host=host)).rotate_because
            ()
        """
        return connections.rotate(self._folder, name, credentials)

    def rename_connection(self, name: str, to: str) -> Connection:
        """Rename a connection. Its exports follow.

        Args:
            name: Name of the connection.
            to: The new name.

        Returns:
            The connection under its new name.

        Raises:
            ConfigurationError: There is no connection of that name that you may use, or the new name is taken or empty.
            AccessError: You are no administrator.

        Examples:
            >>> workspace.rename_connection("Criteo", "Criteo NL").name
            'Criteo NL'
        """
        return connections.rename(self._folder, name, to)

    def remove_connection(
        self,
        name: str,
        *,
        exports: OfExports | str | Mapping[str, OfExports | str] = MappingProxyType({}),
        lists: OfLists | str = OfLists.KEEP,
    ) -> AbandonedLists:
        """Remove a connection, which ends the transfer of data through it.

        Args:
            name: Name of the connection.
            exports: What happens to the exports that use it: ``"detach"`` or ``"remove"``, for all or by name.
            lists: What happens to their lists at Criteo: ``"keep"``, ``"empty"`` or ``"delete"``.

        Returns:
            The lists of these exports that still hold people.

        Raises:
            ConfigurationError: There is no connection of that name, an export uses it and you did not decide about
                it, or an export of another connection fills one of its lists too.
            LedgerDivergedError: Another workspace changed a list that would be emptied or deleted.
            BusyError: One of these exports is running.
            RunFailedError: A list could not be emptied or deleted. The connection is still there: remove it again.
            AccessError: You are no administrator.

        Examples:
            >>> workspace.remove_connection("Criteo", exports="detach", lists="delete").lists
            ()
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
        """Who did what to what, when and from where: a row for each action, the newest first.

        Raises:
            AccessError: You are no administrator.

        Examples:
            >>> workspace.audit["action"].to_list()[-1]
            'add person'
        """
        return team.audit_frame(self._folder)

    def verify_audit(self) -> AuditBreak | None:
        """Verify that no row of the audit was changed or removed.

        Returns:
            The first row that is not as it was written; None when all rows are.

        Examples:
            >>> workspace.verify_audit() is None
            True
        """
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
        **identifier_columns: str,
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
            placeholders: What stands in place of an identifier, beside what is known.
            form: How addresses are sent: ``"sha256"``, ``"md5"``, ``"sha256_of_md5"`` or ``"plain"``.
            mode: ``"mirror"``, ``"append"`` or ``"replace"``.
            active: Whether ``run_all`` and the refresh run it.
            schedule: When the refresh runs it; with every refresh by default.
            priority: A refresh runs exports with a smaller one first.
            thresholds: How strictly it is checked.
            based_on: The version that you edited: when somebody saved another meanwhile, theirs stays.
            **identifier_columns: The columns of further types of identifiers, by the option of each.

        Returns:
            The export as it was saved.

        Raises:
            ConfigurationError: An option is wrong, what it names is not there, or you may not use the connection.
            AccessError: The export of that name uses a connection that is not shared with you.

        Examples:
            >>> export = workspace.save_export(
            ...     "Newsletter",
            ...     connection="Criteo",
            ...     advertiser_id="2711",
            ...     email_column="EMail",
            ...     segments=["Newsletter subscribers"],
            ...     exclude=["Lapsed 12 months"],
            ...     schedule=toolkit.Schedule.daily("02:00", time_zone="Europe/Amsterdam"),
            ... )
            >>> export.version
            1
        """
        options = identifier_columns | {
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
        """Remove an export. Its runs, and its lists at Criteo, stay.

        Args:
            name: Name of the export.

        Returns:
            Its lists at Criteo that still hold people. Empty or delete these with ``empty_list`` or ``delete_list``.

        Raises:
            ConfigurationError: There is no export of that name.
            AccessError: You are a viewer, or may not use its connection.

        Examples:
            >>> left_behind = workspace.remove_export("Nightly")
            >>> left_behind.frame["segment"].to_list()
            ['High value']
        """
        remove_export(self._folder, name)
        return self._left_by([name])

    def detach_export(self, name: str) -> AbandonedLists:
        """Take an export's connection away: it does not run until you save it with another.

        Args:
            name: Name of the export.

        Returns:
            Its lists at Criteo that still hold people.

        Raises:
            ConfigurationError: There is no export of that name.
            AccessError: You are a viewer, or may not use its connection.

        Examples:
            >>> workspace.detach_export("Nightly").frame["because"].to_list()
            ['detached']
        """
        detach_export(self._folder, name)
        return self._left_by([name])

    def _left_by(self, exports: Collection[str]) -> AbandonedLists:
        return AbandonedLists(tuple(it for it in find_abandoned(self._folder) if it.export in exports))

    def duplicate_export(self, name: str, to: str) -> Export:
        """Save a copy of an export under another name. The copy fills lists of its own at Criteo.

        Args:
            name: Name of the export.
            to: Name of the copy.

        Returns:
            The copy.

        Raises:
            ConfigurationError: There is no export of that name, the name of the copy is taken, or you may not use the
                connection.

        Examples:
            >>> workspace.duplicate_export("Nightly", "Weekly").list_name
            '{segment} ({export})'
        """
        return duplicate_export(self._folder, name, to)

    def activate_export(self, name: str) -> Export:
        """Let ``run_all`` and the refresh run an export.

        Args:
            name: Name of the export.

        Returns:
            The export as it was saved.

        Raises:
            ConfigurationError: There is no export of that name, or you may not use its connection.

        Examples:
            >>> workspace.activate_export("Nightly").active
            True
        """
        return activate_export(self._folder, name, active=True)

    def deactivate_export(self, name: str) -> Export:
        """Stop ``run_all`` and the refresh from running an export. ``run`` still does.

        Args:
            name: Name of the export.

        Returns:
            The export as it was saved.

        Raises:
            ConfigurationError: There is no export of that name, or you may not use its connection.

        Examples:
            >>> workspace.deactivate_export("Nightly").active
            False
        """
        return activate_export(self._folder, name, active=False)

    def exports_with(self, segment: str) -> dict[str, Export]:
        """Find the exports that send a segment, by its name or by a pattern.

        Args:
            segment: Name of the segment.

        Returns:
            The exports, by name.

        Raises:
            ConfigurationError: There is no segment of that name.

        Examples:
            >>> sorted(workspace.exports_with("High value"))
            ['Nightly']
        """
        return {it.name: it for it in exports_with(self._folder, segment)}

    def write_exports(self, path: str | Path) -> None:
        """Write all exports to a YAML file, for version control.

        Args:
            path: The file to write.

        Examples:
            >>> workspace.write_exports("exports.yml")
        """
        write_exports(self._folder, Path(path))

    def read_exports(self, path: str | Path) -> dict[str, Export]:
        """Save the exports of a YAML file. Exports that are not in the file stay as they are.

        Args:
            path: A file in the form that ``write_exports`` writes.

        Returns:
            The exports that changed, by name.

        Raises:
            ConfigurationError: The file can't be read or holds no exports, or an option is wrong.
            AccessError: An export that changes uses a connection that is not shared with you.

        Examples:
            >>> workspace.write_exports("exports.yml")
            >>> workspace.read_exports("exports.yml")
            {}
        """
        return read_exports(self._folder, Path(path))

    @property
    def exports_frame(self) -> pl.DataFrame:
        """A row for each export: its connection, segments, mode, whether it is active, its version.

        Examples:
            >>> workspace.exports_frame["export"].to_list()
            ['Nightly']
        """
        return FrameForPeople(exports_frame(self._folder))

    @property
    def exports(self) -> dict[str, Export]:
        """The exports, by name.

        Examples:
            >>> workspace.exports["Nightly"].segments
            ('High value',)
        """
        return {it.name: it for it in exports(self._folder)}

    def export(self, name: str) -> Export:
        """Return an export.

        Args:
            name: Name of the export.

        Returns:
            The export as it is saved.

        Raises:
            ConfigurationError: There is no export of that name; the error lists similar names.

        Examples:
            >>> workspace.export("Nightly").mode
            <Mode.MIRROR: 'mirror'>
        """
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
            >>> run = workspace.run("Nightly", dry_run=True)
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
                allow=[one_of("guard", Guard, it) for it in listed(allow, what="allow")],
                if_list_gone=one_of("choice", IfListGone, if_list_gone),
                batch_size=batch_size,
                observer=watching,
            )
        return self._told(run)

    def run_all(self) -> dict[str, Run | ToolkitError]:
        """Run the active exports one after the other, by name. One that fails does not stop the others.

        Returns:
            The run of each export, by name. In the place of a run there is the error of an export that could not
            begin, or that ended in an unforeseen way.

        Examples:
            >>> [run.outcome for run in workspace.run_all().values()]
            ['successful']
        """
        ended: dict[str, Run | ToolkitError] = {}
        for name in active_exports(self._folder):
            with going_on(partial(ended.__setitem__, name)):
                ended[name] = self.run(name)
        return ended

    def resume(self, name: str, *, batch_size: int = MAX_IDENTIFIERS_A_CALL, observer: Observer | None = None) -> Run:
        """Resume the last run of an export, which failed, was canceled or was killed: send what is missing.

        The guards that the last run was allowed to pass are passed again.

        Args:
            name: Name of the export.
            batch_size: As in ``run``.
            observer: As in ``run``.

        Returns:
            A new run; its ``resumes`` is the id of the last one.

        Raises:
            ConfigurationError: There is no export of that name, or its last run left nothing to resume.
            BusyError: The last run is still going on.
            AccessError: You are a viewer, or may not use the connection.

        Examples:
            >>> workspace.resume("Nightly")
            Traceback (most recent call last):
            toolkit.errors.ConfigurationError: There is nothing to resume: ...
        """
        with progress_bar(name) if observer is None else nullcontext(observer) as watching:
            run = resume_export(self._folder, name, batch_size=batch_size, observer=watching)
        return self._told(run)

    def cancel(self, run_id: str) -> None:
        """Ask a run to end before its next batch, whatever process or machine it runs on.

        What was sent stays sent; ``resume`` sends the rest.

        Args:
            run_id: Id of the run.

        Raises:
            ConfigurationError: There is no run of that id, or it is over.
            AccessError: You are a viewer.

        Examples:
            >>> workspace.cancel(workspace.runs()["run"][0])
            Traceback (most recent call last):
            toolkit.errors.ConfigurationError: Run ... can't be canceled. ...
        """
        cancel_run(self._folder, run_id)

    def forget(self, *, email: str | None = None, customer: str | int | None = None, **identifier: str) -> Forgotten:
        """Remove a person from every list that was ever filled, and keep them out of later runs.

        The person is looked for in today's profiles and in the history of the lists' members. The suppression list has
        them before anything is sent.

        Args:
            email: The e-mail, or the hash of one.
            customer: The customer key, instead.
            **identifier: An identifier of another type, instead, such as ``madid``.

        Returns:
            What was found, what was removed, and what is left to do.

        Raises:
            ConfigurationError: Not one of them is given, or what is given is no such identifier or key.
            AccessError: You are a viewer.

        Examples:
            >>> key = workspace.preview_export("Nightly").audience.wanted("High value")["customer"][0]
            >>> forgotten = workspace.forget(customer=key)
            >>> forgotten.done, forgotten.lists
            (True, 1)
        """
        return forget(self._folder, email=email, customer=customer, **identifier)

    @property
    def abandoned_lists(self) -> AbandonedLists:
        """The lists at Criteo that no export fills any more and that still hold people.

        Examples:
            >>> workspace.abandoned_lists.frame.height
            0
        """
        return find_abandoned(self._folder)

    def empty_list(self, list_id: str, *, host: str | None = None) -> AbandonedLists:
        """Remove everybody from a list that is left behind.

        Args:
            list_id: Id of the list at Criteo.
            host: The URL of Criteo's API, where lists of several have that id.

        Returns:
            The lists that are still left behind.

        Raises:
            ConfigurationError: No list of that id is left behind, lists of several hosts have it, or an export fills
                it too.
            AccessError: You are a viewer, or may not use a connection to the list.
            LedgerDivergedError: Another workspace changed the list.

        Examples:
            >>> (list_left,) = workspace.remove_export("Nightly").lists
            >>> workspace.empty_list(list_left.list_id).lists
            ()
        """
        return self._end_list(list_id, OfLists.EMPTY, host)

    def delete_list(self, list_id: str, *, host: str | None = None) -> AbandonedLists:
        """Delete a list that is left behind, at Criteo.

        Args:
            list_id: Id of the list at Criteo.
            host: The URL of Criteo's API, where lists of several have that id.

        Returns:
            The lists that are still left behind.

        Raises:
            ConfigurationError: No list of that id is left behind, lists of several hosts have it, or an export fills
                it too.
            AccessError: You are a viewer, or may not use a connection to the list.
            LedgerDivergedError: Another workspace changed the list.

        Examples:
            >>> (list_left,) = workspace.remove_export("Nightly").lists
            >>> workspace.delete_list(list_left.list_id).lists
            ()
        """
        return self._end_list(list_id, OfLists.DELETE, host)

    def keep_list(self, list_id: str, *, host: str | None = None) -> AbandonedLists:
        """Leave a list that is left behind as it is: runs and ``health`` no longer warn about it.

        Args:
            list_id: Id of the list at Criteo.
            host: The URL of Criteo's API, where lists of several have that id.

        Returns:
            The lists that are still left behind.

        Raises:
            ConfigurationError: No list of that id is left behind, lists of several hosts have it, or an export fills
                it too.
            AccessError: You are a viewer, or may not use a connection to the list.

        Examples:
            >>> (list_left,) = workspace.remove_export("Nightly").lists
            >>> workspace.keep_list(list_left.list_id).untended
            ()
        """
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
        **identifier_columns: str,
    ) -> SuppressionImport:
        """Keep people out of later runs.

        Mirroring runs also remove them from the lists; ``forget`` removes a person at once.

        Args:
            people: A frame, or the location of a Parquet, Delta or CSV table.
            email_column: The column with e-mails, plain or hashed.
            customer_column: The column with customer keys.
            madid_column: The column with mobile advertising ids.
            skip_unusable: Whether rows that name nobody are left out. By default they are refused, with their numbers.
            **identifier_columns: The columns of further types of identifiers, by the option of each.

        Returns:
            The entry of the suppression list, and how many keys and identifiers it adds.

        Raises:
            ConfigurationError: No column is named, or the table lacks one.
            UnusableRowsError: Rows name nobody, and ``skip_unusable`` is not set.
            DataError: The table can't be read.
            AccessError: You are a viewer.

        Examples:
            >>> opted_out = pl.DataFrame({"key": ["1001", "1002"]})
            >>> workspace.suppress(opted_out, customer_column="key").customers
            2
        """
        return suppress(
            self._folder,
            people,
            email_column=email_column,
            customer_column=customer_column,
            madid_column=madid_column,
            skip_unusable=skip_unusable,
            **identifier_columns,
        )

    def unsuppress(self, entry: str) -> None:
        """Lift an entry of the suppression list: its people may be sent again, unless another entry names them.

        Args:
            entry: Name of the entry.

        Raises:
            ConfigurationError: There is no such entry.
            AccessError: You are no administrator.

        Examples:
            >>> added = workspace.suppress(pl.DataFrame({"key": ["1003"]}), customer_column="key")
            >>> workspace.unsuppress(added.entry)
        """
        unsuppress(self._folder, entry)

    def accept_lost_suppressions(self, *, entries: int) -> None:
        """Go on without entries of the suppression list that are lost.

        Args:
            entries: How many entries are lost, as the error says.

        Raises:
            ConfigurationError: Another number of entries is lost.
            AccessError: You are no administrator.

        Examples:
            >>> workspace.accept_lost_suppressions(entries=1)
            Traceback (most recent call last):
            toolkit.errors.ConfigurationError: 0 entries of the suppression list are lost, not 1. ...
        """
        accept_lost_suppressions(self._folder, entries=entries)

    @property
    def suppressed(self) -> pl.DataFrame:
        """A row for each entry of the suppression list, without the people.

        Examples:
            >>> workspace.suppressed.height
            0
        """
        return FrameForPeople(suppression_frame(self._folder))

    def membership(self, export: str | None = None) -> pl.DataFrame:
        """Return who entered and left each list in each run, the oldest first.

        Args:
            export: Name of the export; all exports by default.

        Returns:
            A row for each change: ``at``, ``run``, ``export``, ``segment``, ``advertiser_id``, ``customer`` (the key),
            ``identifier`` (hashed) and ``change`` (``entered`` or ``left``).

        Raises:
            AccessError: You are a viewer.

        Examples:
            >>> workspace.membership("Nightly").group_by("change").len().rows()
            [('entered', 1751)]
        """
        return FrameForPeople(scan_history(self._folder, export).collect(engine="streaming"))

    def flapping(self, export: str | None = None, *, times: int = 3) -> pl.DataFrame:
        """Return the members who entered a list again and again.

        Args:
            export: Name of the export; all exports by default.
            times: How often a member entered the list, at least.

        Returns:
            A row for each member and list, the most frequent first, with ``times_entered`` and ``last_entered_at``.

        Raises:
            AccessError: You are a viewer.

        Examples:
            >>> workspace.flapping(times=2).height
            0
        """
        return FrameForPeople(flapping(self._folder, export, times=times))

    def trend(self, export: str | None = None) -> pl.DataFrame:
        """Return the figures of past runs.

        Args:
            export: Name of the export; all exports by default.

        Returns:
            A row for each run and list: members, exportable, added, removed, rejected, and the match rate from 0 to 1.

        Examples:
            >>> workspace.trend("Nightly").select("segment", "exportable", "added").rows()
            [('High value', 1751, 1751)]
        """
        return trend(self._folder, export)

    def runs(self, export: str | None = None) -> pl.DataFrame:
        """Return the runs, the newest first.

        Args:
            export: Name of the export; all exports by default.

        Returns:
            A row for each run.

        Examples:
            >>> workspace.runs("Nightly")["status"].to_list()
            ['successful']
        """
        return FrameForPeople(runs_frame(self._folder, export))

    def run_report(self, run_id: str) -> Run:
        """Return a run.

        Args:
            run_id: Id of the run.

        Returns:
            The run as it was recorded; ``run.report`` is its report as an HTML page.

        Raises:
            ConfigurationError: There is no run of that id.

        Examples:
            >>> workspace.run_report(workspace.runs()["run"][0]).export
            'Nightly'
        """
        return run_of(self._folder, run_id)

    def refresh(self, options: RefreshOptions | None = None) -> Refresh:
        """Run the active exports that are due, each in its notebook. One that fails does not stop the others.

        Args:
            options: How the refresh works: its schedule, waits and retries.

        Returns:
            The refresh: a row for each export that was due.

        Raises:
            AccessError: You are a viewer.
            BusyError: Another refresh went on for longer than this one waits.
            ConfigurationError: The notebook that runs an export can't be used.
            LeaseLostError: This refresh was silent for so long that another took over.
        """
        return refresh(self._folder, options)

    @property
    def refreshes(self) -> pl.DataFrame:
        """A row for each export that was due at a refresh, the newest refresh first.

        Examples:
            >>> workspace.refreshes.height
            0
        """
        return refreshes_frame(self._folder)

    def refresh_report(self, refresh_id: str) -> Refresh:
        """Return a refresh.

        Args:
            refresh_id: Id of the refresh.

        Returns:
            The refresh as it was recorded.

        Raises:
            ConfigurationError: There is no refresh of that id.

        Examples:
            >>> workspace.refresh_report("20260101-000000-000000")
            Traceback (most recent call last):
            toolkit.errors.ConfigurationError: There is no refresh '20260101-000000-000000'. ...
        """
        return refresh_of(self._folder, refresh_id)

    def health(self) -> Health:
        """Report what a monitor should know: refreshes, failing exports, consents, the API's version, the disk.

        Criteo is not asked.

        Returns:
            A finding for each thing that was looked at; ``level`` is the worst of all.

        Examples:
            >>> workspace.health().frame.columns
            ['what', 'name', 'level', 'said', 'at', 'value']
        """
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
