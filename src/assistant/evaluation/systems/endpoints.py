"""Our own HTTP API as a system: what a user of the server gets, time on the wire included.

The answer comes from `POST /ask`, as a stream where the server gives one, the ranking from `POST /search` with the question as
it was understood, the bodies from `GET /posts/{id}`. A connection lives as long as one question, so that the system
does not depend on the caller's event loop.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal
from urllib.parse import quote

import httpx2

from assistant.errors import EvaluationError, ServerUnreachable
from assistant.evaluation.records import AnswerRecord, Cited, PostRecord, Retrieved, Seen
from assistant.evaluation.systems.system import (
    Observation,
    TimedOut,
    needs_whole_index,
    post_record,
    ranking_of,
    record_of,
)
from assistant.evaluation.topics import Topic
from assistant.llm.addresses import base_url_of, is_loopback, shown

CONNECT_SECONDS, TOTAL_SECONDS = 2.0, 120.0
DEPTH = 10
LONGEST_REASON = 300
NOT_FOUND = 404


@dataclass(frozen=True, slots=True)
class _Reply:
    """An Answer as JSON, and the moment at which its first words came; None where it came in one piece."""

    answer: dict[str, Any]
    first_delta: float | None


class Endpoint:
    """The API at `base_url`. `depth` is how many hits are asked for, `task` whether an answer is. Times are seconds: to
    connect, and for one whole request."""

    def __init__(
        self,
        base_url: str,
        *,
        depth: int = DEPTH,
        task: Literal["ask", "search"] = "ask",
        connect_seconds: float = CONNECT_SECONDS,
        total_seconds: float = TOTAL_SECONDS,
    ) -> None:
        self._url = base_url_of(base_url)
        self._depth = depth
        self._task = task
        self._connect_seconds = connect_seconds
        self._total_seconds = total_seconds
        self._posts: dict[str, PostRecord | None] = {}

    @property
    def name(self) -> str:
        """`endpoint` and the address."""
        return f"endpoint {shown(self._url)}"

    def describe(self) -> dict[str, str]:
        """Address, depth and time-outs."""
        return {
            "base_url": shown(self._url),
            "depth": str(self._depth),
            "connect_seconds": f"{self._connect_seconds:g}",
            "total_seconds": f"{self._total_seconds:g}",
        }

    def close(self) -> None:
        """Nothing is held open."""

    async def ask(self, topic: Topic) -> Observation:
        """Ask and search. Raises ServerUnreachable, TimedOut, and EvaluationError for an answer that is not the contract's."""
        needs_whole_index(topic, self.name)
        async with self._client() as client:
            if self._task == "search":
                # Rankings are scored by ids alone: a hundred bodies a topic would be fetched for nothing.
                return Observation(await self._searched(client, topic), ())
            record = await self._answered(client, topic)
            return Observation(record, await self._touched(client, record))

    async def _searched(self, client: httpx2.AsyncClient, topic: Topic) -> AnswerRecord:
        started = time.perf_counter()
        hits = await self._search(client, topic.question)
        spent = 1000 * (time.perf_counter() - started)
        return AnswerRecord(tid=topic.id, input_sha=topic.input_sha, retrieved=hits, latency_ms={"retrieve": spent})

    async def _answered(self, client: httpx2.AsyncClient, topic: Topic) -> AnswerRecord:
        started = time.perf_counter()
        reply = await self._reply(client, topic)
        ended = time.perf_counter()
        record = record_of(reply.answer, (), topic)
        hits = await self._search(client, record.standalone or topic.question)
        rankings = {}
        if topic.history:
            rankings["last_turn"] = await self._search(client, topic.question)
            if topic.standalone:
                rankings["standalone"] = await self._search(client, topic.standalone)
        latency = {**record.latency_ms, "round_trip": 1000 * (ended - started)}
        if reply.first_delta is not None:
            latency["first_delta"] = 1000 * (reply.first_delta - started)
        return record.model_copy(update={"retrieved": hits, "rankings": rankings, "latency_ms": latency})

    async def _reply(self, client: httpx2.AsyncClient, topic: Topic) -> _Reply:
        asked = {
            "question": topic.question,
            "history": [{"role": turn.role, "content": turn.content} for turn in topic.history],
        }
        accept = {"accept": "text/event-stream, application/json;q=0.5"}
        async with self._within("POST /ask"), client.stream("POST", "/ask", json=asked, headers=accept) as response:
            if response.is_success and response.headers.get("content-type", "").startswith("text/event-stream"):
                return await _streamed(response)
            await response.aread()
            return _Reply(_document(response), None)

    async def _search(self, client: httpx2.AsyncClient, query: str) -> tuple[Retrieved, ...]:
        async with self._within("POST /search"):
            response = await client.post("/search", json={"query": query, "k": self._depth})
        return ranking_of(_document(response).get("hits"))

    async def _touched(self, client: httpx2.AsyncClient, record: AnswerRecord) -> tuple[PostRecord, ...]:
        """The posts that the record names, each once. One that the server does not know is left out: what cites it dangles."""
        groups: list[Sequence[Cited | Retrieved | Seen]] = [record.citations, record.seen, record.retrieved]
        groups += record.rankings.values()
        named = [item.post for group in groups for item in group if item.post]
        for name in dict.fromkeys(named):
            if name not in self._posts:
                self._posts[name] = await self._post(client, name)
        return tuple(post for name in dict.fromkeys(named) if (post := self._posts[name]))

    async def _post(self, client: httpx2.AsyncClient, name: str) -> PostRecord | None:
        async with self._within(f"GET /posts/{name}"):
            response = await client.get(f"/posts/{quote(name, safe='')}")
        return None if response.status_code == NOT_FOUND else post_record(_document(response))

    def _client(self) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(
            base_url=self._url,
            timeout=httpx2.Timeout(self._total_seconds, connect=self._connect_seconds),
            trust_env=not is_loopback(self._url),
            verify=self._certificates if self._url.startswith("https:") else False,
        )

    @cached_property
    def _certificates(self) -> ssl.SSLContext:
        # Reading the certificates takes longer than many an answer, so it is done once.
        return httpx2.create_ssl_context()

    @asynccontextmanager
    async def _within(self, what: str) -> AsyncIterator[None]:
        """One request in the time that it has; what goes wrong on the wire becomes an error of our tree."""
        place = f"{what} at {shown(self._url)}"
        try:
            async with asyncio.timeout(self._total_seconds):
                yield
        except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
            raise ServerUnreachable(
                f"no answer to {place} ({error or type(error).__name__})", hint="start it: `assistant serve`"
            ) from error
        except (TimeoutError, httpx2.TimeoutException) as error:
            raise TimedOut(
                f"no whole answer to {place} within {self._total_seconds:g} s", hint="see the log of the server"
            ) from error
        except httpx2.HTTPError as error:
            raise ServerUnreachable(f"{place} broke off ({error})", hint="see the log of the server") from error


async def _streamed(response: httpx2.Response) -> _Reply:
    first_delta = None
    async for event in httpx2.EventSource(response):
        if event.event == "delta" and first_delta is None:
            first_delta = time.perf_counter()
        elif event.event == "answer":
            return _Reply(_parsed(event.data, response), first_delta)
        elif event.event == "error":
            raise EvaluationError(f"the server reports: {event.data[:LONGEST_REASON]}", hint="see its log")
    raise EvaluationError("the server's events ended without an answer", hint="see its log")


def _document(response: httpx2.Response) -> dict[str, Any]:
    if not response.is_success:
        request = response.request
        raise EvaluationError(
            f"{request.method} {request.url.path} was answered with {response.status_code}: {response.text[:LONGEST_REASON]}",
            hint="see the log of the server",
        )
    return _parsed(response.text, response)


def _parsed(text: str, response: httpx2.Response) -> dict[str, Any]:
    path = response.request.url.path
    try:
        document = json.loads(text)
    except ValueError as error:
        raise EvaluationError(f"the answer to {path} is not JSON ({error})", hint="see that it is our API") from error
    if not isinstance(document, dict):
        raise EvaluationError(f"the answer to {path} is JSON, but no object", hint="see that it is our API")
    return document
