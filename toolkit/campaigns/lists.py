"""The contact lists at Criteo of a segment: those that runs filled, seen to be what the signed exports say."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from toolkit.campaigns.criteo_side import SegmentThere
from toolkit.campaigns.expression import SegmentLists
from toolkit.criteo import canonical_host
from toolkit.errors import ConfigurationError
from toolkit.exports.export import Export
from toolkit.exports.saved_exports import export_of
from toolkit.names import same_form
from toolkit.runs.marks import Mark
from toolkit.state.folder import WorkspaceFolder
from toolkit.state.models import ContactListRecord, ExportRecord
from toolkit.translatable import Text, _


@dataclass(frozen=True)
class _Filled:
    """A list that an export fills, as the database has it."""

    criteo_id: str
    segment: str
    export: str
    record: ContactListRecord


class FilledLists:
    """The lists of one advertiser that exports fill. What the database says of them is compared with Criteo."""

    def __init__(
        self, folder: WorkspaceFolder, *, host: str, advertiser_id: str, there: Mapping[str, SegmentThere]
    ) -> None:
        self._workspace = folder.settings.id
        self._advertiser_id = advertiser_id
        self._there = there
        with folder.reading() as session:
            self._filled = list(_filled(session, canonical_host(host), advertiser_id))
        self._exports = {name: export_of(folder, name) for name in {it.export for it in self._filled}}

    def of(self, segment: SegmentLists) -> list[SegmentThere]:
        """Return the lists of a segment.

        Raises:
            ConfigurationError: No run filled one, several exports do, or it is not at Criteo as the export says.
        """
        mine = [
            it
            for it in self._filled
            if same_form(it.segment) == same_form(segment.name) and segment.export in ("", it.export)
        ]
        exports = sorted({it.export for it in mine})
        if not mine:
            raise ConfigurationError(
                _(
                    "Segment {segment!r} has no contact list of advertiser {advertiser_id}: no run sent it there.",
                    segment=segment.name,
                    advertiser_id=self._advertiser_id,
                ),
                _("Run an export that sends the segment to this advertiser, then try again."),
            )
        if len(exports) > 1:
            raise ConfigurationError(
                _(
                    "Several exports send segment {segment!r}: {exports}.",
                    segment=segment.name,
                    exports=", ".join(map(repr, exports)),
                ),
                _("Write which one is meant: {written}.", written=str(SegmentLists(segment.name, exports[0]))),
            )
        for it in mine:
            self._require_as_export_says(it)
        return [self._there[number] for number in dict.fromkeys(it.criteo_id for it in mine)]

    def name_of(self, list_id: str) -> str | None:
        """Return the segment that a list is of, None where no export fills it."""
        return next((it.segment for it in self._filled if it.criteo_id == list_id), None)

    def _require_as_export_says(self, filled: _Filled) -> None:
        """Raise ConfigurationError unless Criteo has the list, and it is that of the signed export.

        The rows that tell which list is whose are signed by nobody: whoever writes to the database could lead an
        audience to another list.
        """
        there = self._there.get(filled.criteo_id)
        if there is None:
            raise self._wrong(filled, _("Criteo does not show it: it may be deleted there"))
        export = self._exports[filled.export]
        if export.lists.get(filled.segment) == filled.criteo_id:
            return
        mark = Mark.in_text(there.description)
        if mark is None or mark.workspace != self._workspace or there.name != _name(export, filled.record):
            raise self._wrong(filled, _("it is {name!r} at Criteo, and not marked as the export's", name=there.name))

    def _wrong(self, filled: _Filled, reason: Text) -> ConfigurationError:
        return ConfigurationError(
            _(
                "The contact list {list_id} of segment {segment!r} can't be used: {reason}.",
                list_id=filled.criteo_id,
                segment=filled.segment,
                reason=reason,
            ),
            _("Run export {export!r}, then try again.", export=filled.export),
        )


def _name(export: Export, record: ContactListRecord) -> str:
    return export.name_of_list(record.segment, record.made_at.date(), record.identifier_type)


def _filled(session: Session, host: str, advertiser_id: str) -> Iterable[_Filled]:
    query = (
        select(ContactListRecord, ExportRecord.name)
        .join(ExportRecord)
        .where(
            ContactListRecord.host == host,
            ContactListRecord.advertiser_id == advertiser_id,
            ContactListRecord.left_at.is_(None),
            ContactListRecord.criteo_id.is_not(None),
            ExportRecord.removed_at.is_(None),
        )
        .order_by(ContactListRecord.id)
    )
    for record, export in session.execute(query):
        yield _Filled(str(record.criteo_id), record.segment, export, record)
