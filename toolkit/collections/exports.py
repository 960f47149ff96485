"""The exports of a workspace."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar

import polars as pl

from toolkit.audience import HashFormat
from toolkit.collections.collection import Collection
from toolkit.collections.lists import lists_left_by
from toolkit.exports.export import Export, Mode, make_export
from toolkit.exports.saved_exports import (
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
from toolkit.exports.schedule import Schedule
from toolkit.exports.yaml_files import EXPORTS_YAML
from toolkit.names import listed
from toolkit.preview import FIRST_MEMBERS, Preview, preview_of_export
from toolkit.runs import AbandonedLists, check_export
from toolkit.runs.blast_radius import with_campaigns
from toolkit.spreadsheets import FrameForPeople
from toolkit.translatable import _, mark
from toolkit.validation import CheckResults, Thresholds


class Exports(Collection[str, Export]):
    """The exports, by name.

    Examples:
        >>> list(workspace.exports)
        ['Nightly']
        >>> workspace.exports["Nightly"].segments
        ('High value',)
    """

    _title: ClassVar[str] = _("Exports")
    _kind: ClassVar[str] = mark("export")
    _if_empty: ClassVar[str] = _("Save one with workspace.exports.save(…).")

    def _load(self) -> Mapping[str, Export]:
        return {it.name: it for it in exports(self._folder)}

    def __getitem__(self, name: str) -> Export:
        return export_of(self._folder, name)

    @property
    def frame(self) -> pl.DataFrame:
        """A row for each export: its connection, segments, mode, whether it is active, its version.

        Examples:
            >>> workspace.exports.frame["export"].to_list()
            ['Nightly']
        """
        return FrameForPeople(exports_frame(self._folder))

    def save(
        self,
        name: str,
        *,
        connection: str,
        email_column: str | Sequence[str],
        segments: str | Sequence[str],
        exclude: str | Sequence[str] = (),
        advertiser_id: str | int = "",
        advertiser_column: str = "",
        madid_column: str | Sequence[str] = "",
        phone_column: str | Sequence[str] = "",
        phone_region: str = "",
        gum_column: str | Sequence[str] = "",
        gum_caller_id: int | None = None,
        identity_link_column: str | Sequence[str] = "",
        separator: str = "",
        list_name: str = "{segment}",
        lists: Mapping[str, str] = MappingProxyType({}),
        placeholders: str | Sequence[str] = (),
        consent_column: str = "",
        consent_values: str | int | Sequence[str | int] = (),
        consent_basis: str = "",
        consent_basis_column: str = "",
        form: HashFormat | str = HashFormat.SHA256,
        mode: Mode | str = Mode.MIRROR,
        active: bool = True,
        schedule: Schedule | Mapping[str, Any] | None = None,
        priority: int = 100,
        thresholds: Thresholds | Mapping[str, Any] | None = None,
        based_on: int | None = None,
        **identifier_columns: str | Sequence[str],
    ) -> Export:
        """Save an export, in the place of one of that name; it is not run.

        Args:
            name: What the export is called.
            connection: Name of the connection.
            email_column: The profile column that holds the e-mail, or several.
            segments: Names, or patterns such as ``vip_*``; one may be given alone.
            exclude: Segments whose members are never sent, or patterns of them.
            advertiser_id: One of the connection's advertisers; not needed when there is only one.
            advertiser_column: The profile column with the advertiser's id, instead: each gets lists of its own.
            madid_column: A profile column that holds a mobile advertising id, or several.
            phone_column: A profile column that holds a telephone number, or several. Criteo takes them of some
                advertisers only.
            phone_region: The country of telephone numbers that name none, such as ``NL``. Without it, these are not
                sent.
            gum_column: A profile column that holds a GUM id, or several.
            gum_caller_id: The number that Criteo gave to whoever synchronized the GUM ids.
            identity_link_column: A profile column that holds a LiveRamp id, or several.
            separator: What stands between several identifiers in one field, such as ``;``. A column of lists needs
                none.
            list_name: How contact lists are called, with ``{segment}``, ``{export}`` and ``{date}``. With ``{type}``,
                each type of identifiers gets a list of its own, whose match rate is of that type.
            lists: Lists that are at Criteo already, by segment: the id, or the name.
            placeholders: What stands in place of an identifier, beside what is known.
            consent_column: The profile column that says whether a person consents: true or false, one of
                ``consent_values``, or until when. Who does not consent is not sent, and leaves the lists at the next
                run.
            consent_values: The values of that column that mean consent, where it holds text or numbers.
            consent_basis: On what basis people consented, in words, for the evidence.
            consent_basis_column: A profile column that says it for each person, instead.
            form: How addresses are sent: ``"sha256"``, ``"md5"``, ``"sha256_of_md5"`` or ``"plain"``.
            mode: ``"mirror"``, ``"append"`` or ``"replace"``.
            active: Whether ``runs.start_all`` and the refresh run it.
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
            >>> export = workspace.exports.save(
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
        options: dict[str, Any] = identifier_columns | {
            "connection": connection,
            "email_column": email_column,
            "segments": segments,
            "exclude": exclude,
            "advertiser_id": advertiser_id,
            "advertiser_column": advertiser_column,
            "madid_column": madid_column,
            "phone_column": phone_column,
            "phone_region": phone_region,
            "gum_column": gum_column,
            "gum_caller_id": gum_caller_id,
            "identity_link_column": identity_link_column,
            "separator": separator,
            "list_name": list_name,
            "lists": lists,
            "placeholders": placeholders,
            "consent_column": consent_column,
            "consent_values": consent_values,
            "consent_basis": consent_basis,
            "consent_basis_column": consent_basis_column,
            "form": form,
            "mode": mode,
            "active": active,
            "schedule": Schedule() if schedule is None else schedule,
            "priority": priority,
            "thresholds": Thresholds() if thresholds is None else thresholds,
        }
        return save_export(self._folder, make_export(name, options), based_on=based_on)

    def preview(
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
            >>> preview = workspace.exports.preview("Nightly")
            >>> preview.changes.select("segment", "held", "added", "removed").rows()
            [('High value', 1751, 0, 0)]
        """
        return preview_of_export(
            self._folder,
            name,
            columns=listed(columns, what=_("columns")),
            unmasked=listed(unmasked, what=_("unmasked")),
            members=members,
            asks_criteo=ask_criteo,
        )

    def check(self, name: str) -> CheckResults:
        """Check an export as its next run would. Nothing is sent.

        Args:
            name: Name of the export.

        Returns:
            The result of each check; ``passed`` says whether no check stops a run. A guard still may, which
            a preview tells.

        Raises:
            ConfigurationError: There is no export of that name, or a segment is not there.
            DataError: A table can't be read.

        Examples:
            >>> workspace.exports.check("Nightly").passed
            True
        """
        return check_export(self._folder, name)

    def remove(self, name: str) -> AbandonedLists:
        """Remove an export. Its runs, and its lists at Criteo, stay.

        Args:
            name: Name of the export.

        Returns:
            Its lists at Criteo that still hold people. Empty or delete these with ``lists.empty`` or ``lists.delete``.
            ``campaigns`` says which live ad sets depend on them, as far as Criteo tells.

        Raises:
            ConfigurationError: There is no export of that name.
            AccessError: You are a viewer, or may not use its connection.

        Examples:
            >>> left_behind = workspace.exports.remove("Nightly")
            >>> left_behind.frame["segment"].to_list()
            ['High value']
        """
        connection = export_of(self._folder, name).connection
        remove_export(self._folder, name)
        return with_campaigns(self._folder, lists_left_by(self._folder, [name]), connection)

    def detach(self, name: str) -> AbandonedLists:
        """Take an export's connection away: it does not run until you save it with another.

        Args:
            name: Name of the export.

        Returns:
            Its lists at Criteo that still hold people; ``campaigns`` says which live ad sets depend on them.

        Raises:
            ConfigurationError: There is no export of that name.
            AccessError: You are a viewer, or may not use its connection.

        Examples:
            >>> workspace.exports.detach("Nightly").frame["because"].to_list()
            ['detached']
        """
        connection = export_of(self._folder, name).connection
        detach_export(self._folder, name)
        return with_campaigns(self._folder, lists_left_by(self._folder, [name]), connection)

    def duplicate(self, name: str, to: str) -> Export:
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
            >>> workspace.exports.duplicate("Nightly", "Weekly").list_name
            '{segment} ({export})'
        """
        return duplicate_export(self._folder, name, to)

    def activate(self, name: str) -> Export:
        """Let ``runs.start_all`` and the refresh run an export.

        Args:
            name: Name of the export.

        Returns:
            The export as it was saved.

        Raises:
            ConfigurationError: There is no export of that name, or you may not use its connection.

        Examples:
            >>> workspace.exports.activate("Nightly").active
            True
        """
        return activate_export(self._folder, name, active=True)

    def deactivate(self, name: str) -> Export:
        """Stop ``runs.start_all`` and the refresh from running an export. ``run`` still does.

        Args:
            name: Name of the export.

        Returns:
            The export as it was saved.

        Raises:
            ConfigurationError: There is no export of that name, or you may not use its connection.

        Examples:
            >>> workspace.exports.deactivate("Nightly").active
            False
        """
        return activate_export(self._folder, name, active=False)

    def using(self, segment: str) -> dict[str, Export]:
        """Find the exports that send a segment, by its name or by a pattern.

        Args:
            segment: Name of the segment.

        Returns:
            The exports, by name.

        Raises:
            ConfigurationError: There is no segment of that name.

        Examples:
            >>> sorted(workspace.exports.using("High value"))
            ['Nightly']
        """
        return {it.name: it for it in exports_with(self._folder, segment)}

    def write(self, path: str | Path) -> None:
        """Write all exports to a YAML file, for version control.

        Args:
            path: The file to write.

        Examples:
            >>> workspace.exports.write("exports.yml")
        """
        EXPORTS_YAML.write(self._folder, Path(path))

    def read(self, path: str | Path) -> dict[str, Export]:
        """Save the exports of a YAML file. Exports that are not in the file stay as they are.

        Args:
            path: A file in the form that ``exports.write`` writes.

        Returns:
            The exports that changed, by name.

        Raises:
            ConfigurationError: The file can't be read or holds no exports, or an option is wrong.
            AccessError: An export that changes uses a connection that is not shared with you.

        Examples:
            >>> workspace.exports.write("exports.yml")
            >>> workspace.exports.read("exports.yml")
            {}
        """
        return EXPORTS_YAML.read(self._folder, Path(path))
