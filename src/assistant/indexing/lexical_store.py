"""bm25s over whole posts, and what its postings tell beside scores: how rare a term is and who holds it.

A post's document is its title and body; row i of the index is `posts.row` i.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.language.terms import terms

if TYPE_CHECKING:
    import numpy as np

    Rows = np.ndarray[Any, np.dtype[np.int32]]
    Scores = np.ndarray[Any, np.dtype[np.float32]]

ANALYSIS = "identifiers+snowball/1"
"""Name and version of the analysis; an index made by another one is rebuilt."""

# Lucene's formula at the settings of the published baselines (Kamphuis et al. 2020); not tuned on our topics.
METHOD, K1, B = "lucene", 1.5, 0.75


def write_lexical(folder: Path, documents: Iterable[str]) -> None:
    """Index the documents in their order. Holds term numbers of all of them, not their text."""
    import bm25s

    vocabulary: dict[str, int] = {}
    numbered = [[vocabulary.setdefault(term, len(vocabulary)) for term in terms(text)] for text in documents]
    # bm25s cannot index an empty vocabulary; a term that no question can hold stands in for it.
    vocabulary.setdefault("", len(vocabulary))
    index = bm25s.BM25(method=METHOD, k1=K1, b=B)
    index.index((numbered, vocabulary), show_progress=False, create_empty_token=False)
    index.save(folder, show_progress=False)


class LexicalStore:
    """A finished lexical index, memory mapped."""

    def __init__(self, folder: Path) -> None:
        import bm25s

        self._index = bm25s.BM25.load(str(folder), mmap=True, load_corpus=False, load_vocab=True)
        self._vocabulary: dict[str, int] = self._index.vocab_dict
        self._starts = self._index.scores["indptr"]
        self._rows = self._index.scores["indices"]
        self.size = int(self._index.scores["num_docs"])

    def __contains__(self, term: str) -> bool:
        return term in self._vocabulary

    def scores(self, question_terms: Sequence[str]) -> Scores:
        """BM25 score of every post for these terms (repeated terms count again), shape (size,), 0 where none occurs."""
        import numpy as np

        known = [self._vocabulary[term] for term in question_terms if term in self._vocabulary]
        if not known:
            return np.zeros(self.size, dtype=np.float32)
        scores: Scores = self._index.get_scores_from_ids(known)
        return scores

    def holders(self, term: str) -> Rows:
        """Rows of the posts that hold `term`."""
        number = self._vocabulary.get(term)
        rows: Rows = self._rows[0:0] if number is None else self._rows[self._starts[number] : self._starts[number + 1]]
        return rows

    def rarity(self, term: str) -> float:
        """Inverse document frequency on 0..1: 1 for a term of one post or none, 0 for one that all posts hold."""
        if self.size < 2:
            return 1.0
        return max(0.0, 1.0 - math.log(max(1, len(self.holders(term)))) / math.log(self.size))
