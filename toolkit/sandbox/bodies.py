"""What the calls must bring, field by field; fields that are not named here are ignored, as Criteo does."""

from dataclasses import replace
from typing import Annotated, Any, Literal, TypeVar

import orjson
from pydantic import BaseModel, FailFast, Field, StrictInt, ValidationError

from toolkit.sandbox.answers import Problem, ProblemType, problem, refusal
from toolkit.sandbox.identifiers import IdentifierType
from toolkit.sandbox.lists import Operation
from toolkit.sandbox.options import MOST_IDENTIFIERS_IN_A_CALL
from toolkit.sandbox.other_segments import Lookalike, Prospecting, Retargeting, Settings, UsersType, VisitorsType

_MOST_PROBLEMS = 10

Body = TypeVar("Body", bound=BaseModel)


class Nillable(BaseModel):
    """Criteo's wrapper of a text that may be set to null."""

    value: str | None = None


class NillableNumber(BaseModel):
    """Criteo's wrapper of a whole number that may be set to null."""

    value: StrictInt | None = None


class _NewLookalike(BaseModel):
    seedSegmentId: str  # noqa: N815
    targetSize: StrictInt | None = None  # noqa: N815


class _NewRetargeting(BaseModel):
    visitorsType: VisitorsType  # noqa: N815
    daysSinceLastVisitMin: StrictInt  # noqa: N815
    daysSinceLastVisitMax: StrictInt  # noqa: N815


class _NewProspecting(BaseModel):
    usersType: UsersType  # noqa: N815
    daysSinceLastVisitMin: StrictInt | None = None  # noqa: N815
    daysSinceLastVisitMax: StrictInt | None = None  # noqa: N815


class NewSegment(BaseModel):
    """What a segment is made from: one object of those that name its kind."""

    advertiserId: str  # noqa: N815
    name: str | None = None
    description: str | None = None
    contactList: dict[str, Any] | None = None  # noqa: N815
    lookalike: _NewLookalike | None = None
    retargeting: _NewRetargeting | None = None
    prospecting: _NewProspecting | None = None

    @property
    def kinds(self) -> int:
        """How many kinds it names."""
        named = (self.contactList, self.lookalike, self.retargeting, self.prospecting)
        return sum(it is not None for it in named)

    @property
    def settings(self) -> Settings | None:
        """What makes it what it is; None for a contact list."""
        if (it := self.lookalike) is not None:
            return Lookalike(it.seedSegmentId, it.targetSize)
        if (visitors := self.retargeting) is not None:
            least, most = visitors.daysSinceLastVisitMin, visitors.daysSinceLastVisitMax
            return Retargeting(visitors.visitorsType, least, most)
        if (users := self.prospecting) is not None:
            return Prospecting(users.usersType, users.daysSinceLastVisitMin, users.daysSinceLastVisitMax)
        return None


class _ChangedLookalike(BaseModel):
    targetSize: StrictInt | None = None  # noqa: N815


class _ChangedRetargeting(BaseModel):
    visitorsType: VisitorsType | None = None  # noqa: N815
    daysSinceLastVisitMin: StrictInt | None = None  # noqa: N815
    daysSinceLastVisitMax: StrictInt | None = None  # noqa: N815


class _ChangedProspecting(BaseModel):
    usersType: UsersType | None = None  # noqa: N815
    daysSinceLastVisitMin: NillableNumber | None = None  # noqa: N815
    daysSinceLastVisitMax: NillableNumber | None = None  # noqa: N815


class ChangedSegment(BaseModel):
    """What about a segment can change; what is not named stays."""

    name: str | None = None
    description: Nillable | None = None
    lookalike: _ChangedLookalike | None = None
    retargeting: _ChangedRetargeting | None = None
    prospecting: _ChangedProspecting | None = None

    def applied_to(self, settings: Settings) -> Settings:
        """Return the settings with what changes about them; what is of another kind changes nothing."""
        match settings:
            case Lookalike() if self.lookalike is not None and self.lookalike.targetSize is not None:
                return replace(settings, target_size=self.lookalike.targetSize)
            case Retargeting() if (visitors := self.retargeting) is not None:
                return Retargeting(
                    visitors.visitorsType or settings.visitors,
                    _or(visitors.daysSinceLastVisitMin, settings.least_days),
                    _or(visitors.daysSinceLastVisitMax, settings.most_days),
                )
            case Prospecting() if (users := self.prospecting) is not None:
                least, most = users.daysSinceLastVisitMin, users.daysSinceLastVisitMax
                return Prospecting(
                    users.usersType or settings.users,
                    settings.least_days if least is None else least.value,
                    settings.most_days if most is None else most.value,
                )
            case _:
                return settings


def _or(number: int | None, otherwise: int) -> int:
    return otherwise if number is None else number


class NewAudience(BaseModel):
    """What an audience is made from; its algebra is judged by itself."""

    advertiserId: str  # noqa: N815
    name: str
    algebra: Any
    description: str | None = None


class ChangedAudience(BaseModel):
    """What about an audience can change; what is not named stays."""

    name: str | None = None
    algebra: Any = None
    description: Nillable | None = None


class AudienceFilters(BaseModel):
    """Filters of a search for audiences; all that are given must hold."""

    adSetIds: list[str] | None = None  # noqa: N815
    advertiserIds: list[str] | None = None  # noqa: N815
    audienceIds: list[str] | None = None  # noqa: N815
    audienceSegmentIds: list[str] | None = None  # noqa: N815


class EstimatedAudience(BaseModel):
    """An audience that is not there yet."""

    advertiserId: str  # noqa: N815
    algebra: Any


class AdSetFilters(BaseModel):
    """Filters of a search for ad sets, or for campaigns, which have no ad set ids."""

    adSetIds: list[str] | None = None  # noqa: N815
    advertiserIds: list[str] | None = None  # noqa: N815
    campaignIds: list[str] | None = None  # noqa: N815


class AdSetBody(BaseModel):
    """Of a search for ad sets or campaigns; without filters, all are asked for."""

    filters: AdSetFilters | None = None


class _Link(BaseModel):
    audienceId: str | None  # noqa: N815


class _LinkItem(BaseModel):
    # The name that Criteo gives the type is not known: any is taken.
    type: str | None = None
    attributes: _Link


class LinkBody(BaseModel):
    """Of the link of an ad set with an audience; null ends it."""

    data: _LinkItem


class _NewAudienceItem(BaseModel):
    attributes: NewAudience


class _ChangedAudienceItem(BaseModel):
    id: str
    attributes: ChangedAudience


class _AudienceFiltersItem(BaseModel):
    attributes: AudienceFilters = AudienceFilters()


class _EstimateItem(BaseModel):
    attributes: EstimatedAudience


class CreateAudiencesBody(BaseModel):
    """Of the creation of audiences."""

    data: list[_NewAudienceItem]


class UpdateAudiencesBody(BaseModel):
    """Of a change of audiences."""

    data: list[_ChangedAudienceItem]


class SearchAudiencesBody(BaseModel):
    """Of a search for audiences."""

    data: _AudienceFiltersItem


class EstimateBody(BaseModel):
    """Of an estimate."""

    data: _EstimateItem


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
