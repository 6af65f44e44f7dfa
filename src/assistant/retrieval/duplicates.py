"""Near-duplicates: cross-posts, mirrors and edited copies say a thing once, so they are shown once."""

from __future__ import annotations

from assistant.language.terms import TOKEN

SHINGLE = 4
ALIKE = 0.8
SHORTEST = 12
"""Words; two "me too" are not copies of each other."""


def shingles(text: str) -> frozenset[int]:
    """Hashes of all runs of four words, case apart; empty for a text too short to be told from others."""
    words = [match[0].lower() for match in TOKEN.finditer(text)]
    if len(words) < SHORTEST:
        return frozenset()
    return frozenset(hash(tuple(words[start : start + SHINGLE])) for start in range(len(words) - SHINGLE + 1))


def alike(first: frozenset[int], second: frozenset[int]) -> bool:
    """Whether two texts are one text, apart from an edit: what they share is most of the shorter one.

    A reply that quotes a post and goes on is longer by its own words, so it needs most of the longer one too.
    """
    if not first or not second:
        return False
    shared = len(first & second)
    return shared >= ALIKE * max(len(first), len(second))
