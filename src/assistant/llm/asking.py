"""The one layer of time-outs and retries, for both protocols: a request is sent again until a first sign of life, never after.

A protocol gives an async generator of events for one request; its own client retries nothing and has no time-out but for
connecting. Deadlines hold for each step, not around a `yield`: what the caller does between two pieces is not ours to cancel.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from enum import Enum
from functools import cache
from typing import Literal, TypeVar

from assistant.errors import ServerTimedOut
from assistant.llm.connecting import Server
from assistant.llm.failing import Failure
from assistant.llm.model import Ended
from assistant.llm.surrogates import Characters, mended
from assistant.llm.thinking import Thoughts
from assistant.settings import Settings

FIRST_WAIT, LONGEST_WAIT, JITTER = 0.25, 4.0, 0.1
"""Seconds before a request is sent again, where the server asks for no time; doubled each time."""
LOADING_WAIT = 0.5
"""Seconds between two looks at a server that loads its model."""
ASK_SECONDS = 10.0
"""How long a question about the model, not to it, may take: it is worth a guess, not a wait."""

T = TypeVar("T")


class Sign(Enum):
    """What a model sends that is no text."""

    THOUGHT = "thought"


Event = str | Literal[Sign.THOUGHT] | Ended
"""One event of a request: text (not empty), a sign that the model thinks, the end."""
Request = Callable[[], AsyncGenerator[Event, None]]
"""Sends the request and gives its events, `Ended` last. Raises Failure. To close it closes the connection."""


async def streamed(request: Request, server: Server, settings: Settings) -> AsyncGenerator[str | Ended, None]:
    """The text of the model without its thoughts, then `Ended`; errors and closing as `Model.stream` promises."""
    limits = _Limits(server, settings)
    try:
        begun = patiently(lambda: _begun(request), limits.first.at, settings.retries)
        events, event = await limits.of_first(lambda: begun)
        characters, thoughts = Characters(), Thoughts()
        async with aclosing(events):
            while not isinstance(event, Ended):
                if isinstance(event, str) and (text := thoughts.feed(characters.feed(event))):
                    yield text
                event = await limits.of_next(lambda: anext(events))
        if text := thoughts.feed(characters.end()) + thoughts.end():
            yield text
        yield replace(event, reason=mended(event.reason))
    except Failure as failure:
        # What the server or the library said may hold the key: it is in our message without it, and nowhere else.
        raise failure.error from None


async def asked_about(question: Callable[[], Awaitable[T | None]], server: Server, settings: Settings) -> T | None:
    """What a server says of its model; None where it does not, or not in time. Raises ServerUnreachable if it is not there."""
    until = asyncio.get_running_loop().time() + settings.first_token_seconds
    try:
        return await patiently(lambda: quickly(question), until, settings.retries)
    except Failure as failure:
        if failure.absent:
            raise failure.error from None
        return None


async def patiently(attempt: Callable[[], Awaitable[T]], until: float, retries: int) -> T:
    """What `attempt` gives, made again after a Failure that may pass, at most `retries` times and before `until` (the loop's
    clock). A server that loads its model is waited for without counting."""
    import stamina

    _quiet()
    again = _Patience(until, retries)
    waiting = stamina.retry_context(
        again, attempts=None, timeout=None, wait_initial=FIRST_WAIT, wait_max=LONGEST_WAIT, wait_jitter=JITTER
    )
    async for trial in waiting:
        with trial:
            return await attempt()
    raise AssertionError("the last failure is raised")


class _Patience:
    """Whether a failed request is sent again, and after how many seconds where that is not the usual."""

    def __init__(self, until: float, retries: int) -> None:
        self._until = until
        self._left = retries

    def __call__(self, error: Exception) -> bool | float:
        if not isinstance(error, Failure) or not error.again:
            return False
        usual = LOADING_WAIT if error.loading else None
        wait = error.wait if error.wait is not None else usual
        if asyncio.get_running_loop().time() + (wait or 0.0) >= self._until:
            return False
        if not error.loading:
            self._left -= 1
        return self._left >= 0 and (True if wait is None else wait)


@dataclass(frozen=True, slots=True)
class _Limit:
    """A moment of the loop's clock, and what is said when it passes."""

    at: float
    seconds: float
    setting: str
    lacking: str

    def passed(self, server: Server) -> ServerTimedOut:
        return ServerTimedOut(
            f"{self.lacking} from {server.place} within {self.seconds:g} s",
            hint=f"see the log of the server, or raise {self.setting}",
        )


class _Limits:
    """The deadlines of one stream."""

    def __init__(self, server: Server, settings: Settings) -> None:
        self._server = server
        self._idle = settings.idle_seconds
        self._whole = _from_now(settings.total_seconds, "total_seconds", "no end")
        first = _from_now(settings.first_token_seconds, "first_token_seconds", "no word")
        self.first = min(self._whole, first, key=_moment)

    async def of_first(self, step: Callable[[], Awaitable[T]]) -> T:
        return await self._within(self.first, step)

    async def of_next(self, step: Callable[[], Awaitable[T]]) -> T:
        idle = _from_now(self._idle, "idle_seconds", "no further word")
        return await self._within(min(self._whole, idle, key=_moment), step)

    async def _within(self, limit: _Limit, step: Callable[[], Awaitable[T]]) -> T:
        timer = asyncio.timeout_at(limit.at)
        try:
            async with timer:
                return await step()
        except TimeoutError:
            if timer.expired():
                raise limit.passed(self._server) from None
            raise


def _from_now(seconds: float, setting: str, lacking: str) -> _Limit:
    return _Limit(asyncio.get_running_loop().time() + seconds, seconds, setting, lacking)


def _moment(limit: _Limit) -> float:
    return limit.at


async def _begun(request: Request) -> tuple[AsyncGenerator[Event, None], Event]:
    events = request()
    return events, await anext(events)


async def quickly(question: Callable[[], Awaitable[T]]) -> T | None:
    """What `question` gives; None where that takes longer than a question about the model is worth."""
    try:
        async with asyncio.timeout(ASK_SECONDS):
            return await question()
    except TimeoutError:
        return None


@cache
def _quiet() -> None:
    from stamina.instrumentation import LoggingOnRetryHook, set_on_retry_hooks

    # Left to itself it logs by structlog, which writes to stdout, where data goes. Without a handler its warning of each retry
    # would go to stderr, where our messages are; whoever sets up logging still gets it.
    set_on_retry_hooks([LoggingOnRetryHook])
    logging.getLogger("stamina").addHandler(logging.NullHandler())
