"""What everything that is served shares: one assistant, a place for each question, a limit of time, and who watches.

API, OpenAI's protocol and MCP put their questions here, so that none has limits, metrics or a pipeline of its own.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

from assistant.api.observing.observer import Observer
from assistant.errors import AssistantError, Overloaded, TookTooLong
from assistant.pipeline import Answered, Assistant, Event, in_thread
from assistant.retrieval.filters import Filters
from assistant.settings import Settings
from assistant.types import Answer, Hit, Post, Turn

ResultT = TypeVar("ResultT")
ALL = Filters()
PROCESSORS = len(os.sched_getaffinity(0))
WITH_A_MODEL = 16
"""Questions that are answered at once where a model writes: the server waits for it most of the time."""
LOOKUPS_A_QUESTION = 4
"""Searches and posts that may wait for each question that may: they are done in a small part of its time."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with what came before it, and the surface that it came by (`ask`, `openai`, `mcp`)."""

    question: str
    history: tuple[Turn, ...] = ()
    filters: Filters = ALL
    surface: str = "ask"


@dataclass(frozen=True, slots=True)
class Found:
    """The hits of a search, what the query was understood as, and the generation that was searched."""

    hits: Sequence[Hit]
    understood: str
    generation: str


class Places:
    """At most `limit` at once, `waiting` more in a queue, first come first served; whoever comes then is turned away."""

    def __init__(self, limit: int, waiting: int) -> None:
        self._free = asyncio.Semaphore(limit)
        self._limit = limit
        self._most = limit + waiting
        self._seconds = 1.0
        self.taken = 0

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """A place for the block. Raises Overloaded at once where the queue is full."""
        if self.taken >= self._most:
            raise Overloaded(
                f"{self._limit} questions are being answered and {self._most - self._limit} wait, which is as many as may",
                hint="ask again after the seconds in Retry-After; the settings `concurrent` and `waiting` set the limit",
                retry_after=max(1, round(self._seconds * self._most / self._limit)),
            )
        self.taken += 1
        try:
            async with self._free:
                started = time.monotonic()
                yield
                self._seconds += (time.monotonic() - started - self._seconds) / 8
        finally:
            self.taken -= 1


class Service:
    """Answers from one index to all surfaces of a server. `close` when done.

    Each raises Overloaded, TookTooLong, and what the assistant raises. `draining` is set when the server is to stop.
    """

    def __init__(self, settings: Settings, assistant: Assistant | None = None, observer: Observer | None = None) -> None:
        self.settings = settings
        self.assistant = assistant or Assistant(_side_by_side(settings))
        self.observer = observer or Observer(settings)
        self.observer.watch(lambda: self.busy, lambda: self.assistant.generation)
        self.draining = False
        limit = settings.concurrent or (PROCESSORS if settings.generator == "extractive" else WITH_A_MODEL)
        waiting = limit if settings.waiting is None else settings.waiting
        self._answers = Places(limit, waiting)
        self._lookups = Places(limit, LOOKUPS_A_QUESTION * max(limit, waiting))

    def close(self) -> None:
        """Give up the index."""
        self.assistant.close()
        self.observer.close()

    @property
    def busy(self) -> int:
        """Questions and lookups that are being worked on or wait."""
        return self._answers.taken + self._lookups.taken

    async def warm(self) -> None:
        """Open the index and load the embedder, so that the first question does not wait for it."""
        await in_thread(self.assistant.search, "warm", 1)

    async def ask(self, asked: Asked) -> AsyncGenerator[Event, None]:
        """The events of `Assistant.ask`. Closing the generator gives up the answer."""
        async with self._watched(asked.surface, self._answers):
            deadline = asyncio.get_running_loop().time() + self.settings.request_seconds
            async with aclosing(self.assistant.ask(asked.question, asked.history, asked.filters)) as events:
                while True:
                    try:
                        event = await self._before(deadline, anext(events))
                    except StopAsyncIteration:
                        return
                    if isinstance(event, Answered):
                        self.observer.answered(asked.surface, event.answer)
                    yield event

    async def answer(self, asked: Asked) -> Answer:
        """The answer alone."""
        async with aclosing(self.ask(asked)) as events:
            async for event in events:
                if isinstance(event, Answered):
                    return event.answer
        raise AssertionError("an answer ends with Answered")

    async def search(
        self, query: str, k: int | None, filters: Filters, surface: str = "search", *, every_chunk: bool = False
    ) -> Found:
        """The best `k` hits."""

        def found() -> Found:
            with self.assistant.opened() as opened:
                understood = opened.spelt(query)
                question = opened.question(understood)
                hits = opened.retriever.search(question, k or self.settings.k, filters, every_chunk=every_chunk)
                return Found(hits, understood, opened.generation.name)

        return await self._done(surface, found)

    async def post(self, name: str, surface: str = "post") -> Post:
        """The post of this id. Raises PostNotFound."""
        return await self._done(surface, lambda: self.assistant.post(name))

    async def _done(self, surface: str, work: Callable[[], ResultT]) -> ResultT:
        async with self._watched(surface, self._lookups):
            deadline = asyncio.get_running_loop().time() + self.settings.request_seconds
            return await self._before(deadline, in_thread(work))

    @asynccontextmanager
    async def _watched(self, surface: str, places: Places) -> AsyncIterator[None]:
        """A place, and what goes wrong in it told to the observer."""
        try:
            async with places.one():
                yield
        except AssistantError as error:
            self.observer.failed(surface, error)
            raise

    async def _before(self, deadline: float, work: Awaitable[ResultT]) -> ResultT:
        try:
            async with asyncio.timeout_at(deadline):
                return await work
        except TimeoutError as error:
            raise TookTooLong(
                f"there was no answer within {self.settings.request_seconds:g} s",
                hint="ask again, or raise the setting `request_seconds`",
            ) from error


def _side_by_side(settings: Settings) -> Settings:
    """Questions are answered side by side: with a thread each, more of them are than with all processors for one (the same
    answer took 132 instead of 181 ms of processor time)."""
    return settings if settings.threads else settings.model_copy(update={"threads": 1})
