"""A follow-up to a question that stands by itself: subject and names of the turn before are carried over.

A question that names its own subject is left as it is: rewriting a fine question makes it worse.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from assistant.language.terms import is_identifier, tokens
from assistant.retrieval.question import Question
from assistant.types import Turn

_POINTS_BACK = re.compile(
    r"\b(?:it|its|that|this|these|those|they|them|their|he|she|his|her|the (?:same|other|latter|former|poster|post"
    r"|thread|author|workaround|fix|error|problem|issue|bug)|ones|such|instead|either|neither)\b",
    re.IGNORECASE,
)
_OPENS_AS_FOLLOW_UP = re.compile(
    r"^\W*(?:and|but|or|so|what about|how about|what if|why\W*$|how so|since when|where\W*$|when\W*$|which one"
    r"|any (?:other|workaround|fix|reply|replies|answer)s?)\b",
    re.IGNORECASE,
)
ENOUGH_TERMS = 4
"""Content terms from which on a question without a backward word has a subject of its own."""
CARRIED_WORDS = 12


def standalone(question: str, history: Sequence[Turn], rarity: Callable[[str], float]) -> str:
    """`question` with what it takes from the user's earlier turns; unchanged where it stands by itself.

    `rarity` (0-1) tells words that carry a subject from words that all posts hold.
    """
    earlier = [turn.content for turn in history if turn.role == "user" and turn.content.strip()]
    if not question.strip() or not earlier or not _leans(question):
        return question
    subject = _subject(earlier, question, rarity)
    return f"{question.rstrip()} ({subject})" if subject else question


def _leans(question: str) -> bool:
    """Whether a question needs the turns before it."""
    if _OPENS_AS_FOLLOW_UP.search(question):
        return True
    names = [match[0] for match in tokens(question) if is_identifier(match[0])]
    terms = Question(question).content_terms
    if names and len(terms) >= ENOUGH_TERMS:
        return False
    if _POINTS_BACK.search(question):
        return len(terms) < 2 * ENOUGH_TERMS
    return len(terms) < ENOUGH_TERMS and not names


def _subject(earlier: Sequence[str], question: str, rarity: Callable[[str], float]) -> str:
    """The telling words of the last turn, and of those before it while it leaned on them itself, in their order."""
    carried: list[str] = []
    known = set(Question(question).terms)
    for turn in reversed(earlier):
        words = [match[0] for match in tokens(turn) if _tells(match[0], known, rarity)]
        carried = list(dict.fromkeys(words + carried))
        if not _leans(turn):
            break
    return " ".join(carried[:CARRIED_WORDS])


def _tells(word: str, known: set[str], rarity: Callable[[str], float]) -> bool:
    terms = Question(word).content_terms
    return bool(terms) and not known.issuperset(terms) and max(map(rarity, terms)) > 0.0
