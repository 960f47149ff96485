"""Exports as YAML, so that configurations can live in version control."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from toolkit.errors import ConfigurationError
from toolkit.exports import yaml_options
from toolkit.exports.export import Export, make_export
from toolkit.exports.saved_exports import exports, save_exports
from toolkit.state.folder import WorkspaceFolder
from toolkit.translatable import _

_KEY = "exports"


def as_yaml(some: Iterable[Export]) -> str:
    """Return exports as YAML: by name, the options that differ from the defaults. Connections go by their names."""
    return yaml_options.as_yaml(_KEY, {it.name: _options_of(it) for it in some})


def write_exports(folder: WorkspaceFolder, path: Path) -> None:
    """Write all exports to a YAML file."""
    yaml_options.write_options(path, _KEY, {it.name: _options_of(it) for it in exports(folder)})


def read_exports(folder: WorkspaceFolder, path: Path) -> dict[str, Export]:
    """Save the exports of a YAML file, and return those that it changed; one that is not in the file stays.

    All are saved, or none. Raises ConfigurationError that names the export and the option.
    """
    options = yaml_options.read_options(
        path,
        _KEY,
        unreadable=_("Name the file of exports."),
        lacking=ConfigurationError(
            _("{path} holds no exports.", path=path),
            _("Write 'exports:', and below it each export's name with its options."),
        ),
    )
    known = {it.name: it for it in exports(folder)}
    given = [make_export(name, its) for name, its in options.items()]
    changed = [it for it in given if not _same(it, known.get(it.name))]
    return {it.name: it for it in save_exports(folder, changed)}


def _options_of(export: Export) -> dict[str, Any]:
    options = export.model_dump(mode="json", exclude={"name", "version"}, exclude_defaults=True)
    return options | {"connection": export.connection}


def _same(given: Export, known: Export | None) -> bool:
    if known is None:
        return False
    # An advertiser that was left out was filled in when the export was saved.
    filled = {"version": known.version, "advertiser_id": given.advertiser_id or known.advertiser_id}
    return given.model_copy(update=filled) == known
