"""Which host names a server goes by, and which pages may send it requests.

A page of any site can have its own name resolve to this machine (DNS rebinding). It cannot have the browser send another name
than its own: the Host header decides. Names are compared as they are written, never resolved; what is not plainly a host is
none. RFC 9110, 4.2.3 and 7.2.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

from assistant.errors import ForeignHost, ForeignOrigin, SettingsError
from assistant.settings import Settings

_AUTHORITY = re.compile(
    r"(?:\[(?P<six>[0-9A-Fa-f:.]{2,45})\]|(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?))(?::(?P<port>[0-9]{1,5}))?",
    re.ASCII,
)
_ORIGIN = re.compile(r"(?P<scheme>https?)://(?P<authority>[^/?#@\\]+)")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_ANY_SCHEME = frozenset(_DEFAULT_PORTS.values())
_EVERY = range(1, 65_536)
HINT = "use the address that `assistant serve` wrote, or name this one: `assistant serve --allow-host NAME[:PORT]`"


@dataclass(frozen=True, slots=True)
class Authority:
    """A host in lower case (an IPv6 address without brackets), and the port where one is written."""

    host: str
    port: int | None

    @property
    def ports(self) -> frozenset[int]:
        """The port, or those that a missing one may stand for."""
        return _ANY_SCHEME if self.port is None else frozenset((self.port,))

    @property
    def is_loopback(self) -> bool:
        """Whether it is this machine by its form alone: `localhost`, 127.0.0.0/8, ::1."""
        address = address_of(self.host)
        return self.host == "localhost" if address is None else address.is_loopback and not _is_mapped(address)


def address_of(host: str) -> IPv4Address | IPv6Address | None:
    """The address that a host is written as, None for a name."""
    try:
        return ip_address(host)
    except ValueError:
        return None


def _is_mapped(address: IPv4Address | IPv6Address) -> bool:
    return isinstance(address, IPv6Address) and address.ipv4_mapped is not None


def authority_of(text: str) -> Authority | None:
    """`name`, `name:port`, `[::1]` or `[::1]:port` as an Authority; None for anything else, a trailing dot included."""
    match = _AUTHORITY.fullmatch(text)
    if match is None:
        return None
    port = int(match["port"]) if match["port"] else None
    if port is not None and not 0 < port <= 65_535:
        return None
    if match["six"] is None:
        return Authority(match["name"].lower(), port)
    address = address_of(match["six"])
    return Authority(str(address), port) if isinstance(address, IPv6Address) else None


@dataclass(frozen=True, slots=True)
class Hosts:
    """The names that a server goes by: this machine's loopback names and `own`, the address that it listens at, at any port
    since one may be forwarded; and the `named` of the settings, at their port if they have one."""

    own: Authority | None
    named: frozenset[Authority]

    @classmethod
    def of(cls, settings: Settings) -> Hosts:
        """Raises SettingsError where a name in `allowed_hosts` cannot be one."""
        return cls(_bound_to(settings.host), frozenset(map(_named, settings.allowed_hosts)))

    def check_host(self, values: Iterable[bytes], target: str) -> Authority:
        """The host that a request is for, given its Host headers and its target. Raises ForeignHost."""
        given = [value.decode("latin-1") for value in values]
        if len(given) != 1:
            raise ForeignHost(f"the request has {len(given)} Host headers, where there must be one", hint=HINT)
        host = authority_of(given[0])
        if host is None:
            raise ForeignHost(f"the Host header {given[0][:100]!r} is no host", hint=HINT)
        if not target.startswith("/"):
            raise ForeignHost(f"the target {target[:100]!r} is no path of this server", hint=HINT)
        if not (self._is_own(host) or any(_fits(host, name, _EVERY) for name in self.named)):
            raise ForeignHost(f"this server does not go by the name {given[0][:100]!r}", hint=HINT)
        return host

    def check_origin(self, values: Iterable[bytes], host: Authority) -> None:
        """Raises ForeignOrigin unless each Origin header is that of this server's own page, given the host that the request is
        for: at the same port, or at a name of the settings and the port that it says, that of its scheme if it says none.

        Another port of this machine is another program, whose pages are as foreign as any.
        """
        for value in values:
            given = value.decode("latin-1")
            origin = _origin_of(given)
            if origin is None or not (self._is_same(origin, host) or self._is_named(origin, host)):
                raise ForeignOrigin(f"the page at {given[:100]!r} may not ask this server", hint=HINT)

    def _is_own(self, asked: Authority) -> bool:
        return asked.is_loopback or (self.own is not None and asked.host == self.own.host)

    def _is_same(self, origin: Authority, host: Authority) -> bool:
        named_alike = origin.host == host.host or (self._is_own(origin) and self._is_own(host))
        return named_alike and bool(origin.ports & host.ports)

    def _is_named(self, origin: Authority, host: Authority) -> bool:
        return any(_fits(origin, name, _ANY_SCHEME | host.ports) for name in self.named)


def _fits(asked: Authority, name: Authority, unsaid: Collection[int]) -> bool:
    """Whether a host is the one named, at the port that is said, or one of `unsaid` where none is."""
    ports = unsaid if name.port is None else (name.port,)
    return asked.host == name.host and any(port in ports for port in asked.ports)


def _origin_of(text: str) -> Authority | None:
    """The host of an origin with http or https, with the port that the scheme stands for; None for `null` and all else."""
    match = _ORIGIN.fullmatch(text)
    authority = authority_of(match["authority"]) if match else None
    if match is None or authority is None:
        return None
    return Authority(authority.host, authority.port or _DEFAULT_PORTS[match["scheme"]])


def _bound_to(host: str) -> Authority | None:
    """The address listened at as a name to be reached by; None for a wildcard, which nobody is reached by."""
    address = address_of(host)
    if address is None:
        return authority_of(host)
    return None if address.is_unspecified else Authority(str(address), None)


def _named(text: str) -> Authority:
    authority = authority_of(text)
    if authority is None:
        raise SettingsError(
            f"setting 'allowed_hosts': {text!r} is neither a name nor name:port",
            hint="write it as it stands between // and / in the address: forum.example, forum.example:8443, [fd00::1]",
        )
    return authority
