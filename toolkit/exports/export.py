"""What an export is: a connection, the data matching, the segments and the options."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from fnmatch import fnmatchcase
from string import Formatter
from typing import Annotated, Any, Self

import polars as pl
from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, TypeAdapter, field_validator, model_validator

from toolkit.audience import Consent, IdentityColumn
from toolkit.audience.consent import values_of_consent
from toolkit.display import html_table, text_table, word
from toolkit.errors import ConfigurationError
from toolkit.exports.schedule import Schedule
from toolkit.identifiers import HashFormat, IdentifierType, identifier_types, settings_of, without_addresses
from toolkit.names import same_form
from toolkit.pydantic_errors import Told, validating
from toolkit.redaction import redacted
from toolkit.translatable import _
from toolkit.validation import Thresholds

LONGEST_LIST_NAME = 255
"""Characters of a contact list's name."""
LONGEST_SEPARATOR = 3
_WITHIN = "@.-_+()"
"""What stands in identifiers beside letters and digits, and so can't part them."""


_NOT_APPENDED = _("with consent_column the mode can't be append, which never removes those whose consent ended")


class Mode(StrEnum):
    """What a run makes of a contact list that was filled before.

    Examples:
        >>> [mode.value for mode in toolkit.Mode]
        ['mirror', 'append', 'replace']
    """

    MIRROR = "mirror"
    """The list holds exactly the segment; only the difference is sent."""
    APPEND = "append"
    """New members are added; none is removed."""
    REPLACE = "replace"
    """The list is emptied, and the whole segment sent."""


def _as_columns(given: object) -> object:
    """Return the names of columns as they are kept: one alone as text, several as a tuple, each once."""
    if not isinstance(given, list | tuple):
        return given
    names = tuple(dict.fromkeys(given))
    return names[0] if len(names) == 1 else names or ""


Columns = Annotated[str | tuple[str, ...], BeforeValidator(_as_columns)]
"""A column of the profiles, or several."""


class Export(Told):
    """A saved configuration. Personal names are never sent: ``list_name`` is the only name that reaches Criteo.

    Each type of identifier has an option that names its column. Those of types that come with the toolkit are fields;
    nothing reads them by name but ``columns_of``.

    Examples:
        >>> export = workspace.exports["Nightly"]
        >>> export.email_column, export.form.value, export.mode.value, str(export.schedule)
        ('EMail', 'sha256', 'mirror', 'with every refresh')
    """

    # Options of further types are kept beside the fields, if the registry has them.
    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Columns]

    name: str = Field(min_length=1)
    connection: str
    """Name of the connection."""
    email_column: Columns = ""
    """Data matching: the profile column that holds the e-mail, or several. Required."""
    segments: tuple[str, ...] = Field(min_length=1)
    """Names, or patterns such as ``vip_*``, which a segment that is made later joins by its name."""
    exclude: tuple[str, ...] = ()
    """Segments whose members, and whoever shares an address with one, are never sent; or patterns of them."""
    advertiser_id: str = ""
    """One of the connection's advertisers; not needed when there is only one."""
    advertiser_column: str = ""
    """The profile column that holds the advertiser's id, instead: each advertiser gets lists of its own."""
    madid_column: Columns = ""
    """A profile column that holds a mobile advertising id, or several, which are sent beside the e-mail."""
    phone_column: Columns = ""
    """A profile column that holds a telephone number, or several, which are sent beside the e-mail."""
    phone_region: str = ""
    """The country of telephone numbers that name none, such as ``NL``; without it, these are not sent."""
    gum_column: Columns = ""
    """A profile column that holds an id that Criteo synchronized with yours, or several."""
    gum_caller_id: int | None = None
    """The number that Criteo gave to whoever synchronized the GUM ids; required with ``gum_column``."""
    identity_link_column: Columns = ""
    """A profile column that holds LiveRamp's id of a person, or several."""
    separator: str = ""
    """What stands between several identifiers in one field, such as ``;``; empty when a field holds one."""
    list_name: str = "{segment}"
    """How the contact lists are called: ``{segment}``, ``{export}`` and ``{date}`` (when it was made) are filled in.
    With ``{type}``, Criteo's name of the type of identifiers, each type gets a list of its own."""
    lists: Mapping[str, str] = Field(default_factory=dict)
    """Lists that are at Criteo already, by segment: the id, or the name."""
    placeholders: tuple[str, ...] = ()
    """What stands in place of an identifier, beside what is known (n/a, test@test.com): words, what stands before the
    at sign, or addresses, which are kept as their hashes only."""
    consent_column: str = ""
    """The profile column that says whether a person consents: true or false, one of ``consent_values``, or until when.
    Who does not is not sent, and leaves the lists at the next run."""
    consent_values: tuple[str, ...] = ()
    """The values of the column that mean consent, where it holds text or numbers."""
    consent_basis: str = ""
    """On what basis people consented, in words, for the evidence."""
    consent_basis_column: str = ""
    """A profile column that says it for each person, instead."""
    form: HashFormat = HashFormat.SHA256
    mode: Mode = Mode.MIRROR
    active: bool = True
    """Whether ``runs.start_all`` and the refresh run it."""
    schedule: Schedule = Schedule()
    """When the refresh runs it."""
    priority: int = 100
    """A refresh runs exports with a smaller one first, and those with the same by name."""
    thresholds: Thresholds = Thresholds()
    version: int = 0
    """How often it was saved."""

    @field_validator("name")
    @classmethod
    def _can_be_read(cls, name: str) -> str:
        if name and (not name.strip() or not name.isprintable()):
            raise ValueError(_("it is blank, or holds a line end or another character that can't be printed"))
        return name

    @field_validator("list_name")
    @classmethod
    def _fields_are_known(cls, template: str) -> str:
        try:
            parts = list(Formatter().parse(template))
        except ValueError:
            raise ValueError(_("its braces don't fit together; write {segment}, and a brace itself twice")) from None
        fields = [name for _, name, _, _ in parts if name is not None]
        if "segment" not in fields or not {*fields} <= {"segment", "export", "date", "type"}:
            raise ValueError(
                _("it must hold {segment}, may hold {export}, {date} and {type}, and nothing else in braces")
            )
        if any(form or conversion for _, _, form, conversion in parts):
            raise ValueError(_("the names in braces take no format; write {date}, which is put in as 2026-01-31"))
        _require_name(f"x{''.join(text for text, _, _, _ in parts)}")
        return template

    @field_validator("advertiser_id", mode="before")
    @classmethod
    def _number_as_text(cls, given: object) -> object:
        return str(given) if isinstance(given, int) and not isinstance(given, bool) else given

    @field_validator("consent_values", mode="before")
    @classmethod
    def _values_as_text(cls, given: object) -> object:
        return values_of_consent(given)

    @field_validator("segments", "exclude", "placeholders", mode="before")
    @classmethod
    def _one_or_many(cls, given: object) -> object:
        return (given,) if isinstance(given, str) else given

    @field_validator("placeholders")
    @classmethod
    def _name_no_address(cls, placeholders: tuple[str, ...]) -> tuple[str, ...]:
        return without_addresses(placeholders)

    @field_validator("segments", "exclude")
    @classmethod
    def _named_once(cls, segments: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(map(same_form, segments)))

    @field_validator("lists")
    @classmethod
    def _by_the_names_of_segments(cls, lists: Mapping[str, str]) -> Mapping[str, str]:
        return {same_form(segment): given for segment, given in lists.items()}

    @model_validator(mode="before")
    @classmethod
    def _names_options_of_types(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        options = {*(it.column_option for it in identifier_types()), *settings_of({})} - cls.model_fields.keys()
        unknown = [it for it in given if it not in options and it not in cls.model_fields]
        if unknown:
            raise ValueError("; ".join(_("{value}: is not known", value=it) for it in unknown))
        return {name: value for name, value in given.items() if name not in options or value != ""}

    @model_validator(mode="after")
    def _names_required_columns(self) -> Self:
        lacking = [it.column_option for it in identifier_types() if it.is_required and not self.columns_of(it)]
        lacking += [
            setting.name
            for it in identifier_types()
            for setting in it.settings
            if self.columns_of(it) and setting.is_required and not getattr(self, setting.name, "")
        ]
        if lacking:
            raise ValueError("; ".join(_("{value}: is missing", value=it) for it in lacking))
        return self

    @model_validator(mode="after")
    def _settings_are_values(self) -> Self:
        for it in identifier_types():
            it.configured(self._settings)
        return self

    @field_validator("phone_region", mode="before")
    @classmethod
    def _in_capitals(cls, region: object) -> object:
        if region is False:  # which YAML makes of Norway
            return "NO"
        return region.strip().upper() if isinstance(region, str) else "" if region is None else region

    @field_validator("separator")
    @classmethod
    def _parts_identifiers(cls, separator: str) -> str:
        if len(separator) > LONGEST_SEPARATOR or any(it.isalnum() or it in _WITHIN for it in separator):
            raise ValueError(
                _("it must be of one to three characters, none of which can stand in an identifier, such as ; or |")
            )
        return separator

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.advertiser_column and self.advertiser_id:
            raise ValueError(_("give advertiser_id or advertiser_column, not both"))
        if self.advertiser_column and self.lists:
            raise ValueError(_("lists can't be given with advertiser_column, where each advertiser gets its own"))
        if not self.consent_column and (self.consent_values or self.consent_basis or self.consent_basis_column):
            raise ValueError(_("consent_column must name the column that says who consents"))
        if self.consent_basis and self.consent_basis_column:
            raise ValueError(_("give consent_basis or consent_basis_column, not both"))
        if self.consent_basis_column in {it.name for it in self.identity_columns}:
            raise ValueError(_("consent_basis_column names a column of identifiers, which would be written down"))
        if any(redacted(it) != it for it in (self.consent_basis, *self.consent_values)):
            raise ValueError(_("the basis and the values of consent can't hold an address"))
        if self.consent_column and self.mode is Mode.APPEND:
            raise ValueError(_NOT_APPENDED)
        strange = [name for name in self.lists if name not in self.segments]
        if strange:
            raise ValueError(_("lists names {strange!r}, which is not among the segments", strange=strange[0]))
        return self

    def columns_of(self, identifier_type: IdentifierType) -> tuple[str, ...]:
        """Return the profile columns that hold identifiers of a type.

        Args:
            identifier_type: The type.

        Returns:
            The columns; none when the export sends none of them.
        """
        named: str | tuple[str, ...] = getattr(self, identifier_type.column_option, "") or ()
        return (named,) if isinstance(named, str) else named

    @property
    def _settings(self) -> dict[str, str]:
        return settings_of({name: getattr(self, name, None) for name in settings_of({})})

    @property
    def identity_columns(self) -> list[IdentityColumn]:
        """The profile columns that are sent, each with its type, in the order of the registry."""
        settings = self._settings
        return [
            IdentityColumn(column, it.configured(settings), self.separator)
            for it in identifier_types()
            for column in self.columns_of(it)
        ]

    @property
    def columns_by_type(self) -> dict[IdentifierType, list[IdentityColumn]]:
        """The same, by their type, as the options set it up."""
        found: dict[IdentifierType, list[IdentityColumn]] = {}
        for it in self.identity_columns:
            found.setdefault(it.identifier_type, []).append(it)
        return found

    def in_mode(self, mode: Mode) -> "Export":
        """Return the export with another mode, for one run.

        Args:
            mode: The mode.

        Raises:
            ConfigurationError: The export asks for consent, and is to be appended to.
        """
        if self.consent_column and mode is Mode.APPEND:
            raise ConfigurationError(
                _("Export {name!r} can't run: {reason}.", name=self.name, reason=_NOT_APPENDED),
                _("Run it with mode='mirror' or mode='replace'."),
            )
        return self.model_copy(update={"mode": mode})

    def consent(self, at: datetime) -> Consent | None:
        """Return where consent is read, and that it has to hold at a moment; None when the export asks for none.

        Args:
            at: The moment, with a time zone.
        """
        if not self.consent_column:
            return None
        return Consent(self.consent_column, at, self.consent_values, self.consent_basis_column)

    @property
    def has_patterns(self) -> bool:
        """Whether segments are chosen by pattern."""
        return any(_is_pattern(it) for it in (*self.segments, *self.exclude))

    def chosen(self, known: Sequence[str]) -> "Export":
        """Return the export with its patterns replaced by the segments that they match.

        Args:
            known: Names of the segments of a catalog.

        Returns:
            The export, whose ``segments`` and ``exclude`` are names only.
        """
        segments, exclude = (
            tuple(dict.fromkeys(name for entry in entries for name in _matching(entry, known)))
            for entries in (self.segments, self.exclude)
        )
        return self.model_copy(
            update={"segments": tuple(it for it in segments if it not in exclude), "exclude": exclude}
        )

    def require_names_of_lists(self, segments: Sequence[str]) -> None:
        """Check that the lists of segments can be named at Criteo.

        Args:
            segments: Names of the segments.

        Raises:
            ConfigurationError: The name of a list would be blank, too long, or hold a character that can't be printed.
        """
        for segment in segments:
            with validating(
                _("The list of segment {segment!r} can't be named", segment=segment),
                _("Change list_name, or the segment's name."),
            ):
                for it in self.columns_by_type:
                    _NAMED.validate_python(self.name_of_list(segment, date(2026, 12, 31), it.name))

    def name_of_list(self, segment: str, made_on: date, identifier_type: str = "") -> str:
        """Return the name of the contact list that a segment fills.

        Args:
            segment: Name of the segment.
            made_on: The day on which the list is made.
            identifier_type: The name of the type of identifiers, where each has a list of its own.

        Returns:
            ``list_name``, filled in.

        Examples:
            >>> from datetime import date
            >>> workspace.exports["Nightly"].name_of_list("High value", date(2026, 1, 31))
            'High value'
        """
        return self.list_name.format(segment=segment, export=self.name, date=made_on.isoformat(), type=identifier_type)

    @property
    def frame(self) -> pl.DataFrame:
        """A row an option."""
        shown = {
            "connection": self.connection or "No connection",
            **{f"{it.short} column": ", ".join(self.columns_of(it)) for it in identifier_types()},
            **{name.replace("_", " "): value for name, value in self._settings.items()},
            "separator": _shown_separator(self.separator),
            "segments": ", ".join(self.segments),
            "excluded": ", ".join(self.exclude),
            "advertiser": self.advertiser_id
            or (f"by column {self.advertiser_column}" if self.advertiser_column else ""),
            "consent column": self.consent_column,
            "values of consent": ", ".join(self.consent_values),
            "basis of consent": self.consent_basis
            or (f"by column {self.consent_basis_column}" if self.consent_basis_column else ""),
            "list name": self.list_name,
            "existing lists": ", ".join(f"{segment}: {its}" for segment, its in self.lists.items()),
            "sent as": self.form.value,
            "mode": self.mode.value,
            "active": "yes" if self.active else "no",
            "schedule": str(self.schedule),
            "priority": str(self.priority),
        }
        kept = {option: value for option, value in shown.items() if value}
        return pl.DataFrame({"option": list(kept), "value": list(kept.values())})

    def __repr__(self) -> str:
        return f"Export {self.name!r}, version {self.version}\n{text_table(self.frame)}"

    def _repr_html_(self) -> str:
        shown = self.frame
        values: dict[str, str] = dict(shown.iter_rows())
        values |= {
            "mode": word(self.mode.value),
            "active": word("yes" if self.active else "no"),
            "schedule": self.schedule.text,
        }
        if self.connection is None:
            values["connection"] = _("No connection")
        if self.advertiser_column and not self.advertiser_id:
            values["advertiser"] = _("by column {column}", column=self.advertiser_column)
        names = {f"{it.short} column": _("{short} column", short=it.short) for it in identifier_types()}
        return html_table(
            shown,
            title=_("Export {name}", name=self.name),
            subtitle=_("version {version}", version=self.version),
            texts={
                "option": [names.get(it, word(it)) for it in shown["option"]],
                "value": [values[it] for it in shown["option"]],
            },
        )


def make_export(name: str, options: Mapping[str, Any]) -> Export:
    """Return an export from its options; raises ConfigurationError that names each option that is wrong."""
    options_of_types = [*(it.column_option for it in identifier_types()), *settings_of({})]
    known = dict.fromkeys([*Export.model_fields, *options_of_types])
    fields = ", ".join(field for field in known if field not in ("name", "version"))
    with validating(_("Export {name!r} was not saved", name=name), _("Options are {fields}.", fields=fields)):
        return Export.model_validate({"name": name, **options})


def _require_name(name: str) -> str:
    if not name.strip():
        raise ValueError(_("it is blank"))
    if len(name) > LONGEST_LIST_NAME:
        raise ValueError(
            _(
                "it has {count:,} characters, of {longest_list_name} at most",
                count=len(name),
                longest_list_name=LONGEST_LIST_NAME,
            )
        )
    if any(not it.isprintable() for it in name):
        raise ValueError(_("it holds a line end or another character that can't be printed"))
    return name


_NAMED = TypeAdapter(Annotated[str, AfterValidator(_require_name)])


def _shown_separator(separator: str) -> str:
    """Return a separator so that a blank or a line end can be seen."""
    return repr(separator) if separator.isspace() else separator


def _is_pattern(entry: str) -> bool:
    return "*" in entry or "?" in entry


def _matching(entry: str, known: Sequence[str]) -> list[str]:
    # A segment may be called so: a name that is there is no pattern.
    if entry in known or not _is_pattern(entry):
        return [entry]
    return [name for name in known if fnmatchcase(name, entry)]
