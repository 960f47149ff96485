"""Criteo's answers as typed values. Fields and values that are not known are passed over, never refused."""

from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, alias_generators

Text = Annotated[str, BeforeValidator(lambda value: "" if value is None else str(value))]
Count = Annotated[int, BeforeValidator(lambda value: 0 if value is None else value)]


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
    PHONE_NUMBER = "phoneNumber"


class _Answer(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="ignore", alias_generator=alias_generators.to_camel, populate_by_name=True
    )


class Advertiser(_Answer):
    """An advertiser that consented to the application."""

    id: Text
    name: Text = Field(default="", alias="advertiserName")


class ContactList(_Answer):
    """An audience segment; ``type`` is ``ContactList`` for those that receive identifiers."""

    id: Text
    name: Text = ""
    description: Text = ""
    advertiser_id: Text = ""
    type: Text = ""


class Acknowledgement(_Answer):
    """What Criteo made of a batch, summed over the calls that it took."""

    operation: Operation
    valid: Count = Field(default=0, alias="nbValidIdentifiers")
    invalid: Count = Field(default=0, alias="nbInvalidIdentifiers")
    requested_at: Text = Field(default="", alias="requestDate")
    calls: int = 1
    # The sample echoes what was sent, which may be plain addresses: it is left out.

    def __add__(self, other: "Acknowledgement") -> "Acknowledgement":
        return self.model_copy(
            update={
                "valid": self.valid + other.valid,
                "invalid": self.invalid + other.invalid,
                "calls": self.calls + other.calls,
            }
        )


class Statistics(_Answer):
    """How many identifiers a list holds, and how many of them Criteo knows."""

    identifiers: Count = Field(default=0, alias="numberOfIdentifiers")
    matches: Count = Field(default=0, alias="numberOfMatches")
    stated_match_rate: float | None = Field(default=None, alias="matchRate")
    """As Criteo gives it: whether from 0 to 1 or to 100 is not said."""

    @property
    def match_rate(self) -> float | None:
        """Matches by identifiers, from 0 to 1; None for an empty list."""
        return self.matches / self.identifiers if self.identifiers else None


def flattened(item: dict[str, Any]) -> dict[str, Any]:
    """Return a resource of an answer with its id beside its attributes."""
    return {**(item.get("attributes") or {}), "id": item.get("id")}
