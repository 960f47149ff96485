"""Where people are told: addresses that may hold passwords, and so lie outside the workspace.

They are URLs as Apprise takes them (https://github.com/caronc/apprise), such as ``mailtos://…`` or ``slack://…``: in
the environment variable ``TOOLKIT_NOTIFY``, or in a configuration file of Apprise's in the user's configuration folder.
"""

import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import user_config_path

from toolkit.errors import ConfigurationError, UnavailableError
from toolkit.extras import Extra, require
from toolkit.translatable import _

if TYPE_CHECKING:
    from apprise import NotifyBase

ADDRESSES_VARIABLE = "TOOLKIT_NOTIFY"
FILE_VARIABLE = "TOOLKIT_NOTIFY_FILE"
_FILE_NAMES = ("notify.yml", "notify.conf")


@dataclass(frozen=True)
class Address:
    """A place where people are told. It never shows its URL."""

    name: str
    """Its place in the list and its kind, such as ``1 mailtos``."""
    service: "NotifyBase"

    def __repr__(self) -> str:
        return f"Address({self.name!r})"

    def __reduce__(self) -> str:
        raise TypeError("An address may hold a password and is not pickled.")

    def send(self, title: str, text: str, *, is_trouble: bool) -> None:
        """Tell it; raises UnavailableError when it can't be delivered."""
        from apprise import Apprise, NotifyType

        one = Apprise()
        one.add(self.service)
        kind = NotifyType.FAILURE if is_trouble else NotifyType.SUCCESS
        if not one.notify(title=title, body=text, notify_type=kind):
            raise UnavailableError(
                _("The notification {title!r} could not be delivered to address {name}.", title=title, name=self.name),
                _(
                    "It is tried again at the next run. Check {addresses_variable}, or the file of addresses.",
                    addresses_variable=ADDRESSES_VARIABLE,
                ),
            )


def configured_channels() -> list[Address]:
    """Return where people are told; nowhere when nothing is configured.

    Raises ConfigurationError for what is no address, and for a file that others may read.
    """
    named = os.environ.get(ADDRESSES_VARIABLE, "")
    file = file_of_addresses()
    if not named.strip() and file is None:
        return []
    require(
        Extra.NOTIFY,
        _("Notifying people"),
        otherwise=_("remove {addresses_variable} and the file of addresses", addresses_variable=ADDRESSES_VARIABLE),
    )
    _keep_quiet()
    services = [*_from_variable(named), *(_from_file(file) if file else [])]
    return [Address(f"{number} {_scheme(it)}", it) for number, it in enumerate(services, start=1)]


def _from_variable(named: str) -> list["NotifyBase"]:
    from apprise import Apprise

    urls = named.split()
    found = []
    for number, url in enumerate(urls, start=1):
        one = Apprise()
        if not one.add(url):
            raise ConfigurationError(
                _(
                    "Address {number} of {count} in {addresses_variable} is none that Apprise knows.",
                    number=number,
                    count=len(urls),
                    addresses_variable=ADDRESSES_VARIABLE,
                ),
                _("Write URLs as its documentation has them, with spaces between; a space within one is %20."),
            )
        found += list(one)
    return found


def _from_file(path: Path) -> list["NotifyBase"]:
    from apprise import Apprise, AppriseConfig

    try:
        if os.name == "posix" and path.stat().st_mode & 0o077:
            raise ConfigurationError(
                _("The file of addresses {path} may be read by others on this machine.", path=path),
                _(
                    "Take that away with: chmod 600 '{path}'. If others may have read it, change its passwords.",
                    path=path,
                ),
            )
        path.read_bytes()
    except OSError as error:
        raise ConfigurationError(
            _("The file of addresses {path} can't be read: {reason}.", path=path, reason=error.strerror),
            _("Correct {file_variable}, or the file.", file_variable=FILE_VARIABLE),
        ) from None
    config = AppriseConfig()
    config.add(path.as_uri())
    configured = Apprise()
    configured.add(config)
    found = list(configured)
    if not found:
        raise ConfigurationError(
            _("The file of addresses {path} holds none that Apprise knows.", path=path),
            _("Write it as a configuration file of Apprise, in YAML (.yml) or as lines (.conf), or remove it."),
        )
    return found


def file_of_addresses() -> Path | None:
    """Return the configuration file of Apprise's that is read, None when there is none."""
    named = os.environ.get(FILE_VARIABLE)
    if named:
        return Path(named).expanduser().resolve()
    folder = user_config_path("criteo-segment-toolkit")
    return next((folder / name for name in _FILE_NAMES if (folder / name).exists()), None)


def _scheme(service: "NotifyBase") -> str:
    return str(service.url(privacy=True)).partition("://")[0]  # type: ignore[no-untyped-call]


def _keep_quiet() -> None:
    """Keep Apprise's log out of notebooks and terminals: its lines name hosts and users."""
    logger = logging.getLogger("apprise")
    logger.propagate = False
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
