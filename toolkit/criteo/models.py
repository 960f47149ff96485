"""Criteo's answers as typed values. Fields and values that are not known are passed over, never refused.

Every value shows itself as a table in a notebook, and gives the same as a ``frame``.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated, Any, ClassVar, TypeVar

import polars as pl
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    alias_generators,
    computed_field,
    field_validator,
)

from toolkit.display import html_table
from toolkit.errors import UnavailableError
from toolkit.translatable import _

Item = dict[str, Any]


def _as_text(value: object) -> str:
    return "" if value is None else str(value)


def _as_count(value: object) -> int:
    return as_count_if_given(value) or 0


def as_count_if_given(value: object) -> int | None:
    """Return a whole number that an answer gives; None where it gives none."""
    try:
        return int(value)  # type: ignore[call-overload, no-any-return]
    except (TypeError, ValueError, OverflowError):
        return None


def _as_share(value: object) -> float | None:
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return None


Text = Annotated[str, BeforeValidator(_as_text)]
Count = Annotated[int, BeforeValidator(_as_count)]


class Operation(StrEnum):
    """What is done with identifiers."""

    ADD = "add"
    REMOVE = "remove"


class IdentifierType(StrEnum):
    """What kind of identifiers a list is told."""

    EMAIL = "email"
    MADID = "madid"
    IDENTITY_LINK = "identityLink"
    GUM = "gum"
    """Needs the caller's id beside it."""
    PHONE_NUMBER = "phoneNumber"


class Answered(BaseModel):
    """A value of an answer."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", alias_generator=alias_generators.to_camel, populate_by_name=True
    )
    title: ClassVar[str]

    @property
    def frame(self) -> pl.DataFrame:
        """One row."""
        return Rows(type(self), [self]).frame

    def _repr_html_(self) -> str:
        return html_table(self.frame, title=self.title)


class Advertiser(Answered):
    """An advertiser that consented to the application."""

    title: ClassVar[str] = "Advertisers"

    id: Text
    name: Text = Field(default="", alias="advertiserName")


class ContactList(Answered):
    """An audience segment; ``type`` is ``ContactList`` for those that receive identifiers."""

    title: ClassVar[str] = "Contact lists"

    id: Text
    name: Text = ""
    description: Text = ""
    advertiser_id: Text = ""
    type: Text = ""
    updated_at: Text = Field(default="", exclude=True, repr=False)
    """When it was last changed, as Criteo writes it; empty where Criteo does not say."""


class Acknowledgement(Answered):
    """What Criteo made of a batch, summed over the ``calls`` that it took."""

    title: ClassVar[str] = "Acknowledged"

    operation: Operation
    list_id: Text = Field(default="", alias="contactListId")
    valid: Count = Field(default=0, alias="nbValidIdentifiers")
    invalid: Count = Field(default=0, alias="nbInvalidIdentifiers")
    requested_at: Text = Field(default="", alias="requestDate")
    calls: int = 1
    rejected: tuple[Text, ...] = Field(
        default=(), alias="sampleInvalidIdentifiers", exclude=True, repr=False, validate_default=False
    )
    """Some of the invalid ones, as they were sent, plain addresses too: never shown, nor in the frame."""

    @field_validator("rejected", mode="before")
    @classmethod
    def _some(cls, value: object) -> object:
        return value if isinstance(value, list | tuple) else ()

    def __add__(self, other: "Acknowledgement") -> "Acknowledgement":
        return self.model_copy(
            update={
                "valid": self.valid + other.valid,
                "invalid": self.invalid + other.invalid,
                "calls": self.calls + other.calls,
                "rejected": self.rejected + other.rejected,
            }
        )


class Statistics(Answered):
    """How many identifiers a list holds, and how many of them Criteo knows."""

    title: ClassVar[str] = "Statistics"

    identifiers: Count = Field(default=0, alias="numberOfIdentifiers")
    matches: Count = Field(default=0, alias="numberOfMatches")
    stated_match_rate: Annotated[float | None, BeforeValidator(_as_share)] = Field(default=None, alias="matchRate")
    """As Criteo gives it: whether from 0 to 1 or to 100 is not said."""

    @computed_field  # type: ignore[prop-decorator]
    @property
    def match_rate(self) -> float | None:
        """Matches by identifiers, from 0 to 1; None for an empty list."""
        return self.matches / self.identifiers if self.identifiers else None


class ListSize(Answered):
    """How many people Criteo can reach through a list; None where it does not say."""

    title: ClassVar[str] = "Sizes"

    id: Text
    size: Annotated[int | None, BeforeValidator(as_count_if_given)] = None


AnsweredT = TypeVar("AnsweredT", bound=Answered)

_COLUMNS: dict[Any, type[pl.DataType]] = {int: pl.Int64, int | None: pl.Int64, float | None: pl.Float64}


class Rows(list[AnsweredT]):
    """Values of one kind; together they are a table."""

    def __init__(self, kind: type[AnsweredT], values: Iterable[AnsweredT] = ()) -> None:
        super().__init__(values)
        self._kind = kind

    @property
    def frame(self) -> pl.DataFrame:
        """One row a value."""
        fields = {name: field for name, field in self._kind.model_fields.items() if not field.exclude}
        schema = {name: _COLUMNS.get(field.annotation, pl.String) for name, field in fields.items()}
        schema |= {
            name: _COLUMNS.get(field.return_type, pl.String) for name, field in self._kind.model_computed_fields.items()
        }
        return pl.DataFrame([it.model_dump(mode="json") for it in self], schema=schema)

    def _repr_html_(self) -> str:
        return html_table(self.frame, title=self._kind.title)


def items_of(content: Item, name: str) -> list[Item]:
    """Return the objects that an answer holds under a name: a list of them, a single one, or none."""
    found = content.get(name)
    return [it for it in (found if isinstance(found, list) else [found]) if isinstance(it, dict)]


def flattened(item: Item) -> Item:
    """Return a resource of an answer with its id beside its attributes."""
    attributes = item.get("attributes")
    return {**(attributes if isinstance(attributes, dict) else {}), "id": item.get("id")}


def read(kind: type[AnsweredT], item: Item) -> AnsweredT:
    """Return the value that an answer gives; raises UnavailableError when it is not one, naming fields only."""
    try:
        return kind.model_validate(item)
    except ValidationError as error:
        places = ", ".join(sorted({str(it["loc"][0]) for it in error.errors(include_input=False) if it["loc"]}))
        raise UnavailableError(
            _(
                "Criteo answered with something that is no {kind}: {places} cannot be read.",
                kind=kind.__name__,
                places=places,
            ),
            _("Run again; if it stays so, install a newer toolkit."),
        ) from None
