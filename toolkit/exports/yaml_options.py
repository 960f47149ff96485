"""Options by name in a YAML file: exports, and what else is declared beside them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from toolkit.errors import ConfigurationError
from toolkit.files import write_atomically
from toolkit.strict_yaml import NotYamlError, read_yaml
from toolkit.translatable import _


def as_yaml(key: str, options: Mapping[str, Mapping[str, Any]]) -> str:
    """Return options by name as YAML, below the key that says what they are of."""
    text: str = yaml.safe_dump({key: dict(options)}, allow_unicode=True, sort_keys=False)
    return text


def write_options(path: Path, key: str, options: Mapping[str, Mapping[str, Any]]) -> None:
    """Write options by name to a YAML file."""
    text = as_yaml(key, options)
    write_atomically(path, lambda it: it.write_text(text, encoding="utf-8"))


def read_options(path: Path, key: str, *, unreadable: str, lacking: ConfigurationError) -> dict[str, dict[str, Any]]:
    """Return the options that stand below a key of a YAML file, by name.

    Args:
        path: The file.
        key: What says what they are of.
        unreadable: What to do when the file can't be read.
        lacking: What is raised when the file holds none.

    Raises:
        ConfigurationError: The file can't be read, is no YAML, holds none, or names one twice.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(
            _("{path} can't be read: {reason}.", path=path, reason=error.strerror), unreadable
        ) from None
    except UnicodeDecodeError:
        raise _unreadable(path, _("it is no text")) from None
    try:
        content = read_yaml(text)
    except NotYamlError as error:
        raise _unreadable(path, error.said) from None
    found = content.get(key) if isinstance(content, dict) else None
    if not isinstance(found, dict) or not all(isinstance(it, dict) for it in found.values()):
        raise lacking
    for name, options in found.items():
        if not isinstance(name, str):
            raise ConfigurationError(
                _(
                    "{path} gives the name {name} without quotation marks, which YAML reads otherwise.",
                    path=path,
                    name=name,
                ),
                _("Write it in quotation marks."),
            )
        if "name" in options:
            raise ConfigurationError(
                _("{path} gives {name!r} an option 'name'.", path=path, name=name),
                _("Take it out: what stands before the options is the name."),
            )
    return found


def _unreadable(path: Path, said: str) -> ConfigurationError:
    return ConfigurationError(
        _("{path} can't be read: {reason}.", path=path, reason=said),
        _("Mend the file, or write it anew from a workspace."),
    )
