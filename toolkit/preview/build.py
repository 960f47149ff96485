"""Making a preview: of segments that are named, or of an export as its next run would send it."""

from collections.abc import Mapping, Sequence

import polars as pl

from toolkit.access.people import Role, require_actor
from toolkit.audience import Audience, Consent, HashFormat, IdentityColumn, audience_from_keys, audience_of
from toolkit.audience.consent import ending_soon, sent_by_any
from toolkit.errors import ConfigurationError
from toolkit.exports.export import Export
from toolkit.exports.matching import excluded_for
from toolkit.exports.saved_exports import chosen_segments, export_of
from toolkit.identifiers import IdentifierType, columns_by_type, identifier_types
from toolkit.preview.by_type import by_type_of
from toolkit.preview.effort import effort_of
from toolkit.preview.limits import limits_of
from toolkit.preview.lists import Lists, ask_criteo, lists_of_export, lists_of_segments
from toolkit.preview.members import first_members
from toolkit.preview.preview import Preview
from toolkit.preview.summary import warnings_of
from toolkit.runs import find_abandoned, past_runs, trend
from toolkit.runs.consent import ends_before_next_run
from toolkit.runs.notices import Notice, NoticeCode
from toolkit.runs.preflight import doubts_of_further_types, last_sizes
from toolkit.runs.targets import audiences_of
from toolkit.segments import stale_segments_of
from toolkit.state import audit
from toolkit.state.audit import Action
from toolkit.state.folder import WorkspaceFolder
from toolkit.translatable import _
from toolkit.validation import Thresholds

FIRST_MEMBERS = 100
RUNS_IN_HISTORY = 500
"""More would take long to read, and can't be told apart in a picture."""
_PAST_RUNS = 5


def preview_of_segments(
    folder: WorkspaceFolder,
    segments: Sequence[str],
    *,
    exclude: Sequence[str] = (),
    form: HashFormat = HashFormat.SHA256,
    thresholds: Thresholds | None = None,
    columns: Sequence[str] = (),
    unmasked: Sequence[str] = (),
    members: int = FIRST_MEMBERS,
    consent: Consent | None = None,
    **identifier_column: str | int | Sequence[str] | None,
) -> Preview:
    """Preview segments, as a new export would send them, by the columns of the one type whose option is given."""
    column, *beside = _columns(identifier_column)
    excluded = excluded_for(folder, [column, *beside], exclude=exclude)
    audience = audience_of(
        folder.profiles,
        folder.segments,
        segments,
        column=column,
        beside=beside,
        exclude=exclude,
        form=form,
        consent=consent,
        excluded=excluded,
        count_domains=True,
    )
    history = trend(folder, newest=RUNS_IN_HISTORY).filter(pl.col("segment").is_in(audience.segments))
    return _preview(
        folder,
        audience,
        lists_of_segments(audience),
        history,
        thresholds or Thresholds(),
        column=column,
        beside=beside,
        columns=columns,
        unmasked=unmasked,
        members=members,
    )


def preview_of_members(
    folder: WorkspaceFolder,
    segment: str,
    keys: pl.Series,
    *,
    form: HashFormat = HashFormat.SHA256,
    thresholds: Thresholds | None = None,
    columns: Sequence[str] = (),
    unmasked: Sequence[str] = (),
    members: int = FIRST_MEMBERS,
    **identifier_column: str | int | Sequence[str] | None,
) -> Preview:
    """Preview customers, by their keys, as if they were the segment of that name; else as ``preview_of_segments``."""
    column, *beside = _columns(identifier_column)
    excluded = excluded_for(folder, [column, *beside])
    audience = audience_from_keys(
        folder.profiles,
        segment,
        keys,
        column=column,
        beside=beside,
        form=form,
        excluded=excluded,
        count_domains=True,
    )
    return _preview(
        folder,
        audience,
        lists_of_segments(audience),
        trend(folder, newest=RUNS_IN_HISTORY).filter(pl.col("segment") == segment),
        thresholds or Thresholds(),
        column=column,
        beside=beside,
        columns=columns,
        unmasked=unmasked,
        members=members,
    )


def preview_of_export(
    folder: WorkspaceFolder,
    name: str,
    *,
    columns: Sequence[str] = (),
    unmasked: Sequence[str] = (),
    members: int = FIRST_MEMBERS,
    asks_criteo: bool = False,
) -> Preview:
    """Preview an export as its next run would send it. Criteo is asked to count the lists only with ``asks_criteo``."""
    export = chosen_segments(folder, export_of(folder, name))
    stale = stale_segments_of(folder, export)
    audiences: Mapping[IdentifierType, Audience] = audiences_of(folder, export, count_domains=True)
    first, *beside = next(iter(export.columns_by_type.values()))
    history = trend(folder, name, newest=RUNS_IN_HISTORY)
    lists = lists_of_export(folder, export, audiences, history)
    if asks_criteo:
        lists = ask_criteo(folder, export, lists)
    return _preview(
        folder,
        audiences[first.identifier_type],
        lists,
        history,
        export.thresholds,
        export=export,
        sizes_before=last_sizes(folder, export.name, first.identifier_type),
        column=first,
        beside=beside,
        others=[it for kind, it in audiences.items() if kind != first.identifier_type],
        columns=columns,
        unmasked=unmasked,
        members=members,
        warnings=[
            *(_stale(it) for it in stale),
            *(Notice(NoticeCode.FURTHER_IDENTIFIERS, it) for it in doubts_of_further_types(audiences, export)),
            *_consent_ends([*audiences.values()], export),
            *(Notice(NoticeCode.LEFT_BEHIND, it.sentence) for it in find_abandoned(folder, export).untended),
        ],
    )


def _consent_ends(audiences: Sequence[Audience], export: Export) -> list[Notice]:
    late = ends_before_next_run(audiences, export)
    return [] if late is None else [Notice(NoticeCode.CONSENT_ENDS, late)]


def _consent_of(audiences: Sequence[Audience]) -> pl.DataFrame:
    at = audiences[0].consented_at
    frames = [it.frame for it in audiences]
    return ending_soon(frames[0] if at is None else sent_by_any(frames), at=at)


def _stale(segment: str) -> Notice:
    text = _(
        "Segment {segment!r} is not up to date: a run builds it again first, and may send others.", segment=segment
    )
    return Notice(NoticeCode.STALE_SEGMENT, text)


def _columns(options: Mapping[str, str | int | Sequence[str] | None]) -> list[IdentityColumn]:
    given = dict(options)
    separator = given.pop("separator", None)
    named = columns_by_type(given)
    if len(named) != 1:
        known = ", ".join(it.column_option for it in identifier_types())
        raise ConfigurationError(_("A preview is of one type of identifiers."), _("Pass one of {known}.", known=known))
    ((kind, columns),) = named.items()
    return [IdentityColumn(it, kind, str(separator or "")) for it in columns]


def _preview(
    folder: WorkspaceFolder,
    audience: Audience,
    lists: Lists,
    history: pl.DataFrame,
    thresholds: Thresholds,
    *,
    column: IdentityColumn,
    beside: Sequence[IdentityColumn],
    columns: Sequence[str],
    unmasked: Sequence[str],
    members: int,
    others: Sequence[Audience] = (),
    export: Export | None = None,
    sizes_before: Mapping[str, int] | None = None,
    warnings: Sequence[Notice] = (),
) -> Preview:
    if unmasked:
        _note_unmasked(folder, unmasked, export.name if export else ", ".join(audience.segments))
    limits = limits_of(audience, lists.frame, thresholds)
    return Preview(
        audience=audience,
        export=export.name if export else None,
        lists=lists.frame,
        limits=limits,
        types=by_type_of([audience, *others]),
        consent=_consent_of([audience, *others]),
        history=history,
        effort=effort_of(lists, export, past_runs(folder, export.name, most=_PAST_RUNS) if export else []),
        members=first_members(
            folder.profiles,
            audience,
            column=column,
            beside=beside,
            columns=[*columns, *unmasked],
            unmasked=unmasked,
            most=members,
        ),
        warnings=(*warnings, *lists.warnings, *warnings_of(audience, limits, thresholds, sizes_before)),
        _folder=folder,
    )


def _note_unmasked(folder: WorkspaceFolder, columns: Sequence[str], what: str) -> None:
    """Keep in the audit who looked at columns that may tell of persons; raises AccessError to viewers."""
    with folder.session() as session, session.begin():
        actor = require_actor(session, folder, least=Role.CONTRIBUTOR)
        audit.record(session, folder, actor, Action.SHOW_UNMASKED, what, columns=sorted(columns))
