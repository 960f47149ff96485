"""What opens Criteo's API: asked for, or taken from where a job has it."""

import os
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from toolkit.criteo import CRITEO, canonical_host
from toolkit.errors import ConfigurationError
from toolkit.invisible_characters import trimmed
from toolkit.translatable import _, all_of, one_of

ID_VARIABLE = "CRITEO_CLIENT_ID"
SECRET_VARIABLE = "CRITEO_CLIENT_SECRET"  # noqa: S105


@dataclass(frozen=True)
class Credentials:
    """What opens Criteo's API, and the one host that it may be sent to, in its one spelling.

    Raises:
        ConfigurationError: One of them is missing, or holds a blank within.

    Examples:
        >>> credentials = toolkit.Credentials.from_environment(host=host)
        >>> "client_secret" in repr(credentials)
        False
    """

    client_id: str
    client_secret: str = field(repr=False)
    host: str = CRITEO

    def __post_init__(self) -> None:
        names = ("client_id", "client_secret", "host")
        for name in names:
            given: object = getattr(self, name)
            if not isinstance(given, str):
                raise ConfigurationError(
                    _("{name} is no text.", name=name), _("Copy it from your app on Criteo's developer portal.")
                )
            # What is pasted brings blanks and line ends along, which Criteo would refuse as a wrong secret.
            object.__setattr__(self, name, trimmed(given))
        broken = [name for name in names if any(it.isspace() for it in getattr(self, name))]
        if broken:
            raise ConfigurationError(
                _("{broken} holds a blank or a line end within.", broken=all_of(broken)),
                _("Copy it again from your app on Criteo's developer portal, in one piece."),
            )
        missing = [name for name in names if not getattr(self, name)]
        if missing:
            raise ConfigurationError(
                _("The credentials lack {missing}.", missing=all_of(missing)),
                _("Copy both from your app on Criteo's developer portal."),
            )
        # One Criteo has one name, wherever a connection or a list is looked up by it.
        object.__setattr__(self, "host", canonical_host(self.host))

    def __reduce__(self) -> str:
        raise TypeError("Credentials hold a secret and are not pickled; take them anew where they are needed.")

    @classmethod
    def ask(cls, *, client_id: str, host: str = CRITEO) -> Self:
        """Ask for the secret in a hidden prompt, which shows the host, so that it stands in no cell of a notebook.

        Args:
            client_id: The client id of your app on Criteo's developer portal.
            host: The URL of Criteo's API.

        Returns:
            The credentials.

        Raises:
            ConfigurationError: What was given is not usable.
        """
        from getpass import getpass

        return cls(
            client_id=client_id,
            client_secret=getpass(_("Client secret of {client_id} for {host}: ", client_id=client_id, host=host)),
            host=host,
        )

    @classmethod
    def from_environment(cls, *, host: str = CRITEO) -> Self:
        """Take the credentials from ``CRITEO_CLIENT_ID`` and ``CRITEO_CLIENT_SECRET``.

        Args:
            host: The URL of Criteo's API.

        Returns:
            The credentials.

        Raises:
            ConfigurationError: One of the variables is not set.
        """
        unset = [name for name in (ID_VARIABLE, SECRET_VARIABLE) if not os.environ.get(name)]
        if unset:
            raise ConfigurationError(
                _("The environment has no {unset}.", unset=one_of(unset)),
                _("Set both for this process, or use another way."),
            )
        return cls(client_id=os.environ[ID_VARIABLE], client_secret=os.environ[SECRET_VARIABLE], host=host)

    @classmethod
    def from_file(cls, path: str | Path) -> Self:
        """Take the credentials from a TOML file with ``client_id``, ``client_secret`` and, optionally, ``host``.

        Args:
            path: The file.

        Returns:
            The credentials.

        Raises:
            ConfigurationError: The file can't be read, lacks one, or others on this machine may read it.
        """
        file = Path(path).expanduser()
        try:
            if os.name == "posix" and file.stat().st_mode & 0o077:
                raise ConfigurationError(
                    _("{file} may be read by others on this machine.", file=file),
                    _("Take that away with: chmod 600 '{file}'.", file=file),
                )
            content = tomllib.loads(file.read_text(encoding="utf-8"))
        except OSError as error:
            raise ConfigurationError(
                _("{file} cannot be read: {reason}.", file=file, reason=error.strerror), _("Name another file.")
            ) from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError):
            raise ConfigurationError(
                _("{file} is no TOML.", file=file), _('Write client_id = "…" and client_secret = "…".')
            ) from None
        texts = {name: content.get(name) for name in ("client_id", "client_secret", "host")}
        if not all(isinstance(texts[name], str) for name in ("client_id", "client_secret")):
            raise ConfigurationError(
                _("{file} lacks client_id or client_secret.", file=file),
                _('Write client_id = "…" and client_secret = "…".'),
            )
        return cls(**{name: text for name, text in texts.items() if isinstance(text, str)})
