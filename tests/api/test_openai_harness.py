"""Our own harness, which measures any server of OpenAI's protocol, reads from our /v1 what the answer itself says."""

from __future__ import annotations

import asyncio

import pytest

from assistant.api.openai.request import MODEL
from assistant.evaluation.sets.loading import load_set
from assistant.evaluation.systems.chat_completions import ChatCompletions
from assistant.evaluation.systems.system import post_record, record_of
from assistant.pipeline import answer_of
from assistant.render import answer_json, post_json

PLACES = ("n", "post", "start", "end", "quote", "state")


@pytest.fixture(scope="module")
def topics(sample_posts):
    """One answered in several citations, one with a conversation before it, one that is refused."""
    all_topics = [topic for topic in load_set(sample_posts.parent).topics if not topic.without]
    return {
        "answered": next(topic for topic in all_topics if topic.id == "S008"),
        "followed up": next(topic for topic in all_topics if topic.history),
        "not here": next(topic for topic in all_topics if topic.answerable is False),
    }


@pytest.mark.parametrize("kind", ["answered", "followed up", "not here"])
def test_a_record_made_over_the_protocol_has_the_citations_of_the_answer(server, topics, kind):
    topic, assistant = topics[kind], server.service.assistant
    posts = assistant.generation.posts.posts(range(assistant.generation.manifest.posts))
    system = ChatCompletions(f"{server.url}/v1", MODEL, [post_record(post_json(post)) for post in posts])
    told = asyncio.run(system.ask(topic)).record
    expected = record_of(answer_json(asyncio.run(answer_of(assistant, topic.question, topic.history))), (), topic)
    assert [_place(item) for item in told.citations] == [_place(item) for item in expected.citations]
    assert (told.decision, told.grounding, told.confidence) == (expected.decision, expected.grounding, expected.confidence)
    assert told.seen == expected.seen
    assert bool(told.citations) == (kind != "not here")


def _place(citation):
    return tuple(getattr(citation, name) for name in PLACES)
