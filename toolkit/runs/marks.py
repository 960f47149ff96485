"""Which ledger a contact list belongs to: a mark in its description at Criteo, which each run that changes it moves on.

What a list holds is known from the ledger alone. A workspace that was restored from a backup, or copied, has a ledger
that lacks what happened since, and looks whole. So a run writes a mark of its own into the description of each list
before it changes it, and into the ledger before that. A mark at Criteo that stands in no row of the ledger was set by
another one: the run stops before anything is sent.

Two copies that run at the same moment follow Fischer's algorithm: look, set the mark, wait for longer than looking and
setting took, and look again. Who no longer finds the own mark has changed nothing yet, and stops.

After its last change a run moves the mark on once more: a backup that was made while the run went on knows its first
mark, and not what was sent after that. Where a run failed or was killed before it did so, the next one does.
"""

import re
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from secrets import token_hex

from sqlalchemy import delete, func, select, update

from toolkit.criteo import ContactList, CriteoClient, ListChange
from toolkit.errors import (
    AccessError,
    LedgerDivergedError,
    ListGoneError,
    SignatureError,
    ToolkitError,
    UnavailableError,
)
from toolkit.state.folder import WorkspaceFolder
from toolkit.state.models import ContactListRecord, ListMarkRecord, RunRecord
from toolkit.translatable import _

_TOKEN_BYTES = 8
_PATTERN = re.compile(r"\s*\[([0-9a-f]{8})-([0-9]{1,18}) ([0-9]{8}-[0-9]{6}-[0-9a-f]{6}) ([0-9a-f]{16})\]")
_KEPT_FOR = timedelta(days=30)
"""How long a mark is remembered that was followed by another: far longer than a search answers late."""

_SETTLING_MARGIN_SECONDS = 0.1
_SETTLING_TIMES = 2
_LONGEST_SETTLING_SECONDS = 30.0
LATE_ANSWERS_SECONDS = (0.2, 0.4, 0.8, 1.6)
"""The waits between looks at Criteo, where a search does not show yet what was just done."""


@dataclass(frozen=True)
class Mark:
    """What tells in a list's description who changed it last. Whoever sees the list at Criteo may read it."""

    workspace: str
    number: int
    """The record of the list in that workspace."""
    run_id: str
    token: str

    @classmethod
    def in_text(cls, description: str) -> "Mark | None":
        """Return the last mark that a description holds, None when it holds none."""
        found = list(_PATTERN.finditer(description))
        if not found:
            return None
        workspace, number, run_id, token = found[-1].groups()
        return cls(workspace, int(number), run_id, token)

    @property
    def at(self) -> datetime | None:
        """When the run began that set it, as far as it tells."""
        try:
            return datetime.strptime(self.run_id[:15], "%Y%m%d-%H%M%S").replace(tzinfo=UTC)
        except ValueError:
            return None

    def put_into(self, description: str) -> str:
        """Return the description with this mark at its end, in the place of any other; the rest stays."""
        return f"{_PATTERN.sub('', description).rstrip()} {self}".lstrip()

    def __str__(self) -> str:
        return f"[{self.workspace}-{self.number} {self.run_id} {self.token}]"


class Standing(StrEnum):
    """What the mark of a list says about this workspace's ledger."""

    OWN = "own"
    """This ledger set it, lately or earlier."""
    UNMARKED = "unmarked"
    """There is none, and this ledger never set one there."""
    EDITED = "edited"
    """There is none of this list any more: somebody changed the description at Criteo."""
    OTHER = "other"
    """Another ledger set it."""


@dataclass(frozen=True)
class Sighting:
    """A list as it was found at Criteo, and what its mark says."""

    contact_list: ContactList
    standing: Standing
    mark: Mark | None
    made_for: int | None = None
    """Of an own mark: the record that it was set for."""
    was_known: bool = False
    """Of an own mark: whether the ledger knew the id of the list."""
    is_open: bool = False
    """Of an own mark: whether the run that set it never moved it on after its last change."""


@dataclass(frozen=True)
class ShownLists:
    """Lists by their ids, as Criteo's search shows them, and why others are not shown."""

    found: Mapping[str, ContactList]
    gone: Mapping[str, ListGoneError]
    closed: Mapping[str, AccessError]
    """Lists that may not be seen any more."""
    at: float
    """When the search that showed them began, on the monotonic clock."""

    @classmethod
    def of(cls, criteo: CriteoClient, list_ids: Collection[str]) -> "ShownLists":
        """Look lists up; one that the search does not show yet is waited for.

        Raises:
            UnavailableError: A list that is there stays away. Its description may hold the mark of another ledger, and
                must not be written over.
        """
        at = time.monotonic()
        found = criteo.lists_by_id(list_ids)
        gone: dict[str, ListGoneError] = {}
        closed: dict[str, AccessError] = {}
        for list_id in list_ids - found.keys():
            try:
                # A search passes over what may not be seen: only the list itself tells whether it is gone.
                criteo.statistics(list_id)
            except ListGoneError as error:
                gone[list_id] = error
            except AccessError as error:
                closed[list_id] = error
        for wait in LATE_ANSWERS_SECONDS:
            late = sorted(list_ids - found.keys() - gone.keys() - closed.keys())
            if not late:
                return cls(found, gone, closed, at)
            time.sleep(wait)
            at = time.monotonic()
            found |= criteo.lists_by_id(late)
        raise UnavailableError(
            _("Criteo's search does not show contact list {late}, which is there.", late=", ".join(late)),
            _("Run again in some minutes: nothing was sent."),
        )

    def require_advertiser(self, list_id: str, record: ContactListRecord) -> None:
        """Raise SignatureError when a list is another advertiser's than the record's, which the export names."""
        there = self.found.get(list_id)
        if there is not None and there.advertiser_id not in ("", record.advertiser_id):
            raise SignatureError(
                _(
                    "Contact list {there!r} ({list_id}) is of advertiser {advertiser_id}, and row "
                    "{record} of table contact_lists names it as one of advertiser "
                    "{record_advertiser_id}.",
                    there=there.name,
                    list_id=list_id,
                    advertiser_id=there.advertiser_id,
                    record=record.id,
                    record_advertiser_id=record.advertiser_id,
                ),
                _("Nothing was sent to it. Find out who changed the database, and bring it back from a backup."),
            )

    def require_open(self) -> None:
        """Raise AccessError when a list may not be seen any more."""
        for error in self.closed.values():
            raise error


def judge(folder: WorkspaceFolder, host: str, lists: Iterable[ContactList]) -> dict[str, Sighting]:
    """Compare the marks of lists with those that this ledger set.

    Args:
        folder: The workspace.
        host: The Criteo where the lists are, in its one spelling.
        lists: The lists, as a search shows them.

    Returns:
        A sighting for each list, by its id.
    """
    found = {it.id: (it, Mark.in_text(it.description)) for it in lists}
    with folder.reading() as session:
        tokens = [mark.token for _, mark in found.values() if mark is not None]
        own = {it.token: it for it in session.scalars(select(ListMarkRecord).where(ListMarkRecord.token.in_(tokens)))}
        confirmed = select(ListMarkRecord.criteo_id).where(
            ListMarkRecord.host == host, ListMarkRecord.criteo_id.in_(found), ListMarkRecord.is_confirmed
        )
        marked = set(session.scalars(confirmed))
        run = (ListMarkRecord.criteo_id, ListMarkRecord.run_id)
        first = (
            select(*run, func.min(ListMarkRecord.set_at))
            .where(ListMarkRecord.host == host, ListMarkRecord.criteo_id.in_(found))
            .group_by(*run)
        )
        began = {(list_id, run_id): at for list_id, run_id, at in session.execute(first)}
    sightings = {}
    for list_id, (contact_list, mark) in found.items():
        row = None if mark is None else own.get(mark.token)
        if mark is not None and row is None:
            standing = Standing.OTHER
        elif row is not None and row.host == host and row.criteo_id in (None, list_id):
            standing = Standing.OWN
        else:
            # A mark of another list of ours was copied there with its description.
            standing = Standing.EDITED if list_id in marked or row is not None else Standing.UNMARKED
        is_own = standing is Standing.OWN
        sightings[list_id] = Sighting(
            contact_list,
            standing,
            mark,
            made_for=row.contact_list_id if row is not None and is_own else None,
            was_known=row is not None and is_own and row.criteo_id is not None,
            # A run sets two marks in a list, and the second one last.
            is_open=row is not None and is_own and row.set_at <= began.get((list_id, row.run_id), row.set_at),
        )
    return sightings


@dataclass(frozen=True)
class LastMark:
    """The mark of a list that is known here to stand at Criteo."""

    set_at: datetime
    is_open: bool
    """Whether the run that set it never moved it on after its last change."""


def last_marks(folder: WorkspaceFolder, host: str, list_ids: Collection[str]) -> dict[str, LastMark]:
    """Return the last mark that was seen in each list, by the list's id, without asking Criteo."""
    of_run = (ListMarkRecord.criteo_id, ListMarkRecord.run_id)
    set_at = func.max(ListMarkRecord.set_at).filter(ListMarkRecord.is_confirmed)
    runs = (
        select(*of_run, func.min(ListMarkRecord.set_at), set_at)
        .where(ListMarkRecord.host == host, ListMarkRecord.criteo_id.in_(list_ids))
        .group_by(*of_run)
        .having(set_at.is_not(None))
        .order_by(set_at)
    )
    with folder.reading() as session:
        found = session.execute(runs).all()
    return {list_id: LastMark(last, first == last) for list_id, _run, first, last in found if list_id}


def diverged(folder: WorkspaceFolder, sightings: Iterable[Sighting]) -> str | None:
    """Return the sentence that tells which lists another ledger changed; None when there are none."""
    return _what(folder, [it for it in sightings if it.standing is Standing.OTHER]) or None


class Marks:
    """The marks that one run sets.

    Args:
        folder: The workspace.
        run_id: The run, or what else changes lists; it stands in the marks.
        criteo: The client that finds and changes the lists.
        accepts_others: Whether lists are changed all the same that another ledger changed.
    """

    def __init__(
        self, folder: WorkspaceFolder, run_id: str, criteo: CriteoClient, *, accepts_others: bool = False
    ) -> None:
        self._folder = folder
        self._run_id = run_id
        self._criteo = criteo
        self._accepts_others = accepts_others
        self._set: dict[str, tuple[ContactListRecord, Mark]] = {}
        self._accepted: dict[str, Sighting] = {}
        self._edited: dict[str, Sighting] = {}
        self._left_open: set[str] = set()
        self._texts: dict[str, str] = {}

    @property
    def taken_over(self) -> frozenset[str]:
        """The ids of the lists that another ledger changed, and that are changed all the same."""
        return frozenset(self._accepted)

    @property
    def left_open(self) -> frozenset[str]:
        """The ids of the lists whose marks a run set that failed or was killed before it moved them on.

        A backup from the middle of that run knows the mark, and not all that was sent after it.
        """
        return frozenset(self._left_open)

    @property
    def taken_over_from(self) -> str:
        """What is said of them."""
        return _what(self._folder, list(self._accepted.values()))

    @property
    def warnings(self) -> list[str]:
        """What people should know of the marks that were found."""
        return [
            _(
                "Somebody edited the description of contact list {contact_list!r} ({contact_list_id}) at "
                "Criteo: the mark by which this workspace knows its lists is gone. A run that changes the "
                "list puts it back. Another workspace that changed the list meanwhile can't be told: if "
                "there may be one, run the export with mode='replace'.",
                contact_list=it.contact_list.name,
                contact_list_id=it.contact_list.id,
            )
            for it in self._edited.values()
        ]

    def accept(self, sightings: Mapping[str, Sighting]) -> None:
        """Take down what was found before anything is sent.

        Raises:
            LedgerDivergedError: Another ledger changed one of the lists, and that is not accepted.
        """
        others = {list_id: it for list_id, it in sightings.items() if it.standing is Standing.OTHER}
        if others and not self._accepts_others:
            raise LedgerDivergedError(
                _("{what} Nothing was sent.", what=_what(self._folder, list(others.values()))), _REMEDY
            )
        self._accepted |= others
        self._edited |= {list_id: it for list_id, it in sightings.items() if it.standing is Standing.EDITED}
        self._left_open |= {list_id for list_id, it in sightings.items() if it.is_open}

    def intend(
        self, records: Iterable[ContactListRecord], *, numbers: Mapping[int, int] | None = None
    ) -> dict[int, Mark]:
        """Record the marks that are about to be set, and return them by the record's id.

        ``numbers`` says which record each is set for, where that is another one.
        """
        records = list(records)
        numbers = numbers or {}
        marks = {
            it.id: Mark(self._folder.settings.id, numbers.get(it.id, it.id), self._run_id, token_hex(_TOKEN_BYTES))
            for it in records
        }
        with self._folder.session() as session, session.begin():
            session.add_all(
                ListMarkRecord(
                    token=marks[it.id].token,
                    host=it.host,
                    criteo_id=it.criteo_id,
                    contact_list_id=marks[it.id].number,
                    run_id=self._run_id,
                    set_at=datetime.now(UTC),
                    is_confirmed=False,
                )
                for it in records
            )
        return marks

    def note_made(self, made: Mapping[str, tuple[ContactListRecord, Mark]], texts: Mapping[str, str]) -> None:
        """Record that lists were made with these marks in their descriptions; they are known by their ids now."""
        self._set |= made
        self._texts |= texts
        self._confirm({list_id: mark for list_id, (_, mark) in made.items()})

    def move_on(self, records: Iterable[ContactListRecord]) -> None:
        """Set the marks of lists that are about to be changed, and see that they stand.

        Lists that were made with a mark of this run are passed over.

        Raises:
            LedgerDivergedError: Another ledger changed one of the lists, or is about to. Nothing was sent.
        """
        todo = {it.criteo_id: it for it in records if it.criteo_id and it.criteo_id not in self._set}
        if not todo:
            return
        marks = self.intend(todo.values())
        shown = ShownLists.of(self._criteo, todo.keys())
        shown.require_open()
        if shown.gone:
            raise next(iter(shown.gone.values()))
        for list_id, record in todo.items():
            shown.require_advertiser(list_id, record)
        # Looked at again right before: planning may take long, and what is set late ends the run of another.
        seen = judge(self._folder, _host(todo.values()), shown.found.values())
        others = self._unaccepted(seen)
        if others:
            raise self._stopped_by(others)
        self._criteo.change_lists(
            [
                ListChange(list_id, description=marks[todo[list_id].id].put_into(it.contact_list.description))
                for list_id, it in seen.items()
            ]
        )
        self._set |= {list_id: (todo[list_id], marks[todo[list_id].id]) for list_id in seen}
        self._texts |= {list_id: it.contact_list.description for list_id, it in seen.items()}
        took = time.monotonic() - shown.at
        time.sleep(min(_SETTLING_TIMES * took + _SETTLING_MARGIN_SECONDS, _LONGEST_SETTLING_SECONDS))
        others = self._others_now(seen)
        if others:
            raise self._stopped_by(others)

    def require_kept(self) -> None:
        """See, after the last change, that the marks of this run still stand.

        Raises:
            LedgerDivergedError: Another ledger changed a list at the same time. The list gets a mark that neither
                ledger knows, so that the next run of each says so.
        """
        others = self._others_now(self._set)
        if not others:
            return
        what = _(
            "{what} It did so while this run changed it: what it holds is not known.", what=_what(self._folder, others)
        )
        try:
            self._criteo.change_lists(
                [
                    ListChange(it.contact_list.id, description=self._disputed(it).put_into(it.contact_list.description))
                    for it in others
                ]
            )
        except ToolkitError as error:
            what = _(
                "{what} The list could not be marked for the other workspace: {error_what}",
                what=what,
                error_what=error.what,
            )
        raise LedgerDivergedError(what, _REMEDY_OF_TWO)

    def finish(self) -> None:
        """Move the marks on after the last change: whoever knows the ledger only up to the middle of it is stopped."""
        records = {list_id: record for list_id, (record, _) in self._set.items()}
        marks = self.intend(records.values())
        self._criteo.change_lists(
            [
                ListChange(list_id, description=marks[it.id].put_into(self._texts[list_id]))
                for list_id, it in records.items()
            ]
        )
        self._set = {list_id: (it, marks[it.id]) for list_id, it in records.items()}
        self._confirm({list_id: mark for list_id, (_, mark) in self._set.items()})

    def _others_now(self, list_ids: Collection[str]) -> list[Sighting]:
        """Look until the search shows the marks of this run; return what other ledgers set in their place."""
        missing = set(list_ids)
        for wait in (0.0, *LATE_ANSWERS_SECONDS):
            if not missing:
                break
            time.sleep(wait)
            host = _host(record for record, _ in self._set.values())
            seen = judge(self._folder, host, self._criteo.lists_by_id(sorted(missing)).values())
            others = self._unaccepted(seen)
            if others:
                return others
            self._texts |= {list_id: it.contact_list.description for list_id, it in seen.items()}
            shown = {list_id: mark for list_id in missing if (mark := self._shown(list_id, seen)) is not None}
            self._confirm(shown)
            missing -= shown.keys()
        # An older mark of this ledger is what a search shows that answers late: no alarm.
        return []

    def _shown(self, list_id: str, seen: Mapping[str, Sighting]) -> Mark | None:
        _, mark = self._set[list_id]
        return mark if list_id in seen and seen[list_id].mark == mark else None

    def _unaccepted(self, seen: Mapping[str, Sighting]) -> list[Sighting]:
        return [
            it
            for list_id, it in seen.items()
            if it.standing is Standing.OTHER
            and not (list_id in self._accepted and self._accepted[list_id].mark == it.mark)
        ]

    def _stopped_by(self, others: Sequence[Sighting]) -> LedgerDivergedError:
        return LedgerDivergedError(_("{what} Nothing was sent.", what=_what(self._folder, others)), _REMEDY_OF_TWO)

    def _disputed(self, sighting: Sighting) -> Mark:
        _, mark = self._set[sighting.contact_list.id]
        return Mark(mark.workspace, mark.number, mark.run_id, token_hex(_TOKEN_BYTES))

    def _confirm(self, marks: Mapping[str, Mark]) -> None:
        """Record that marks stand at Criteo, and forget those that they followed long ago."""
        if not marks:
            return
        with self._folder.session() as session, session.begin():
            for list_id, mark in marks.items():
                query = update(ListMarkRecord).where(ListMarkRecord.token == mark.token)
                session.execute(query.values(criteo_id=list_id, is_confirmed=True))
            session.execute(
                delete(ListMarkRecord).where(
                    ListMarkRecord.host == _host(record for record, _ in self._set.values()),
                    ListMarkRecord.criteo_id.in_(marks),
                    ListMarkRecord.token.not_in([it.token for it in marks.values()]),
                    ListMarkRecord.set_at < datetime.now(UTC) - _KEPT_FOR,
                )
            )


@contextmanager
def marked_lists(
    folder: WorkspaceFolder, records: Iterable[ContactListRecord], *, run_id: str, criteo: CriteoClient
) -> Iterator[Mapping[str, ToolkitError]]:
    """Mark lists for what is done to them in the block, and see at its end that the marks still stand.

    Args:
        folder: The workspace.
        records: The lists, each leased by the run already.
        run_id: The run that changes them.
        criteo: The client.

    Yields:
        By the id of a list, why it must be left alone: another ledger changed it, or it may not be seen any more.

    Raises:
        LedgerDivergedError: Another ledger changed a list at the same time.
    """
    marks = Marks(folder, run_id, criteo)
    lists = {it.criteo_id: it for it in records if it.criteo_id}
    if not lists:
        yield {}
        return
    shown = ShownLists.of(criteo, lists.keys())
    found = shown.found
    seen = judge(folder, _host(lists.values()), found.values())
    refused: dict[str, ToolkitError] = {**shown.closed}
    refused |= {
        list_id: LedgerDivergedError(_what(folder, [it]), _REMEDY)
        for list_id, it in seen.items()
        if it.standing is Standing.OTHER
    }
    # One that is gone is told by whoever tries to change it.
    marks.move_on(it for list_id, it in lists.items() if list_id in found and list_id not in refused)
    yield refused
    marks.require_kept()
    marks.finish()


_REMEDY = _(
    "Use the workspace that changed the list last. If that one is gone, or this one was restored from "
    "a backup, first forget and suppress anew whoever asked for it since: they would be sent again. "
    "Then choose: run the export with mode='replace', which empties the list and sends it whole; or "
    "with allow=['other ledger'], which keeps what the list holds: whom the other one put there can't "
    "be known."
)
_REMEDY_OF_TWO = _(
    "Two copies of a workspace fill this list. Stop one of them, then run the export of the other "
    "with mode='replace', which empties the list and sends it whole."
)


def _what(folder: WorkspaceFolder, others: Sequence[Sighting]) -> str:
    """Return the sentence that tells which lists another ledger changed, and when."""
    if not others:
        return ""
    first = others[0]
    assert first.mark is not None  # noqa: S101  # or nothing would be known of another ledger
    which = {"name": first.contact_list.name, "list_id": first.contact_list.id, "more": len(others) - 1}
    lists = (
        _("Contact list {name!r} ({list_id}) and {more:,} more were", **which)
        if len(others) > 1
        else _("Contact list {name!r} ({list_id}) was", **which)
    )
    run = (
        _("run {run}", run=first.mark.run_id)
        if first.mark.at is None
        else _("run {run} of {at:%Y-%m-%d %H:%M} UTC", run=first.mark.run_id, at=first.mark.at)
    )
    if first.mark.workspace != folder.settings.id:
        return _(
            "{lists} last changed by {run} in workspace {workspace}, another one than this.",
            lists=lists,
            run=run,
            workspace=first.mark.workspace,
        )
    with folder.reading() as session:
        is_known = session.get(RunRecord, first.mark.run_id) is not None
    if is_known:
        return _(
            "{lists} last changed by {run} and, at the same time, by a copy of this workspace.", lists=lists, run=run
        )
    return _(
        "{lists} last changed by {run} in a copy of this workspace, or before this one was restored from a backup.",
        lists=lists,
        run=run,
    )


def _host(records: Iterable[ContactListRecord]) -> str:
    return next(iter(records)).host
