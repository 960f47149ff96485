"""The calls that concern contact lists."""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

import polars as pl

from toolkit.criteo.errors import error_of, problem_of
from toolkit.criteo.models import (
    Acknowledgement,
    Advertiser,
    ContactList,
    IdentifierType,
    Operation,
    Statistics,
    flattened,
)
from toolkit.criteo.pacing import Wait
from toolkit.criteo.transport import API_VERSION, CRITEO, TooLargeError, Transport
from toolkit.errors import ConfigurationError, DataError, ListGoneError, UnavailableError

MAX_IDENTIFIERS_A_CALL = 50_000
_PAGE = 100
_LISTS = "{version}/marketing-solutions/audience-segments"


@dataclass(frozen=True)
class FoundList:
    """A contact list, and whether it was made just now."""

    contact_list: ContactList
    created: bool


class CriteoClient:
    """One application's way to Criteo. Threads may share it; close it, or use it in a ``with`` block.

    Every call is retried as long as it may help, ``patience_seconds`` in all; ``observer`` is told of each wait.
    Errors are ToolkitErrors by remedy.
    """

    def __init__(
        self,
        *,
        client_id: str,
        client_secret: str,
        host: str = CRITEO,
        version: str = API_VERSION,
        patience_seconds: float = 300,
        observer: Callable[[Wait], None] | None = None,
    ) -> None:
        self._transport = Transport(
            host=host,
            client_id=client_id,
            client_secret=client_secret,
            version=version,
            patience_seconds=patience_seconds,
            observer=observer,
        )
        self._most = MAX_IDENTIFIERS_A_CALL
        self._by_name: dict[str, dict[str, ContactList]] = {}
        self._lock = threading.Lock()

    @property
    def host(self) -> str:
        """The host that it calls, and no other."""
        return self._transport.host

    @property
    def notices(self) -> list[str]:
        """What Criteo warned of: deprecations, the end of a version, warnings in answers; each once."""
        return list(self._transport.notices)

    def advertisers(self) -> list[Advertiser]:
        """Return the advertisers that consented to the application."""
        answer = self._transport.call("list the advertisers", "GET", "{version}/advertisers/me")
        return [Advertiser.model_validate(flattened(it)) for it in answer.get("data") or []]

    def contact_lists(self, advertiser_id: str) -> list[ContactList]:
        """Return all contact lists of the advertiser."""
        return list(self._search({"advertiserIds": [advertiser_id], "audienceSegmentTypes": ["ContactList"]}))

    def contact_list(self, list_id: str) -> ContactList:
        """Return a contact list; raises ListGoneError when it is not there."""
        for found in self._search({"audienceSegmentIds": [list_id]}):
            return found
        raise ListGoneError(
            f"Contact list {list_id} is not at Criteo any more: it was deleted there.",
            "Choose: run with if_list_gone='remake' to make it anew and send all, or take the segment out of the export.",
        )

    def find_or_create_list(
        self, advertiser_id: str, *, name: str, description: str, known_id: str | None = None
    ) -> FoundList:
        """Return the list with the known id or, when none is known, the one of that name, made when needed.

        Raises ListGoneError when the known one was deleted: it is never made anew in silence.
        """
        if known_id is not None:
            return FoundList(self.contact_list(known_id), created=False)
        found = self._named(advertiser_id, name)
        if found is not None:
            return FoundList(found, created=False)
        made = self._create(advertiser_id, name=name, description=description)
        if made is not None:
            return FoundList(made, created=True)
        # Another process was faster, or nobody knows whether the call arrived: whatever is there now is the one.
        with self._lock:
            self._by_name.pop(advertiser_id, None)
        found = self._named(advertiser_id, name)
        if found is None:
            raise UnavailableError(
                f"Criteo did not make the contact list {name!r}, and does not say why.", "Run again: nothing is lost."
            )
        return FoundList(found, created=False)

    def add(
        self,
        list_id: str,
        identifiers: Sequence[str] | pl.Series,
        *,
        identifier_type: IdentifierType = IdentifierType.EMAIL,
    ) -> Acknowledgement:
        """Add identifiers, at most 50,000, to the list."""
        return self._amend(list_id, Operation.ADD, list(identifiers), identifier_type)

    def remove(
        self,
        list_id: str,
        identifiers: Sequence[str] | pl.Series,
        *,
        identifier_type: IdentifierType = IdentifierType.EMAIL,
    ) -> Acknowledgement:
        """Remove identifiers, at most 50,000, from the list."""
        return self._amend(list_id, Operation.REMOVE, list(identifiers), identifier_type)

    def clear(self, list_id: str) -> None:
        """Empty the list; it stays."""
        self._transport.call(f"empty list {list_id}", "DELETE", f"{_LISTS}/{list_id}/contact-list")

    def statistics(self, list_id: str) -> Statistics:
        """Return how many identifiers the list holds and how many Criteo knows."""
        call, path = f"count list {list_id}", f"{_LISTS}/{list_id}/contact-list/statistics"
        data = self._transport.call(call, "GET", path).get("data") or {}
        return Statistics.model_validate(data.get("attributes") or {})

    def rename(self, list_id: str, *, name: str, description: str) -> None:
        """Change name and description of a list."""
        attributes = {"name": name, "description": {"value": description}}
        call = f"rename list {list_id}"
        self._one(call, self._transport.call(call, "PATCH", _LISTS, body=_bulk({"id": list_id}, attributes)))

    def delete_list(self, list_id: str) -> None:
        """Delete a list."""
        call = f"delete list {list_id}"
        answer = self._transport.call(call, "POST", f"{_LISTS}/delete", body=_bulk({"id": list_id}, {}))
        self._one(call, answer)

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

    def _amend(
        self, list_id: str, operation: Operation, identifiers: list[str], identifier_type: IdentifierType
    ) -> Acknowledgement:
        if len(identifiers) > MAX_IDENTIFIERS_A_CALL:
            raise DataError(
                f"A call takes {MAX_IDENTIFIERS_A_CALL:,} identifiers at most, not {len(identifiers):,}.",
                "Divide them into batches.",
            )
        if len(identifiers) > self._most:
            return self._halves(list_id, operation, identifiers, identifier_type)
        attributes = {"operation": operation, "identifierType": identifier_type, "identifiers": identifiers}
        call = f"{operation} identifiers {'to' if operation is Operation.ADD else 'from'} list {list_id}"
        body = {"data": {"type": "ContactlistAmendment", "attributes": attributes}}
        try:
            answer = self._transport.call(call, "PATCH", f"{_LISTS}/{list_id}/contact-list", body=body)
        except TooLargeError:
            if len(identifiers) == 1:
                raise DataError(
                    f"Criteo finds one identifier too large to {call}.", "Look at what the e-mail column holds."
                ) from None
            self._most = min(self._most, (len(identifiers) + 1) // 2)
            return self._halves(list_id, operation, identifiers, identifier_type)
        said = self._one(call, answer).get("attributes") or {}
        return Acknowledgement.model_validate(said | {"operation": operation})

    def _halves(
        self, list_id: str, operation: Operation, identifiers: list[str], identifier_type: IdentifierType
    ) -> Acknowledgement:
        middle = (len(identifiers) + 1) // 2
        first = self._amend(list_id, operation, identifiers[:middle], identifier_type)
        return first + self._amend(list_id, operation, identifiers[middle:], identifier_type)

    def _search(self, attributes: dict[str, Any]) -> Iterator[ContactList]:
        offset = 0
        while True:
            answer = self._transport.call(
                "search the lists",
                "POST",
                f"{_LISTS}/search",
                body={"data": {"attributes": attributes}},
                params={"limit": _PAGE, "offset": offset},
            )
            page = answer.get("data") or []
            yield from (ContactList.model_validate(flattened(it)) for it in page)
            offset += len(page)
            if not page or offset >= ((answer.get("meta") or {}).get("totalItems") or 0):
                return

    def _named(self, advertiser_id: str, name: str) -> ContactList | None:
        with self._lock:
            if advertiser_id not in self._by_name:
                self._by_name[advertiser_id] = {it.name: it for it in self.contact_lists(advertiser_id)}
            return self._by_name[advertiser_id].get(name)

    def _create(self, advertiser_id: str, *, name: str, description: str) -> ContactList | None:
        """Make a list; None when one of the name is there by now, or nobody knows whether the call arrived."""
        call = f"make list {name!r}"
        attributes = {
            "advertiserId": advertiser_id,
            "name": name,
            "description": description,
            "contactList": {},
        }
        answer = self._transport.call_once(call, "POST", f"{_LISTS}/create", body=_bulk({}, attributes))
        if answer is None or any(it.get("code") == "name-must-be-unique" for it in answer.get("errors") or []):
            return None
        made = ContactList.model_validate({"name": name, **flattened(self._one(call, answer))})
        with self._lock:
            self._by_name.get(advertiser_id, {})[name] = made
        return made

    @staticmethod
    def _one(call: str, answer: dict[str, Any]) -> dict[str, Any]:
        """Return the one thing that was asked for; raise what an answer of status 200 says against it."""
        errors = answer.get("errors") or []
        if errors:
            problem = problem_of(200, errors[0])
            if problem.code == "segment-not-found":
                raise error_of(call, problem_of(404, {**errors[0], "code": "audience-invalid"}))
            raise ConfigurationError(
                f"Criteo refused to {call}: {problem}.", "Change what it names in the export, then run again."
            )
        data = answer.get("data")
        found = data[0] if isinstance(data, list) and data else data
        if not isinstance(found, dict):
            raise UnavailableError(f"Criteo did not say whether it did {call}.", "Run again: nothing is lost.")
        return found


def _bulk(item: dict[str, Any], attributes: dict[str, Any]) -> dict[str, Any]:
    return {"data": [{**item, "attributes": attributes}]}
