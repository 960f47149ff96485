"""Declared Criteo audiences as YAML, beside the exports, so that both can live in version control."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from toolkit.campaigns.declared import DeclaredAudience, make_audience
from toolkit.campaigns.saved_audiences import audiences, save_audiences
from toolkit.errors import ConfigurationError
from toolkit.exports import yaml_options
from toolkit.state.folder import WorkspaceFolder
from toolkit.translatable import _

_KEY = "audiences"


def as_yaml(some: Iterable[DeclaredAudience]) -> str:
    """Return audiences as YAML: by name, the options that differ from the defaults."""
    return yaml_options.as_yaml(_KEY, {it.name: _options_of(it) for it in some})


def write_audiences(folder: WorkspaceFolder, path: Path) -> None:
    """Write all declared audiences to a YAML file."""
    yaml_options.write_options(path, _KEY, {it.name: _options_of(it) for it in audiences(folder)})


def read_audiences(folder: WorkspaceFolder, path: Path) -> dict[str, DeclaredAudience]:
    """Save the audiences of a YAML file, and return those that it changed; one that is not in the file stays.

    All are saved, or none. A file that holds exports too is read as well.

    Raises:
        ConfigurationError: The file can't be read, or an option is wrong; the error names the audience.
    """
    options = yaml_options.read_options(
        path,
        _KEY,
        unreadable=_("Name the file of audiences."),
        lacking=ConfigurationError(
            _("{path} holds no audiences.", path=path),
            _("Write 'audiences:', and below it each audience's name with its options."),
        ),
    )
    known = {it.name: it for it in audiences(folder)}
    given = [make_audience(name, its) for name, its in options.items()]
    changed = [it for it in given if not _same(it, known.get(it.name))]
    return {it.name: it for it in save_audiences(folder, changed)}


def _options_of(audience: DeclaredAudience) -> dict[str, Any]:
    return audience.model_dump(mode="json", exclude={"name", "version"}, exclude_defaults=True)


def _same(given: DeclaredAudience, known: DeclaredAudience | None) -> bool:
    if known is None:
        return False
    # An advertiser that was left out was filled in when the audience was saved.
    filled = {"version": known.version, "advertiser_id": given.advertiser_id or known.advertiser_id}
    return given.model_copy(update=filled) == known
