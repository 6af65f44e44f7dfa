"""A client that asks over a socket of its own and goes away; and waiting for what comes of that."""

from __future__ import annotations

import json
import socket
import time
from urllib.parse import urlsplit


def waited(condition, seconds):
    """What `condition` gives once it is true, or after so many seconds."""
    deadline = time.monotonic() + seconds
    while not (met := condition()) and time.monotonic() < deadline:
        time.sleep(0.01)
    return met


def hung_up(url, body, until, accept="application/json"):
    """Posts `body` as JSON, and hangs up when `until`, a function of the connection, gives something true (within 20 s)."""
    place, content = urlsplit(url), json.dumps(body).encode()
    head = (
        f"POST {place.path} HTTP/1.1\r\nhost: {place.netloc}\r\naccept: {accept}\r\n"
        f"content-type: application/json\r\ncontent-length: {len(content)}\r\n\r\n"
    )
    with socket.create_connection((place.hostname, place.port), timeout=20) as connection:
        connection.sendall(head.encode() + content)
        assert waited(lambda: until(connection), 20)
