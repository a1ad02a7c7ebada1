"""Which addresses are public, and which private hosts the operator allowed. No I/O."""

from __future__ import annotations

import re
from collections.abc import Collection
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from signoff.errors import ConfigurationError

Address = IPv4Address | IPv6Address

# IANA's registries of special-purpose addresses. Python's own is_global is not asked: what it
# says of several of these changed between patch releases of 3.11.
_SPECIAL_V4 = [
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",  # this host
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT, and some clouds' metadata
        "127.0.0.0/8",
        "168.63.129.16/32",  # public by number, but Azure's platform service inside a machine
        "169.254.0.0/16",  # link-local, and most clouds' metadata
        "172.16.0.0/12",
        "192.0.0.0/24",  # protocol assignments, and Oracle's metadata
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
    )
]
_UNICAST_V6 = IPv6Network("2000::/3")
_SPECIAL_V6 = [
    IPv6Network(text)
    for text in (
        "2001::/23",  # protocol assignments: Teredo, benchmarks, ORCHID
        "2001:db8::/32",  # documentation
        "3fff::/20",  # documentation
    )
]
_NAT64 = IPv6Network("64:ff9b::/96")
_6TO4 = IPv6Network("2002::/16")


def parse_address(text: str) -> Address:
    """An address as the socket layer writes it, with or without a scope (``fe80::1%eth0``)."""
    return ip_address(text.partition("%")[0])


def public(address: Address) -> bool:
    """Whether ``address`` is on the public internet: unicast, global, not special.

    An IPv6 address that carries an IPv4 one (mapped, NAT64, 6to4) is judged by what it carries.
    """
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _SPECIAL_V4)
    if address.ipv4_mapped is not None:
        return public(address.ipv4_mapped)
    if address in _NAT64:
        return public(IPv4Address(int(address) & 0xFFFF_FFFF))
    if address in _6TO4:
        return public(IPv4Address(int(address) >> 80 & 0xFFFF_FFFF))
    return address in _UNICAST_V6 and not any(address in network for network in _SPECIAL_V6)


class AllowedHosts:
    """The hosts (``erp.local``, ``10.0.0.7``) and host:port pairs that may be private.

    What counts is the host as the URL names it, not where it leads: else a stranger's name
    could be pointed at an allowed address. A bare IPv6 address stands for all of its ports.
    """

    def __init__(self, entries: Collection[str]) -> None:
        """Read the entries.

        Raises:
            ConfigurationError: one is neither a host nor host:port.
        """
        self._entries = frozenset(_entry(entry) for entry in entries)

    def allow(self, host: str, *, port: int) -> bool:
        """Whether the operator allowed this host on this port."""
        name = _normal(host)
        return (name, None) in self._entries or (name, port) in self._entries


def _entry(entry: str) -> tuple[str, int | None]:
    text = entry.strip()
    bracketed = re.fullmatch(r"\[([^\[\]]+)\](?::(\d{1,5}))?", text)
    plain = re.fullmatch(r"([^\s:/@\[\]*?#]+)(?::(\d{1,5}))?", text)
    found = bracketed or plain
    if found:
        port = int(found[2]) if found[2] else None
        if port is None or 0 < port < 65536:
            return _normal(found[1]), port
    elif text.count(":") > 1:
        try:
            return str(IPv6Address(text)), None
        except ValueError:
            pass
    raise ConfigurationError(
        f"SIGNOFF_ALLOWED_HOSTS: {entry!r} is neither a host nor host:port;"
        ' write for example ["127.0.0.1:9000", "erp.local", "[fd00::1]:8080"].'
    )


def _normal(host: str) -> str:
    name = host.strip("[]").rstrip(".").lower()
    try:
        return str(parse_address(name))
    except ValueError:
        pass
    try:
        return name if name.isascii() else name.encode("idna").decode()
    except UnicodeError:
        return name
