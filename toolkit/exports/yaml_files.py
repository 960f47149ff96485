"""Exports as YAML, so that configurations can live in version control."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from toolkit.errors import ConfigurationError
from toolkit.exports.export import Export, make_export
from toolkit.exports.saved_exports import exports, save_export
from toolkit.files import write_atomically
from toolkit.state.folder import WorkspaceFolder
from toolkit.translatable import _


def as_yaml(some: Iterable[Export]) -> str:
    """Return exports as YAML: by name, the options that differ from the defaults. Connections go by their names."""
    options = {
        it.name: it.model_dump(mode="json", exclude={"name", "version"}, exclude_defaults=True)
        | {"connection": it.connection}
        for it in some
    }
    text: str = yaml.safe_dump({"exports": options}, allow_unicode=True, sort_keys=False)
    return text


def write_exports(folder: WorkspaceFolder, path: Path) -> None:
    """Write all exports to a YAML file."""
    text = as_yaml(exports(folder))
    write_atomically(path, lambda it: it.write_text(text, encoding="utf-8"))


def read_exports(folder: WorkspaceFolder, path: Path) -> dict[str, Export]:
    """Save the exports of a YAML file, and return those that it changed; one that is not in the file stays.

    The whole file is read before any is saved. Raises ConfigurationError that names the export and the option.
    """
    known = {it.name: it for it in exports(folder)}
    given = [make_export(name, options) for name, options in _options(path).items()]
    changed = [it for it in given if not _same(it, known.get(it.name))]
    return {it.name: save_export(folder, it) for it in changed}


def _same(given: Export, known: Export | None) -> bool:
    if known is None:
        return False
    # An advertiser that was left out was filled in when the export was saved.
    filled = {"version": known.version, "advertiser_id": given.advertiser_id or known.advertiser_id}
    return given.model_copy(update=filled) == known


def _options(path: Path) -> dict[str, dict[str, Any]]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(
            _("{path} can't be read: {reason}.", path=path, reason=error.strerror), _("Name the file of exports.")
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError):
        raise ConfigurationError(
            _("{path} is no YAML.", path=path), _("Mend the file, or write it anew from a workspace.")
        ) from None
    found = content.get("exports") if isinstance(content, dict) else None
    if not isinstance(found, dict) or not all(isinstance(it, dict) for it in found.values()):
        raise ConfigurationError(
            _("{path} holds no exports.", path=path),
            _("Write 'exports:', and below it each export's name with its options."),
        )
    return {str(name): options for name, options in found.items()}
