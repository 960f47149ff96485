"""A Criteo audience as it is declared: a saved configuration. Saving never changes anything at Criteo."""

from collections.abc import Mapping
from typing import Any

import polars as pl
from pydantic import Field, field_validator

from toolkit.campaigns.expression import Expression
from toolkit.campaigns.meaning import is_everybody, is_nobody
from toolkit.campaigns.text import read_expression
from toolkit.display import html_table, text_table
from toolkit.display.words import word
from toolkit.pydantic_errors import Told, validating
from toolkit.translatable import _

_LONGEST_NAME = 255


class DeclaredAudience(Told):
    """A declared Criteo audience: a combination of segments that ad sets can target.

    Examples:
        >>> audience = workspace.audiences.save(
        ...     "Best customers", '"High value"', connection="Criteo", advertiser_id="2711"
        ... )
        >>> audience.definition, audience.version
        ('"High value"', 1)
    """

    name: str = Field(min_length=1, max_length=_LONGEST_NAME)
    """What it is called, here and at Criteo."""
    definition: str
    """Who is in it, such as ``"High value" and not "Bought last week"``."""
    connection: str
    """Name of the connection; empty when the connection was removed."""
    advertiser_id: str = ""
    """One of the connection's advertisers."""
    adopts: str = ""
    """The id of an audience that is at Criteo already, and that becomes this one."""
    version: int = 0
    """How often it was saved."""

    @field_validator("name")
    @classmethod
    def _can_be_read(cls, name: str) -> str:
        if name and (name != name.strip() or not name.isprintable()):
            raise ValueError(_("it begins or ends with a space, or holds a character that can't be printed"))
        return name

    @field_validator("advertiser_id", "adopts", mode="before")
    @classmethod
    def _number_as_text(cls, given: object) -> object:
        return str(given) if isinstance(given, int) and not isinstance(given, bool) else given

    @field_validator("adopts")
    @classmethod
    def _is_id(cls, adopts: str) -> str:
        if adopts and not (adopts.isascii() and adopts.isdigit()):
            raise ValueError(_("the ID of an audience at Criteo is a number"))
        return adopts

    @field_validator("definition", mode="before")
    @classmethod
    def _as_text(cls, given: object) -> object:
        if isinstance(given, Expression):
            return str(given)
        return str(read_expression(given)) if isinstance(given, str) else given

    @field_validator("definition")
    @classmethod
    def _divides_people(cls, definition: str) -> str:
        expression = read_expression(definition)
        if is_nobody(expression):
            raise ValueError(_("nobody can be in it: its parts exclude each other"))
        if is_everybody(expression):
            raise ValueError(_("everybody is in it, whichever segments they are in"))
        return definition

    @property
    def expression(self) -> Expression:
        """Who is in it.

        Examples:
            >>> audience = workspace.audiences.save(
            ...     "Best", '"High value" or id(1234)', connection="Criteo", advertiser_id="2711"
            ... )
            >>> [str(leaf) for leaf in audience.expression.leaves]
            ['"High value"', 'id(1234)']
        """
        return read_expression(self.definition)

    @property
    def frame(self) -> pl.DataFrame:
        """A row an option."""
        shown = {
            "definition": self.definition,
            "connection": self.connection or "No connection",
            "advertiser": self.advertiser_id,
            "adopts": self.adopts,
        }
        kept = {option: value for option, value in shown.items() if value}
        return pl.DataFrame({"option": list(kept), "value": list(kept.values())})

    def __repr__(self) -> str:
        return f"Criteo audience {self.name!r}, version {self.version}\n{text_table(self.frame)}"

    def _repr_html_(self) -> str:
        shown = self.frame
        return html_table(
            shown,
            title=_("Criteo audience {name}", name=self.name),
            subtitle=_("version {version}", version=self.version),
            texts={"option": [word(it) for it in shown["option"]]},
        )


def make_audience(name: str, options: Mapping[str, Any]) -> DeclaredAudience:
    """Return an audience from its options; raises ConfigurationError that names each option that is wrong."""
    fields = ", ".join(it for it in DeclaredAudience.model_fields if it not in ("name", "version"))
    with validating(_("Criteo audience {name!r} was not saved", name=name), _("Options are {fields}.", fields=fields)):
        return DeclaredAudience.model_validate({"name": name, **options})
