"""Connections that a server keeps open: not for a client that does not send its request, does not read its answer, or is one of
too many. uvicorn sets a time only for the pause between two requests.
"""

from __future__ import annotations

import asyncio
import json
from typing import ClassVar

import h11
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from assistant.api.guarding.identifying import SECURITY, Identified
from assistant.api.problems import PROBLEM, error_response, problem, request_id_of
from assistant.errors import Overloaded, RequestRefused

HEAD_BYTES = 16 << 10
PAUSE_SECONDS = 75
"""How long a connection is kept open for a next request: longer than proxies should keep theirs (60 s), so that no request
meets a connection that is just being closed."""


class BoundedConnection(H11Protocol):
    """HTTP/1.1 on one connection. It is closed when the head of a request is not there within `head_seconds` of its first
    byte, or of the connection; when a client takes nothing of its answer for `idle_seconds`; when no next request comes for
    PAUSE_SECONDS, or for `busy_seconds` where more than half of `most` are open then. Beyond `most` connections requests are
    answered with 429, beyond twice that not at all.
    """

    head_seconds: ClassVar[float] = 10.0
    idle_seconds: ClassVar[float] = 30.0
    busy_seconds: ClassVar[int] = 5
    most: ClassVar[int] = 400
    """Twice this is below the 1,024 files that a process may usually have open."""
    _waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > 2 * self.most:
            transport.abort()
        elif len(self.connections) > self.most:
            self.app = Identified(_too_many)
        self._wait(self.head_seconds)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        # Until a head is whole the last request, if any, is one that has been answered.
        if self.cycle is not None and not self.cycle.response_complete:
            self._stop_waiting()
        elif self._waiting is None:
            self._wait(self.head_seconds)

    def on_response_complete(self) -> None:
        crowded = len(self.connections) > self.most // 2
        self.timeout_keep_alive = self.busy_seconds if crowded else self.config.timeout_keep_alive
        super().on_response_complete()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stop_waiting()
        self._wait(self.idle_seconds)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._stop_waiting()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """What is no HTTP is answered in the form of all errors."""
        error = RequestRefused("the request is not HTTP/1.1 as it should be", hint="see whether something between changes it")
        body = json.dumps(problem(error, "")).encode()
        headers = {**SECURITY, "content-type": PROBLEM, "content-length": str(len(body)), "connection": "close"}
        response = h11.Response(status_code=error.http_status, headers=list(headers.items()), reason=b"Bad Request")
        for event in (response, h11.Data(data=body), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def _wait(self, seconds: float) -> None:
        self._waiting = self.loop.call_later(seconds, self.transport.abort)

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None


async def _too_many(scope: Scope, receive: Receive, send: Send) -> None:
    error = Overloaded(
        "as many connections are open as the server takes", hint="come again after the seconds in Retry-After", retry_after=5
    )
    response = error_response(error, scope["path"], request_id_of(scope))
    response.headers["connection"] = "close"
    await response(scope, receive, send)
