"""The body of a request, read whole before the application sees it: neither too long nor too slow.

Read here, since whoever parses it may take an error in the middle of it for a body that cannot be parsed.
"""

from __future__ import annotations

import asyncio

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant.api.problems import error_response, request_id_of
from assistant.errors import BodyTooLarge, BodyTooSlow, RequestRefused

MOST_BYTES = 1 << 20
MOST_SECONDS = 20.0
LINGER_BYTES = 16 << 20
LINGER_SECONDS = 2.0
"""What is still read of a body that was refused: a connection that is closed on unread bytes loses the answer on its way."""


class Framed:
    """Refuses with 400 a request that says the length of its body in two ways, and ends the connection: something before the
    server may have read another end of it, and another request behind it (RFC 9112, 6.1)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        if "content-length" in headers and "transfer-encoding" in headers:
            error = RequestRefused("the request has both Content-Length and Transfer-Encoding", hint="send one of them")
            await _refuse(error, scope, receive, send)
        else:
            await self._app(scope, receive, send)


class Bounded:
    """Refuses bodies over MOST_BYTES with 413, and those not there within `most_seconds` (default: MOST_SECONDS) with 408."""

    def __init__(self, app: ASGIApp, most_seconds: float | None = None) -> None:
        self._app = app
        self._most_seconds = MOST_SECONDS if most_seconds is None else most_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        if not ("content-length" in headers or "transfer-encoding" in headers):
            await self._app(scope, receive, send)
            return
        try:
            self._check_length(headers.get("content-length", "0"))
            body = await self._read(receive)
        except RequestRefused as error:
            await _refuse(error, scope, receive, send)
        else:
            if body["type"] != "http.disconnect":
                await self._app(scope, _replayed(body, receive), send)

    def _check_length(self, said: str) -> None:
        # What is not a number is the business of the server, which has checked it; it is counted in any case.
        if said.isdecimal() and int(said) > MOST_BYTES:
            raise self._too_large(f"{said[:20]} bytes")

    async def _read(self, receive: Receive) -> Message:
        """The messages of the body as one, or `http.disconnect` if the client left before its end."""
        body = bytearray()
        try:
            async with asyncio.timeout(self._most_seconds):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        return message
                    body += message.get("body", b"")
                    if len(body) > MOST_BYTES:
                        raise self._too_large(f"more than {MOST_BYTES} bytes")
                    if not message.get("more_body", False):
                        return {"type": "http.request", "body": bytes(body), "more_body": False}
        except TimeoutError as error:
            raise BodyTooSlow(
                f"only {len(body)} bytes of the body came within {self._most_seconds:g} s", hint="send the body at once"
            ) from error

    def _too_large(self, length: str) -> BodyTooLarge:
        return BodyTooLarge(f"the body has {length}, the server reads {MOST_BYTES}", hint="leave out turns of the conversation")


def _replayed(body: Message, receive: Receive) -> Receive:
    """Gives the body that was read, then what comes: only that the client leaves."""
    unread = [body]

    async def replay() -> Message:
        return unread.pop() if unread else await receive()

    return replay


async def _refuse(error: RequestRefused, scope: Scope, receive: Receive, send: Send) -> None:
    """Answers, reads on for a moment, and has the connection closed: what follows on it is no request."""
    response = error_response(error, scope["path"], request_id_of(scope))
    headers = [*response.raw_headers, (b"connection", b"close")]
    await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
    await send({"type": "http.response.body", "body": bytes(response.body), "more_body": True})
    if isinstance(error, BodyTooLarge):
        await _linger(receive)
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _linger(receive: Receive) -> None:
    taken = 0
    try:
        async with asyncio.timeout(LINGER_SECONDS):
            while taken < LINGER_BYTES:
                message = await receive()
                taken += len(message.get("body", b""))
                if message["type"] == "http.disconnect" or not message.get("more_body", False):
                    return
    except TimeoutError:
        return
