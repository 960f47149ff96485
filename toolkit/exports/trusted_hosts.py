"""The hosts that this machine knows connections with: a secret goes to no other."""

from collections.abc import Mapping

from toolkit.errors import TrustError
from toolkit.state.folder import WorkspaceFolder
from toolkit.state.machine_memory import KnownHost
from toolkit.translatable import _


def require_known_host(folder: WorkspaceFolder, name: str, host: str) -> None:
    """Raise TrustError when this machine knows the connection with another host."""
    known = known_hosts(folder).get(name)
    if known is not None and known.host != host:
        raise TrustError(
            _(
                "Connection {name!r} goes to {host}; this machine knows it with {known_host}. Nothing was sent.",
                name=name,
                host=host,
                known_host=known.host,
            ),
            _(
                "Ask your administrator. If the change is meant, confirm it with "
                "workspace.trust(hosts={{{name!r}: {host!r}}}).",
                name=name,
                host=host,
            ),
        )


def known_hosts(folder: WorkspaceFolder) -> Mapping[str, KnownHost]:
    """Return the hosts that this machine knows, by the names of their connections."""
    root = folder.memory.root_at(folder.path)
    remembered = folder.memory.of(root) if root else None
    return {} if remembered is None else remembered.hosts


def remember_host(folder: WorkspaceFolder, name: str, host: str, fingerprint: str) -> None:
    """Let this machine know the connection with this host, which somebody confirmed or which was used here."""
    known = KnownHost(host=host, fingerprint=fingerprint)
    root = folder.memory.root_at(folder.path)
    remembered = folder.memory.of(root) if root else None
    if remembered is not None and remembered.hosts.get(name) != known:
        folder.memory.keep(folder.path, remembered.model_copy(update={"hosts": {**remembered.hosts, name: known}}))
