"""The suppression list: people who asked not to be sent any more.

It lies in the database: an entry an addition, with customer keys, and with hashes of identifiers in all forms that can
be sent. Entries are never rewritten; one that was made by mistake, or whose people want to be sent again, is lifted.
"""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from toolkit.access.people import Role, require_actor
from toolkit.audience import Suppression
from toolkit.audience.suppression import SCHEMA
from toolkit.errors import ConfigurationError
from toolkit.exports.suppression_entries import (
    Act,
    Entries,
    accept_loss,
    add_entry,
    content_of,
    entries_of,
    lift_entry,
    remember,
)
from toolkit.exports.suppression_import import (
    SuppressionImport,
    read_people,
    require_keys_as_in_profiles,
    require_usable,
)
from toolkit.identifiers import columns_by_type, identifier_types
from toolkit.names import unknown_name
from toolkit.redaction import redacted
from toolkit.sources.location import is_remote
from toolkit.state import audit
from toolkit.state.audit import Action
from toolkit.state.decisions import root_in
from toolkit.state.folder import WorkspaceFolder
from toolkit.state.models import SuppressionRecord
from toolkit.translatable import _, mark

_OF_A_FRAME = "a table"
_BY_REQUEST = "data subject request"


def suppression_of(folder: WorkspaceFolder) -> Suppression:
    """Return everybody who is suppressed.

    Raises:
        SuppressionsLostError: Entries were made that are not there, as far as the audit or this machine know.
        SignatureError: An entry, or its people, are not as they were added.
    """
    entries, people = _checked(folder, with_people=True)
    return Suppression(people.select(*SCHEMA)).condensed() if entries.in_force else Suppression.nobody()


def require_suppressions(folder: WorkspaceFolder) -> None:
    """Raise as ``suppression_of`` does when entries of the list are lost or altered, without reading its people."""
    _checked(folder, with_people=False)


def add_request(folder: WorkspaceFolder, added: Suppression) -> str:
    """Keep a person out who asked to be forgotten; return the name of the entry, an old one when it says all."""
    with folder.session() as session, session.begin():
        actor = require_actor(session, folder, least=Role.CONTRIBUTOR)
        entries = entries_of(session, folder)
        entries.require_whole()
        requests = [it for it in entries.in_force if it.source == _BY_REQUEST]
        name = _that_has(content_of(session, requests), added, requests)
        if name is None:
            record = add_entry(session, folder, actor, added, action=Action.FORGET, source=_BY_REQUEST)
            name = record.name
        else:
            audit.record(session, folder, actor, Action.FORGET, name)
    require_suppressions(folder)
    return name


def suppress(
    folder: WorkspaceFolder,
    people: pl.DataFrame | pl.LazyFrame | str | Path,
    *,
    customer_column: str | None = None,
    skip_unusable: bool = False,
    **columns: str | int | None,
) -> SuppressionImport:
    """Put the people of a table on the suppression list.

    Args:
        folder: The workspace.
        people: A frame, or where a table lies: Parquet, Delta or CSV, read as profiles and segments are.
        customer_column: The column with customer keys.
        skip_unusable: Add the people of the other rows when some rows can't be used, and keys as they are that nearly
            are those of profiles.
        columns: The columns with identifiers, plain or hashed, by the option of their type, such as ``email_column``,
            and settings of types, such as ``phone_region``.

    Raises:
        ConfigurationError: No column is named, the table lacks one, or a customer key is nearly that of a profile.
        UnusableRowsError: Rows name nobody; nothing was added.
        AccessError: Viewers may not.
    """
    with folder.session() as session, session.begin():
        require_actor(session, folder, least=Role.CONTRIBUTOR)
    named = {kind: column for kind, (column, *_others) in columns_by_type(columns).items()}
    read = read_people(people, named, customer_column=customer_column)
    require_usable(read, skip_unusable=skip_unusable)
    if not skip_unusable:
        require_keys_as_in_profiles(read, folder)
    entry, customers, identifiers = None, 0, {}
    if read.rows:
        with folder.session() as session, session.begin():
            actor = require_actor(session, folder, least=Role.CONTRIBUTOR)
            record = add_entry(
                session, folder, actor, read.suppression, action=Action.SUPPRESS, source=_source_of(people)
            )
            entry, customers, identifiers = record.name, record.customers, dict(record.identifiers)
        require_suppressions(folder)
    return SuppressionImport(entry, read.rows, customers, identifiers, read.unusable_rows, read.unusable)


def unsuppress(folder: WorkspaceFolder, entry: str) -> None:
    """Lift an entry: its people may be sent again, unless another entry names them too.

    Raises:
        ConfigurationError: There is no such entry, or it is lifted.
        AccessError: Only administrators may.
    """
    with folder.session() as session, session.begin():
        actor = require_actor(session, folder, least=Role.ADMINISTRATOR)
        entries = entries_of(session, folder)
        entries.require_whole()
        in_force = {it.name: it for it in entries.in_force}
        if entry not in in_force:
            raise unknown_name(mark("entry of the suppression list"), entry, in_force)
        lift_entry(session, folder, actor, in_force[entry])
    require_suppressions(folder)


def accept_lost_suppressions(folder: WorkspaceFolder, *, entries: int) -> None:
    """Go on without entries of the suppression list that are lost or altered, knowingly.

    Args:
        folder: The workspace.
        entries: How many are lost, as the error says that stopped the run.

    Raises:
        ConfigurationError: So many are not lost.
        AccessError: Only administrators may.
    """
    with folder.session() as session, session.begin():
        actor = require_actor(session, folder, least=Role.ADMINISTRATOR)
        found = entries_of(session, folder)
        if not found.lost or len(found.lost) != entries:
            raise ConfigurationError(
                _(
                    "{count} entries of the suppression list are lost, not {entries}.",
                    count=len(found.lost),
                    entries=entries,
                ),
                (_("Pass the number of entries that are lost.") if found.lost else _("There is nothing to confirm.")),
            )
        accept_loss(session, folder, actor, found)
    require_suppressions(folder)


def suppression_frame(folder: WorkspaceFolder) -> pl.DataFrame:
    """Return a row an entry of the list: what it adds, who made it, and whether it was lifted."""
    with folder.reading() as session:
        require_actor(session, folder)
        entries = entries_of(session, folder)
    kinds = identifier_types()
    lifted = {it.lifts: it.added_at for it in entries.whole if it.act == Act.LIFT}
    return pl.DataFrame(
        [
            (
                it.name,
                it.added_at,
                it.added_by,
                it.source,
                it.customers,
                *(it.identifiers.get(kind.name, 0) for kind in kinds),
                lifted.get(it.name),
            )
            for it in entries.whole
            if it.act == Act.ADD
        ],
        schema={
            "entry": pl.String,
            "at": pl.Datetime("us", "UTC"),
            "by": pl.String,
            "source": pl.String,
            "customers": pl.Int64,
            **dict.fromkeys((kind.count_name for kind in kinds), pl.Int64),
            "lifted_at": pl.Datetime("us", "UTC"),
        },
        orient="row",
    )


def _checked(folder: WorkspaceFolder, *, with_people: bool) -> tuple[Entries, pl.DataFrame]:
    with folder.reading() as session:
        require_actor(session, folder)
        entries = entries_of(session, folder)
        entries.require_whole()
        people = content_of(session, entries.in_force if with_people else [])
        root = root_in(session)
    # After the transaction, so that nothing is remembered that was not committed.
    remember(folder, root=root, head=entries.head)
    return entries, people


def _that_has(people: pl.DataFrame, added: Suppression, requests: Sequence[SuppressionRecord]) -> str | None:
    """Return the newest entry that names all of these already."""
    wanted = added.condensed().frame
    met = people.unique().join(wanted, on=list(SCHEMA), how="semi", nulls_equal=True)
    complete = met.group_by("number").len().filter(pl.col("len") == wanted.height)["number"].to_list()
    return next((it.name for it in reversed(requests) if it.number in complete), None)


def _source_of(people: pl.DataFrame | pl.LazyFrame | str | Path) -> str:
    if isinstance(people, pl.DataFrame | pl.LazyFrame):
        return _OF_A_FRAME
    location = str(people)
    # The query of a URL may hold a secret.
    name = location.partition("?")[0].rstrip("/").rpartition("/")[2] if is_remote(location) else Path(location).name
    return redacted(name)
