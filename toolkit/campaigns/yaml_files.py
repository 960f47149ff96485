"""Declared Criteo audiences as YAML, beside the exports, so that both can live in version control."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from toolkit.campaigns.declared import DeclaredAudience, make_audience
from toolkit.campaigns.saved_audiences import audiences, save_audience
from toolkit.errors import ConfigurationError
from toolkit.files import write_atomically
from toolkit.state.folder import WorkspaceFolder
from toolkit.translatable import _

_KEY = "audiences"


def as_yaml(some: Iterable[DeclaredAudience]) -> str:
    """Return audiences as YAML: by name, the options that differ from the defaults."""
    options = {it.name: it.model_dump(mode="json", exclude={"name", "version"}, exclude_defaults=True) for it in some}
    text: str = yaml.safe_dump({_KEY: options}, allow_unicode=True, sort_keys=False)
    return text


def write_audiences(folder: WorkspaceFolder, path: Path) -> None:
    """Write all declared audiences to a YAML file."""
    text = as_yaml(audiences(folder))
    write_atomically(path, lambda it: it.write_text(text, encoding="utf-8"))


def read_audiences(folder: WorkspaceFolder, path: Path) -> dict[str, DeclaredAudience]:
    """Save the audiences of a YAML file, and return those that it changed; one that is not in the file stays.

    The whole file is read before any is saved. A file that holds exports too is read as well.

    Raises:
        ConfigurationError: The file can't be read, or an option is wrong; the error names the audience.
    """
    known = {it.name: it for it in audiences(folder)}
    given = [make_audience(name, options) for name, options in _options(path).items()]
    changed = [it for it in given if not _same(it, known.get(it.name))]
    return {it.name: save_audience(folder, it) for it in changed}


def _same(given: DeclaredAudience, known: DeclaredAudience | None) -> bool:
    if known is None:
        return False
    # An advertiser that was left out was filled in when the audience was saved.
    filled = {"version": known.version, "advertiser_id": given.advertiser_id or known.advertiser_id}
    return given.model_copy(update=filled) == known


def _options(path: Path) -> dict[str, dict[str, Any]]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(
            _("{path} can't be read: {reason}.", path=path, reason=error.strerror), _("Name the file of audiences.")
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError):
        raise ConfigurationError(
            _("{path} is no YAML.", path=path), _("Mend the file, or write it anew from a workspace.")
        ) from None
    found = content.get(_KEY) if isinstance(content, dict) else None
    if not isinstance(found, dict) or not all(isinstance(it, dict) for it in found.values()):
        raise ConfigurationError(
            _("{path} holds no audiences.", path=path),
            _("Write 'audiences:', and below it each audience's name with its options."),
        )
    return {str(name): options for name, options in found.items()}
