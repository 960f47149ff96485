"""Adding, removing and counting the identifiers of one contact list."""

from toolkit.sandbox.answers import Answer, ProblemType, envelope, problem, refusal
from toolkit.sandbox.bodies import AmendBody, AmendmentOf, AmendWithAttributesBody, read_body
from toolkit.sandbox.calls import Brings, Received, Route
from toolkit.sandbox.faults import Call
from toolkit.sandbox.identifiers import IdentifierType, sort_out, without_readable
from toolkit.sandbox.lists import Amended, Cleared
from toolkit.sandbox.options import Permission
from toolkit.sandbox.world import World

_CONTACT_LIST = "/{version}/marketing-solutions/audience-segments/{list_id}/contact-list"
_WITH_ATTRIBUTES = "/preview/marketing-solutions/audiences/{list_id}/contactlist-attributes"


def amend(world: World, received: Received, body: bytes) -> Answer:
    """Add or remove up to 50,000 identifiers."""
    amendment = read_body(AmendBody, body, instance=received.path).data.attributes
    return _apply(world, received, amendment, identifiers=amendment.identifiers)


def amend_with_attributes(world: World, received: Received, body: bytes) -> Answer:
    """Add or remove identifiers, as the preview has it: attributes are checked for form, and not held."""
    amendment = read_body(AmendWithAttributesBody, body, instance=received.path).data.attributes
    return _apply(world, received, amendment, identifiers=[item.identifier for item in amendment.identifiers])


def _apply(world: World, received: Received, amendment: AmendmentOf, *, identifiers: list[str]) -> Answer:
    received.entry.operation = amendment.operation
    received.entry.identifiers = len(identifiers)
    if amendment.identifierType is IdentifierType.GUM and amendment.gumCallerId is None:
        raise refusal(
            400,
            problem(
                ProblemType.VALIDATION,
                "required-field",
                title="Identifiers of type gum need a gumCallerId",
                instance=received.path,
                source="/data/attributes/gumCallerId",
            ),
        )
    held = world.open_list(received.parameters["list_id"])
    if amendment.identifierType is IdentifierType.PHONE_NUMBER and not world.takes_phones(held.advertiser_id):
        raise refusal(
            400,
            problem(
                ProblemType.VALIDATION,
                "identifier-type-not-supported",
                title="Identifiers of type phoneNumber are not taken of this advertiser",
                instance=received.path,
                source="/data/attributes/identifierType",
            ),
        )
    caller_id = amendment.gumCallerId if amendment.identifierType is IdentifierType.GUM else None
    sorted_out = sort_out(identifiers, amendment.identifierType, rejects_one=received.rejects_one)
    as_held = without_readable(sorted_out.valid, amendment.identifierType) if world.keeps else sorted_out.valid
    world.change(Amended(held.id, amendment.operation, amendment.identifierType, as_held, received.time, caller_id))
    return envelope(
        {
            "type": "ContactlistAmendment",
            "attributes": {
                "contactListId": held.id,
                "operation": amendment.operation,
                "requestDate": received.time,
                "identifierType": amendment.identifierType,
                "nbValidIdentifiers": len(sorted_out.valid),
                "nbInvalidIdentifiers": sorted_out.invalid_count,
                "sampleInvalidIdentifiers": sorted_out.invalid_samples,
            },
        }
    )


def clear(world: World, received: Received, body: bytes) -> Answer:
    """Remove every identifier; the list stays."""
    held = world.open_list(received.parameters["list_id"])
    world.change(Cleared(held.id, received.time))
    return envelope({"id": str(held.id), "type": "AudienceContactlist"})


def statistics(world: World, received: Received, body: bytes) -> Answer:
    """Count; the match rate is a percentage, as Criteo's schema words it."""
    held = world.open_list(received.parameters["list_id"])
    return envelope(
        {
            "id": str(held.id),
            "type": "ContactListStatistics",
            "attributes": {
                "numberOfIdentifiers": held.size,
                "numberOfMatches": held.matches,
                "matchRate": round(100 * held.matches / held.size, 2) if held.size else 0.0,
            },
        }
    )


_READ, _MANAGE = Permission.READ_AUDIENCES, Permission.MANAGE_AUDIENCES

ROUTES = (
    Route("PATCH", _CONTACT_LIST, Call.AMEND, amend, Brings.JSON, _MANAGE),
    Route("DELETE", _CONTACT_LIST, Call.CLEAR, clear, needs=_MANAGE),
    Route("GET", f"{_CONTACT_LIST}/statistics", Call.STATISTICS, statistics, needs=_READ),
    Route("PATCH", _WITH_ATTRIBUTES, Call.AMEND_WITH_ATTRIBUTES, amend_with_attributes, Brings.JSON, _MANAGE),
)
