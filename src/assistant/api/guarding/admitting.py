"""Who may ask: requests for this server, from its own page or from no page, with a key where keys are needed.

Decided on the path as it is routed by, `scope["path"]`, and never on an address made from headers (CVE-2026-48710).
"""

from __future__ import annotations

import re

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from assistant.api.guarding.hosts import Hosts
from assistant.api.guarding.keys import KeyRing
from assistant.api.problems import error_response, request_id_of
from assistant.errors import ForeignOrigin, KeyNeeded, RequestRefused

PUBLIC = re.compile(r"/(?:healthz|readyz|page/[a-z0-9_-]+\.[a-z0-9]+)?")
"""Paths that need no key: the page and its files, which hold nothing of the index, and the checks of health. One folder deep
and no name of dots alone, so that none of them can be a way of writing another path."""
OWN_SITES = ("same-origin", "none")
"""Sec-Fetch-Site of requests that this server's page makes, or that a person makes by hand."""


class Admitted:
    """Refuses with 421, 403 or 401, in that order, what may not ask. What may has the host that it is for, as the client wrote
    it, in `scope["state"]["authority"]`."""

    def __init__(self, app: ASGIApp, hosts: Hosts, keys: KeyRing) -> None:
        self._app = app
        self._hosts = hosts
        self._keys = keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            self._check(scope)
        except RequestRefused as error:
            await error_response(error, scope["path"], request_id_of(scope))(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _check(self, scope: Scope) -> None:
        """Raises ForeignHost, ForeignOrigin, KeyNeeded."""
        headers = Headers(scope=scope)
        named = _all(headers, "host")
        host = self._hosts.check_host(named, scope["path"])
        scope.setdefault("state", {})["authority"] = named[0].decode("ascii")
        self._hosts.check_origin(_all(headers, "origin"), host)
        check_site(headers, scope["method"], scope["path"])
        if not PUBLIC.fullmatch(scope["path"]) and self._keys.needed:
            check_key(headers, self._keys)


def _all(headers: Headers, name: str) -> list[bytes]:
    return [value for given, value in headers.raw if given.lower() == name.encode()]


def check_site(headers: Headers, method: str, path: str) -> None:
    """Raises ForeignOrigin where a browser says that another site's page sent the request, unless a person follows a link to
    the page. Sec-Fetch headers: https://www.w3.org/TR/fetch-metadata/"""
    sites = headers.getlist("sec-fetch-site")
    if all(site in OWN_SITES for site in sites):
        return
    navigated = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
    if not (navigated and method == "GET" and path == "/"):
        raise ForeignOrigin(
            f"a page of another site sent the request (Sec-Fetch-Site: {', '.join(sites)[:100]})",
            hint="open the page at / and ask there",
        )


def given_keys(headers: Headers) -> set[str]:
    """The keys that a request carries: in `Authorization: Bearer`, in `X-API-Key`. Another kind of Authorization carries none,
    as it may be for a proxy before the server."""
    said = (value.partition(" ") for value in headers.getlist("authorization"))
    return {*headers.getlist("x-api-key"), *(key.strip(" ") for scheme, _, key in said if scheme.lower() == "bearer")}


def check_key(headers: Headers, ring: KeyRing) -> None:
    """Raises KeyNeeded unless the request carries one key, and one that is known."""
    keys = given_keys(headers)
    hint = "send `Authorization: Bearer KEY` or `X-API-Key: KEY`; `assistant key new NAME` makes a key"
    if not keys:
        raise KeyNeeded("the request carries no key", hint=hint)
    if len(keys) > 1:
        raise KeyNeeded("the request carries several keys, and they differ", hint=hint)
    if not ring.knows(keys.pop()):
        raise KeyNeeded("the server does not know the key of the request", hint=hint)
