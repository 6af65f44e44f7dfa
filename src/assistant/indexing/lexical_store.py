"""bm25s over whole posts, and what its postings tell beside scores: how rare a term is and who holds it.

A post's document is its title and body; row i of the index is `posts.row` i. Two indexes: of terms, and of pairs of
neighbouring terms, which tell "tunnel provider" from a post that has both words far apart.
"""

from __future__ import annotations

import hashlib
import importlib
import logging
import math
import sys
import threading
import warnings
from array import array
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.language.terms import plain_terms, terms
from assistant.types import NONE, Part, Parts

if TYPE_CHECKING:
    import numpy as np

    Rows = np.ndarray[Any, np.dtype[np.int32]]
    Scores = np.ndarray[Any, np.dtype[np.float32]]

ANALYSIS = "identifiers+snowball+pairs+vocabulary/4"
"""Name and version of the analysis; an index made by another one is rebuilt."""

PLAIN_ANALYSIS = "words+snowball+pairs+vocabulary/3"


def analysis_name(without: Parts) -> str:
    """Name of the analysis with these parts switched off, as a recipe has it."""
    return PLAIN_ANALYSIS if Part.IDENTIFIERS in without else ANALYSIS


# Lucene's formula at the settings of the published baselines (Kamphuis et al. 2020); not tuned on our topics.
METHOD, K1, B = "lucene", 1.5, 0.75
PAIR_WEIGHT = 0.3
"""Weight of the pairs' score; read off development sets (bench/README.md)."""
WORDS, PAIRS = "words", "pairs"
HASHES, NUMBERS = "hashes.npy", "numbers.npy"
BM25S_VOCABULARY = "vocab.index.json"
_IMPORTING = threading.Lock()


def _bm25s() -> Any:
    """bm25s without scipy, which it takes along wherever that is installed: a tenth of a second for nothing we use."""
    unused = "scipy.sparse"
    with _IMPORTING:
        if "bm25s" in sys.modules or unused in sys.modules:
            return importlib.import_module("bm25s")
        sys.modules[unused] = None  # type: ignore[assignment]
        try:
            return importlib.import_module("bm25s")
        finally:
            del sys.modules[unused]


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
        bm25s = _bm25s()
        # bm25s asks for its debug messages to be shown, and any library that logs on the root logger shows them.
        logging.getLogger("bm25s").setLevel(logging.WARNING)
        index = bm25s.BM25(method=METHOD, k1=K1, b=B)
        if not any(self.documents):
            # Without a single term there is no average length to divide by.
            self.documents = [array("i", [0]) for _ in self.documents]
        with warnings.catch_warnings():
            # Of no document at all there is no average length, and no question that needs one.
            warnings.simplefilter("ignore", RuntimeWarning)
            index.index((self.documents, self.vocabulary), show_progress=False, create_empty_token=False)
        index.save(folder, show_progress=False)
        (folder / BM25S_VOCABULARY).unlink()
        _write_vocabulary(folder, self.vocabulary)


def _term_hash(term: str) -> int:
    return int.from_bytes(hashlib.blake2b(term.encode(), digest_size=8).digest(), "little")


def _write_vocabulary(folder: Path, vocabulary: dict[str, int]) -> None:
    """Hashes of the terms in ascending order and their numbers beside them: found by bisection in a mapped file, where
    bm25s' own JSON has to be read whole, and pairs are many."""
    import numpy as np

    hashed = sorted((_term_hash(term), number) for term, number in vocabulary.items())
    np.save(folder / HASHES, np.array([key for key, _ in hashed], dtype=np.uint64))
    np.save(folder / NUMBERS, np.array([number for _, number in hashed], dtype=np.int32))


def write_lexical(folder: Path, documents: Iterable[str], without: Parts = NONE) -> None:
    """Index the documents in their order. Holds term numbers of all of them, not their text."""
    words, pairs = _Numbered(), _Numbered()
    analyse = plain_terms if Part.IDENTIFIERS in without else terms
    for text in documents:
        in_order = analyse(text)
        words.add(in_order)
        pairs.add(pairs_of(in_order))
    words.write(folder / WORDS)
    pairs.write(folder / PAIRS)


class _Index:
    """One finished bm25s index, memory mapped."""

    def __init__(self, folder: Path) -> None:
        import numpy as np

        self._index = _bm25s().BM25.load(str(folder), mmap=True, load_corpus=False, load_vocab=False)
        self._hashes = np.load(folder / HASHES, mmap_mode="r")
        self._numbers = np.load(folder / NUMBERS, mmap_mode="r")
        self._starts = self._index.scores["indptr"]
        self._rows = self._index.scores["indices"]
        self.size = int(self._index.scores["num_docs"])

    def close(self) -> None:
        """Let go of the files, whoever still holds this object: some do until the collector of cycles comes by."""
        self.__dict__.clear()

    def number(self, term: str) -> int | None:
        """The number of a term, None for one that no document holds."""
        import numpy as np

        key = np.uint64(_term_hash(term))
        place = int(np.searchsorted(self._hashes, key))
        if place == len(self._hashes) or self._hashes[place] != key:
            return None
        return int(self._numbers[place])

    def scores(self, wanted: Sequence[str]) -> Scores:
        import numpy as np

        known = [number for term in wanted if (number := self.number(term)) is not None]
        if not known:
            return np.zeros(self.size, dtype=np.float32)
        scores: Scores = self._index.get_scores_from_ids(known)
        return scores

    def holders(self, term: str) -> Rows:
        number = self.number(term)
        rows: Rows = self._rows[0:0] if number is None else self._rows[self._starts[number] : self._starts[number + 1]]
        return rows


class LexicalStore:
    """A finished lexical index. Nothing of it changes, so any thread may ask."""

    def __init__(self, folder: Path) -> None:
        self._words = _Index(folder / WORDS)
        self._pairs = _Index(folder / PAIRS)
        self.size = self._words.size

    def close(self) -> None:
        """Let go of the files; the object must not be used afterwards."""
        self._words.close()
        self._pairs.close()

    def __contains__(self, term: str) -> bool:
        return self._words.number(term) is not None

    def scores(self, question_terms: Sequence[str], *, pairs: bool = True) -> Scores:
        """BM25 score of every post for these terms in their order (repeated ones count again), shape (size,)."""
        import numpy as np

        words = self._words.scores(question_terms)
        if not pairs:
            return words
        together: Scores = words + np.float32(PAIR_WEIGHT) * self._pairs.scores(pairs_of(question_terms))
        return together

    def holders(self, term: str) -> Rows:
        """Rows of the posts that hold `term`."""
        return self._words.holders(term)

    def rarity(self, term: str) -> float:
        """Inverse document frequency on 0..1: 1 for a term of one post or none, 0 for one that all posts hold."""
        if self.size < 2:
            return 1.0
        return max(0.0, 1.0 - math.log(max(1, len(self.holders(term)))) / math.log(self.size))
