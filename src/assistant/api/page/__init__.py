"""The web page: files of our own, read once, each under a name that is known before any request.

The page builds what it shows from text alone (`textContent`), so the strictest policy for content holds: no markup that is
made from text, no script or style but these files.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from importlib import resources

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

HOME = "/"
FOLDER = "/page/"
"""Where the page's files are; they hold nothing of the index, and are served without a key so that the page can ask for one."""
KINDS = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_TAG = re.compile(r'"[^"]*"')


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it is served: bytes, content type, and the tag that tells it from other versions."""

    content: bytes
    kind: str
    tag: str


def assets() -> dict[str, Asset]:
    """All files of the page by the path that they are served at."""
    found = {}
    for file in resources.files(__name__).iterdir():
        kind = KINDS.get(f".{file.name.rpartition('.')[2]}")
        if kind is not None:
            content = file.read_bytes()
            path = HOME if file.name == "index.html" else f"{FOLDER}{file.name}"
            found[path] = Asset(content, f"{kind}; charset=utf-8", f'"{hashlib.blake2b(content, digest_size=12).hexdigest()}"')
    return found


def add_to(app: FastAPI) -> None:
    """Adds / and what the page loads."""
    for path, asset in assets().items():
        app.add_route(path, _endpoint(asset), methods=["GET", "HEAD"], include_in_schema=False)


def _endpoint(asset: Asset) -> Callable[[Request], Awaitable[Response]]:
    async def served(request: Request) -> Response:
        headers = {"etag": asset.tag, "cache-control": "no-cache"}
        if _matches(request.headers.getlist("if-none-match"), asset.tag):
            return Response(status_code=304, headers=headers)
        return Response(asset.content, headers={**headers, "content-type": asset.kind})

    return served


def _matches(said: Iterable[str], tag: str) -> bool:
    """Whether one of the fields If-None-Match names the tag, as strong or weak, or any (RFC 9110, section 13.1.2)."""
    return any(field.strip() == "*" or tag in _TAG.findall(field) for field in said)
