"""One spelling for each address of Criteo: two that lead to the same place are the same text."""

import ipaddress
from urllib.parse import urlsplit

import idna

_DEFAULT_PORTS = {"https": 443, "http": 80}
_LOOPBACK = "127.0.0.1"


def canonical_host(host: str) -> str:
    """Return the one spelling of an address, such as ``https://api.criteo.com``.

    Case, a dot or a slash at the end, the port that the scheme has anyway, and letters of other scripts make no
    difference. Over plain http, which goes to this machine only, ``localhost``, ``127.0.0.1`` and ``[::1]`` are one.
    Over https they stay as they are, because the certificate names one of them.

    Args:
        host: An address as somebody wrote it. It is not checked for being allowed.

    Returns:
        The address in its one spelling; the text as it is where it is no address.
    """
    try:
        parts = urlsplit(host.strip())
        port, name = parts.port, parts.hostname
    except ValueError:
        return host
    # What holds more than a host is refused where it is checked, in the words that were written.
    if not parts.scheme or not name or "@" in parts.netloc or parts.query or parts.fragment:
        return host
    name = _canonical_name(name)
    if parts.scheme == "http" and (name == "localhost" or _is_this_machine(name)):
        name = _LOOPBACK
    shown = f"[{name}]" if ":" in name else name
    at = "" if port in (None, _DEFAULT_PORTS.get(parts.scheme)) else f":{port}"
    return f"{parts.scheme}://{shown}{at}{parts.path.rstrip('/')}"


def _canonical_name(name: str) -> str:
    try:
        return str(ipaddress.ip_address(name))
    except ValueError:
        pass
    try:
        # As the connection itself is made: so that one name is one host.
        ascii_name = name if name.isascii() else idna.encode(name, uts46=True).decode()
    except idna.IDNAError:
        ascii_name = name
    return ascii_name.lower().rstrip(".") or name


def _is_this_machine(name: str) -> bool:
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return address in (ipaddress.ip_address("127.0.0.1"), ipaddress.ip_address("::1"))
