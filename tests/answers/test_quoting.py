"""What an answer says around its quotations: what was left out between them, and what followed them in the thread."""

from __future__ import annotations

import asyncio
import json
from contextlib import closing

import numpy as np
import pytest

from assistant.answering.finding.dating import surely_later
from assistant.answering.finding.evidence import ReadPost
from assistant.indexing.build import build
from assistant.indexing.generations import IndexFolder
from assistant.language.segments import Span
from assistant.pipeline import Assistant, answer_of
from assistant.settings import Settings
from assistant.types import Post

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


def test_the_order_of_a_thread_says_nothing_of_dates(tmp_path, embedder):
    replies = [{"body": REPLY, "created": "2025-03-05"}, {"body": OTHER, "created": "2025-03-01", "reply_to": "q"}]
    posts = [
        QUESTION,
        *({"id": f"r{at}", "thread_id": "t", "role": "reply", "title": "", **one} for at, one in enumerate(replies)),
    ]
    path = tmp_path / "posts.jsonl"
    path.write_text("".join(f"{json.dumps(post)}\n" for post in posts))
    build(IndexFolder(tmp_path / "index"), embedder, [str(path)])
    with closing(Assistant(Settings(index=tmp_path / "index", refuse_below=0), embedder)) as assistant:
        assert "later" not in asyncio.run(answer_of(assistant, QUESTION["body"])).reply.text


@pytest.mark.parametrize(
    ("one", "other", "later"),
    [
        ("2025-03-02", "2025-03-01", True), ("2025-03-01", "2025-03-02", False), ("2025-03-02", "2025-03-02", False),
        ("2025-08-15", "2025-08", False), ("2025-09", "2025-08-15", True), ("2026", "2025-12-31T23:00:00", True),
        ("2025-03-02T11:00", "2025-03-02", False), ("2025-03-02T11:00", "2025-03-02T10:59:59", True),
        ("2025-03-02T01:00:00+00:00", "2025-03-01T23:30:00-05:00", False),
        ("2025-03-02T05:00:00+00:00", "2025-03-01T23:30:00-05:00", True),
        ("2025-03-02T10:00:00Z", "2025-03-02T10:00:00+00:00", False),
        ("2025-03-02T10:00:00Z", "2025-03-02T01:00:00", False), ("2025-03-04T10:00:00Z", "2025-03-02T01:00:00", True),
        (None, "2025-03-02", False), ("2025-03-02", None, False),
    ],
)  # fmt: skip
def test_a_date_is_later_only_where_that_is_sure(one, other, later):
    assert surely_later(one, other) is later


def test_what_is_left_out_between_two_sentences_is_shown(answer_to):
    beside = f"We had tea{' and then some more of it' * 40}. "
    body = f"The pump of the greenhouse is loud. {beside}Its foot is loose, and so the pump of the greenhouse is loud at night."
    text = answer_to((body, FIRST), max_characters=400)
    assert "is loud. [2]\n>\n> … Its foot" in text


def test_nothing_is_shown_between_neighbours(answer_to):
    assert "…" not in answer_to((REPLY, FIRST))


def test_of_a_long_question_the_reply_is_read_too(tmp_path, embedder):
    """However often a question says what was asked, it does not take all the room that there is to read in."""
    body = " ".join(f"The pump of the greenhouse was loud at night in the week {week} of the year." for week in range(1, 46))
    fixed = "Tighten the screws under its foot. Mine went quiet then."
    posts = [
        {**QUESTION, "body": body},
        {"id": "r", "thread_id": "t", "role": "reply", "title": "", "body": fixed, "accepted": True},
    ]
    path = tmp_path / "posts.jsonl"
    path.write_text("".join(f"{json.dumps(post)}\n" for post in posts))
    build(IndexFolder(tmp_path / "index"), embedder, [str(path)])
    with closing(Assistant(Settings(index=tmp_path / "index", refuse_below=0), embedder)) as assistant:
        asked = "How was the pump of the greenhouse that is loud at night fixed?"
        assert "Tighten the screws" in asyncio.run(answer_of(assistant, asked)).reply.text


def test_a_sentence_is_not_framed_with_what_stands_far_from_it():
    post = Post("p", "t", "", "One here. Two left out. Three there. Four beside.", "sha")
    spans = (Span(0, 9), Span(24, 36), Span(37, 49))
    zeros = np.zeros((4, 3))
    read = ReadPost(post, spans, zeros, zeros[0], zeros[0], frozenset())
    assert read.frames(0) == ("One here.",) * 3
    assert read.frames(1) == ("Three there.", "Three there. Four beside.", "Three there. Four beside.")
    assert read.frames(2) == ("Three there. Four beside.", "Four beside.", "Three there. Four beside.")
