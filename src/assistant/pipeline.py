"""The composition root: settings to an assistant that answers. Every surface goes through `Assistant.ask`."""

from __future__ import annotations

import hashlib
import time
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.answering.confidence import Confidence, Observed
from assistant.answering.extractive import Extractive
from assistant.conversation import standalone
from assistant.indexing.embedders import Embedder, embedder_from
from assistant.indexing.generation import Generation
from assistant.indexing.generations import IndexFolder
from assistant.indexing.manifest import Recipe
from assistant.language.terms import terms_of
from assistant.retrieval.filters import Filters
from assistant.retrieval.question import Question
from assistant.retrieval.retriever import Retriever
from assistant.retrieval.spelling import corrected
from assistant.settings import Settings
from assistant.types import Answer, Hit, Near, Part, Post, Provenance, Reply, Timings, Turn

READ_HITS = 5
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


Event = Retrieved | TextDelta | Answered


class Assistant:
    """Answers from one index. Opens the generation in force, and a newer one when it appears; `close` when done."""

    def __init__(self, settings: Settings, embedder: Embedder | None = None) -> None:
        self.settings = settings
        self._folder = IndexFolder(Path(settings.index))
        self.embedder = embedder or embedder_from(settings)
        self._generation: Generation | None = None
        self._answerer: Extractive | None = None

    @property
    def generation(self) -> Generation:
        """The generation in force. Raises IndexMissing, IndexDamaged, IndexMismatch."""
        name = self._folder.current_name()
        if self._generation is None or self._generation.name != name:
            opened = Generation(self._folder.path / name, Recipe.of(self.embedder.fingerprint, self.settings.without))
            self.close()
            self._generation = opened
        return self._generation

    @property
    def answerer(self) -> Extractive:
        """The answerer over the generation in force. Raises as `generation` does."""
        generation = self.generation
        if self._answerer is None:
            self._answerer = Extractive(
                generation,
                self.embedder,
                Confidence.of(self.settings.confidence_model),
                self.settings.max_characters,
                self.settings.refuse_below,
                self.settings.without,
            )
        return self._answerer

    def close(self) -> None:
        """Give up the open generation."""
        if self._generation is not None:
            self._generation.close()
            self._generation = self._answerer = None

    def search(
        self, query: str, k: int | None = None, filters: Filters | None = None, *, every_chunk: bool = False
    ) -> list[Hit]:
        """The best `k` hits (default: the setting `k`) for a query."""
        retriever = Retriever(self.generation, self.embedder, self.settings.without)
        return retriever.search(self._question(query), k or self.settings.k, filters, every_chunk=every_chunk)

    def understood(self, text: str, history: Sequence[Turn] = ()) -> str:
        """The question that is searched for: made to stand by itself, its typing errors led back to words of the posts."""
        generation = self.generation
        whole = standalone(text, history, generation.lexical.rarity)
        if Part.SPELLING in self.settings.without:
            return whole

        def known(word: str) -> bool:
            stems = terms_of(word)
            return any(term in generation.lexical for term in stems) or any(map(self.embedder.is_word, (word, *stems)))

        return corrected(whole, known, generation.vocabulary.nearest)

    def _question(self, text: str, history: Sequence[Turn] = ()) -> Question:
        return Question(self.understood(text, history), plain=Part.IDENTIFIERS in self.settings.without)

    def post(self, name: str) -> Post:
        """The post of this `post_id`, or of this `source_id` where it is the only one. Raises PostNotFound."""
        return self.generation.posts.find(name)

    def observed(self, question: str, history: Sequence[Turn] = (), passing_over: Collection[str] = ()) -> Observed | None:
        """The signs that the confidence in the answer to a question comes from; None where there is nothing to read.

        Hits of the threads in `passing_over` are left out: what they hold still counts as known to the index.
        """
        asked = self._question(question, history)
        retriever = Retriever(self.generation, self.embedder, self.settings.without)
        hits = retriever.search(asked, READ_HITS + len(passing_over))
        kept = [hit for hit in hits if hit.post.thread_id not in passing_over][:READ_HITS]
        return self.answerer.observed(asked, kept)

    async def ask(self, question: str, history: Sequence[Turn] = (), filters: Filters | None = None) -> AsyncIterator[Event]:
        """Answer a question: `Retrieved`, then `TextDelta`s, then `Answered`."""
        started = time.perf_counter()
        generation = self.generation
        asked = self._question(question, history)
        rewritten = time.perf_counter()
        answerer = self.answerer
        hits = Retriever(generation, self.embedder, self.settings.without).search(
            asked, max(READ_HITS, NEAREST, self.settings.k), filters
        )
        nearest = tuple(Near(hit.post.post_id, hit.post.title, hit.score) for hit in hits[:NEAREST])
        retrieved = time.perf_counter()
        yield Retrieved(asked.text, tuple(hits))
        reply = answerer.about_fields(asked, filters or Filters()) or answerer.answer(asked, hits[:READ_HITS], nearest)
        finished = time.perf_counter()
        yield TextDelta(reply.text)
        yield Answered(Answer(
            question, asked.text, reply, nearest, self.settings.generator, self._provenance(generation),
            Timings(*(1000 * (moment - started) for moment in (rewritten, retrieved, finished, finished))),
        ))  # fmt: skip

    def _provenance(self, generation: Generation) -> Provenance:
        deciding = self.settings.model_dump(include={"generator", "max_characters", "refuse_below", "embedder", "without"})
        deciding["confidence"] = Confidence.of(self.settings.confidence_model).sha256
        deciding["without"] = sorted(self.settings.without)
        digest = hashlib.blake2b(repr(sorted(deciding.items())).encode(), digest_size=8).hexdigest()
        return Provenance(generation.name, digest, "", generation.manifest.recipe.embedder)


async def answer_of(assistant: Assistant, question: str, history: Sequence[Turn] = (),
                    filters: Filters | None = None) -> Answer:  # fmt: skip
    """The answer alone, for surfaces that do not stream."""
    async for event in assistant.ask(question, history, filters):
        if isinstance(event, Answered):
            return event.answer
    raise AssertionError("an answer ends with Answered")


__all__ = ["Answered", "Assistant", "Event", "Reply", "Retrieved", "TextDelta", "answer_of"]
