"""Which sentences of a post answer a question: scored alone and with their neighbours, then taken best first.

A sentence is seen in four frames: alone, with the one before, with the one after, with both. An answer often stands
beside the sentence that repeats the question's words, and a frame catches what either alone would miss.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from assistant.answering.finding.asked import Asked
from assistant.language.segments import Span, sentences
from assistant.language.terms import terms
from assistant.retrieval.question import Question
from assistant.types import Post, Role

if TYPE_CHECKING:
    from assistant.indexing.embedders import Embedder, Vectors

    Vector = np.ndarray[Any, np.dtype[np.float32]]
    Scores = np.ndarray[Any, np.dtype[np.float64]]

MOST_SENTENCES, MOST_BEHIND = 40, 12
"""Sentences of one thread that are looked at, and of one behind it that may answer better; of a longer one those with most of
the question's terms, by rarity, and some of each post: an answer need not repeat the question."""
FRAMED = 4
"""Sentences whose frames are embedded as they stand, not estimated: an embedding costs as much as all the rest."""
UNFRAMED = 10.0
"""More than any score: puts sentences that were only skimmed behind those that were framed."""
_DIGIT = re.compile(r"\d")


class Weights(NamedTuple):
    """What a sentence's score is made of, beside the sum of its four cosines. Read off development topics only."""

    coverage: float = 0.8
    frame_coverage: float = 0.5
    coverage_before: float = 0.3
    number: float = 0.2
    question: float = -0.4


WEIGHTS = Weights()


@dataclass(frozen=True)
class ReadPost:
    """A post read for one question: sentences in order with their scores, and the terms that it holds.

    `cosines` has the four frames' cosines in its rows, shape (4, sentences); `wording` is the part of the score that
    words decide, shape (sentences,); `scores` is their sum, what was framed put before what was not.
    """

    post: Post
    spans: tuple[Span, ...]
    cosines: Scores
    wording: Scores
    scores: Scores
    terms: frozenset[str]

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """The sentences' texts."""
        return tuple(self.post.body[start:end] for start, end in self.spans)

    @cached_property
    def joined(self) -> Scores:
        """1 where nothing stands between a sentence and the next one, else 0; shape (sentences - 1,)."""
        return _joined(self.post, self.spans)

    def frames(self, number: int) -> tuple[str, str, str]:
        """A sentence with the one before, with the one after, with both; alone where something was left out between."""
        before = number - 1 if number > 0 and self.joined[number - 1] else number
        after = number + 1 if number < len(self.joined) and self.joined[number] else number

        def text(first: int, last: int) -> str:
            return self.post.body[self.spans[first].start : self.spans[last].end]

        return text(before, number), text(number, after), text(before, after)

    def with_frames(self, rows: dict[int, Scores]) -> ReadPost:
        """The post with the frame cosines of some sentences (three each) in place of their estimates."""
        cosines = self.cosines.copy()
        scores = self.scores - UNFRAMED
        for number, row in rows.items():
            cosines[1:, number] = row
            scores[number] = cosines[:, number].sum() + self.wording[number]
        return replace(self, cosines=cosines, scores=scores)

    def best(self, characters: int) -> list[int]:
        """Numbers of the sentences to show, in reading order: best first while they fit, at least one."""
        chosen: list[int] = []
        used = 0
        for number in np.argsort(-self.scores, kind="stable").tolist():
            length = self.spans[number].end - self.spans[number].start
            if chosen and used + length > characters:
                continue
            chosen.append(number)
            used += length
        return sorted(chosen)


class Reader:
    """Reads posts for a question. `rarity` gives the rarity (0-1) of a search term in the corpus."""

    def __init__(self, embedder: Embedder, rarity: Callable[[str], float]) -> None:
        self._embedder = embedder
        self._rarity = rarity

    def skim(self, question: Question, posts: Sequence[Post], most: int) -> list[ReadPost]:
        """The posts with at most so many sentences of them scored alone, neighbours estimated; without a post that has none."""
        wanted = {term: self._rarity(term) for term in question.content_terms}
        drafts = _most_promising([_Draft.of(post, wanted) for post in posts], most)
        vectors = self._embedder.embed([question.text, *(text for draft in drafts for text in draft.texts)])
        asked = Asked(question.text)
        done: list[ReadPost] = []
        start = 1
        for draft in drafts:
            end = start + len(draft.spans)
            frames = _estimated_frames(vectors[start:end], draft.lengths, _joined(draft.post, draft.spans))
            done.append(draft.read(asked, frames @ vectors[0]))
            start = end
        return done

    def read(self, question: Question, skimmed: Sequence[ReadPost]) -> list[ReadPost]:
        """Skimmed posts with the frames of their most promising sentences embedded as they stand.

        Those are ranked among themselves, and before all others. The best one of the replies is among them.
        """
        promising = _promising(skimmed)
        frames = [text for _, post, number in promising for text in skimmed[post].frames(number)]
        vectors = self._embedder.embed([question.text, *frames])
        cosines = (vectors[1:] @ vectors[0]).reshape(-1, 3)
        better: list[dict[int, Scores]] = [{} for _ in skimmed]
        for (_, post, number), row in zip(promising, cosines, strict=True):
            better[post][number] = row
        return [read.with_frames(rows) for read, rows in zip(skimmed, better, strict=True)]


def _promising(skimmed: Sequence[ReadPost]) -> list[tuple[float, int, int]]:
    """Score, number of the post and number in it of the sentences to frame, best first."""
    ranked = sorted(
        ((score, post, number) for post, read in enumerate(skimmed) for number, score in enumerate(read.scores)),
        key=lambda item: (-item[0], item[1], item[2]),
    )
    best = ranked[:FRAMED]
    replies = [item for item in ranked if skimmed[item[1]].post.role is Role.REPLY][:1]
    return best if set(replies) <= set(best) else [*best[:-1], *replies]


def _joined(post: Post, spans: Sequence[Span]) -> Scores:
    return np.array([not post.body[one.end : other.start].strip() for one, other in pairwise(spans)], dtype=np.float64)


def _estimated_frames(vectors: Vectors, lengths: Scores, joined: Scores) -> Vectors:
    """Vectors of the four frames of each sentence, shape (4, sentences, d), from those of the sentences alone.

    A mean of unit vectors, weighted by the root of their texts' lengths, stands for the vector of the texts together. `joined`
    is that of `ReadPost`.
    """
    weighted = vectors * np.sqrt(lengths)[:, None]
    nothing = np.zeros_like(weighted[:1])
    before = np.concatenate([nothing, weighted[:-1] * joined[:, None]])
    after = np.concatenate([weighted[1:] * joined[:, None], nothing])
    frames = np.stack([weighted, weighted + before, weighted + after, weighted + before + after])
    unit: Vectors = frames / np.linalg.norm(frames, axis=2, keepdims=True)
    return unit


def _most_promising(drafts: Sequence[_Draft], most: int) -> list[_Draft]:
    """The drafts with at most so many of all their sentences, in their order; without a draft that keeps none."""
    places = [(post, number) for post, draft in enumerate(drafts) for number in range(len(draft.spans))]
    if len(places) > most:
        coverage = np.concatenate([draft.frame_coverage() for draft in drafts if draft.spans])
        order = np.argsort(-coverage, kind="stable").tolist()
        each = max(1, most // (2 * len(drafts)))
        seen = Counter[int]()
        first: list[int] = []
        rest: list[int] = []
        for at in order:
            post = places[at][0]
            seen[post] += 1
            (first if seen[post] <= each else rest).append(at)
        places = [places[at] for at in sorted([*first, *rest][:most])]
    kept: dict[int, list[int]] = {}
    for post, number in places:
        kept.setdefault(post, []).append(number)
    return [drafts[post].only(numbers) for post, numbers in kept.items()]


@dataclass(frozen=True)
class _Draft:
    """A post's sentences before they are embedded."""

    post: Post
    spans: tuple[Span, ...]
    sentence_terms: tuple[frozenset[str], ...]
    wanted: dict[str, float]

    @classmethod
    def of(cls, post: Post, wanted: dict[str, float]) -> _Draft:
        # A quoted line is somebody else's, and stands in its own post already.
        spans = [span for span in sentences(post.body, cut_blocks=True) if not post.body.startswith(">", span.start)]
        held = [frozenset(terms(post.body[start:end])) for start, end in spans]
        return cls(post, tuple(spans), tuple(held), wanted)

    def only(self, kept: Sequence[int]) -> _Draft:
        """The draft of some of its sentences."""
        return replace(
            self, spans=tuple(self.spans[i] for i in kept), sentence_terms=tuple(self.sentence_terms[i] for i in kept)
        )

    @cached_property
    def texts(self) -> list[str]:
        return [self.post.body[start:end] for start, end in self.spans]

    @cached_property
    def lengths(self) -> Scores:
        return np.array([end - start for start, end in self.spans], dtype=float)

    def coverage(self) -> Scores:
        return np.array([self._share(held) for held in self.sentence_terms])

    def frame_coverage(self) -> Scores:
        held = self.sentence_terms
        return np.array([self._share(frozenset().union(*held[max(0, i - 1) : i + 2])) for i in range(len(held))])

    def _share(self, held: frozenset[str]) -> float:
        total = sum(self.wanted.values())
        return sum(rarity for term, rarity in self.wanted.items() if term in held) / total if total else 0.0

    def read(self, asked: Asked, cosines: Scores) -> ReadPost:
        coverage = self.coverage()
        numeric = np.array([bool(_DIGIT.search(text)) for text in self.texts], dtype=float)
        asking = np.array([text.endswith("?") for text in self.texts], dtype=float)
        before = np.concatenate([[0.0], coverage[:-1]])
        wording = (
            WEIGHTS.coverage * coverage
            + WEIGHTS.frame_coverage * self.frame_coverage()
            + WEIGHTS.coverage_before * before
            + WEIGHTS.number * numeric * asked.quantity
            + WEIGHTS.question * asking
        )
        held = frozenset().union(*self.sentence_terms, terms(self.post.title))
        return ReadPost(self.post, self.spans, cosines, wording, cosines.sum(axis=0) + wording, held)
