"""What people are sent by: a registry of types of identifiers, each with its rules, words and hashed forms."""

from toolkit.identifiers.hashing import HASHES, HashFormat, hashed, hashes_of, is_hash, is_hash_text
from toolkit.identifiers.identifier_type import IdentifierType, TypeSetting
from toolkit.identifiers.placeholders import Placeholders, without_addresses
from toolkit.identifiers.registry import (
    columns_by_type,
    configured_type,
    first_type,
    identifier_type_named,
    identifier_types,
    named_identifier,
    registered,
    settings_of,
)

__all__ = [
    "HASHES",
    "HashFormat",
    "IdentifierType",
    "Placeholders",
    "TypeSetting",
    "columns_by_type",
    "configured_type",
    "first_type",
    "hashed",
    "hashes_of",
    "identifier_type_named",
    "identifier_types",
    "is_hash",
    "is_hash_text",
    "named_identifier",
    "registered",
    "settings_of",
    "without_addresses",
]
