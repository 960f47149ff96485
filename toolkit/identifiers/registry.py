"""The types of identifiers that there are. A module in ``types`` is one: nothing else has to be told of it."""

import pkgutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
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


def settings_of(options: Mapping[str, object]) -> dict[str, str]:
    """Return the values of settings of types, such as ``phone_region``, as text; those that are not given are empty.

    Args:
        options: Values by the name of the option; options that are no settings are passed over.

    Returns:
        A value for each setting that there is.
    """
    names = [setting.name for it in identifier_types() for setting in it.settings]
    return {name: "" if options.get(name) is None else str(options[name]) for name in names}


def configured_type(identifier_type: IdentifierType, options: Mapping[str, object]) -> IdentifierType:
    """Return a type as options set it up.

    Args:
        identifier_type: The type.
        options: Values by the name of the option.

    Returns:
        The type, or a copy of it.

    Raises:
        ConfigurationError: The value of a setting is none.
    """
    try:
        return identifier_type.configured(settings_of(options))
    except ValueError as error:
        (what,) = error.args
        raise ConfigurationError(_("{what}.", what=what), _("Correct the option.")) from None


def columns_by_type(options: Mapping[str, str | int | Sequence[str] | None]) -> dict[IdentifierType, tuple[str, ...]]:
    """Return which columns are named for each type, set up by the settings among the options.

    Args:
        options: Columns by the option that names them, such as ``email_column``, one or several, and values of
            settings, such as ``phone_region``; one that is None or empty is left out.

    Returns:
        The columns, in the order of the registry.

    Raises:
        ConfigurationError: No type has such an option, or the value of a setting is none.
    """
    known = {it.column_option: it for it in identifier_types()}
    settings = settings_of(options)
    for option, value in options.items():
        if value and option not in known and option not in settings:
            raise unknown_name(mark("option"), option, known)
    named = {it: _listed(options.get(option)) for option, it in known.items()}
    return {configured_type(it, options): columns for it, columns in named.items() if columns}


def _listed(columns: str | int | Sequence[str] | None) -> tuple[str, ...]:
    if columns is None or isinstance(columns, str | int):
        return (str(columns),) if columns else ()
    return tuple(dict.fromkeys(columns))


def named_identifier(given: Mapping[str, str | None]) -> tuple[IdentifierType, str] | None:
    """Return the one identifier that is given.

    Args:
        given: Values by the keyword of their type, such as ``email``; None for those that are not given. Settings of
            types, such as ``phone_region``, say how it is read.

    Returns:
        The type and the value; None when none is given.

    Raises:
        ConfigurationError: Several are given, a keyword is of no type, or the value of a setting is none.
    """
    known = {it.keyword: it for it in identifier_types()}
    settings = settings_of(given)
    for keyword in given:
        if keyword not in known and keyword not in settings:
            raise unknown_name(mark("type of identifier"), keyword, known)
    named = [(known[it], value) for it, value in given.items() if it in known and value is not None]
    if len(named) > 1:
        raise ConfigurationError(
            _("A person is named by one identifier."), _("Give one of {known}.", known=", ".join(known))
        )
    return (configured_type(named[0][0], given), named[0][1]) if named else None


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
