"""What every request gets, whatever becomes of it: an id, the headers that keep a browser safe, and a line to the observer."""

from __future__ import annotations

import re
import secrets
import time
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant.api.disconnecting import CLIENT_GONE
from assistant.api.problems import request_id_of

if TYPE_CHECKING:
    from assistant.api.observing.observer import Observer

REQUEST_ID = "x-request-id"
_WELL_FORMED = re.compile(r"[A-Za-z0-9._-]{1,64}")

SECURITY = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
        "frame-ancestors 'none'; base-uri 'none'; form-action 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": (
        "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), "
        "midi=(), payment=(), usb=()"
    ),
}


def identified(headers: Headers) -> str:
    """The id that a client gave its request, or a new one of 16 characters where that is missing or not well-formed."""
    given = headers.get(REQUEST_ID, "")
    return given if _WELL_FORMED.fullmatch(given) else secrets.token_hex(8)


def secure(headers: MutableHeaders) -> None:
    """Adds what every response has. Nothing of a response is kept by whoever passes it on, unless it says so itself."""
    headers.update(SECURITY)
    headers.setdefault("cache-control", "no-store")


class Identified:
    """Gives each request an id, in `scope["state"]["request_id"]`, and each response that id and the safe headers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request_id = identified(Headers(scope=scope))
        scope.setdefault("state", {})["request_id"] = request_id

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=[*message.get("headers", ())])
                secure(headers)
                headers[REQUEST_ID] = request_id
                message = {**message, "headers": headers.raw}
            await send(message)

        await self._app(scope, receive, marked)


class Reported:
    """Tells the observer of each request once it is answered or its client is gone."""

    def __init__(self, app: ASGIApp, observer: Observer) -> None:
        self._app = app
        self._observer = observer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        course = _Course(receive, send)
        request_id = request_id_of(scope)
        started = time.perf_counter()
        try:
            with self._observer.request(request_id):
                await self._app(scope, course.receive, course.send)
        finally:
            route = getattr(scope.get("route"), "path", "")
            seconds = time.perf_counter() - started
            self._observer.requested(scope["method"], route, course.status, seconds, request_id)


class _Course:
    """What became of one request, seen from between the server and the application."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._sent: int | None = None
        self._ended = False
        self._left = False

    @property
    def status(self) -> int:
        """The status that was answered; 499 where the client left first, 500 where nothing was answered."""
        if self._left and not self._ended:
            return CLIENT_GONE
        return 500 if self._sent is None else self._sent

    async def receive(self) -> Message:
        message = await self._receive()
        self._left = self._left or message["type"] == "http.disconnect"
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._sent = message["status"]
        # Noted before it is sent: a server says "disconnect" as soon as the last of a response is out.
        self._ended = self._ended or (message["type"] == "http.response.body" and not message.get("more_body", False))
        await self._send(message)
