"""The retriever: dense, lexical and exact-token lanes over one generation, fused, then threads and copies once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from assistant.language.terms import terms
from assistant.retrieval.duplicates import alike, shingles
from assistant.retrieval.filters import Filters, allowed_rows
from assistant.retrieval.follow_up import KEPT, OWN_WEIGHT, own_terms
from assistant.retrieval.fusion import DENSE_WEIGHT, convex, dense_weight, standardised, union
from assistant.retrieval.question import Question
from assistant.types import NONE, Hit, Part, Parts, Post, Signals

if TYPE_CHECKING:
    from assistant.indexing.embedders import Embedder
    from assistant.indexing.generation import Generation
    from assistant.indexing.post_store import ChunkPlace

    Rows = np.ndarray[Any, np.dtype[np.int64]]
    Scores = np.ndarray[Any, np.dtype[np.float64]]

DEPTH = 100
"""Posts that a lane lists."""
COVERAGE_DEPTH = 3
"""Lexical hits whose coverage of the question decides how far its words are trusted."""
CHUNKS_A_POST = 2
"""Chunks asked of the store for each post wanted: a long post may take several of the best places."""
SCAN_LIMIT = 5000
"""Chunks up to which a filtered search compares all that pass; above it the store is asked for more and then sifted."""
EXACT_WEIGHT = 3.0
"""Standard deviations of fused score that an identifier is worth where it is all that is asked; less beside other words."""
WORD_SHARE = 0.3
"""What a plain word counts against an identifier in that: who names a code means the code."""
RARE = 0.6
"""Rarity (`LexicalStore.rarity`) from which on an identifier speaks for a post: at most 30 of 5,000 posts hold it."""


class Lane(NamedTuple):
    """What one lane found, best first."""

    rows: Rows
    scores: Scores


@dataclass(frozen=True, slots=True)
class Candidates:
    """The union of the lanes with fused scores, best first, ties by row."""

    rows: Rows
    scores: Scores
    dense: Lane
    lexical: Lane
    exact: dict[int, float]
    best_chunk: dict[int, ChunkPlace]


@dataclass(frozen=True, slots=True)
class Before:
    """A question that another one follows up, the rows of its best posts, and the thread of the best (None: nothing found)."""

    question: Question
    rows: Rows
    thread_id: str | None


def _ranked(rows: Rows, scores: Scores, most: int) -> Lane:
    order = np.lexsort((rows, -scores))[:most]
    return Lane(rows[order], scores[order])


def _joined(lane: Lane, more: dict[int, float]) -> Lane:
    """`lane` with these rows and scores too, best first."""
    rows = np.concatenate([lane.rows, np.fromiter(more, dtype=np.int64, count=len(more))])
    scores = np.concatenate([lane.scores, np.fromiter(more.values(), dtype=np.float64, count=len(more))])
    return _ranked(rows, scores, len(rows))


class Retriever:
    """Answers searches over one open generation."""

    def __init__(self, generation: Generation, embedder: Embedder, without: Parts = NONE) -> None:
        self._generation = generation
        self._embedder = embedder
        self._without = without

    def search(
        self,
        question: Question,
        k: int,
        filters: Filters | None = None,
        *,
        every_chunk: bool = False,
        before: Before | None = None,
    ) -> list[Hit]:
        """The `k` best hits: one a thread and near-duplicates once, or, with `every_chunk`, every post that was found.

        `before` is what the question that this one follows up found: its best posts stay candidates, see `follow_up`.
        """
        candidates = self.candidates(question, filters, max(DEPTH, 2 * k), before)
        return self._hits(question, candidates, k, every_chunk)

    def before(self, question: Question, filters: Filters | None = None) -> Before:
        """What a question finds that another one follows up."""
        rows = self.candidates(question, filters).rows[:KEPT]
        best = self._generation.posts.posts(rows[:1].tolist())
        return Before(question, rows, best[0].thread_id if best else None)

    def candidates(
        self, question: Question, filters: Filters | None = None, depth: int = DEPTH, before: Before | None = None
    ) -> Candidates:
        """All posts that a lane found and the best ones of `before`, fused; each lane lists at most `depth` of its own."""
        allowed = allowed_rows(self._generation.posts, filters or Filters())
        dense, best_chunk = self._dense(question, allowed, depth)
        lexical = self._lexical(question.terms, allowed, depth)
        if before is not None:
            dense = self._kept_dense(question, dense, before.rows, best_chunk)
            lexical = self._kept_lexical(question, lexical, before.rows)
        exact = self._exact(question, allowed, depth)
        rows = union(dense.rows, lexical.rows, list(exact))
        if not len(rows):
            return Candidates(rows, np.zeros(0), dense, lexical, exact, best_chunk)
        bonus = np.array([exact.get(row, 0.0) for row in rows.tolist()])
        weight = DENSE_WEIGHT if Part.COVERAGE in self._without else dense_weight(self._coverage(question, lexical))
        fused = convex(rows, dense, lexical, weight) + EXACT_WEIGHT * bonus
        if before is not None:
            fused += OWN_WEIGHT * (1 - weight) * self._own(own_terms(question, before.question), rows, allowed, depth)
        ranked = _ranked(rows, fused, len(rows))
        return Candidates(ranked.rows, ranked.scores, dense, lexical, exact, best_chunk)

    def _kept_dense(self, question: Question, lane: Lane, kept: Rows, best_chunk: dict[int, ChunkPlace]) -> Lane:
        """`lane` with the cosines of the posts in `kept` that it does not list; `best_chunk` gets their best chunks."""
        missing = np.setdiff1d(kept, lane.rows)
        if not len(missing) or not len(lane.rows):
            return lane
        places = {place.chunk_id: place for place in self._generation.posts.chunks_of(missing.tolist())}
        best: dict[int, float] = {}
        for chunk_id, cosine in self._scan(self._embedder.embed([question.text])[0], missing.tolist()):
            row = places[chunk_id].post_row
            if cosine > best.get(row, -2.0):
                best[row], best_chunk[row] = cosine, places[chunk_id]
        return _joined(lane, best)

    def _kept_lexical(self, question: Question, lane: Lane, kept: Rows) -> Lane:
        """`lane` with the BM25 scores of the posts in `kept` that it does not list and that hold a term."""
        missing = np.setdiff1d(kept, lane.rows).tolist()
        if not missing or not len(lane.rows):
            return lane
        scores = self._bm25(question.terms)
        return _joined(lane, {row: float(scores[row]) for row in missing if scores[row] > 0})

    def _own(self, wanted: Sequence[str], rows: Rows, allowed: list[int] | None, depth: int) -> Scores:
        """How far each of `rows` holds these terms, in standard deviations of the posts that BM25 lists for them."""
        lane = self._lexical(wanted, allowed, depth)
        if not len(lane.rows):
            return np.zeros(len(rows))
        return standardised(self._bm25(wanted)[rows].astype(np.float64), lane.scores)

    def _dense(self, question: Question, allowed: list[int] | None, depth: int) -> tuple[Lane, dict[int, ChunkPlace]]:
        nearest = self._nearest_chunks(question, allowed, depth)
        places = self._generation.posts.places([chunk_id for chunk_id, _ in nearest])
        passing = None if allowed is None else set(allowed)
        best: dict[int, float] = {}
        best_chunk: dict[int, ChunkPlace] = {}
        for chunk_id, cosine in nearest:
            place = places[chunk_id]
            if (passing is None or place.post_row in passing) and cosine > best.get(place.post_row, -2.0):
                best[place.post_row] = cosine
                best_chunk[place.post_row] = place
        rows = np.fromiter(best, dtype=np.int64, count=len(best))
        scores = np.fromiter(best.values(), dtype=np.float64, count=len(best))
        return _ranked(rows, scores, depth), best_chunk

    def _nearest_chunks(self, question: Question, allowed: list[int] | None, depth: int) -> list[tuple[str, float]]:
        manifest = self._generation.manifest
        if Part.DENSE in self._without or not manifest.chunks or not question.text.strip() or allowed == []:
            return []
        vector = self._embedder.embed([question.text])[0]
        wanted = depth * CHUNKS_A_POST
        if allowed is None:
            return self._generation.vectors.nearest(vector, min(wanted, manifest.chunks))
        share = len(allowed) / manifest.posts
        if manifest.chunks * share <= SCAN_LIMIT:
            return self._scan(vector, allowed)
        return self._generation.vectors.nearest(vector, min(int(wanted / share) + wanted, manifest.chunks))

    def _scan(self, vector: Any, allowed: list[int]) -> list[tuple[str, float]]:
        """Exact comparison with all chunks of the posts that pass a filter."""
        chunk_ids = [place.chunk_id for place in self._generation.posts.chunks_of(allowed)]
        if not chunk_ids:
            return []
        ids, vectors = self._generation.vectors.vectors(chunk_ids)
        return list(zip(ids, (vectors @ vector).tolist(), strict=True))

    def _bm25(self, wanted: Sequence[str]) -> Any:
        return self._generation.lexical.scores(wanted, pairs=Part.PAIRS not in self._without)

    def _lexical(self, wanted: Sequence[str], allowed: list[int] | None, depth: int) -> Lane:
        if Part.LEXICAL in self._without:
            return Lane(np.zeros(0, dtype=np.int64), np.zeros(0))
        scores = self._bm25(wanted)
        rows = np.flatnonzero(scores > 0)
        if allowed is not None:
            rows = np.intersect1d(rows, np.asarray(allowed, dtype=np.int64), assume_unique=True)
        return _ranked(rows, scores[rows].astype(np.float64), depth)

    def _coverage(self, question: Question, lane: Lane) -> float:
        """Share (0-1, by rarity) of the question's terms that the best of the first lexical hits holds."""
        lexical = self._generation.lexical
        held = dict.fromkeys(lane.rows[:COVERAGE_DEPTH].tolist(), 0.0)
        total = 0.0
        # In their order: a sum of floats hangs on it, and that of a set is another in each process.
        for term in dict.fromkeys(question.terms):
            rarity = lexical.rarity(term)
            total += rarity
            for row in held.keys() & set(lexical.holders(term).tolist()):
                held[row] += rarity
        return max(held.values(), default=0.0) / total if total else 0.0

    def _exact(self, question: Question, allowed: list[int] | None, depth: int) -> dict[int, float]:
        """Share (0-1, by rarity) of the whole question that a post meets by holding its rare identifiers as written."""
        if Part.EXACT in self._without:
            return {}
        lexical = self._generation.lexical
        rarities = {name: lexical.rarity(name) for name in question.identifiers if name in lexical}
        telling = {name: rarity for name, rarity in rarities.items() if rarity >= RARE}
        total = sum(telling.values()) + WORD_SHARE * sum(map(lexical.rarity, question.plain_terms))
        passing = None if allowed is None else set(allowed)
        shares: dict[int, float] = {}
        for name, rarity in telling.items():
            for row in lexical.holders(name).tolist():
                if passing is None or row in passing:
                    shares[row] = shares.get(row, 0.0) + rarity / total
        return dict(sorted(shares.items(), key=lambda item: (-item[1], item[0]))[:depth])

    def _hits(self, question: Question, candidates: Candidates, k: int, every_chunk: bool) -> list[Hit]:
        hits: list[Hit] = []
        threads: set[str] = set()
        seen: list[frozenset[int]] = []
        step = max(2 * k, 16)
        rows = candidates.rows.tolist()
        for start in range(0, len(rows), step):
            for offset, post in enumerate(self._generation.posts.posts(rows[start : start + step])):
                if not every_chunk:
                    if post.thread_id in threads:
                        continue
                    print_of_text = shingles(post.body)
                    if Part.COPIES not in self._without and any(alike(print_of_text, other) for other in seen):
                        continue
                    threads.add(post.thread_id)
                    seen.append(print_of_text)
                hits.append(self._hit(question, candidates, start + offset, post, len(hits) + 1))
                if len(hits) == k:
                    return hits
        return hits

    def _hit(self, question: Question, candidates: Candidates, position: int, post: Post, rank: int) -> Hit:
        row = int(candidates.rows[position])
        start, end = self._span(question, candidates, row, post)
        return Hit(rank, float(candidates.scores[position]), post, start, end, post.body[start:end],
                   _signals(candidates, row))  # fmt: skip

    def _span(self, question: Question, candidates: Candidates, row: int, post: Post) -> tuple[int, int]:
        """The chunk that the dense lane found, else the one that holds most of the question's terms."""
        if (place := candidates.best_chunk.get(row)) is not None:
            return place.start, place.end
        wanted = set(question.content_terms)
        places = self._generation.posts.chunks_of([row])
        best = max(places, key=lambda place: len(wanted.intersection(terms(post.body[place.start : place.end]))))
        return best.start, best.end


def _signals(candidates: Candidates, row: int) -> Signals:
    def found(lane: Lane) -> tuple[int, float] | None:
        places = np.flatnonzero(lane.rows == row)
        return (int(places[0]) + 1, float(lane.scores[places[0]])) if len(places) else None

    dense, lexical = found(candidates.dense), found(candidates.lexical)
    return Signals(
        dense=dense[1] if dense else None,
        lexical=lexical[1] if lexical else 0.0,
        exact=candidates.exact.get(row, 0.0),
        dense_rank=dense[0] if dense else None,
        lexical_rank=lexical[0] if lexical else None,
    )
