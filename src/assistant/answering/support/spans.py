"""A post as spans that a sentence can be held against: its sentences, their terms and vectors, and runs of up to three."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from assistant.answering.support.atoms import Held
from assistant.answering.support.verbatim import folded, own_words
from assistant.language.segments import Span, sentences
from assistant.language.terms import terms
from assistant.types import Passage, Post

if TYPE_CHECKING:
    from assistant.indexing.embedders import Vectors

    Vector = np.ndarray[Any, np.dtype[np.float32]]
    Scores = np.ndarray[Any, np.dtype[np.float64]]

LONGEST_RUN = 3
"""Neighbouring sentences in one span."""
LONGEST_SPAN = 600
"""Code points of a span of several sentences; a quote longer than that is not read."""
EMBEDDED = 40
"""Sentences of one post that are embedded ahead: those nearest to its passages."""


def _runs(places: Sequence[Span], body: str, own: str) -> list[range]:
    found = []
    for size in range(1, LONGEST_RUN + 1):
        for start in range(len(places) - size + 1):
            begin, end = places[start].start, places[start + size - 1].end
            if size == 1 or (end - begin <= LONGEST_SPAN and body[begin:end] == own[begin:end]):
                found.append(range(start, start + size))
    return found


class Reading:
    """One post, read once for all claims: its sentences and runs of them (short ones first, then in reading order). What it
    quotes of others is left out.

    `vectors` has a row for each sentence, `known` says which of them are embedded.
    """

    def __init__(self, post: Post) -> None:
        self.post = post
        self.own = own_words(post.body)
        self.places = tuple(sentences(self.own, cut_blocks=True))
        self.terms = tuple(frozenset(terms(self.text(range(n, n + 1)))) for n in range(len(self.places)))
        self.title = frozenset(terms(post.title))
        self.runs = _runs(self.places, post.body, self.own)
        self.held = Held(f"{post.title}\n{self.own}")
        self.known = np.zeros(len(self.places), dtype=bool)
        self._vectors: Vectors | None = None
        self._run_vectors: Vectors | None = None
        self._said = {folded(self.text(run)): run for run in reversed(self.runs)}

    def span(self, run: range) -> Span:
        """Where a run of sentences stands in the body."""
        return Span(self.places[run.start].start, self.places[run.stop - 1].end)

    def text(self, run: range) -> str:
        """What a run of sentences says."""
        start, end = self.span(run)
        return self.post.body[start:end]

    def beside(self, run: range) -> tuple[str, str]:
        """The sentence before a run and the one behind it; "" where there is none."""
        before, after = run.start - 1, run.stop
        return (
            self.text(range(before, before + 1)) if before >= 0 else "",
            self.text(range(after, after + 1)) if after < len(self.places) else "",
        )

    def word_for_word(self, claim: str) -> range | None:
        """The run that says just what `claim` says."""
        wanted = folded(claim)
        return self._said.get(wanted) if wanted else None

    def nearest(self, passages: Iterable[Passage]) -> list[int]:
        """Numbers of the sentences to embed ahead: those nearest to the passages, in reading order."""
        ends = [(passage.start, passage.end) for passage in passages]

        def distance(number: int) -> int:
            start, end = self.places[number]
            return min((max(0, first - end, start - last) for first, last in ends), default=0)

        return sorted(sorted(range(len(self.places)), key=distance)[:EMBEDDED])

    def embedded(self, numbers: Sequence[int], vectors: Vectors) -> None:
        """Take the vectors of some sentences, shape (numbers, d)."""
        if self._vectors is None:
            self._vectors = np.zeros((len(self.places), vectors.shape[1]), dtype=np.float32)
        self._vectors[list(numbers)] = vectors
        self.known[list(numbers)] = True
        self._run_vectors = None

    def closeness(self, vector: Vector) -> Vector:
        """Cosine of each run with a claim, shape (runs,); for one with sentences that are not embedded, that of the others."""
        if self._vectors is None:
            return np.zeros(len(self.runs), dtype=np.float32)
        return np.asarray(self.run_vectors @ vector)

    @property
    def run_vectors(self) -> Vectors:
        """A vector for each run, shape (runs, d): the mean of its sentences' vectors, by the root of their lengths."""
        if self._run_vectors is None:
            assert self._vectors is not None
            weights = np.sqrt([end - start for start, end in self.places])[:, None]
            sums = np.concatenate([np.zeros_like(self._vectors[:1]), np.cumsum(self._vectors * weights, axis=0)])
            totals = sums[[run.stop for run in self.runs]] - sums[[run.start for run in self.runs]]
            self._run_vectors = _unit(totals)
        return self._run_vectors

    def coverage(self, weights: dict[str, float]) -> Scores:
        """Share of the weighted terms that each run holds, the title's counted too, shape (runs,)."""
        names = list(weights)
        held = np.array([[name in own or name in self.title for name in names] for own in self.terms], dtype=bool)
        counts = np.concatenate([np.zeros((1, len(names)), dtype=int), np.cumsum(held, axis=0)])
        inside = counts[[run.stop for run in self.runs]] > counts[[run.start for run in self.runs]]
        total = sum(weights.values())
        return np.asarray(inside @ np.array([weights[name] for name in names]) / total)


def _unit(rows: Vectors) -> Vectors:
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    unit: Vectors = np.asarray(rows / np.where(norms > 0, norms, 1), dtype=np.float32)
    return unit


def together(vectors: Sequence[Vector]) -> Vector:
    """A unit vector for several spans together."""
    mean: Vector = _unit(np.sum(vectors, axis=0)[None])[0]
    return mean
