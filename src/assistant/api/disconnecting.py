"""Work for a client that may hang up: it is given up as soon as nobody waits for it any more."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive

ResultT = TypeVar("ResultT")
CLIENT_GONE = 499
"""The status that stands for a client that went away before the answer; nobody is sent it."""


async def while_connected(request: Request, work: Awaitable[ResultT]) -> ResultT | None:
    """What `work` gives, or None once the client is gone: `work` is cancelled then, and has ended when this returns.

    The body of the request must have been read. What `work` raises is raised.
    """
    working = asyncio.ensure_future(work)
    leaving = asyncio.create_task(_left(request.receive))
    try:
        await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else None
    finally:
        for task in (working, leaving):
            task.cancel()
        await asyncio.gather(working, leaving, return_exceptions=True)


def gone() -> Response:
    """What is answered to a client that is no longer there: for the log, since nobody reads it."""
    return Response(status_code=CLIENT_GONE)


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
