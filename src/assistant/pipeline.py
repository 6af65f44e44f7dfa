"""The composition root: settings to an assistant that answers. Every surface goes through `Assistant.ask`."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import AsyncGenerator, Callable, Collection, Sequence
from contextlib import AbstractContextManager, aclosing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from assistant.answering.extractive import quoted
from assistant.answering.finding.confidence import Observed
from assistant.answering.finding.finder import Found
from assistant.answering.wording import heading
from assistant.indexing.embedders import Embedder, embedder_from
from assistant.indexing.generation import Generation
from assistant.indexing.generations import IndexFolder
from assistant.indexing.in_force import InForce
from assistant.indexing.manifest import Recipe
from assistant.llm.choosing import model_from
from assistant.llm.model import Model
from assistant.opened import READ_HITS, Opened
from assistant.retrieval.filters import Filters
from assistant.settings import Settings
from assistant.types import Answer, Hit, Near, Post, Provenance, Reply, Standalone, Timings, Turn

ResultT = TypeVar("ResultT")
NEAREST = 5


@dataclass(frozen=True, slots=True)
class Retrieved:
    """Event: the question as it was understood, and the hits that an answer is sought in."""

    standalone_question: str
    hits: tuple[Hit, ...]


@dataclass(frozen=True, slots=True)
class TextDelta:
    """Event: the next piece of the answer's text. Joined, the pieces are the text."""

    text: str


@dataclass(frozen=True, slots=True)
class Answered:
    """Event, always the last: the whole answer."""

    answer: Answer


@dataclass(frozen=True, slots=True)
class Searched:
    """The hits of a search, what the query was understood as, and the generation that was searched."""

    hits: tuple[Hit, ...]
    understood: str
    generation: str


Event = Retrieved | TextDelta | Answered


class Assistant:
    """Answers from one index, to any number of threads and streams at once. `close` when done.

    Opens the generation in force, and a newer one when it appears; the older one is closed when its last answer is given.
    """

    def __init__(self, settings: Settings, embedder: Embedder | None = None, model: Model | None = None) -> None:
        self.settings = settings
        self.embedder = embedder or embedder_from(settings)
        self.model = model or model_from(settings)
        self._in_force = InForce(
            IndexFolder(Path(settings.index)),
            Recipe.of(self.embedder.fingerprint, settings.without, redact=settings.redact),
            lambda generation: Opened(generation, self.embedder, settings, self.model),
        )

    def opened(self) -> AbstractContextManager[Opened]:
        """All that answers from the generation in force, held open for the block. One answer comes from one of these.

        Raises IndexMissing, IndexDamaged, IndexMismatch.
        """
        return self._in_force.reading()

    @property
    def generation(self) -> Generation:
        """The generation in force, not held: it is closed once a newer one is asked for. Raises as `opened` does."""
        return self._in_force.latest().generation

    def close(self) -> None:
        """Give up the open generation, once what is being answered from it is answered."""
        self._in_force.close()

    def search(
        self, query: str, k: int | None = None, filters: Filters | None = None, *, every_chunk: bool = False
    ) -> list[Hit]:
        """The best `k` hits (default: the setting `k`) for a query."""
        return list(self.searched(query, k, filters, every_chunk=every_chunk).hits)

    def searched(
        self, query: str, k: int | None = None, filters: Filters | None = None, *, every_chunk: bool = False
    ) -> Searched:
        """The same with all that a surface tells of it."""
        with self.opened() as opened:
            understood = opened.spelt(query)
            question = opened.question(understood)
            hits = opened.retriever.search(question, k or self.settings.k, filters, every_chunk=every_chunk)
            return Searched(tuple(hits), understood, opened.generation.name)

    def understood(self, text: str, history: Sequence[Turn] = ()) -> str:
        """The question that is searched for where no model rewrites it."""
        with self.opened() as opened:
            return opened.understood(text, history).text

    def post(self, name: str) -> Post:
        """The post of this `post_id`, or of this `source_id` where it is the only one. Raises PostNotFound."""
        with self.opened() as opened:
            return opened.generation.posts.find(name)

    def thread_of(self, name: str) -> list[Post]:
        """All posts of the thread of a post, in its order: the question, then replies by date. Raises PostNotFound."""
        with self.opened() as opened:
            posts = opened.generation.posts
            return posts.thread(posts.find(name).thread_id)

    def observed(self, question: str, history: Sequence[Turn] = (), passing_over: Collection[str] = ()) -> Observed | None:
        """The signs that the confidence in the answer to a question comes from; None where there is nothing to read.

        Hits of the threads in `passing_over` are left out: what they hold still counts as known to the index.
        """
        with self.opened() as opened:
            asked = opened.understood(question, history)
            hits, _ = opened.hits(asked, READ_HITS + len(passing_over), None)
            kept = [hit for hit in hits if hit.post.thread_id not in passing_over][:READ_HITS]
            return opened.finder.observed(opened.question(asked.text), kept)

    async def ask(
        self, question: str, history: Sequence[Turn] = (), filters: Filters | None = None
    ) -> AsyncGenerator[Event, None]:
        """Answer a question: `Retrieved`, then `TextDelta`s, then `Answered`.

        Raises ServerUnreachable and below where a model is to answer and its server fails before the first word; closing the
        generator stops the server.
        """
        with self.opened() as opened:
            async with aclosing(self._events(opened, question, history, filters or Filters())) as events:
                async for event in events:
                    yield event

    async def _events(
        self, opened: Opened, question: str, history: Sequence[Turn], filters: Filters
    ) -> AsyncGenerator[Event, None]:
        clock = _Clock()
        asked, rewriting = await opened.standalone(question, history)
        clock.rewrite = clock.now()
        hits, read = await in_thread(opened.hits, asked, max(READ_HITS, NEAREST, self.settings.k), filters)
        nearest = tuple(Near(hit.post.post_id, heading(hit.post), hit.score) for hit in hits[:NEAREST])
        clock.retrieve = clock.now()
        yield Retrieved(asked.text, tuple(hits))
        reply = await in_thread(opened.reply, asked, read, nearest, filters)
        if isinstance(reply, Found) and opened.prose is not None:
            async with aclosing(opened.prose.answer(reply)) as items:
                async for item in items:
                    if isinstance(item, str):
                        clock.first_token = clock.first_token or clock.now()
                        yield TextDelta(item)
                    else:
                        reply = item
        else:
            reply = quoted(reply, self.settings.max_characters) if isinstance(reply, Found) else reply
            clock.first_token = clock.now()
            yield TextDelta(reply.text)
        assert isinstance(reply, Reply)
        reply = replace(reply, usage=rewriting + reply.usage if rewriting and reply.usage else rewriting or reply.usage)
        yield Answered(Answer(
            question, asked, reply, nearest, self.settings.generator, self._provenance(opened, asked, reply), clock.timings(),
            self.settings.strict,
        ))  # fmt: skip

    def _provenance(self, opened: Opened, asked: Standalone, reply: Reply) -> Provenance:
        deciding = self.settings.deciding() | {"confidence": opened.confidence.sha256}
        digest = hashlib.blake2b(repr(sorted(deciding.items())).encode(), digest_size=8).hexdigest()
        return Provenance(
            opened.generation.name, digest, reply.prompts[0].sha256 if reply.prompts else "",
            opened.generation.manifest.recipe.embedder, reply.prompts + asked.prompts,
        )  # fmt: skip


async def in_thread(work: Callable[..., ResultT], *arguments: object) -> ResultT:
    """What `work` returns, done in a thread. Given up, however often, it still waits for the thread: what that reads must not
    be closed."""
    running = asyncio.ensure_future(asyncio.to_thread(work, *arguments))
    given_up: asyncio.CancelledError | None = None
    while not running.done():
        try:
            await asyncio.wait([running])
        except asyncio.CancelledError as error:
            given_up = error
    if given_up is None:
        return running.result()
    if not running.cancelled():
        running.exception()  # looked at, since nobody else will
    raise given_up


class _Clock:
    """Milliseconds from the question's arrival, noted as things happen."""

    def __init__(self) -> None:
        self._started = time.perf_counter()
        self.rewrite = self.retrieve = self.first_token = 0.0

    def now(self) -> float:
        return 1000 * (time.perf_counter() - self._started)

    def timings(self) -> Timings:
        total = self.now()
        return Timings(self.rewrite, self.retrieve, self.first_token or total, total)


async def answer_of(assistant: Assistant, question: str, history: Sequence[Turn] = (),
                    filters: Filters | None = None) -> Answer:  # fmt: skip
    """The answer alone, for surfaces that do not stream."""
    return await answer_in(assistant.ask(question, history, filters))


async def answer_in(events: AsyncGenerator[Event, None]) -> Answer:
    """The answer that these events end with. Closes them."""
    async with aclosing(events):
        async for event in events:
            if isinstance(event, Answered):
                return event.answer
    raise AssertionError("an answer ends with Answered")


__all__ = [
    "Answered", "Assistant", "Event", "Reply", "Retrieved", "Searched", "TextDelta", "answer_in", "answer_of", "in_thread",
]  # fmt: skip
