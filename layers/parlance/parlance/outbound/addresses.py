"""Which addresses a call that leaves the house may reach, when somebody else has chosen where it goes.

A name is resolved once, every address it has is judged, and the connection is made to an address that was judged:
a second look-up could answer differently.
"""

import ipaddress
import socket
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import SplitResult, urlsplit

type IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
type Resolve = Callable[[str, int], Sequence[str]]
"""From a host and a port to the addresses it has. Raises OSError."""

_DEFAULT_PORTS = {"http": 80, "https": 443}
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_V4_COMPATIBLE = ipaddress.IPv6Network("::/96")
_INSTANCE_METADATA = ipaddress.ip_address("fd00:ec2::254")
_HOST_MAX = 253


class ForbiddenAddressError(Exception):
    """The address is not one that may be called. The text names the rule, not what was found behind it."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a request goes. `path` is everything after the authority, encoded."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """What the Host header says."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def origin(self) -> tuple[str, str, int]:
        return self.scheme, self.host, self.port


def target_of(url: str) -> Target:
    """Raises ForbiddenAddressError for anything but a plain http or https address."""
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise ForbiddenAddressError("the address is malformed")
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError as error:
        raise ForbiddenAddressError("the address is malformed") from error
    if parts.scheme not in _DEFAULT_PORTS:
        raise ForbiddenAddressError("only http and https addresses may be called")
    if parts.username is not None or parts.password is not None:
        raise ForbiddenAddressError("an address may not carry credentials")
    if not host or len(host) > _HOST_MAX or port == 0:
        raise ForbiddenAddressError("the address is malformed")
    return Target(parts.scheme, host, port or _DEFAULT_PORTS[parts.scheme], _path(parts))


def _path(parts: SplitResult) -> str:
    return f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"


def is_public(address: IpAddress) -> bool:
    """Whether it is an address of the public internet, also where it is an IPv4 address in IPv6 clothes."""
    embedded = _embedded(address)
    if embedded is not None:
        return is_public(embedded)
    closed = address.is_multicast or address.is_reserved or address.is_unspecified or _is_site_local(address)
    return address.is_global and not closed


def _is_site_local(address: IpAddress) -> bool:
    """A deprecated range that still counts as global."""
    return isinstance(address, ipaddress.IPv6Address) and address.is_site_local


def _embedded(address: IpAddress) -> ipaddress.IPv4Address | None:
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address in _NAT64 or address in _V4_COMPATIBLE:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)


def _may_be_ours(address: IpAddress) -> bool:
    """What an operator may open on purpose: never where a cloud hands out its credentials."""
    address = _embedded(address) or address
    closed = address.is_link_local or address.is_multicast or address.is_unspecified or address == _INSTANCE_METADATA
    return not closed and (address.is_loopback or address.is_private or is_public(address))


def system_resolve(host: str, port: int) -> Sequence[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(where[0]) for *_, where in found))


class Addresses(Protocol):
    """Says where a host may be reached."""

    def addresses(self, host: str, port: int) -> Sequence[str]:
        """Every address of the host. Raises ForbiddenAddressError and OSError."""
        ...


class AnyAddress:
    """For hosts that are ours to choose, as an AWS endpoint is: in a private network it has a private address."""

    def addresses(self, host: str, port: int) -> Sequence[str]:
        return system_resolve(host, port)


class Guard:
    """For hosts that others choose. `private_hosts` are names that the operator opens although they are private."""

    def __init__(self, *, private_hosts: Iterable[str] = (), resolve: Resolve = system_resolve) -> None:
        self._private_hosts = frozenset(host.strip().lower() for host in private_hosts if host.strip())
        self._resolve = resolve

    def opens(self, host: str) -> bool:
        """Whether the operator has opened this host by name."""
        return host.lower() in self._private_hosts

    def addresses(self, host: str, port: int) -> Sequence[str]:
        """Every address of the host. Raises ForbiddenAddressError if a single one may not be called, and OSError."""
        opened = self.opens(host)
        found = self._resolve(host, port)
        for text in found:
            address = ipaddress.ip_address(text)
            if not (_may_be_ours(address) if opened else is_public(address)):
                raise ForbiddenAddressError("the host is not on the public internet")
        return found
