"""The words that posts are written in, so that a word with a typing error can be led back to one of them.

Only plain words: a name made up for a machine is as it is, and a word that hardly ever stands may be an error itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

from assistant.language.terms import is_plain_word, tokens

FILE = "vocabulary.txt"
OFTEN_ENOUGH = 3
LONG = 10
"""Letters from which on a word may have two errors; a shorter one with two is another word."""


def write_vocabulary(folder: Path, documents: Iterable[str]) -> None:
    """Write the words of the documents in lower case, most frequent first, a tab and their number of occurrences."""
    counts: Counter[str] = Counter()
    for text in documents:
        counts.update(match[0].lower() for match in tokens(text) if is_plain_word(match[0]))
    kept = sorted((-count, word) for word, count in counts.items() if count >= OFTEN_ENOUGH)
    lines = "".join(f"{word}\t{-count}\n" for count, word in kept)
    (folder / FILE).write_text(lines, encoding="utf-8", newline="\n")


class Vocabulary:
    """A finished vocabulary; read when first asked."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE

    @cached_property
    def _counts(self) -> dict[str, int]:
        rows = (line.split("\t") for line in self._path.read_text(encoding="utf-8").splitlines())
        return {word: int(count) for word, count in rows}

    @cached_property
    def _by_initial(self) -> dict[str, list[str]]:
        words: dict[str, list[str]] = {}
        for word in self._counts:
            words.setdefault(word[0], []).append(word)
        return words

    def nearest(self, word: str) -> str | None:
        """The word with the fewest errors between it and `word` (in lower case), of several the most frequent; None where
        none is near: one error (a letter more, less, other, or two changed places), two in a long word. The first letter
        is taken to be right."""
        from rapidfuzz.distance import OSA
        from rapidfuzz.process import extract

        most = 2 if len(word) >= LONG else 1
        found = extract(word, self._by_initial.get(word[0], []), scorer=OSA.distance, score_cutoff=most, limit=None)
        # A word with something behind it (systemd, overlayfs) is a name made from that word, not the word in error.
        likely = [match for match in found if not word.startswith(match[0])]
        best = min(likely, key=lambda match: (match[1], -self._counts[match[0]]), default=None)
        return str(best[0]) if best else None
