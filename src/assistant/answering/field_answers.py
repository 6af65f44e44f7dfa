"""Questions about the posts themselves, answered from stored fields and worded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assistant.answering import wording
from assistant.answering.fields import FieldAnswer, Fields, parse
from assistant.language.segments import sentences
from assistant.retrieval.filters import Filters, allowed_rows
from assistant.retrieval.question import Question
from assistant.types import Citation, Passage, Refusal, Reply, Status

if TYPE_CHECKING:
    from assistant.indexing.generation import Generation

FIELD_QUOTE = 160


def about_fields(generation: Generation, question: Question, filters: Filters) -> Reply | None:
    """The answer to a question about the posts themselves, None for any other question."""
    asked = parse(question.text)
    if asked is None:
        return None
    if not generation.manifest.posts:
        return Reply(wording.EMPTY_INDEX, Status.REFUSED, 0.0, refusal=Refusal.NOT_HERE)
    return _reply(generation, Fields(generation).answer(asked, allowed_rows(generation.posts, filters)))


def _reply(generation: Generation, answer: FieldAnswer) -> Reply:
    posts = generation.posts.posts(answer.rows)
    if not posts:
        return Reply(wording.field_none(answer), Status.REFUSED, 1.0, refusal=Refusal.NOT_HERE)
    citations, passages, lines = [], [], []
    for label, post in enumerate(posts, start=1):
        end = _first_words(post.body)
        line = wording.field_line(post, answer.asked.field, label)
        citations.append(Citation(label, line, post, 0, end, post.body[:end]))
        passages.append(Passage(label, post, 0, end, post.body[:end], 1.0))
        lines.append(f"- {line}")
    text = wording.field_lead(answer) + "\n\n" + "\n".join(lines)
    return Reply(text, Status.GROUNDED, 1.0, tuple(citations), tuple(passages))


def _first_words(body: str) -> int:
    """End of the first sentence, or of as many whole words as a quotation may have."""
    spans = sentences(body, FIELD_QUOTE)
    end = spans[0].end if spans else 0
    return end if end <= 2 * FIELD_QUOTE else body.rfind(" ", 0, 2 * FIELD_QUOTE) + 1 or end
