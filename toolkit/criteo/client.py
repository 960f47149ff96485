"""The calls that concern contact lists, and the way to those on audiences, other segments and ad sets."""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self, TypeVar
from urllib.parse import quote

import polars as pl

from toolkit.criteo.ad_sets import AdSetCalls
from toolkit.criteo.audiences import AudienceCalls
from toolkit.criteo.batching import Amender, Amendment
from toolkit.criteo.bulk import search
from toolkit.criteo.envelope import all_done, all_items, only_item, refusal_of_item
from toolkit.criteo.errors import NAME_TAKEN
from toolkit.criteo.http import CRITEO, Request
from toolkit.criteo.models import (
    Acknowledgement,
    Advertiser,
    ContactList,
    IdentifierType,
    Item,
    ListSize,
    Operation,
    Rows,
    Statistics,
    flattened,
    items_of,
    read,
)
from toolkit.criteo.notices import ApiNotice
from toolkit.criteo.rate_limit import RetryPolicy, Wait
from toolkit.criteo.reachability import Waiting
from toolkit.criteo.segments import SegmentCalls
from toolkit.criteo.transport import Application, Transport
from toolkit.errors import ConfigurationError, TooLargeError, UnavailableError
from toolkit.translatable import _

API_VERSION = "2026-07"
LISTS_A_CALL = 100
"""How many lists one call finds, makes or changes: a page of Criteo's search, which gives no other limit."""
_CONTACT_LIST = "ContactList"

T = TypeVar("T")


@dataclass(frozen=True)
class FoundList:
    """A contact list, and whether it was made just now."""

    contact_list: ContactList
    created: bool


@dataclass(frozen=True)
class NewList:
    """A contact list that is to be made."""

    advertiser_id: str
    name: str
    description: str


@dataclass(frozen=True)
class ListChange:
    """What is to change about a contact list; what is None stays."""

    id: str
    name: str | None = None
    description: str | None = None


class CriteoClient:
    """One application's way to Criteo's API. Threads may share it; close it, or use it in a ``with`` block.

    A call that fails in a way that may pass is tried again, as long as ``patience`` allows. Nothing is sent to another
    host.

    Args:
        client_id: The client id of your app on Criteo's developer portal.
        client_secret: The client secret.
        host: The URL of the API.
        version: The version of the API.
        patience: How long a call is tried, in seconds.
        observer: Called with each wait, from the thread that waits.
        waiting: Who waits for the calls: a host that can't be reached is given up soon where a person does.
        guard: Called before each try of a call that changes something, right before the first byte is sent, from any
            thread. What it raises ends the call, and nothing is sent.

    Raises:
        AccessError: By calls, when Criteo refuses the credentials, or the advertiser's consent is missing.
        BusyError: By calls, when the limit of calls is used up for longer than ``patience`` allows.
        UnavailableError: By calls, when Criteo does not answer, or with something that can't be read.

    Examples:
        >>> from toolkit.criteo import CriteoClient
        >>> with CriteoClient(client_id=client_id, client_secret=client_secret, host=host) as client:
        ...     contact_lists = client.contact_lists("2711").frame
        >>> contact_lists["name"].to_list()
        ['High value']
    """

    def __init__(
        self,
        *,
        client_id: str,
        client_secret: str,
        host: str = CRITEO,
        version: str = API_VERSION,
        patience: RetryPolicy | None = None,
        observer: Callable[[Wait], None] | None = None,
        waiting: Waiting = Waiting.NOBODY,
        guard: Callable[[], None] | None = None,
    ) -> None:
        self._transport = Transport(
            host,
            Application(client_id, client_secret),
            patience=patience or RetryPolicy(),
            observer=observer,
            waiting=waiting,
            guard=guard,
        )
        self._version = version
        self._segments = f"{version}/marketing-solutions/audience-segments"
        self._amender = Amender(self._transport)
        self.audiences = AudienceCalls(self._transport, version)
        """The calls on Criteo audiences."""
        self.segments = SegmentCalls(self._transport, version)
        """The calls on segments that are no contact lists."""
        self.ad_sets = AdSetCalls(self._transport, version)
        """The calls on campaigns and ad sets, which need the permission *Campaign*."""
        self._by_name: dict[str, dict[str, ContactList]] = {}
        self._lock = threading.Lock()

    @property
    def host(self) -> str:
        """The host that it calls, and no other."""
        return self._transport.host

    @property
    def calls_left(self) -> int:
        """How many calls may begin now without waiting for the next minute."""
        return self._transport.calls_left

    @property
    def calls_a_minute(self) -> int:
        """How many calls Criteo takes in a minute, as it said last."""
        return self._transport.calls_a_minute

    @property
    def notices(self) -> list[ApiNotice]:
        """What Criteo warned of: deprecations, the end of a version, warnings in answers; each once."""
        return self._transport.notices

    def advertisers(self) -> Rows[Advertiser]:
        """List the advertisers that consented to the application.

        Returns:
            The advertisers; ``frame`` has a row for each: ``id`` and ``name``.

        Examples:
            >>> client.advertisers()[0].id
            '2711'
        """
        request = Request(_("list the advertisers"), "GET", f"{self._version}/advertisers/me", only_reads=True)
        found = all_items(request, self._transport.call(request))
        return Rows(Advertiser, (read(Advertiser, flattened(it)) for it in found))

    def contact_lists(self, advertiser_id: str) -> Rows[ContactList]:
        """List the contact lists of an advertiser.

        Args:
            advertiser_id: Id of the advertiser.

        Returns:
            All its contact lists; ``frame`` has a row for each.
        """
        found = self._search({"advertiserIds": [advertiser_id], "audienceSegmentTypes": [_CONTACT_LIST]})
        return Rows(ContactList, (it for it in found if it.type in {_CONTACT_LIST, ""}))

    def contact_list(self, list_id: str) -> ContactList:
        """Return a contact list.

        Args:
            list_id: Id of the list.

        Returns:
            The list; only its id where Criteo's search does not show it, though it is there.

        Raises:
            ListGoneError: The list was deleted at Criteo.
            AccessError: You may not see the list.
        """
        for found in self._search({"audienceSegmentIds": [list_id]}):
            if found.id == list_id:
                return found
        # A search passes over what may not be seen: only the list itself tells whether it is gone.
        self.statistics(list_id)
        return ContactList(id=list_id)

    def lists_by_id(self, list_ids: Iterable[str]) -> dict[str, ContactList]:
        """Find contact lists by their ids, a hundred in a call.

        Args:
            list_ids: Ids of lists.

        Returns:
            The lists by id. A list that Criteo's search does not show is left out.
        """
        wanted = list(dict.fromkeys(list_ids))
        found: dict[str, ContactList] = {}
        for start in range(0, len(wanted), LISTS_A_CALL):
            some = wanted[start : start + LISTS_A_CALL]
            found |= {it.id: it for it in self._search({"audienceSegmentIds": some}) if it.id in some}
        return found

    def create_lists(self, lists: Sequence[NewList]) -> dict[NewList, ContactList]:
        """Make contact lists, a hundred in a call.

        Args:
            lists: The lists to make.

        Returns:
            The lists that were made. One whose name is taken by now is left out.
        """
        made: dict[NewList, ContactList] = {}
        for some in _hundreds(lists):
            made |= self._create_some(some)
        if len(made) < len(lists):
            # Another process was faster, or a first try of ours arrived.
            self._forget_names()
        return made

    def change_lists(self, changes: Sequence[ListChange]) -> None:
        """Change names and descriptions of contact lists, a hundred in a call.

        Args:
            changes: What to change.

        Raises:
            ToolkitError: A list was not changed; the type of the error says what to do.
        """
        for some in _hundreds(changes):
            self._change_some(some)
        if any(it.name is not None for it in changes):
            self._forget_names()

    def find_or_create_list(
        self, advertiser_id: str, *, name: str, description: str, known_id: str | None = None
    ) -> FoundList:
        """Return the contact list with the known id or, when none is known, the list of that name, made when needed.

        Args:
            advertiser_id: Id of the advertiser.
            name: Name of the list.
            description: Description of a list that is made.
            known_id: Id of the list, when it is known.

        Returns:
            The list, and whether it was made just now.

        Raises:
            ListGoneError: The list with the known id was deleted. It is not made again.
            ConfigurationError: The name is taken by a segment of another kind.

        Examples:
            >>> found = client.find_or_create_list("2711", name="From the client", description="Made by an example")
            >>> found.created, found.contact_list.name
            (True, 'From the client')
        """
        if known_id is not None:
            return FoundList(self.contact_list(known_id), created=False)
        found = self.list_named(advertiser_id, name)
        if found is not None:
            return FoundList(found, created=False)
        made = self._create(advertiser_id, name=name, description=description)
        if made is not None:
            return FoundList(made, created=True)
        # Another process was faster, or a first try of ours arrived: what is there now is the one.
        self._forget_names()
        found = self.list_named(advertiser_id, name)
        if found is None:
            raise ConfigurationError(
                _(
                    "Criteo has the name {name!r} already, and shows no contact list of it: a segment of "
                    "another kind may have it.",
                    name=name,
                ),
                _("Give the list another name, or run again in some minutes."),
            )
        return FoundList(found, created=False)

    def add(
        self,
        list_id: str,
        identifiers: Sequence[str] | pl.Series,
        *,
        identifier_type: IdentifierType = IdentifierType.EMAIL,
        gum_caller_id: int | None = None,
    ) -> Acknowledgement:
        """Add identifiers to a contact list. Adding one twice is the same as once.

        Args:
            list_id: Id of the list.
            identifiers: At most 50,000, as Criteo takes them: an e-mail, or a hash in lower-case hexadecimal text.
            identifier_type: What kind of identifiers they are.
            gum_caller_id: Your caller id, for identifiers of type ``gum`` only.

        Returns:
            How many identifiers Criteo took for valid and invalid, summed over the calls it took.

        Raises:
            DataError: There are more than 50,000, or one is too large for a call.
            ListGoneError: The list was deleted at Criteo.

        Examples:
            >>> from hashlib import sha256
            >>> found = client.find_or_create_list("2711", name="To add to", description="Made by an example")
            >>> hashed = sha256(b"ann@mail.example").hexdigest()
            >>> client.add(found.contact_list.id, [hashed]).valid
            1
        """
        attributes = _typed(identifier_type, gum_caller_id)
        return self._amender.send(self._amendment(Operation.ADD, list_id, attributes), _listed(identifiers))

    def remove(
        self,
        list_id: str,
        identifiers: Sequence[str] | pl.Series,
        *,
        identifier_type: IdentifierType = IdentifierType.EMAIL,
        gum_caller_id: int | None = None,
    ) -> Acknowledgement:
        """Remove identifiers from a contact list. Removing one that is not there does no harm.

        Args:
            list_id: Id of the list.
            identifiers: At most 50,000, as Criteo takes them: an e-mail, or a hash in lower-case hexadecimal text.
            identifier_type: What kind of identifiers they are.
            gum_caller_id: Your caller id, for identifiers of type ``gum`` only.

        Returns:
            How many identifiers Criteo took for valid and invalid, summed over the calls it took.

        Raises:
            DataError: There are more than 50,000, or one is too large for a call.
            ListGoneError: The list was deleted at Criteo.
        """
        attributes = _typed(identifier_type, gum_caller_id)
        return self._amender.send(self._amendment(Operation.REMOVE, list_id, attributes), _listed(identifiers))

    def add_with_attributes(
        self,
        list_id: str,
        people: Mapping[str, Mapping[str, str]],
        *,
        identifier_type: IdentifierType = IdentifierType.EMAIL,
        gum_caller_id: int | None = None,
    ) -> Acknowledgement:
        """Add identifiers, each with attributes such as a name: a preview of Criteo's, which may change at any time.

        Args:
            list_id: Id of the list.
            people: The attributes of each identifier, by name; at most 50,000 identifiers.
            identifier_type: What kind of identifiers they are.
            gum_caller_id: Your caller id, for identifiers of type ``gum`` only.

        Returns:
            How many identifiers Criteo took for valid and invalid, summed over the calls it took.

        Raises:
            DataError: There are more than 50,000, or one is too large for a call.
            ListGoneError: The list was deleted at Criteo.
        """
        amendment = Amendment(
            Operation.ADD,
            list_id,
            path=f"preview/marketing-solutions/audiences/{quote(list_id, safe='')}/contactlist-attributes",
            type="ContactlistWithUserAttributesAmendment",
            attributes=_typed(identifier_type, gum_caller_id),
        )
        items = [
            {"identifier": identifier, "attributes": [{"key": key, "value": value} for key, value in its.items()]}
            for identifier, its in people.items()
        ]
        return self._amender.send(amendment, items)

    def clear(self, list_id: str) -> None:
        """Empty a contact list; the list stays.

        Args:
            list_id: Id of the list.

        Raises:
            ListGoneError: The list was deleted at Criteo.
        """
        self._do(
            Request(_("empty list {list_id}", list_id=list_id), "DELETE", self._contact_list(list_id), on_a_list=True)
        )

    def statistics(self, list_id: str) -> Statistics:
        """Count a contact list.

        Args:
            list_id: Id of the list.

        Returns:
            How many identifiers the list holds, how many of them Criteo knows, and the match rate from 0 to 1.

        Raises:
            ListGoneError: The list was deleted at Criteo.

        Examples:
            >>> client.statistics(client.contact_lists("2711")[0].id).identifiers
            1751
        """
        path = f"{self._contact_list(list_id)}/statistics"
        request = Request(_("count list {list_id}", list_id=list_id), "GET", path, on_a_list=True, only_reads=True)
        return read(Statistics, flattened(self._do(request)))

    def compute_sizes(self, list_ids: Sequence[str]) -> Rows[ListSize]:
        """Measure how many people can be reached through contact lists.

        Args:
            list_ids: Ids of lists.

        Returns:
            A size for each list, in their order; None where Criteo does not say.
        """
        if not list_ids:
            return Rows(ListSize)
        body = _bulk(*({"id": it} for it in list_ids))
        request = Request(_("measure lists"), "POST", f"{self._segments}/compute-sizes", body=body, only_reads=True)
        found = all_items(request, self._transport.call(request))
        sizes = {it.id: it for it in (read(ListSize, flattened(item)) for item in found)}
        return Rows(ListSize, (sizes.get(it, ListSize(id=it)) for it in list_ids))

    def rename(self, list_id: str, *, name: str, description: str) -> None:
        """Change name and description of a contact list.

        Args:
            list_id: Id of the list.
            name: The new name.
            description: The new description.
        """
        attributes = {"name": name, "description": {"value": description}}
        body = _bulk({"id": list_id, "attributes": attributes})
        self._do(Request(_("rename list {list_id}", list_id=list_id), "PATCH", self._segments, body=body))
        self._forget_names()

    def delete_list(self, list_id: str) -> None:
        """Delete a contact list.

        Args:
            list_id: Id of the list.
        """
        body = _bulk({"id": list_id})
        self._do(Request(_("delete list {list_id}", list_id=list_id), "POST", f"{self._segments}/delete", body=body))
        self._forget_names()

    def give_up_waiting(self) -> None:
        """End any waiting for a next try; calls that are under way come to their end."""
        self._transport.give_up_waiting()

    def close(self) -> None:
        """Close the connections, and end any waiting."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"CriteoClient(host={self.host!r})"

    def __reduce__(self) -> str:
        raise TypeError("A client holds a secret and is not pickled; make one where it is needed.")

    def _do(self, request: Request) -> Item:
        return only_item(request, self._transport.call(request))

    def _contact_list(self, list_id: str) -> str:
        return f"{self._segments}/{quote(list_id, safe='')}/contact-list"

    def _amendment(self, operation: Operation, list_id: str, attributes: dict[str, Any]) -> Amendment:
        return Amendment(
            operation,
            list_id,
            path=self._contact_list(list_id),
            type="ContactlistAmendment",
            attributes=attributes,
        )

    def _search(self, filters: dict[str, Any]) -> Iterator[ContactList]:
        def page(params: dict[str, int]) -> Request:
            return Request(
                _("search the lists"),
                "POST",
                f"{self._segments}/search",
                body={"data": {"attributes": filters}},
                params=params,
                only_reads=True,
            )

        return (it for _id, it in search(self._transport, ContactList, page))

    def list_named(self, advertiser_id: str, name: str) -> ContactList | None:
        """Find a contact list by its name. All lists of the advertiser are asked for once, and remembered.

        Args:
            advertiser_id: Id of the advertiser.
            name: Name of the list.

        Returns:
            The list; None when there is none of that name.
        """
        with self._lock:
            if advertiser_id not in self._by_name:
                self._by_name[advertiser_id] = {it.name: it for it in self.contact_lists(advertiser_id)}
            return self._by_name[advertiser_id].get(name)

    def _forget_names(self) -> None:
        with self._lock:
            self._by_name.clear()

    def _create(self, advertiser_id: str, *, name: str, description: str) -> ContactList | None:
        """Make a list; None when one of the name is there by now."""
        attributes = {
            "advertiserId": advertiser_id,
            "name": name,
            "description": description,
            "contactList": {},
        }
        # A name is there once only, so that a second try of the same does no harm.
        request = Request(
            _("make list {name!r}", name=name),
            "POST",
            f"{self._segments}/create",
            body=_bulk({"attributes": attributes}),
        )
        answer = self._transport.call(request)
        if any(it.get("code") == NAME_TAKEN for it in items_of(answer, "errors")):
            return None
        made = read(ContactList, {**attributes, **flattened(only_item(request, answer))})
        with self._lock:
            self._by_name.get(advertiser_id, {})[name] = made
        return made

    def _create_some(self, lists: Sequence[NewList]) -> dict[NewList, ContactList]:
        items = [
            {
                "attributes": {
                    "advertiserId": it.advertiser_id,
                    "name": it.name,
                    "description": it.description,
                    "contactList": {},
                }
            }
            for it in lists
        ]
        request = Request(_of_lists("make", lists), "POST", f"{self._segments}/create", body=_bulk(*items))
        try:
            answer = self._transport.call(request)
        except TooLargeError:
            if len(lists) == 1:
                raise
            return {name: it for half in _halves(lists) for name, it in self._create_some(half).items()}
        refused = items_of(answer, "errors")
        for error in refused:
            if error.get("code") != NAME_TAKEN:
                raise refusal_of_item(request, error, [it.name for it in lists])
        found = [read(ContactList, flattened(it)) for it in items_of(answer, "data")]
        named = {(it.advertiser_id, it.name): it for it in found}
        made = {it: named[it.advertiser_id, it.name] for it in lists if (it.advertiser_id, it.name) in named}
        if len(made) + len(refused) < len(lists):
            raise UnavailableError(
                _("Criteo does not say whether this is done: {words}.", words=request.words),
                _("Run again: nothing is lost."),
            )
        with self._lock:
            for new, it in made.items():
                self._by_name.get(new.advertiser_id, {})[new.name] = it
        return made

    def _change_some(self, changes: Sequence[ListChange]) -> None:
        request = Request(
            _of_lists("change", changes), "PATCH", self._segments, body=_bulk(*(_changed(it) for it in changes))
        )
        try:
            answer = self._transport.call(request)
        except TooLargeError:
            if len(changes) == 1:
                raise
            for half in _halves(changes):
                self._change_some(half)
            return
        all_done(request, answer, ids=[it.id for it in changes])


def _bulk(*items: Item) -> Item:
    return {"data": [{"attributes": {}, **item} for item in items]}


def _changed(change: ListChange) -> Item:
    attributes: Item = {}
    if change.name is not None:
        attributes["name"] = change.name
    if change.description is not None:
        attributes["description"] = {"value": change.description}
    return {"id": change.id, "attributes": attributes}


def _hundreds(items: Sequence[T]) -> Iterator[Sequence[T]]:
    return (items[start : start + LISTS_A_CALL] for start in range(0, len(items), LISTS_A_CALL))


def _halves(items: Sequence[T]) -> tuple[Sequence[T], Sequence[T]]:
    middle = len(items) // 2
    return items[:middle], items[middle:]


def _of_lists(verb: str, lists: Sequence[object]) -> str:
    return f"{verb} {len(lists)} {'list' if len(lists) == 1 else 'lists'}"


def _listed(identifiers: Sequence[str] | pl.Series) -> list[str]:
    return identifiers.to_list() if isinstance(identifiers, pl.Series) else list(identifiers)


def _typed(identifier_type: IdentifierType, gum_caller_id: int | None) -> dict[str, Any]:
    if identifier_type is not IdentifierType.GUM:
        return {"identifierType": identifier_type}
    if gum_caller_id is None:
        raise ConfigurationError(
            _("Identifiers of type gum were given without their caller."), _("Pass gum_caller_id.")
        )
    return {"identifierType": identifier_type, "gumCallerId": gum_caller_id}
