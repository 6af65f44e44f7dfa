"""All that answers from one generation of the index, put together from its settings; parts are made when they are used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from assistant.answering.field_answers import about_fields
from assistant.answering.fields import parse
from assistant.answering.finding.confidence import Confidence
from assistant.answering.finding.finder import Finder, Found
from assistant.answering.finding.remembering import Remembering
from assistant.conversation import rewritten, standalone
from assistant.conversation.reading import is_gibberish, subject_words
from assistant.indexing.embedders import Embedder
from assistant.indexing.generation import Generation
from assistant.language.terms import terms_of
from assistant.llm.model import Model
from assistant.retrieval.filters import Filters
from assistant.retrieval.follow_up import to_read
from assistant.retrieval.question import Question
from assistant.retrieval.retriever import Retriever
from assistant.retrieval.spelling import corrected
from assistant.settings import Settings
from assistant.types import Hit, Near, Part, Reply, Standalone, Turn, Usage

if TYPE_CHECKING:
    from assistant.answering.prose.answerer import Prose

READ_HITS = 5
"""Hits that an answer is sought in."""
MOST_TAGS = 200


class Opened:
    """All that answers from one generation."""

    def __init__(self, generation: Generation, embedder: Embedder, settings: Settings, model: Model | None) -> None:
        self.generation = generation
        self.settings = settings
        self.model = model
        self._embedder = embedder
        self._reading = Remembering(embedder)

    @cached_property
    def retriever(self) -> Retriever:
        return Retriever(self.generation, self._embedder, self.settings.without)

    @cached_property
    def tags(self) -> list[str]:
        """The tags used most, at most 200; counted once."""
        return self.generation.posts.tags(MOST_TAGS)

    @cached_property
    def confidence(self) -> Confidence:
        return Confidence.of(self.settings.confidence_model)

    @cached_property
    def finder(self) -> Finder:
        settings = self.settings
        return Finder(self.generation, self._reading, self.confidence, settings.refuse_below, settings.without)

    @cached_property
    def prose(self) -> Prose | None:
        """The answerer that asks a model, None where the posts are quoted."""
        if self.model is None:
            return None
        from assistant.answering.prose.answerer import Prose

        settings = self.settings
        return Prose(
            self.model, self._reading, self.generation.lexical.rarity,
            answer_tokens=settings.answer_tokens, strict=settings.strict, without=settings.without,
        )  # fmt: skip

    async def standalone(self, text: str, history: Sequence[Turn]) -> tuple[Standalone, Usage | None]:
        """The question made to stand by itself, by the model where there is one and it is needed, and spelt right."""
        rarity = self.generation.lexical.rarity
        if self.model is None:
            whole, usage = standalone(text, history, rarity, self.about_posts, self.strange), None
        else:
            whole, usage = await rewritten(text, history, rarity, self.model, self.about_posts, self.strange)
        return replace(whole, text=self.spelt(whole.text)), usage

    def understood(self, text: str, history: Sequence[Turn] = ()) -> Standalone:
        """The same without a model."""
        whole = standalone(text, history, self.generation.lexical.rarity, self.about_posts, self.strange)
        return replace(whole, text=self.spelt(whole.text))

    def about_posts(self, text: str) -> bool:
        """Whether a text asks for posts by their fields, which are answered here."""
        return Part.FIELDS not in self.settings.without and parse(text) is not None

    def strange(self, text: str) -> bool:
        """Whether a text has words that may be a subject, all of them keys struck at random that no post has either."""
        words = subject_words(text)
        unheard = all(term not in self.generation.lexical for word in words for term in terms_of(word))
        return bool(words) and unheard and all(map(is_gibberish, words))

    def spelt(self, text: str) -> str:
        """The text with its typing errors led back to words of the posts."""
        if Part.SPELLING in self.settings.without:
            return text
        generation = self.generation

        def known(word: str) -> bool:
            stems = terms_of(word)
            return any(term in generation.lexical for term in stems) or any(map(self._embedder.is_word, (word, *stems)))

        return corrected(text, known, generation.vocabulary.nearest)

    def question(self, text: str) -> Question:
        """A text as what is searched for."""
        return Question(text, plain=Part.IDENTIFIERS in self.settings.without)

    def hits(self, asked: Standalone, k: int, filters: Filters | None) -> tuple[list[Hit], list[Hit]]:
        """The best `k` hits, and those that an answer is sought in: the best thread of the turn that a follow-up leans on is
        among them. There are none where nothing is asked."""
        if asked.empty:
            return [], []
        retriever, question = self.retriever, self.question(asked.text)
        if asked.leans_on is None:
            hits = retriever.search(question, k, filters)
            return hits, hits[:READ_HITS]
        before = retriever.before(self.question(self.spelt(asked.leans_on)), filters)
        hits = retriever.search(question, k, filters, before=before)
        return hits, to_read(hits, before.thread_id, READ_HITS)

    def reply(self, asked: Standalone, hits: Sequence[Hit], nearest: Sequence[Near], filters: Filters) -> Reply | Found:
        """What the posts' fields say, a refusal, or what an answer can be made from."""
        if asked.empty:
            return self.finder.nothing_asked()
        question = self.question(asked.text)
        fields = None if Part.FIELDS in self.settings.without else about_fields(self.generation, question, filters)
        return fields or self.finder.find(question, hits, nearest)
