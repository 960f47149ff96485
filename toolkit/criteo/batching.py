"""Batches of identifiers on their way to a list, divided where Criteo finds them too large."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from toolkit.criteo.envelope import only_item
from toolkit.criteo.http import Request
from toolkit.criteo.models import Acknowledgement, Operation, flattened, read
from toolkit.criteo.transport import Transport
from toolkit.errors import DataError, TooLargeError
from toolkit.translatable import _

MAX_IDENTIFIERS_A_CALL = 50_000


@dataclass(frozen=True)
class Amendment:
    """What is done to which list, without the identifiers."""

    operation: Operation
    list_id: str
    path: str
    type: str
    attributes: dict[str, Any] = field(repr=False)

    def request(self, identifiers: Sequence[object]) -> Request:
        """Return the call that does it with these identifiers."""
        attributes = {"operation": self.operation, **self.attributes, "identifiers": identifiers}
        preposition = "to" if self.operation is Operation.ADD else "from"
        return Request(
            f"{self.operation} identifiers {preposition} list {self.list_id}",
            "PATCH",
            self.path,
            body={"data": {"type": self.type, "attributes": attributes}},
            on_a_list=True,
            holds_identifiers=True,
        )


class Amender:
    """Sends amendments; what was once too large for a kind of them is sent in halves from then on."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._most: dict[str, int] = {}

    def send(self, amendment: Amendment, identifiers: Sequence[object]) -> Acknowledgement:
        """Send the identifiers; raises DataError for more than Criteo takes, and for one that is too large alone."""
        if len(identifiers) > MAX_IDENTIFIERS_A_CALL:
            raise DataError(
                _(
                    "A call takes {max_identifiers_a_call:,} identifiers at most, not {count:,}.",
                    max_identifiers_a_call=MAX_IDENTIFIERS_A_CALL,
                    count=len(identifiers),
                ),
                _("Divide them into batches."),
            )
        if not identifiers:
            return Acknowledgement(operation=amendment.operation, list_id=amendment.list_id, calls=0)
        if len(identifiers) > self._most.get(amendment.type, MAX_IDENTIFIERS_A_CALL):
            return self._send_halves(amendment, identifiers)
        try:
            return self._send_whole(amendment, identifiers)
        except TooLargeError as refused:
            if len(identifiers) == 1:
                raise TooLargeError(refused.what, _("Look at what the column of the identifiers holds.")) from None
        self._most[amendment.type] = min(self._most.get(amendment.type, MAX_IDENTIFIERS_A_CALL), _half(identifiers))
        return self._send_halves(amendment, identifiers)

    def _send_whole(self, amendment: Amendment, identifiers: Sequence[object]) -> Acknowledgement:
        request = amendment.request(identifiers)
        said = flattened(only_item(request, self._transport.call(request)))
        known = {"operation": amendment.operation, "contactListId": said.get("contactListId") or amendment.list_id}
        return read(Acknowledgement, {**said, **known})

    def _send_halves(self, amendment: Amendment, identifiers: Sequence[object]) -> Acknowledgement:
        middle = _half(identifiers)
        first = self.send(amendment, identifiers[:middle])
        return first + self.send(amendment, identifiers[middle:])


def _half(identifiers: Sequence[object]) -> int:
    return (len(identifiers) + 1) // 2
