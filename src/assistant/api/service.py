"""What everything that is served shares: one assistant, a place for each question, a limit of time, and who watches.

API, OpenAI's protocol and MCP put their questions here, so that none has limits, metrics or a pipeline of its own.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass, replace
from typing import TypeVar

from assistant.api.observing.observer import Observer
from assistant.api.problems import without_folders
from assistant.errors import AssistantError, NotReady, Overloaded, TookTooLong
from assistant.opened import Opened
from assistant.pipeline import Answered, Assistant, Event, Searched, answer_in, in_thread
from assistant.retrieval.filters import Filters
from assistant.settings import Settings
from assistant.types import Answer, Post, Turn

ResultT = TypeVar("ResultT")
ALL = Filters()
PROCESSORS = len(os.sched_getaffinity(0))
WITH_A_MODEL = 16
"""Questions that are answered at once where a model writes: the server waits for it most of the time."""
LOOKUPS_A_QUESTION = 4
"""Searches and posts that may wait for each question that may: they are done in a small part of its time."""
SPARE_THREADS = 4
CALM_SECONDS = 20.0
"""How long nobody waits for an answer's place once as many waited as may."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with what came before it, and the surface that it came by (`ask`, `openai`, `mcp`)."""

    question: str
    history: tuple[Turn, ...] = ()
    filters: Filters = ALL
    surface: str = "ask"


class Places:
    """At most `limit` at once, `waiting` more in a queue, first come first served; whoever comes then is turned away, and for
    `calm` seconds everybody for whom no place is free. `what` has a place, in words.

    A queue is there for bursts. Where more is asked than can be done it stays full whatever it holds, and all that it does is
    that each answer is late.
    """

    def __init__(self, what: str, limit: int, waiting: int, calm: float = 0.0) -> None:
        self._what = what
        self._free = asyncio.Semaphore(limit)
        self._limit = limit
        self._most = limit + waiting
        self._calm = calm
        self._closed_until = 0.0
        self._seconds = 1.0
        self.taken = 0

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """A place for the block. Raises Overloaded at once where the queue is full, or was a moment ago."""
        self._check()
        self.taken += 1
        try:
            async with self._free:
                started = time.monotonic()
                try:
                    yield
                finally:
                    self._seconds += (time.monotonic() - started - self._seconds) / 8
        finally:
            self.taken -= 1

    def _check(self) -> None:
        """Raises Overloaded where nobody may come in."""
        now, full = time.monotonic(), self.taken >= self._most
        closed = self.taken >= self._limit and now < self._closed_until
        if not full and not closed:
            return
        if full and not closed:
            self._closed_until = now + self._calm
        raise Overloaded(
            f"{self._limit} {self._what} are being worked on and {self.taken - self._limit} wait, which is as many as may now",
            hint="ask again after the seconds in Retry-After; the settings `concurrent` and `waiting` set the limit",
            retry_after=max(1, round(self._seconds * self._most / self._limit)),
        )


class Waiting:
    """Work that is waited for: each piece until a time of its own, all of it until `stop`. For one event loop."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._limits: set[asyncio.Timeout] = set()
        self._stopped = False

    def stop(self) -> None:
        """Give up all that is waited for, now and from now on."""
        self._stopped = True
        for limit in self._limits:
            if not limit.expired():
                limit.reschedule(0)

    def deadline(self) -> float:
        """The time on the loop's clock by which what begins now is to be done."""
        return asyncio.get_running_loop().time() + self._seconds

    async def until(self, deadline: float, work: Awaitable[ResultT]) -> ResultT:
        """What `work` gives. Raises TookTooLong where it is not there by then, NotReady where it was given up by `stop`."""
        limit = asyncio.timeout_at(0 if self._stopped else deadline)
        self._limits.add(limit)
        try:
            async with limit:
                return await work
        except TimeoutError as error:
            if not limit.expired():
                raise
            raise self._late() from error
        finally:
            self._limits.discard(limit)

    def _late(self) -> AssistantError:
        if self._stopped:
            return NotReady.gave_up()
        return TookTooLong(
            f"there was no answer within {self._seconds:g} s", hint="ask again, or raise the setting `request_seconds`"
        )


class Service:
    """Answers from one index to all surfaces of a server. `close` when done.

    Each raises Overloaded, TookTooLong, NotReady once it is stopped, and what the assistant raises. `draining` is set when the
    server is to stop; `given_up` counts the questions and lookups that `stop` ended; `threads` are as many as questions and
    lookups can keep busy, and some for whoever asks how the server is.
    """

    def __init__(self, settings: Settings, assistant: Assistant | None = None, observer: Observer | None = None) -> None:
        self.settings = settings
        self.assistant = assistant or Assistant(_side_by_side(settings))
        self.observer = observer or Observer(settings)
        self.observer.watch(lambda: self.busy, lambda: self.assistant.generation)
        self.draining = False
        self.given_up = 0
        limit = settings.concurrent or (PROCESSORS if settings.generator == "extractive" else WITH_A_MODEL)
        waiting = limit if settings.waiting is None else settings.waiting
        self._answers = Places("questions", limit, waiting, CALM_SECONDS)
        self._lookups = Places("searches and posts", limit, LOOKUPS_A_QUESTION * max(limit, waiting))
        self._waiting = Waiting(settings.request_seconds)
        self.threads = 2 * limit + SPARE_THREADS

    def stop(self) -> None:
        """End with an error what is being worked on, and what is asked from now on. Called in the loop of the requests."""
        self._waiting.stop()

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
        async with (
            self._watched(asked.surface, self._answers) as deadline,
            aclosing(self.assistant.ask(asked.question, asked.history, asked.filters)) as events,
        ):
            while True:
                try:
                    event = await self._waiting.until(deadline, anext(events))
                except StopAsyncIteration:
                    return
                if isinstance(event, Answered):
                    self.observer.answered(asked.surface, event.answer)
                    event = Answered(_public(event.answer))
                yield event

    async def answer(self, asked: Asked) -> Answer:
        """The answer alone."""
        return await answer_in(self.ask(asked))

    async def search(
        self, query: str, k: int | None, filters: Filters, surface: str = "search", *, every_chunk: bool = False
    ) -> Searched:
        """The best `k` hits."""
        return await self._done(surface, lambda: self.assistant.searched(query, k, filters, every_chunk=every_chunk))

    async def post(self, name: str, surface: str = "post") -> Post:
        """The post of this id. Raises PostNotFound."""
        return await self._done(surface, lambda: self.assistant.post(name))

    async def read(self, work: Callable[[Opened], ResultT], surface: str) -> ResultT:
        """What `work` reads of the generation in force, which is held open for it."""

        def done() -> ResultT:
            with self.assistant.opened() as opened:
                return work(opened)

        return await self._done(surface, done)

    async def _done(self, surface: str, work: Callable[[], ResultT]) -> ResultT:
        async with self._watched(surface, self._lookups) as deadline:
            return await self._waiting.until(deadline, in_thread(work))

    @asynccontextmanager
    async def _watched(self, surface: str, places: Places) -> AsyncIterator[float]:
        """A place, with the time on the loop's clock by which all is to be done; what goes wrong is told to the observer."""
        deadline = self._waiting.deadline()
        try:
            async with AsyncExitStack() as place:
                await self._waiting.until(deadline, place.enter_async_context(places.one()))
                yield deadline
        except AssistantError as error:
            self.given_up += isinstance(error, NotReady)
            self.observer.failed(surface, error)
            raise


def _side_by_side(settings: Settings) -> Settings:
    """Questions are answered side by side: with a thread each, more of them are than with all processors for one (the same
    answer took 132 instead of 181 ms of processor time)."""
    return settings if settings.threads else settings.model_copy(update={"threads": 1})


def _public(answer: Answer) -> Answer:
    """The answer as it may leave the server: what a model's server said of itself names no folder."""
    cut_off = answer.reply.cut_off
    if cut_off is None:
        return answer
    said = replace(cut_off, message=without_folders(cut_off.message), hint=without_folders(cut_off.hint))
    return replace(answer, reply=replace(answer.reply, cut_off=said))
