"""Declared Criteo audiences in a YAML file, which may be that of the exports."""

from toolkit.campaigns.declared import make_audience
from toolkit.campaigns.saved_audiences import audiences, save_audiences
from toolkit.exports.definition_yaml import DefinitionYaml
from toolkit.translatable import _, mark

AUDIENCES_YAML = DefinitionYaml(
    "audiences",
    make=make_audience,
    load_all=audiences,
    save_all=save_audiences,
    remedy_if_unreadable=_("Name the file of audiences."),
    said_if_lacking=mark("{path} holds no audiences."),
    remedy_if_lacking=_("Write 'audiences:', and below it each audience's name with its options."),
)
