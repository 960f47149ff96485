"""``workspace.toml``: what the workspace is, and where its tables lie."""

import secrets
import tomllib
from pathlib import Path
from typing import Annotated

import tomli_w
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from toolkit.errors import AccessError, ConfigurationError, UnavailableError
from toolkit.files import write_atomically, write_once
from toolkit.pydantic_errors import wrong_values
from toolkit.sources import Profiles, SegmentFolder, SegmentTable
from toolkit.state.nearby import nearest_workspaces
from toolkit.translatable import _, languages, listed, nearest_language, one_of, sentences

FILE_NAME = "workspace.toml"


def _known_language(name: str) -> str:
    found = nearest_language(name)
    if found is None:
        raise ValueError(_("there is no such language; choose one of {languages}", languages=listed(languages())))
    return found


class Settings(BaseModel):
    """What the file holds. It names no secret and may be kept in version control."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(default_factory=lambda: secrets.token_hex(4))
    """Marks the contact lists that this workspace made at Criteo."""
    database: str = "sqlite:///workspace.db"
    """URL of the database; a SQLite file is taken from the workspace's folder."""
    profiles: Profiles | None = None
    segments: Annotated[SegmentFolder | SegmentTable, Field(discriminator="kind")] | None = None
    language: Annotated[str, AfterValidator(_known_language)] | None = None
    """The language of reports and notifications, such as ``nl``; by default that of whoever runs."""


def is_there(folder: Path) -> bool:
    """Tell whether the folder holds settings; also where they can't be looked at, which reading them then tells."""
    try:
        (folder / FILE_NAME).stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


def read(folder: Path) -> Settings:
    """Read the settings of the workspace in ``folder``.

    Raises ConfigurationError when there is none or they are wrong, AccessError when the account may not read them.
    """
    path = folder / FILE_NAME
    try:
        return Settings.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise no_workspace(folder) from None
    except PermissionError:
        raise AccessError(
            _(
                "You may not read the workspace in {folder}: {path} is not readable for your account.",
                folder=folder,
                path=path,
            ),
            _(
                "Ask its owner to share the folder with your group, for example: chgrp -R GROUP "
                "'{folder}' && chmod -R g+rX '{folder}'.",
                folder=folder,
            ),
        ) from None
    except OSError as error:
        raise UnavailableError(
            _("{path} can't be read: {reason}.", path=path, reason=error.strerror or type(error).__name__),
            _("See that the disk is there, and that the folder is one; then try again."),
        ) from None
    except ValidationError as error:
        raise ConfigurationError(
            _("{path} says something wrong: {wrong_values}.", path=path, wrong_values=wrong_values(error)),
            _("Mend the file."),
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            _("{path} is no TOML: {error}.", path=path, error=error),
            _("Mend the file, or bring it back from a backup."),
        ) from None


def no_workspace(folder: Path) -> ConfigurationError:
    """Return the error that there is no workspace in the folder; it names those that may be meant."""
    near = [f"'{it}'" for it in nearest_workspaces(folder, FILE_NAME)]
    missing: str = _("There is no workspace in {folder}.", folder=folder)
    return ConfigurationError(
        sentences([missing, _("Did you mean {near}?", near=one_of(near)) if near else ""]),
        _(
            "Check the path. To make a new workspace there, run `toolkit workspace create '{folder}'`, or "
            "pass create=True to toolkit.open_workspace.",
            folder=folder,
        ),
    )


def write(folder: Path, settings: Settings) -> None:
    """Write the settings, in whole or not at all."""
    write_atomically(folder / FILE_NAME, lambda path: path.write_text(_text(settings), encoding="utf-8"))


def write_new(folder: Path, settings: Settings) -> bool:
    """Write the settings of a new workspace, unless there is one; tell whether they were written."""
    return write_once(folder / FILE_NAME, _text(settings))


def _text(settings: Settings) -> str:
    return tomli_w.dumps(settings.model_dump(mode="json", exclude_none=True))
