"""The types of identifiers that there are. A module in ``types`` is one: nothing else has to be told of it."""

import pkgutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from importlib import import_module

from toolkit.errors import ConfigurationError
from toolkit.identifiers import types
from toolkit.identifiers.identifier_type import IdentifierType
from toolkit.names import unknown_name
from toolkit.translatable import _, mark

_added: dict[str, IdentifierType] = {}


@cache
def _built_in() -> tuple[IdentifierType, ...]:
    found = (import_module(f"{types.__name__}.{it.name}").TYPE for it in pkgutil.iter_modules(types.__path__))
    return tuple(found)


def identifier_types() -> tuple[IdentifierType, ...]:
    """Return all types, in their order: the one that counts people before those that are sent beside it."""
    return tuple(sorted((*_built_in(), *_added.values()), key=lambda it: (it.position, it.name)))


def identifier_type_named(name: str) -> IdentifierType:
    """Return a type by the name that is stored.

    Args:
        name: What Criteo calls the type.

    Returns:
        The type.

    Raises:
        ConfigurationError: There is no such type in this release.
    """
    known = identifier_types()
    found = next((it for it in known if it.name == name), None)
    if found is None:
        raise ConfigurationError(
            _("This workspace holds identifiers of type {name!r}, which this release does not know.", name=name),
            _("Use the release that wrote them. Known types are {names}.", names=", ".join(it.name for it in known)),
        )
    return found


def first_type(among: Iterable[IdentifierType] | None = None) -> IdentifierType:
    """Return the type that people are counted by.

    Args:
        among: The types that an export sends; by default all types there are.

    Returns:
        The first in the order of the registry.
    """
    order = identifier_types()
    return min(order if among is None else among, key=order.index)


def columns_by_type(options: Mapping[str, str | None]) -> dict[IdentifierType, str]:
    """Return which column is named for each type.

    Args:
        options: Columns by the option that names them, such as ``email_column``; one that is None or empty is left out.

    Returns:
        The columns, in the order of the registry.

    Raises:
        ConfigurationError: No type has such an option.
    """
    known = {it.column_option: it for it in identifier_types()}
    for option in options:
        if option not in known:
            raise unknown_name(mark("option"), option, known)
    named = ((it, options.get(option)) for option, it in known.items())
    return {it: column for it, column in named if column}


def named_identifier(given: Mapping[str, str | None]) -> tuple[IdentifierType, str] | None:
    """Return the one identifier that is given.

    Args:
        given: Values by the keyword of their type, such as ``email``; None for those that are not given.

    Returns:
        The type and the value; None when none is given.

    Raises:
        ConfigurationError: Several are given, or a keyword is of no type.
    """
    known = {it.keyword: it for it in identifier_types()}
    for keyword in given:
        if keyword not in known:
            raise unknown_name(mark("type of identifier"), keyword, known)
    named = [(known[keyword], value) for keyword, value in given.items() if value is not None]
    if len(named) > 1:
        raise ConfigurationError(
            _("A person is named by one identifier."), _("Give one of {known}.", known=", ".join(known))
        )
    return named[0] if named else None


@contextmanager
def registered(identifier_type: IdentifierType) -> Iterator[None]:
    """Add a type for as long as the block lasts.

    Args:
        identifier_type: The type. Its ``name`` and ``keyword`` are new.

    Raises:
        ValueError: There is a type of that name or keyword.
    """
    for it in identifier_types():
        if it.name == identifier_type.name or it.keyword == identifier_type.keyword:
            raise ValueError(f"there is a type {it.name!r} with the keyword {it.keyword!r} already")
    _added[identifier_type.name] = identifier_type
    try:
        yield
    finally:
        del _added[identifier_type.name]
