"""What there is to know of a type of identifier, in one object."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import narwhals as nw
import polars as pl

from toolkit.identifiers.hashing import HashFormat, hashed, is_hash
from toolkit.identifiers.placeholders import Placeholders, placeholders_of
from toolkit.redaction import masked_column


@dataclass(frozen=True)
class TypeSetting:
    """An option that a type takes beside the one that names its columns, such as the country of telephone numbers."""

    name: str
    """What exports call it."""
    label: str
    """What a form calls it; translated."""
    help_text: str
    """What a form says of it; translated."""
    is_required: bool = False
    """Whether an export that sends the type must give it."""


class IdentifierType(ABC):
    """A type of identifier: how a field of it is read, what of it is sent, and what people call it.

    A type is a subclass with these attributes, and one object of it. All that is done with identifiers is done with
    each type of the registry in turn; nothing else in the toolkit knows one by name.

    Methods that take or return expressions of Narwhals run on every engine; those with Polars' are for what only it
    does, such as composing letters.
    """

    name: str
    """What Criteo calls the type (``identifierType``). It is stored with lists, entries of the suppression list and
    history, so it never changes."""
    keyword: str
    """What options call it: ``email`` makes ``email_column``. Where it is a word of its own, it is an argument of
    ``forget``."""
    position: int
    """Types come in this order. The first that an export sends counts its people: the others are of the same people,
    and checks, limits and charts look at that one."""
    is_required: bool = False
    """Whether each export must name a column of it."""

    label: str
    """What a form calls the column; translated."""
    help_text: str
    """What a form says of the column; translated."""
    misfit: str
    """What a form says of a column, ``{column}``, that holds something else; translated."""
    noun: str
    """One of them, in a sentence: "an e-mail address"."""
    plural: str
    """Several, in a sentence and as the heading of a count: "addresses"."""
    short: str
    """What tells the type from others of one list: "e-mail"."""
    content: str
    """What the profile quality says of a column that holds them."""

    forms: Sequence[HashFormat]
    """In which forms Criteo takes them; the first is taken where an export asks for one that is not among them."""
    hashes: Sequence[HashFormat] = (HashFormat.SHA256,)
    """In which hashed forms they are known: on the suppression list, or as what is asked to be forgotten. SHA-256 is
    always one: by that all that is plain is compared and stored."""
    prehashed: Sequence[HashFormat] = ()
    """In which hashed forms the profiles may hold them: these are sent as they are."""
    settings: Sequence[TypeSetting] = ()
    """The options that the type takes beside its columns."""
    caller_id: int | None = None
    """Whose identifiers they are, where Criteo asks for it in each call."""
    is_recognizable: bool = True
    """Whether a column is told to hold them by its content; any text could be one of a type that has no form."""
    as_numbers: str = ""
    """What to do about a column that holds them as numbers, where that loses something; translated."""
    in_keys: str | None = None
    """A pattern of a customer key that is such an identifier, and must not be kept; None when a key may be one."""

    @abstractmethod
    def normalize(self, field: nw.Expr) -> nw.Expr:
        """Return a field as it is compared.

        Args:
            field: Text, as a table has it.

        Returns:
            The field in its one spelling; null stays null.
        """

    @abstractmethod
    def is_valid(self, value: nw.Expr) -> nw.Expr:
        """Tell whether a normalized field is one identifier, plain.

        Args:
            value: The field.

        Returns:
            A Boolean expression; null for null.
        """

    def configured(self, given: Mapping[str, str]) -> "IdentifierType":
        """Return the type as the options of an export set it up.

        Args:
            given: Values by the name of their setting; one that is empty or not there is not given.

        Returns:
            The type, or a copy of it.

        Raises:
            ValueError: A value is none of the setting; the message says why.
        """
        return self

    @property
    def configuration(self) -> tuple[str, ...]:
        """What tells the type from copies of it that are set up otherwise."""
        return ()

    def hashed(self, column: str, form: HashFormat) -> pl.Expr:
        """Return the hash of normalized, plain values, as Criteo makes it of this type.

        Args:
            column: Name of the column that holds them.
            form: The form. A plain value is held as its SHA-256.

        Returns:
            An expression of text.
        """
        return hashed(column, form)

    def hashed_anywhere(self, column: str, form: HashFormat) -> list[pl.Expr]:
        """Return the hashes under which others may know normalized, plain values, that of Criteo first.

        Args:
            column: Name of the column that holds them.
            form: The form.

        Returns:
            Expressions of text; that of Criteo alone by default.
        """
        return [self.hashed(column, form)]

    def normalize_columns(self, frame: pl.LazyFrame, columns: Iterable[str]) -> pl.LazyFrame:
        """Return a frame with these columns normalized, in whatever is the fastest way.

        Args:
            frame: The frame.
            columns: Names of columns of text.

        Returns:
            The frame, with its other columns as they were.
        """
        return nw.from_native(frame).with_columns(self.normalize(nw.col(it)).alias(it) for it in columns).to_native()

    def is_missing(self, value: nw.Expr) -> nw.Expr:
        """Tell whether a normalized field is null or empty.

        Args:
            value: The field.

        Returns:
            A Boolean expression.
        """
        return value.is_null() | (value == "")

    def is_prehashed(self, value: nw.Expr) -> nw.Expr:
        """Tell whether a normalized field holds the hash of an identifier, which is sent as it is.

        Args:
            value: The field.

        Returns:
            A Boolean expression; null for null.
        """
        return is_hash(value, self.prehashed)

    def is_usable(self, value: nw.Expr) -> nw.Expr:
        """Tell whether a normalized field of the profiles can be sent, if it does not stand for nobody.

        Args:
            value: The field.

        Returns:
            A Boolean expression; null for null.
        """
        return self.is_valid(value) | self.is_prehashed(value)

    def is_known_by(self, value: nw.Expr) -> nw.Expr:
        """Tell whether somebody can be found by a value, plain or hashed.

        Args:
            value: The normalized value, such as one that is asked to be forgotten.

        Returns:
            A Boolean expression; null for null.
        """
        return self.is_valid(value) | is_hash(value, self.hashes)

    def placeholders(self, added: Sequence[str] = ()) -> Placeholders:
        """Return what stands in a field in place of an identifier.

        Args:
            added: What an export adds to what is known.

        Returns:
            The placeholders.
        """
        return placeholders_of(added)

    def form_for(self, asked: HashFormat) -> HashFormat:
        """Return in which form the identifiers are sent where an export asks for one.

        Args:
            asked: The form of the export.

        Returns:
            That one if Criteo takes it, otherwise the first that it takes.
        """
        return asked if asked in self.forms else self.forms[0]

    def spellings(self, value: pl.Expr) -> list[pl.Expr]:
        """Return how a list may have been told a plain value, so that each can be removed.

        Args:
            value: The normalized value.

        Returns:
            The spellings; the normalized one by default.
        """
        return [value]

    def domain(self, value: pl.Expr) -> pl.Expr | None:
        """Return what people can be counted by without naming one, such as the domain of an address.

        Args:
            value: A normalized, valid, plain value.

        Returns:
            An expression of text; None where there is nothing of the kind.
        """
        return None

    def masked(self, value: pl.Expr) -> pl.Expr:
        """Return what may be shown of a value.

        Args:
            value: The value.

        Returns:
            Text that names nobody.
        """
        return masked_column(value)

    @property
    def column_option(self) -> str:
        """The option that names a column of them."""
        return f"{self.keyword}_column"

    @property
    def count_name(self) -> str:
        """What a column is called that counts them: "mobile_ids"."""
        return self.plural.replace(" ", "_")

    def __eq__(self, other: object) -> bool:
        # A copy with settings of its own, such as a default region, is the same type.
        return isinstance(other, IdentifierType) and other.name == self.name

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f"IdentifierType({self.name!r})"
