"""Content words: stems of a text's words without those that only hold sentences together, and how rare they are.

Names are taken whole and in parts, as the search does, so that a name spelt out in words still meets itself.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence, Set
from functools import lru_cache

from assistant.language.terms import TOKEN, terms_of

_FUNCTION_WORDS = frozenset(
    (
        "a about above after again all also although am an and any are aren as at be because been before being below between "
        "both but by can cannot could did do does doing don down during each either else ever few for from further get had "
        "has have having he her here hers him his how however i if in into is isn it its itself just let like ll may me "
        "might more most much must my myself neither no nor not now of off on once one only or other our out over own per "
        "rather re same shall she should since so some still such than that the their them then there these they this those "
        "though through thus to too under until up upon us use used using ve very via was we were what when where whether "
        "which while who whom whose why will with within without would yes yet you your"
    ).split()
)


@lru_cache(maxsize=200_000)
def content_of(token: str) -> tuple[str, ...]:
    """The content terms of one token, none for a word that only holds a sentence together."""
    return () if token.lower() in _FUNCTION_WORDS else terms_of(token)


def content_words(text: str) -> list[str]:
    """The content terms of a text in order, as often as they occur."""
    return [term for token in TOKEN.findall(text) for term in content_of(token)]


class Rarity:
    """Inverse document frequency over posts, given as their terms: ln(1 + N/n), so that no term weighs nothing."""

    def __init__(self, posts: Sequence[Set[str]]) -> None:
        counts: Counter[str] = Counter()
        for terms in posts:
            counts.update(terms)
        size = max(1, len(posts))
        self._weights = {term: math.log1p(size / count) for term, count in counts.items()}
        self._unseen = math.log1p(2 * size)

    def weight(self, terms: Iterable[str]) -> float:
        """What terms weigh together."""
        return sum(self._weights.get(term, self._unseen) for term in terms)
