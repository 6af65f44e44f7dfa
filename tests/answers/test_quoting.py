"""What an answer says around its quotations: what was left out between them, and what followed them in the thread."""

from __future__ import annotations

import asyncio
import json
from contextlib import closing

import pytest

from assistant.indexing.build import build
from assistant.indexing.generations import IndexFolder
from assistant.pipeline import Assistant, answer_of
from assistant.settings import Settings

QUESTION = {
    "id": "q", "thread_id": "t", "title": "The pump of the greenhouse is loud", "created": "2025-03-01T10:00:00",
    "body": "Why is the pump of the greenhouse loud at night?",
}  # fmt: skip
REPLY = "The pump of the greenhouse is loud at night because its foot is loose, tighten the foot of the pump."
FIRST, SECOND = "2025-03-01T11:00:00", "2025-03-02T11:00:00"
OTHER = "Mine rattled, and so I sold it."


@pytest.fixture
def answer_to(tmp_path, embedder):
    """The text of the answer to the question over a thread with these replies (texts, dates or None)."""

    def ask(*replies, accepted=None, asked=QUESTION["body"], **settings):
        posts = [QUESTION]
        for number, (body, created) in enumerate(replies):
            posts.append({"id": f"r{number}", "thread_id": "t", "role": "reply", "title": "", "body": body, "created": created,
                          "accepted": number == accepted})  # fmt: skip
        path = tmp_path / "posts.jsonl"
        path.write_text("".join(f"{json.dumps(post)}\n" for post in posts))
        build(IndexFolder(tmp_path / "index"), embedder, [str(path)])
        chosen = Settings(index=tmp_path / "index", refuse_below=0, **settings)
        with closing(Assistant(chosen, embedder)) as assistant:
            return asyncio.run(answer_of(assistant, asked)).reply.text

    return ask


@pytest.mark.parametrize(
    ("replies", "accepted", "said"),
    [
        ([(REPLY, FIRST), (OTHER, SECOND)], None, "(written 2025-03-01, 1 later reply), a reply says:"),
        ([(REPLY, FIRST), (OTHER, "2025-03-02"), (f"{OTHER} Cheap.", "2025-03-03")], None, ", 2 later replies), a reply says:"),
        ([(OTHER, FIRST), (REPLY, SECOND)], None, "(written 2025-03-02), a reply says:"),
        ([(REPLY, FIRST), (OTHER, SECOND)], 0, "(written 2025-03-01), the accepted answer says:"),
        ([(REPLY, None), (OTHER, SECOND)], None, "”, a reply says:"),
        ([(REPLY, FIRST), (OTHER, None)], None, "(written 2025-03-01), a reply says:"),
        ([(REPLY, FIRST), (OTHER, FIRST)], None, "(written 2025-03-01), a reply says:"),
    ],
)  # fmt: skip
def test_a_reply_that_others_followed_may_not_be_the_last_word(answer_to, replies, accepted, said):
    assert said in answer_to(*replies, accepted=accepted)


def test_what_is_left_out_between_two_sentences_is_shown(answer_to):
    beside = f"We had tea{' and then some more of it' * 40}. "
    body = f"The pump of the greenhouse is loud. {beside}Its foot is loose, and so the pump of the greenhouse is loud at night."
    text = answer_to((body, FIRST), max_characters=400)
    assert "is loud. [2]\n>\n> … Its foot" in text


def test_nothing_is_shown_between_neighbours(answer_to):
    assert "…" not in answer_to((REPLY, FIRST))
