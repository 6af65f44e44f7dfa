"""Asynchronous work for callers that are not: in a thread with a loop of its own, so that it works where a loop runs too."""

from __future__ import annotations

import asyncio
import contextvars
import queue
from collections.abc import AsyncGenerator, Coroutine, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, suppress
from typing import Any, TypeVar

ResultT = TypeVar("ResultT")


def result_of(work: Coroutine[Any, Any, ResultT]) -> ResultT:
    """What `work` returns."""
    with ThreadPoolExecutor(1, "llamaindex") as thread:
        # The spans and traces of llama-index hang on the context.
        return thread.submit(contextvars.copy_context().run, asyncio.run, work).result()


def pieces_of(work: AsyncGenerator[str, None]) -> Generator[str, None, None]:
    """What `work` gives, as it comes. Closing this generator closes `work`; what `work` raises is raised."""
    given: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    started: queue.SimpleQueue[tuple[asyncio.AbstractEventLoop, asyncio.Task[Any] | None]] = queue.SimpleQueue()

    async def give() -> None:
        started.put((asyncio.get_running_loop(), asyncio.current_task()))
        try:
            async with aclosing(work):
                async for piece in work:
                    given.put(piece)
        finally:
            given.put(None)

    with ThreadPoolExecutor(1, "llamaindex") as thread:
        ending = thread.submit(contextvars.copy_context().run, asyncio.run, give())
        loop, task = started.get()
        try:
            while (piece := given.get()) is not None:
                yield piece
            ending.result()
        finally:
            if task is not None and not ending.done():
                with suppress(RuntimeError):  # it ended just now
                    loop.call_soon_threadsafe(task.cancel)
