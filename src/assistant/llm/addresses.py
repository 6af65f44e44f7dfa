"""Base URLs of servers: checked, and shown without what must not be shown."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit, urlunsplit

from assistant.errors import UsageError


def base_url_of(text: str, example: str = "http://127.0.0.1:8000/v1") -> str:
    """The URL without a slash at its end. Raises UsageError where it is not one of http or https with a host; its hint gives
    the example."""
    try:
        parts = urlsplit(text)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise UsageError(f"{text!r} is not the address of a server", hint=f"give one like {example}")
    return text.rstrip("/")


def shown(base_url: str) -> str:
    """The URL as it may stand in a file: no user, no password, no query."""
    parts = urlsplit(base_url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def is_loopback(base_url: str) -> bool:
    """Whether the server is on this machine: a proxy of the environment would lead away from it."""
    host = urlsplit(base_url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
