"""What the calls must bring, field by field; fields that are not named here are ignored, as Criteo does."""

from typing import Annotated, Any, Literal, TypeVar

import orjson
from pydantic import BaseModel, FailFast, Field, StrictInt, ValidationError

from toolkit.sandbox.answers import Problem, ProblemType, problem, refusal
from toolkit.sandbox.identifiers import IdentifierType
from toolkit.sandbox.lists import Operation
from toolkit.sandbox.options import MOST_IDENTIFIERS_IN_A_CALL

_MOST_PROBLEMS = 10

Body = TypeVar("Body", bound=BaseModel)


class Nillable(BaseModel):
    """Criteo's wrapper of a text that may be set to null."""

    value: str | None = None


class NewSegment(BaseModel):
    """What a list is made from. Other kinds of segment bring another object in place of ``contactList``."""

    advertiserId: str  # noqa: N815
    name: str | None = None
    description: str | None = None
    contactList: dict[str, Any] | None = None  # noqa: N815


class ChangedSegment(BaseModel):
    """The two things about a list that can change; what is not named stays."""

    name: str | None = None
    description: Nillable | None = None


class SegmentFilters(BaseModel):
    """Filters of a search; all that are given must hold."""

    audienceSegmentIds: list[str] | None = None  # noqa: N815
    advertiserIds: list[str] | None = None  # noqa: N815
    audienceSegmentTypes: (  # noqa: N815
        list[
            Literal[
                "Unknown",
                "InMarket",
                "Prospecting",
                "ContactList",
                "Location",
                "Behavioral",
                "Retargeting",
                "Lookalike",
            ]
        ]
        | None
    ) = None


class _NewItem(BaseModel):
    attributes: NewSegment


class _ChangedItem(BaseModel):
    id: str
    attributes: ChangedSegment


class IdItem(BaseModel):
    """An item of a call that needs ids only."""

    id: str


class _FiltersItem(BaseModel):
    attributes: SegmentFilters = SegmentFilters()


class CreateBody(BaseModel):
    """Of create."""

    data: list[_NewItem]


class UpdateBody(BaseModel):
    """Of an update of names and descriptions."""

    data: list[_ChangedItem]


class IdsBody(BaseModel):
    """Of delete and compute-sizes."""

    data: list[IdItem]


class SearchBody(BaseModel):
    """Of search."""

    data: _FiltersItem


class AmendmentOf(BaseModel):
    """What both ways of amending share."""

    operation: Operation
    # Optional by Criteo's published schema, required by its guide: who leaves it out has said nothing.
    identifierType: IdentifierType  # noqa: N815
    gumCallerId: StrictInt | None = None  # noqa: N815


class _Plain(AmendmentOf):
    identifiers: Annotated[list[str], FailFast(), Field(max_length=MOST_IDENTIFIERS_IN_A_CALL)]


class _Attribute(BaseModel):
    key: str
    value: str


class _IdentifierWithAttributes(BaseModel):
    identifier: str
    attributes: list[_Attribute] = []


class _WithAttributes(AmendmentOf):
    identifiers: Annotated[list[_IdentifierWithAttributes], FailFast(), Field(max_length=MOST_IDENTIFIERS_IN_A_CALL)]


class _Amendment(BaseModel):
    type: Literal["ContactlistAmendment"]
    attributes: _Plain


class _AmendmentWithAttributes(BaseModel):
    type: Literal["ContactlistWithUserAttributesAmendment"]
    attributes: _WithAttributes


class AmendBody(BaseModel):
    """Of an amendment of a contact list."""

    data: _Amendment


class AmendWithAttributesBody(BaseModel):
    """Of the preview's amendment, where each identifier brings attributes."""

    data: _AmendmentWithAttributes


def read_body(model: type[Body], body: bytes, *, instance: str) -> Body:
    """Return the body as the call needs it, or refuse with 400, naming places and never their content."""
    try:
        return model.model_validate(orjson.loads(body))
    except orjson.JSONDecodeError:
        raise refusal(
            400,
            problem(ProblemType.VALIDATION, "invalid-json", title="The body is not JSON", instance=instance),
        ) from None
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        raise refusal(
            400,
            *(
                _described(place["type"], place["msg"], place["loc"], instance=instance)
                for place in found[:_MOST_PROBLEMS]
            ),
        ) from None


_CODES = {"missing": "required-field", "too_long": "too-many-identifiers"}


def _described(kind: str, message: str, place: tuple[int | str, ...], *, instance: str) -> Problem:
    return problem(
        ProblemType.VALIDATION,
        _CODES.get(kind, "invalid"),
        title=message,
        instance=instance,
        source="/" + "/".join(map(str, place)),
    )
