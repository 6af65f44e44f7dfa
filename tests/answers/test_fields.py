"""Questions about the posts themselves: answered from fields, as a plain loop over the posts does."""

from __future__ import annotations

import asyncio
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.answering.field_answers import about_fields
from assistant.answering.fields import age_hours, parse
from assistant.answering.wording import LONGEST_TITLE, heading, refused, title_of
from assistant.pipeline import answer_of
from assistant.retrieval.filters import Filters
from assistant.retrieval.question import Question
from assistant.types import Near, Post, Refusal, Role


def ask(assistant, question):
    return asyncio.run(answer_of(assistant, question)).reply


def openers(assistant):
    """All posts that begin a thread."""
    store = assistant.generation.posts
    return [post for post in store.posts(range(len(store))) if post.role is not Role.REPLY]


@pytest.fixture(params=["sample", "real"])
def forum(request):
    return request.getfixturevalue(request.param)


@pytest.mark.parametrize(
    ("question", "field", "best"),
    [
        ("Which thread has the most replies?", "replies", max),
        ("Which post has the most views?", "views", max),
        ("What is the most viewed thread?", "views", max),
        ("Which question has the fewest views?", "views", min),
        ("Which thread has the most boosts?", "boosts", max),
    ],
)
def test_an_extreme_is_that_of_all_posts(forum, question, field, best):
    values = [value for post in openers(forum) if (value := getattr(post, field)) is not None]
    reply = ask(forum, question)
    assert [getattr(citation.post, field) for citation in reply.citations] == [best(values)]
    assert str(best(values)) in reply.text


def test_as_many_posts_are_shown_as_were_asked_for(forum):
    wanted = sorted((post.views for post in openers(forum) if post.views is not None), reverse=True)[:5]
    reply = ask(forum, "Show the 5 threads with the most views")
    assert [citation.post.views for citation in reply.citations] == wanted


@pytest.mark.parametrize("kind", ["posts", "threads", "questions"])
def test_what_is_asked_for_is_what_is_counted(forum, kind):
    store = forum.generation.posts
    posts = store.posts(range(len(store)))
    wanted = {
        "posts": len(posts),
        "threads": len({post.thread_id for post in posts}),
        "questions": len([post for post in posts if post.role is Role.QUESTION]),
    }
    reply = ask(forum, f"How many {kind} are there?")
    assert reply.text.startswith(f"{wanted[kind]} {kind} stored here")
    assert reply.confidence == 1.0


def test_posts_and_threads_are_counted_as_the_index_counts_them(small, jsonl):
    question = {"id": "1", "title": "Why is the valve loud?", "body": "It hums.", "tags": ["valves"]}
    reply = {"id": "2", "body": "Its spring is worn.", "reply_to": "1", "thread_id": "1"}
    report = small.build(jsonl("a.jsonl", question, reply))
    counted = {(kind, about): answered(small, f"How many {kind} {about}are there?").split()[:2]
               for kind in ("posts", "threads") for about in ("", "about valves ")}  # fmt: skip
    assert (report.posts, report.threads) == (2, 1)
    assert set(map(tuple, counted.values())) == {("2", "posts"), ("1", "thread")}


def answered(small, question):
    """The text of the answer to a field question from a small index."""
    return about_fields(small.generation(), Question(question), Filters()).text


LONG = "The relay " + "clicks and hums without end " * 20


@pytest.mark.parametrize(("title", "body"), [("", LONG), (LONG, "Words.")])
def test_what_is_too_long_to_be_shown_is_cut_behind_a_word_and_says_so(title, body):
    shown = heading(Post("p1", "t1", title, body, "sha"))
    assert shown.endswith(" …")
    assert len(shown) <= LONGEST_TITLE + 2
    assert shown.removesuffix(" …").split() == LONG.split()[: len(shown.split()) - 1]


@given(st.text("ab \n", max_size=400))
def test_a_short_text_is_its_own_heading_and_a_long_one_is_cut(body):
    shown = heading(Post("p1", "t1", "", body, "sha"))
    whole = " ".join(body.split())
    assert shown == whole if len(whole) <= LONGEST_TITLE else whole.startswith(shown.removesuffix(" …"))
    assert len(shown) <= LONGEST_TITLE + 2


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("“Radio busy” on pairing", "“‘Radio busy’ on pairing”"),
        ('It says "busy" and "off"', "“It says ‘busy’ and ‘off’”"),
        ('A 15" screen', '“A 15" screen”'),
        ("«Busy»", "“‹Busy›”"),
    ],
)
def test_quotation_marks_inside_a_title_are_single_ones(title, shown):
    assert title_of(Post("p1", "t1", title, "", "sha")) == shown
    assert refused(Refusal.NOT_HERE, [Near("p1", title, 1.0)]).endswith(f"- {shown}")


def test_a_near_post_without_a_title_is_shown_by_its_text(forum):
    titled = {post.post_id: post.title or post.body for post in openers(forum)}
    untitled = [post for post in openers(forum) if not post.title]
    for post in untitled[:3]:
        nearest = asyncio.run(answer_of(forum, " ".join(post.body.split()[:12]))).nearest
        assert all(near.title for near in nearest)
    assert titled


def test_the_number_of_posts_with_a_tag_is_counted(sample):
    tagged = [post for post in openers(sample) if "NestStore" in post.tags]
    text = ask(sample, "How many questions about NestStore are there?").text
    assert re.match(rf"{len(tagged)} questions? about “NestStore”", text)


def test_unanswered_threads_have_no_known_reply(forum):
    reply = ask(forum, "Which threads are unanswered?")
    assert reply.citations
    assert all(not citation.post.replies for citation in reply.citations)


def test_the_newest_is_the_one_with_the_latest_date(sample):
    dated = [post.created for post in openers(sample) if post.created]
    assert [citation.post.created for citation in ask(sample, "What is the newest thread?").citations] == [max(dated)]


def test_the_newest_of_pages_with_ages_is_the_one_with_the_least_age(real):
    ages = [age for post in openers(real) if (age := age_hours(post.activity)) is not None]
    (citation,) = ask(real, "Which is the newest post?").citations
    assert age_hours(citation.post.activity) == min(ages)


def test_an_extreme_of_a_subject_is_about_it(sample):
    tagged = [post.views for post in openers(sample) if "NestStore" in post.tags and post.views is not None]
    (citation,) = ask(sample, "Which thread about NestStore has the most views?").citations
    assert citation.post.views == max(tagged)


def test_a_subject_that_nobody_has_is_refused_in_words(sample):
    reply = ask(sample, "How many threads about zanzibarquux are there?")
    assert reply.status == "refused"
    assert "zanzibarquux" in reply.text


@pytest.mark.parametrize(
    "question",
    ["How many seconds does the mount take?", "Which version has the fix?", "What is the most common error code?",
     "How many open items can a volume have?", "Why is my post not shown?", "The last update broke mounting, why?", ""],
)  # fmt: skip
def test_a_question_about_what_posts_say_is_no_question_about_fields(question):
    assert parse(question) is None


@pytest.mark.parametrize(
    ("younger", "older"),
    [("47m", "9h"), ("9h", "2d"), ("2d", "2w"), ("8w", "Aug ’25"), ("Aug ’25", "Jul ’25"), ("Jan ’25", "Dec ’24"),
     ("Jan '26", "Aug 2025")],
)  # fmt: skip
def test_ages_are_in_order(younger, older):
    assert age_hours(younger) < age_hours(older)


@pytest.mark.parametrize("text", [None, "", "soon", "9", "h9", "Foo ’25"])
def test_what_is_no_age_has_none(text):
    assert age_hours(text) is None
