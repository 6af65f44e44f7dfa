"""Server-sent events as a response that begins with the first event, stays alive while a model is silent, and ends when the
client hangs up."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from typing import Any

from fastapi.sse import format_sse_event
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from assistant.api.disconnecting import while_connected
from assistant.errors import AssistantError, Fault

PING = b": ping\n\n"
PING_SECONDS = 15.0


def event_of(document: dict[str, Any], name: str | None = None) -> bytes:
    """One event as it goes over the wire. In ASCII: some clients take other line ends of Unicode for the end of a line."""
    return format_sse_event(event=name, data_str=json.dumps(document, separators=(",", ":")))


async def with_failures(
    events: AsyncGenerator[bytes, None], said: Callable[[AssistantError], bytes]
) -> AsyncGenerator[bytes, None]:
    """The events, and after the first one what breaks them off as an event too, as `said` words it; it is the last.

    What is raised before the first is raised. A fault of ours is said as a `Fault`, and raised behind that for the log.
    Closes `events`.
    """
    begun = False
    try:
        async with aclosing(events):
            async for event in events:
                begun = True
                yield event
    except AssistantError as error:
        if not begun:
            raise
        yield said(error)
    except Exception:
        if begun:
            yield said(Fault())
        raise


class EventStream(Response):
    """The events that `events` gives, each one or more lines as they go over the wire.

    Nothing is sent before the first: what is raised until then becomes a response of its own, with its own status.
    `events` runs in one task from its first to its last step, and is closed when the client is gone.
    """

    media_type = "text/event-stream"

    def __init__(self, events: AsyncGenerator[bytes, None], ping_seconds: float | None = None) -> None:
        super().__init__(headers={"cache-control": "no-store", "x-accel-buffering": "no", "vary": "accept"})
        del self.headers["content-length"]
        self._events = events
        self._ping_seconds = ping_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await while_connected(Request(scope, receive), self._sent(send))

    async def _sent(self, send: Send) -> None:
        seconds = PING_SECONDS if self._ping_seconds is None else self._ping_seconds
        begun = False
        async with _kept_alive(self._events, seconds) as pieces:
            async for piece in pieces:
                if not begun:
                    await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
                    begun = True
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


@asynccontextmanager
async def _kept_alive(events: AsyncGenerator[bytes, None], ping_seconds: float) -> AsyncIterator[AsyncIterator[bytes]]:
    """The events, and after the first a ping whenever none has come for `ping_seconds`.

    They are not held up by a client that reads slowly: a whole answer is small, and the place that it has is needed.
    """
    ready: asyncio.Queue[bytes | None] = asyncio.Queue()

    async def made() -> None:
        try:
            async with aclosing(events):
                async for event in events:
                    ready.put_nowait(event)
        finally:
            ready.put_nowait(None)

    making = asyncio.create_task(made())

    async def pieces() -> AsyncIterator[bytes]:
        seconds = None
        while True:
            try:
                async with asyncio.timeout(seconds):
                    piece = await ready.get()
            except TimeoutError:
                piece = PING
            if piece is None:
                break
            yield piece
            seconds = ping_seconds
        await making

    try:
        yield pieces()
    finally:
        making.cancel()
        await asyncio.gather(making, return_exceptions=True)
