"""Exports in a YAML file."""

from toolkit.exports.definition_yaml import DefinitionYaml
from toolkit.exports.export import make_export
from toolkit.exports.saved_exports import exports, save_exports
from toolkit.translatable import _, mark

EXPORTS_YAML = DefinitionYaml(
    "exports",
    make=make_export,
    load_all=exports,
    save_all=save_exports,
    remedy_if_unreadable=_("Name the file of exports."),
    said_if_lacking=mark("{path} holds no exports."),
    remedy_if_lacking=_("Write 'exports:', and below it each export's name with its options."),
)
