"""The Python interface: a workspace, and what is done with it."""

import warnings
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from types import MappingProxyType

from toolkit.access import people
from toolkit.access.founding import open_or_make
from toolkit.access.locations import SAVE_THEM, Tables, other_tables, require_database, save_tables
from toolkit.audience import Consent, HashFormat
from toolkit.collections import (
    AdSetLinks,
    Audiences,
    Audit,
    Checks,
    Connections,
    Exports,
    Lists,
    People,
    Refreshes,
    Runs,
    Segments,
    Suppressions,
)
from toolkit.errors import ConfigurationError
from toolkit.exports.trust import AlteredRow, altered_rows, restore_signed_rows, trust
from toolkit.names import listed, one_of, same_form
from toolkit.overview import Overview, overview_of
from toolkit.preview import FIRST_MEMBERS, Preview, preview_of_segments
from toolkit.profiling import ProfileQuality, quality_of
from toolkit.refresh import Health, health_of
from toolkit.runs import Disclosure, DisclosureCheck, Forgotten, disclose, forget, verify_disclosure
from toolkit.sources import Profiles, SegmentFolder, SegmentTable
from toolkit.sources.secrets import secret_in
from toolkit.state.folder import WorkspaceFolder
from toolkit.translatable import _
from toolkit.validation import Thresholds


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
        >>> workspace.people.me.role.value
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
        _(
            "{name} takes {names}, and not a {kind}: the column with the customer's key is missing.",
            name=name,
            names=" or ".join(it.__name__ for it in kinds),
            kind=type(given).__name__,
        ),
        _(
            'Write {name}=toolkit.{example}(location="{where}", key="CustomerId").',
            name=name,
            example=example,
            where=where,
        ),
    )


class Workspace:
    """Segments, connections, exports and runs of one folder: everything the toolkit does starts here.

    ``open_workspace`` returns one. What it holds are collections: ``workspace.exports["Nightly"]`` is one export,
    ``workspace.exports.frame`` a table of all, and ``workspace.exports.save(…)`` saves one. A workspace alone in a cell
    shows an overview.

    Frames are Polars data frames, moments in them are in UTC, and durations are in seconds.

    Raises:
        AccessError: By calls that read or change the workspace, when it does not know your key, or your role does not
            allow the call: viewers look, contributors run and change exports, administrators change people and
            connections.
        SignatureError: By the same calls, when a row that they rely on is not as somebody entitled signed it.
        TrustError: By the same calls, when the workspace differs from what this machine remembers of it.

    Examples:
        >>> workspace = toolkit.open_workspace("workspace")
        >>> list(workspace.exports)
        ['Nightly']
    """

    def __init__(self, folder: WorkspaceFolder) -> None:
        self._folder = folder

    # No plain properties: IPython evaluates none of these when it completes ``workspace.exports["``.

    @property
    def path(self) -> Path:
        """The folder of the workspace.

        Examples:
            >>> workspace.path.name
            'workspace'
        """
        return self._folder.path

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
        return _("This workspace is new, in {path}.", path=self.path) if self._folder.is_new else None

    @property
    def profiles(self) -> Profiles:
        """The profile table.

        Examples:
            >>> workspace.profiles.key
            'CustomerId'
        """
        return self._folder.profiles

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

    @cached_property
    def exports(self) -> Exports:
        """The exports, by name.

        Examples:
            >>> workspace.exports["Nightly"].segments
            ('High value',)
        """
        return Exports(self._folder)

    @cached_property
    def audiences(self) -> Audiences:
        """The declared Criteo audiences, by name.

        Examples:
            >>> len(workspace.audiences)
            0
        """
        return Audiences(self._folder)

    @cached_property
    def ad_sets(self) -> AdSetLinks:
        """The ad sets at Criteo, and which audience each targets.

        Examples:
            >>> workspace.ad_sets.find(connection="Criteo", advertiser_id="2711").frame.columns
            ['ad_set', 'name', 'campaign', 'status', 'audience', 'audience_id']
        """
        return AdSetLinks(self._folder)

    @cached_property
    def connections(self) -> Connections:
        """The connections that you may use, by name.

        Examples:
            >>> list(workspace.connections)
            ['Criteo']
        """
        return Connections(self._folder)

    @cached_property
    def segments(self) -> Segments:
        """The segments, by name.

        Examples:
            >>> workspace.segments["High value"].size
            1879
        """
        return Segments(self._folder)

    @cached_property
    def runs(self) -> Runs:
        """The runs, by id, the newest first.

        Examples:
            >>> workspace.runs.start("Nightly", dry_run=True).outcome
            'successful'
        """
        return Runs(self._folder)

    @cached_property
    def refreshes(self) -> Refreshes:
        """The refreshes, by id, the newest first.

        Examples:
            >>> list(workspace.refreshes)
            []
        """
        return Refreshes(self._folder)

    @cached_property
    def people(self) -> People:
        """The people of the workspace, by name.

        Examples:
            >>> workspace.people.me.role.value
            'administrator'
        """
        return People(self._folder)

    @cached_property
    def suppressions(self) -> Suppressions:
        """The people who are kept out of all runs: an entry for each time that somebody added some.

        Examples:
            >>> workspace.suppressions.frame.height
            0
        """
        return Suppressions(self._folder)

    @cached_property
    def checks(self) -> Checks:
        """Your own suites of checks, by name.

        Examples:
            >>> list(workspace.checks)
            []
        """
        return Checks(self._folder)

    @cached_property
    def lists(self) -> Lists:
        """The lists at Criteo that no export fills any more and that still hold people.

        Examples:
            >>> len(workspace.lists)
            0
        """
        return Lists(self._folder)

    @cached_property
    def audit(self) -> Audit:
        """Who did what to what, when and from where.

        Examples:
            >>> workspace.audit.verify() is None
            True
        """
        return Audit(self._folder)

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
        email_column: str | Sequence[str] | None = None,
        exclude: str | Sequence[str] = (),
        form: HashFormat | str = HashFormat.SHA256,
        thresholds: Thresholds | None = None,
        columns: str | Sequence[str] = (),
        unmasked: str | Sequence[str] = (),
        members: int = FIRST_MEMBERS,
        consent_column: str = "",
        consent_values: str | int | Sequence[str | int] = (),
        **identifier_column: str | int | Sequence[str],
    ) -> Preview:
        """Preview segments before anything is sent: who is included, who is excluded and why. Nothing is sent.

        Args:
            segments: Names of segments; one may be given alone.
            email_column: The profile column that holds the e-mail, or several, unless another type of identifier is
                named.
            exclude: Segments whose members are never sent.
            form: How e-mails are sent: ``"sha256"``, ``"md5"``, ``"sha256_of_md5"`` or ``"plain"``.
            thresholds: The limits that the preview compares with.
            columns: Further profile columns in ``preview.members``, masked where they look personal.
            unmasked: Columns to show as they are. The audit records who looked.
            members: How many members of each segment ``preview.members`` shows.
            consent_column: The profile column that says whether a person consents, as of an export.
            consent_values: The values of that column that mean consent, where it holds text or numbers.
            **identifier_column: The column of another type of identifier instead, such as ``phone_column``; what the
                type takes beside it, such as ``phone_region``; and the ``separator`` of several in one field.

        Returns:
            The preview: counts, funnel, overlap and reasons, as frames and charts.

        Raises:
            ConfigurationError: A segment is not there, or columns of not one type of identifiers are named.
            DataError: A column is not there, a table can't be read, or its keys are null or repeated.
            AccessError: You are a viewer and asked for unmasked columns.

        Examples:
            >>> preview = workspace.preview(["High value", "Lapsed 12 months"], email_column="EMail")
            >>> preview.counts.select("segment", "members", "exportable").rows()
            [('High value', 1871, 1751), ('Lapsed 12 months', 4017, 3720)]
        """
        return preview_of_segments(
            self._folder,
            [same_form(it) for it in listed(segments, what=_("segments"))],
            email_column=email_column,
            exclude=[same_form(it) for it in listed(exclude, what=_("exclude"))],
            form=one_of("form", HashFormat, form),
            thresholds=thresholds,
            columns=listed(columns, what=_("columns")),
            unmasked=listed(unmasked, what=_("unmasked")),
            members=members,
            consent=Consent.now(consent_column, consent_values),
            **identifier_column,
        )

    @property
    def root(self) -> str:
        """The fingerprint of the workspace; colleagues who see the same fingerprint see the same workspace.

        Examples:
            >>> workspace.root == workspace.people.join().root
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
    def altered_rows(self) -> list[AlteredRow]:
        """What is not as somebody entitled signed it: people, connections, exports, Criteo audiences, suites, tables.

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

    def forget(self, *, email: str | None = None, customer: str | int | None = None, **identifier: str) -> Forgotten:
        """Remove a person from every list that was ever filled, and keep them out of later runs.

        The person is looked for in today's profiles and in the history of the lists' members. The suppression list has
        them before anything is sent.

        Args:
            email: The e-mail, or the hash of one.
            customer: The customer key, instead.
            **identifier: An identifier of another type, instead, such as ``phone``, and how it is read, such as
                ``phone_region``.

        Returns:
            What was found, what was removed, and what is left to do.

        Raises:
            ConfigurationError: Not one of them is given, or what is given is no such identifier or key.
            AccessError: You are a viewer.

        Examples:
            >>> key = workspace.exports.preview("Nightly").audience.wanted("High value")["customer"][0]
            >>> forgotten = workspace.forget(customer=key)
            >>> forgotten.done, forgotten.lists
            (True, 1)
        """
        return forget(self._folder, email=email, customer=customer, **identifier)

    def disclose(self, *, email: str | None = None, customer: str | int | None = None, **identifier: str) -> Disclosure:
        """Disclose to a person which lists held them: from when to when, by which run, and what keeps them out.

        The person is looked for as ``forget`` does it. The audit records that it was disclosed, without the person.

        Args:
            email: The e-mail, or the hash of one.
            customer: The customer key, instead.
            **identifier: An identifier of another type, instead, such as ``phone``, and how it is read, such as
                ``phone_region``.

        Returns:
            The disclosure, signed by you. ``to_html`` writes the page, ``to_json`` the document that can be verified.

        Raises:
            ConfigurationError: Not one of them is given, or what is given is no such identifier or key.
            AccessError: You are a viewer.

        Examples:
            >>> key = workspace.exports.preview("Nightly").audience.wanted("High value")["customer"][0]
            >>> disclosure = workspace.disclose(customer=key)
            >>> disclosure.frame.select("export", "presence").rows()
            [('Nightly', 'held')]
        """
        return disclose(self._folder, email=email, customer=customer, **identifier)

    def verify_disclosure(self, document: str | Path) -> DisclosureCheck:
        """Verify that a document is a disclosure of this workspace, and as it was made.

        It is compared with the audit, for which nobody has to know the person's identifier. Anybody may verify.

        Args:
            document: The JSON file of the disclosure.

        Returns:
            Whether it is genuine, and what is wrong with it otherwise.

        Raises:
            ConfigurationError: There is no such file, or it holds no disclosure.

        Examples:
            >>> document = workspace.disclose(customer="1001").to_json("disclosure.json")
            >>> workspace.verify_disclosure(document).is_genuine
            True
        """
        return verify_disclosure(self._folder, document)

    def health(self, *, ask_criteo: bool = False) -> Health:
        """Report what a monitor should know: refreshes, failing exports, consents, the API's version, the disk.

        Args:
            ask_criteo: Whether Criteo is asked which contact lists no ad set uses, and whether somebody changed
                declared audiences there. Nothing else asks Criteo.

        Returns:
            A finding for each thing that was looked at; ``level`` is the worst of all.

        Examples:
            >>> workspace.health().frame.columns
            ['what', 'name', 'level', 'said', 'at', 'value']
        """
        return health_of(self._folder, asks_criteo=ask_criteo)

    @property
    def overview(self) -> Overview:
        """Connections, exports with their last run, and what needs attention. Looking writes nothing.

        Examples:
            >>> workspace.overview.exports.select("export", "last_run", "added").rows()
            [('Nightly', 'successful', 1751)]
        """
        return overview_of(self._folder, notice=self.notice)

    def __repr__(self) -> str:
        return repr(self.overview)

    def _repr_html_(self) -> str:
        return self.overview._repr_html_()
