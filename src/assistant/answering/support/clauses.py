"""The clauses of a sentence, each of which a post has to bear out: a good first half does not carry a made-up second.

No grammar: a cut falls on marks and on words that begin a further statement.
"""

from __future__ import annotations

import re
from functools import lru_cache

_CUT = re.compile(
    r"[;–—]\s|\s-\s|,\s+(?:and|but|so|which|while|whereas|because|since|where|who|as well as|then|plus)\b"
    r"|\band\s+(?:also|it|they|this|that|thus|therefore|then|is|are|was|were|will|does|has|can|must|should)\b"
    r"|\b(?:because|whereas|so that|which)\b",
    re.IGNORECASE,
)


@lru_cache(maxsize=1024)
def clauses(claim: str) -> tuple[str, ...]:
    """The clauses of `claim` in order, the claim itself where there is one only."""
    return tuple(part for part in _CUT.split(claim) if part.strip())
