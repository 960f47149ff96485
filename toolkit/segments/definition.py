"""The definition of a segment that is built here: a YAML file beside its members.

Its name is the segment's, with ``_`` before, so that the catalog does not take it for a segment itself.
"""

import re
from datetime import datetime
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import quote, unquote

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from toolkit.errors import ConfigurationError, DataError
from toolkit.files import write_atomically
from toolkit.names import same_form
from toolkit.pydantic_errors import wrong_values
from toolkit.strict_yaml import NotYamlError, read_yaml
from toolkit.translatable import _

ENDING = ".segment.yaml"
_NEEDS_QUOTING = re.compile(r'[%/\\:*?"<>|\x00-\x1f\x7f]|^[_.]')
_LONGEST_NAME = 200
"""In bytes; file systems take 255, and the files beside have longer endings."""


class Definition(BaseModel):
    """Who belongs to a segment, and since when that is so.

    Examples:
        >>> definition = workspace.segments.build("Dutch", where="Country = 'Netherlands'", dynamic=True).definition
        >>> definition.condition, definition.version, definition.dynamic
        ("Country = 'Netherlands'", 1, True)
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    segment: Annotated[str, AfterValidator(same_form)]
    where: str = ""
    """The SQL condition."""
    expression: str = ""
    """Instead of it: a Polars expression as Polars shows it, to be read and not to be evaluated again."""
    dynamic: bool = False
    """Whether it is built anew at each refresh, and before each run that sends it."""
    version: int = Field(ge=1)
    saved_by: str
    saved_at: datetime

    @model_validator(mode="after")
    def _is_one_of_both(self) -> Self:
        if bool(self.where) == bool(self.expression):
            raise ValueError(_("give where or expression, and not both"))
        if self.dynamic and not self.where:
            raise ValueError(_("a dynamic segment needs where"))
        return self

    @property
    def condition(self) -> str:
        """The condition as text, whatever it is."""
        return self.where or self.expression

    @property
    def kind(self) -> str:
        """Static or dynamic."""
        return "dynamic" if self.dynamic else "static"


def encode_file_name(name: str) -> str:
    """Return the name of a segment as the name of a file, as SegmentFolder reads it; raises ConfigurationError."""
    if not name.strip():
        raise ConfigurationError(_("A segment needs a name."), _("Name it."))
    try:
        stem = _NEEDS_QUOTING.sub(lambda it: _quoted(it.group()), same_form(name))
        size = len(stem.encode())
    except UnicodeEncodeError:
        raise ConfigurationError(
            _("The name of the segment holds half a character, which no file can be called."), _("Write it anew.")
        ) from None
    if size > _LONGEST_NAME:
        raise ConfigurationError(
            _("The name of the segment is too long: {size} bytes as a file's name.", size=size),
            _("Take at most {longest_name}.", longest_name=_LONGEST_NAME),
        )
    return stem


def definition_path(folder: Path, name: str) -> Path:
    """Return where the definition of the segment lies, in the folder of the catalog."""
    return folder / f"_{encode_file_name(name)}{ENDING}"


def segment_named_by(path: Path) -> str:
    """Return the name of the segment whose definition the file is."""
    return same_form(unquote(path.name.removeprefix("_").removesuffix(ENDING)))


def read_definition(path: Path) -> Definition | None:
    """Read a definition, None when there is none; raises DataError when the file is damaged."""
    try:
        content = read_yaml(path.read_text(encoding="utf-8"))
        known = {**content, "segment": segment_named_by(path)} if isinstance(content, dict) else content
        return Definition.model_validate(known)
    except FileNotFoundError:
        return None
    except ValidationError as error:
        raise DataError(
            _(
                "{path}, the definition of a segment, says something wrong: {wrong_values}.",
                path=path,
                wrong_values=wrong_values(error),
            ),
            _MEND,
        ) from None
    except (OSError, UnicodeDecodeError, NotYamlError) as error:
        why = error.said if isinstance(error, NotYamlError) else type(error).__name__
        raise DataError(
            _("{path}, the definition of a segment, can't be read ({kind}).", path=path, kind=why), _MEND
        ) from None


def write_definition(path: Path, definition: Definition) -> None:
    """Write a definition, in whole or not at all."""
    content = definition.model_dump(mode="json", exclude={"segment"}, exclude_defaults=True)
    text = yaml.safe_dump(content, allow_unicode=True, sort_keys=False)
    write_atomically(path, lambda it: it.write_text(text, encoding="utf-8"))


_MEND = _("Mend the file, or build the segment anew under another name.")


def _quoted(character: str) -> str:
    return f"%{ord(character):02X}" if character in "_." else quote(character, safe="")
