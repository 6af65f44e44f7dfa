"""bm25s over whole posts, and what its postings tell beside scores: how rare a term is and who holds it.

A post's document is its title and body; row i of the index is `posts.row` i. Two indexes: of terms, and of pairs of
neighbouring terms, which tell "tunnel provider" from a post that has both words far apart.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.language.terms import terms

if TYPE_CHECKING:
    import numpy as np

    Rows = np.ndarray[Any, np.dtype[np.int32]]
    Scores = np.ndarray[Any, np.dtype[np.float32]]

ANALYSIS = "identifiers+snowball+pairs/1"
"""Name and version of the analysis; an index made by another one is rebuilt."""

# Lucene's formula at the settings of the published baselines (Kamphuis et al. 2020); not tuned on our topics.
METHOD, K1, B = "lucene", 1.5, 0.75
PAIR_WEIGHT = 0.3
"""Weight of the pairs' score; read off development sets (bench/README.md)."""
WORDS, PAIRS = "words", "pairs"


def pairs_of(in_order: Sequence[str]) -> list[str]:
    """Neighbouring terms as one term each."""
    return [f"{first} {second}" for first, second in pairwise(in_order)]


class _Numbered:
    """Documents as term numbers: what bm25s needs of them, at a fraction of the memory of their words."""

    def __init__(self) -> None:
        # bm25s cannot index an empty vocabulary; a term that no question can hold stands in for it.
        self.vocabulary: dict[str, int] = {"": 0}
        self.documents: list[array[int]] = []

    def add(self, document: Iterable[str]) -> None:
        numbers = (self.vocabulary.setdefault(term, len(self.vocabulary)) for term in document)
        self.documents.append(array("i", numbers))

    def write(self, folder: Path) -> None:
        import bm25s

        index = bm25s.BM25(method=METHOD, k1=K1, b=B)
        index.index((self.documents, self.vocabulary), show_progress=False, create_empty_token=False)
        index.save(folder, show_progress=False)


def write_lexical(folder: Path, documents: Iterable[str]) -> None:
    """Index the documents in their order. Holds term numbers of all of them, not their text."""
    words, pairs = _Numbered(), _Numbered()
    for text in documents:
        in_order = terms(text)
        words.add(in_order)
        pairs.add(pairs_of(in_order))
    words.write(folder / WORDS)
    pairs.write(folder / PAIRS)


class _Index:
    """One finished bm25s index, memory mapped."""

    def __init__(self, folder: Path) -> None:
        import bm25s

        self._index = bm25s.BM25.load(str(folder), mmap=True, load_corpus=False, load_vocab=True)
        self.vocabulary: dict[str, int] = self._index.vocab_dict
        self._starts = self._index.scores["indptr"]
        self._rows = self._index.scores["indices"]
        self.size = int(self._index.scores["num_docs"])

    def scores(self, wanted: Sequence[str]) -> Scores:
        import numpy as np

        known = [self.vocabulary[term] for term in wanted if term in self.vocabulary]
        if not known:
            return np.zeros(self.size, dtype=np.float32)
        scores: Scores = self._index.get_scores_from_ids(known)
        return scores

    def holders(self, term: str) -> Rows:
        number = self.vocabulary.get(term)
        rows: Rows = self._rows[0:0] if number is None else self._rows[self._starts[number] : self._starts[number + 1]]
        return rows


class LexicalStore:
    """A finished lexical index."""

    def __init__(self, folder: Path) -> None:
        self._words = _Index(folder / WORDS)
        self._pairs = _Index(folder / PAIRS)
        self.size = self._words.size

    def __contains__(self, term: str) -> bool:
        return term in self._words.vocabulary

    def scores(self, question_terms: Sequence[str]) -> Scores:
        """BM25 score of every post for these terms in their order (repeated ones count again), shape (size,)."""
        import numpy as np

        together: Scores = self._words.scores(question_terms) + np.float32(PAIR_WEIGHT) * self._pairs.scores(
            pairs_of(question_terms)
        )
        return together

    def holders(self, term: str) -> Rows:
        """Rows of the posts that hold `term`."""
        return self._words.holders(term)

    def rarity(self, term: str) -> float:
        """Inverse document frequency on 0..1: 1 for a term of one post or none, 0 for one that all posts hold."""
        if self.size < 2:
            return 1.0
        return max(0.0, 1.0 - math.log(max(1, len(self.holders(term)))) / math.log(self.size))
