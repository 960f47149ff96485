"""``workspace.toml``: what the workspace is, and where its tables lie."""

import secrets
import tomllib
from pathlib import Path
from typing import Annotated

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from toolkit.errors import ConfigurationError
from toolkit.files import write_atomically, write_once
from toolkit.tables import Profiles, SegmentFolder, SegmentTable
from toolkit.validating import wrong_values

FILE_NAME = "workspace.toml"


class Settings(BaseModel):
    """What the file holds. It names no secret and may be kept in version control."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(default_factory=lambda: secrets.token_hex(4))
    """Marks the contact lists that this workspace made at Criteo."""
    database: str = "sqlite:///workspace.db"
    """URL of the database; a SQLite file is taken from the workspace's folder."""
    profiles: Profiles | None = None
    segments: Annotated[SegmentFolder | SegmentTable, Field(discriminator="kind")] | None = None


def read(folder: Path) -> Settings:
    """Read the settings of the workspace in ``folder``; raises ConfigurationError when there is none."""
    path = folder / FILE_NAME
    try:
        return Settings.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise ConfigurationError(
            f"There is no workspace in {folder}: it has no {FILE_NAME}.",
            "Make one with toolkit.open_workspace(folder, profiles=…, segments=…), or name another folder.",
        ) from None
    except ValidationError as error:
        raise ConfigurationError(f"{path} says something wrong: {wrong_values(error)}.", "Mend the file.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"{path} is no TOML: {error}.", "Mend the file, or bring it back from a backup."
        ) from None


def write(folder: Path, settings: Settings) -> None:
    """Write the settings, in whole or not at all."""
    write_atomically(folder / FILE_NAME, lambda path: path.write_text(_text(settings), encoding="utf-8"))


def write_new(folder: Path, settings: Settings) -> None:
    """Write the settings of a new workspace, unless there is one."""
    write_once(folder / FILE_NAME, _text(settings))


def _text(settings: Settings) -> str:
    return tomli_w.dumps(settings.model_dump(mode="json", exclude_none=True))
