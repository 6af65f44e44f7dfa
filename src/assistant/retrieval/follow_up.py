"""What the question before adds to a search: its best posts stay candidates, and what only the follow-up says counts more.

A follow-up repeats words of the question before, so that its own few words, which say what is asked now, would drown in them.
"""

from __future__ import annotations

from collections.abc import Sequence

from assistant.retrieval.question import Question
from assistant.types import Hit

KEPT = 3
"""Best posts of the question before that stay candidates."""
OWN_WEIGHT = 0.8
"""What the words that only the follow-up has weigh again, of the lexical lane's share. Read off the dev.jsonl files in
eval/conversations (bench/follow_ups.py): with 0 the gold post is first for .762 of the questions with carried words, with
.6 to 1 for .82 to .83, and hand-written ones lose nothing. A bonus for the thread that was read before won nothing there."""


def own_terms(question: Question, before: Question) -> tuple[str, ...]:
    """Terms of the plain words that `question` has and the question `before` it has not, in order.

    Names are left out: the exact lane counts them, and those of a rewritten question may come from an answer.
    """
    known = set(before.terms)
    return tuple(term for term in question.plain_terms if term not in known)


def to_read(hits: Sequence[Hit], thread_id: str | None, most: int) -> list[Hit]:
    """The first `most` hits; if the hit in the thread of the last answer lies behind them it takes the last place."""
    first = list(hits[:most])
    kept = [hit for hit in hits[most:] if hit.post.thread_id == thread_id]
    if not kept or not first or any(hit.post.thread_id == thread_id for hit in first):
        return first
    return [*first[:-1], kept[0]]
