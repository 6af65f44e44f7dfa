"""What a request is told whose work a stopping server cancels: an error of ours, where nothing was sent yet."""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant.api.problems import error_response, request_id_of
from assistant.errors import NotReady


class Ended:
    """Answers 503 where the server cancels a request, which it does to end: one that waits for a thread or for its body."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def noted(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, noted)
        except asyncio.CancelledError:
            if begun:
                raise
            # Not raised on: the task is the server's own and ends here, and the server would answer in words of its own.
            response = error_response(NotReady.gave_up(), scope["path"], request_id_of(scope))
            response.headers["connection"] = "close"
            await response(scope, receive, send)
