"""People who are never sent: by customer key, or by the hashes of an address."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from toolkit.audience.identifiers import IdentifierForm

HASHES = (IdentifierForm.SHA256, IdentifierForm.MD5, IdentifierForm.SHA256_OF_MD5)
SCHEMA = pl.Schema({"customer": pl.String(), **{form.value: pl.String() for form in HASHES}})


@dataclass(frozen=True)
class Suppression:
    """``frame`` has ``customer`` and a column a hash (``sha256``, ``md5``, ``sha256_of_md5``); null where not known."""

    frame: pl.DataFrame

    @classmethod
    def nobody(cls) -> "Suppression":
        """Nobody is suppressed."""
        return cls(pl.DataFrame(schema=SCHEMA))

    @property
    def customers(self) -> pl.Series:
        """The keys, as text."""
        return self.frame["customer"].drop_nulls().unique()

    @property
    def identifiers(self) -> pl.Series:
        """All hashes, whatever their form."""
        return pl.concat([self.frame[form.value].alias("identifier") for form in HASHES]).drop_nulls().unique()

    def forms_beside(self, form: IdentifierForm) -> Sequence[IdentifierForm]:
        """Return in which forms addresses must be compared too, because somebody is known by no other."""
        own = IdentifierForm.SHA256 if form is IdentifierForm.PLAIN else form
        unknown = self.frame.filter(pl.col(own.value).is_null())
        return [it for it in HASHES if it is not own and unknown[it.value].count()]
