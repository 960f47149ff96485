"""Definitions in a YAML file, so that they can live in version control: all that it says is saved, or nothing."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic

import yaml

from toolkit.errors import ConfigurationError
from toolkit.exports.definition_store import D
from toolkit.files import write_atomically
from toolkit.state.folder import WorkspaceFolder
from toolkit.strict_yaml import NotYamlError, read_yaml
from toolkit.translatable import _


@dataclass(frozen=True)
class DefinitionYaml(Generic[D]):
    """The form of one kind of definition in YAML: by name, the options that differ from the defaults."""

    key: str
    """What the definitions stand below; others may stand beside it."""
    make: Callable[[str, Mapping[str, Any]], D]
    load_all: Callable[[WorkspaceFolder], list[D]]
    save_all: Callable[[WorkspaceFolder, Iterable[D]], list[D]]
    remedy_if_unreadable: str
    said_if_lacking: str
    """That the file at ``path`` holds none."""
    remedy_if_lacking: str

    def text(self, some: Iterable[D]) -> str:
        """Return definitions as YAML. Connections go by their names."""
        options = {it.name: it.model_dump(mode="json", exclude=_NO_OPTIONS, exclude_defaults=True) for it in some}
        text: str = yaml.safe_dump({self.key: options}, allow_unicode=True, sort_keys=False)
        return text

    def write(self, folder: WorkspaceFolder, path: Path) -> None:
        """Write all definitions of a workspace to a YAML file."""
        text = self.text(self.load_all(folder))
        write_atomically(path, lambda it: it.write_text(text, encoding="utf-8"))

    def read(self, folder: WorkspaceFolder, path: Path) -> dict[str, D]:
        """Save the definitions of a YAML file, and return those that it changed; one that is not in the file stays.

        All are saved, or none.

        Raises:
            ConfigurationError: The file can't be read, is no YAML, holds none, or names one twice; or an option is
                wrong. The error names the definition and the option.
        """
        options = self._options(path)
        known = {it.name: it for it in self.load_all(folder)}
        given = [self.make(name, its) for name, its in options.items()]
        changed = [it for it in given if not _is_same(it, known.get(it.name))]
        return {it.name: it for it in self.save_all(folder, changed)}

    def _options(self, path: Path) -> dict[str, dict[str, Any]]:
        try:
            text = path.read_text(encoding="utf-8")
        except OSError as error:
            raise ConfigurationError(
                _("{path} can't be read: {reason}.", path=path, reason=error.strerror), self.remedy_if_unreadable
            ) from None
        except UnicodeDecodeError:
            raise _unreadable(path, _("it is no text")) from None
        try:
            content = read_yaml(text)
        except NotYamlError as error:
            raise _unreadable(path, error.said) from None
        found = content.get(self.key) if isinstance(content, dict) else None
        if not isinstance(found, dict) or not all(isinstance(it, dict) for it in found.values()):
            raise ConfigurationError(_(self.said_if_lacking, path=path), self.remedy_if_lacking)
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


_NO_OPTIONS = {"name", "version"}


def _is_same(given: D, known: D | None) -> bool:
    if known is None:
        return False
    # An advertiser that was left out was filled in when the definition was saved.
    filled = {"version": known.version, "advertiser_id": given.advertiser_id or known.advertiser_id}
    return given.model_copy(update=filled) == known


def _unreadable(path: Path, said: str) -> ConfigurationError:
    return ConfigurationError(
        _("{path} can't be read: {reason}.", path=path, reason=said),
        _("Mend the file, or write it anew from a workspace."),
    )
