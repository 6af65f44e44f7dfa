"""An embedder that remembers: the sentences of a post are read for one question, checked against an answer, and read again for
the next question of the same conversation."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from assistant.indexing.embedders import Embedder, Vectors

    Vector = np.ndarray[Any, np.dtype[np.float32]]

REMEMBERED = 4096
"""Vectors of texts kept at most, some 6 MB."""


class Remembering:
    """The same vectors as `embedder`, each text embedded once as long as it is remembered. Threads may share it."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._remembered: dict[str, Vector] = {}
        self._lock = threading.Lock()

    @property
    def fingerprint(self) -> str:
        return self._embedder.fingerprint

    @property
    def max_tokens(self) -> int:
        return self._embedder.max_tokens

    def count_tokens(self, text: str) -> int:
        return self._embedder.count_tokens(text)

    def is_word(self, word: str) -> bool:
        return self._embedder.is_word(word)

    def embed(self, texts: Sequence[str]) -> Vectors:
        """As `Embedder.embed`."""
        if not texts:
            return self._embedder.embed(texts)
        with self._lock:
            held = {text: self._remembered[text] for text in texts if text in self._remembered}
        if new := [text for text in dict.fromkeys(texts) if text not in held]:
            # Outside of the lock: two threads may embed the same text, none waits for the other.
            held.update(zip(new, self._embedder.embed(new), strict=True))
            self._remember(held)
        return np.stack([held[text] for text in texts])

    def _remember(self, vectors: dict[str, Vector]) -> None:
        with self._lock:
            if len(self._remembered.keys() | vectors.keys()) > REMEMBERED:
                self._remembered.clear()
            self._remembered.update(vectors)
