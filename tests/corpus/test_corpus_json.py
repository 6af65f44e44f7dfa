"""Posts as JSON lines: the five schemas, and every way in which a line can be wrong."""

from __future__ import annotations

import json

import pytest

from assistant.corpus import explain
from assistant.types import Role

GOOD = {"id": "p1", "title": "Crash", "body": "It crashes."}


def lines(*items):
    return "".join((item if isinstance(item, str) else json.dumps(item)) + "\n" for item in items)


def test_our_own_schema_keeps_every_field(found_in):
    item = GOOD | {"id": 7, "thread_id": 7, "author": "ann", "created": "2026-01-02T03:04:05Z", "activity": "9h"}
    item |= {"replies": 2, "boosts": 0, "views": "3.1k", "score": -3, "tags": ["a", "b", "a"], "more": {"x": 1}}
    (post,) = found_in(lines(item | {"url": "https://Forum.example/t/7"}))
    assert (post.source_id, post.thread_key, post.namespace) == ("7", "7", "forum.example")
    assert (post.replies, post.boosts, post.views, post.score) == (2, 0, 3100, -3)
    assert (post.author, post.created, post.activity) == ("ann", "2026-01-02T03:04:05Z", "9h")
    assert post.tags == ("a", "b")


def test_roles_are_those_named_or_follow_from_reply_to(found_in):
    reply = GOOD | {"id": "p2", "reply_to": "p1", "accepted": True, "title": None}
    posts = found_in(lines(GOOD, reply, GOOD | {"role": "article"}, reply | {"role": "staff"})).posts
    assert [post.role for post in posts] == [Role.QUESTION, Role.REPLY, Role.ARTICLE, Role.REPLY]
    assert (posts[1].reply_to, posts[1].accepted, posts[1].title) == ("p1", True, "")


def test_beir_documents_are_posts_and_beir_queries_are_not(found_in):
    (post,) = found_in(lines({"_id": "4", "title": "", "text": "Words.", "metadata": {}}))
    assert (post.source_id, post.title, post.body) == ("4", "", "Words.")
    (skipped,) = found_in(lines({"_id": "4", "text": "Words?"}))
    assert "queries" in skipped.reason


def test_a_question_with_answers_becomes_a_thread(found_in):
    answers = [{"id": 11, "score": 3, "body": "So."}, {"id": "12", "score": -1, "body": "Or so."}]
    thread = GOOD | {"url": "https://b.example/1", "accepted": "11", "answers": answers, "tags": ["x"], "score": 5}
    question, first, second = found_in(lines(thread | {"created": "2014-01-21T20:26:05.383", "answer_count": 2}))
    assert (question.replies, question.score, question.thread_key) == (2, 5, "p1")
    assert (first.source_id, first.reply_to, first.accepted, first.score) == ("11", "p1", True, 3)
    assert (second.accepted, second.title, second.namespace) == (False, "Crash", "b.example")
    assert {first.role, second.role} == {Role.REPLY}


def test_a_forum_thread_numbers_its_replies(found_in):
    replies = [{"title": "Re", "author_hash": None, "date": "Fri, 31/08/2012 - 00:49", "body": "So."}, {"body": " "}]
    thread = GOOD | {"date": "Thu, 30/08/2012 - 15:25", "forum": "Hardware", "replies": replies}
    found = found_in(lines(thread))
    question, reply = found.posts
    assert (question.created, question.tags, question.replies) == ("2012-08-30T15:25", ("Hardware",), 2)
    assert (reply.source_id, reply.title, reply.created) == ("p1#1", "Crash", "2012-08-31T00:49")
    assert found.skipped[0].reason == "reply 2 of thread p1: it has no text"


def test_a_list_message_knows_its_parent_and_no_thread(found_in):
    mail = {"id": "b", "parent": "a", "list": "r-geo", "date": "Thu, 1 Jan 1970 01:33:35 +0100", "author": "x"}
    (post,) = found_in(lines(mail | {"subject": "Re: Maps", "is_reply": True, "body": "So."}))
    assert (post.reply_to, post.thread_key, post.namespace, post.title) == ("a", None, "r-geo", "Re: Maps")
    assert (post.created, post.role) == ("1970-01-01T01:33:35+01:00", Role.REPLY)


def test_a_date_that_cannot_be_read_is_kept_as_written_only(found_in):
    (post,) = found_in(lines(GOOD | {"created": "around Easter"}))
    assert (post.created, post.activity) == (None, "around Easter")


@pytest.mark.parametrize(
    ("bad", "named"),
    [
        ('{"id": "p", "body": "x"', "malformed"),
        ('{"id": "p", "body": "x"} {"id": "q"}', "malformed"),
        ('{"body": "x", "body": "y"}', "twice"),
        ('{"body": "x", "more": {"a": 1, "a": 2}}', "twice"),
        ('{"body": NaN}', "NaN"),
        ('{"body": "x", "views": ' + "9" * 5000 + "}", "too long"),
        ('{"body": "x", "views": ' + "9" * 50 + "}", "too big"),
        ('{"body": "x", "more": ' + "[" * 500 + "]" * 500 + "}", "nested"),
        ('{"body": "x", "more": ' + "[" * 90000 + "]" * 90000 + "}", "nested"),
        ('{"body": "x\\ud800"}', "surrogate"),
        ('{"body": "\t"}', "malformed"),
        ('{"body": "x", "more": [' + "{}," * 1_000_000 + "{}]}", "objects and lists"),
        ("[1, 2]", "a list"),
        ('"text"', "text"),
        ("hello", "malformed"),
        ({"other": 1}, "not `body`"),
        ({"title": "", "body": " "}, "neither a title nor a body"),
        ({"body": 7}, "`body` is a number"),
        ({"body": "x", "title": ["x"]}, "`title` is a list"),
        ({"body": "x", "replies": -1}, "negative"),
        ({"body": "x", "replies": True}, "boolean"),
        ({"body": "x", "views": 1.5}, "fraction"),
        ({"body": "x", "views": "many"}, "not a count"),
        ({"body": "x", "accepted": 1}, "`accepted`"),
        ({"body": "x", "id": False}, "`id`"),
        ({"body": "x", "tags": "a"}, "not a list"),
        ({"body": "x", "tags": [1]}, "`tags`"),
        ({"body": "x", "created": 1700000000}, "`created`"),
    ],
)
def test_a_bad_line_is_named_and_the_next_is_read(found_in, bad, named):
    found = found_in(lines(GOOD, bad, GOOD))
    assert [post.source.line for post in found.posts] == [1, 3]
    (skipped,) = found.skipped
    assert skipped.line == 2
    assert named in skipped.reason


@pytest.mark.parametrize("answers", [{}, "x", [1], [{"id": "1"}], [{"body": "x"}], [{"id": "1", "body": "x", "score": ""}]])
def test_answers_of_a_wrong_shape_are_named(found_in, answers):
    good = GOOD | {"answers": [{"id": "a", "body": "So."}]}
    found = found_in(lines(good, good | {"answers": answers}))
    assert len(found.skipped) == 1
    assert found.skipped[0].line == 2


def test_a_malformed_first_line_does_not_hide_the_file(found_in):
    found = found_in(lines("{oops", GOOD, GOOD))
    assert (len(found.posts), len(found.skipped)) == (2, 1)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (json.dumps([GOOD, GOOD]), "JSON array"),
        (json.dumps([GOOD, GOOD], indent=2), "JSON array"),
        (json.dumps(GOOD, indent=2), "one object a line"),
        (lines({"query": "x", "gold": 1}), "none of the schemas"),
        ("[" * 100_000, "JSON array"),
    ],
)
def test_json_of_another_shape_says_what_to_do(found_in, text, named):
    (skipped,) = found_in(text)
    assert named in skipped.reason


def test_a_line_separator_inside_a_text_does_not_end_the_line(found_in):
    (post,) = found_in('{"body": "one\u2028two\u0085three"}\n')
    assert post.body == "one\u2028two\u0085three"


def test_escape_sequences_are_kept_for_rendering_to_neutralise(found_in):
    (post,) = found_in(lines({"body": "\x1b[31mred"}))
    assert post.body == "\x1b[31mred"


def test_messages_show_no_control_characters_and_no_long_names_of_a_file(found_in):
    thread = GOOD | {"id": "\x1b[2J" + "x" * 1000, "replies": [{}]}
    reasons = [item.reason for item in found_in(lines(thread)).skipped + found_in(lines({"\x1b" * 99: 1})).skipped]
    assert len(reasons) == 2
    assert all(reason.isprintable() and len(reason) < 300 for reason in reasons)


def test_the_layout_names_the_schema(tmp_path):
    (tmp_path / "posts.jsonl").write_text(lines(GOOD))
    (told,) = explain(tmp_path)
    assert (told.layout, told.posts) == ("JSON lines: posts", 1)
    assert told.why.startswith("line 1 ")
