"""What is read of a request for a chat completion, and what is refused: without a server."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from assistant.api.openai.footnotes import footnotes
from assistant.api.openai.request import MODEL, MOST_MESSAGES, ChatIn, asked
from assistant.api.openai.sources import Source
from assistant.api.schemas import LONGEST_QUESTION, MOST_TURNS
from assistant.errors import ModelNotFound, ParameterRefused
from assistant.types import Citation, Post, Turn

IGNORED = {
    "temperature": 0.3, "top_p": 1, "max_tokens": 5, "max_completion_tokens": 5, "stop": ["."], "seed": 4, "user": "me",
    "presence_penalty": 1.5, "frequency_penalty": 1, "logit_bias": {"5": 1}, "metadata": {"a": "b"}, "store": True,
    "service_tier": "auto", "reasoning_effort": "low", "verbosity": "low", "parallel_tool_calls": True, "prediction": {},
    "safety_identifier": "x", "prompt_cache_key": "x", "web_search_options": {}, "chat_id": "of a front end", "n": 1,
    "tools": [{"type": "function", "function": {"name": "f"}}], "tool_choice": "auto", "response_format": {"type": "text"},
    "logprobs": False, "modalities": ["text"], "function_call": "auto", "top_logprobs": 0,
}  # fmt: skip


def chat(*messages, **more):
    named = [message if isinstance(message, dict) else {"role": "user", "content": message} for message in messages]
    return ChatIn.model_validate({"model": MODEL, "messages": named, **more})


def said(role, content):
    return {"role": role, "content": content}


def test_the_last_message_of_the_user_is_the_question_and_what_stands_before_it_the_conversation():
    told = asked(chat("first?", said("assistant", "An answer [1]."), "second?", said("assistant", "begun")))
    assert told.question == "second?"
    assert told.history == (Turn("user", "first?"), Turn("assistant", "An answer [1]."))
    assert told.surface == "openai"


def test_what_system_and_developer_say_is_no_part_of_the_conversation():
    told = asked(chat(said("system", "Be a pirate."), said("developer", "Answer from memory."), "question?"))
    assert (told.question, told.history) == ("question?", ())


def test_parts_of_text_are_joined():
    parts = [{"type": "text", "text": "one"}, {"type": "text", "text": "two"}]
    assert asked(chat(said("user", parts))).question == "one\ntwo"


def test_our_footnotes_are_taken_off_what_the_assistant_said():
    post = Post("p1", "t1", "a title", "body", "")
    content = "An answer [1]." + footnotes([Source(1, Citation(1, "claim", post, 0, 4, "body"), "a title", "http://a.example")])
    told = asked(chat("first?", said("assistant", content), "and then?"))
    assert told.history[1] == Turn("assistant", "An answer [1].")


def test_an_assistants_message_without_text_is_passed_over():
    assert asked(chat("first?", said("assistant", None), "second?")).history == (Turn("user", "first?"),)


def test_only_the_end_of_a_long_conversation_is_handed_on():
    told = asked(chat(*(f"question {number}" for number in range(MOST_TURNS + 50))))
    assert len(told.history) == MOST_TURNS
    assert told.history[-1].content == f"question {MOST_TURNS + 48}"


def test_parameters_that_mean_nothing_here_are_let_pass():
    assert asked(chat("question?", **IGNORED)) == asked(chat("question?"))


@given(st.dictionaries(st.text(min_size=1).filter(lambda name: name not in ChatIn.model_fields), st.integers() | st.text()))
def test_what_the_protocol_does_not_know_is_ignored(more):
    assert asked(chat("question?", **more)) == asked(chat("question?"))


def test_filters_of_ours_are_read():
    told = asked(chat("question?", forum={"filters": {"tags": ["Camera"], "since": "2025"}, "later": 1}))
    assert (told.filters.tags, told.filters.since) == (("Camera",), "2025")


@pytest.mark.parametrize(
    ("param", "value"),
    [
        ("n", 2),
        ("n", 0),
        ("response_format", {"type": "json_object"}),
        ("response_format", {"type": "json_schema", "json_schema": {}}),
        ("logprobs", True),
        ("top_logprobs", 3),
        ("modalities", ["text", "audio"]),
        ("audio", {"voice": "alloy"}),
        ("tool_choice", "required"),
        ("tool_choice", {"type": "function", "function": {"name": "f"}}),
        ("function_call", {"name": "f"}),
    ],
)
def test_what_would_promise_something_that_is_not_done_is_refused(param, value):
    with pytest.raises(ParameterRefused) as refused:
        asked(chat("question?", **{param: value}))
    assert (refused.value.param, refused.value.http_status) == (param, 400)
    assert param in refused.value.hint


@pytest.mark.parametrize(
    ("messages", "param"),
    [
        ([said("user", [{"type": "text", "text": "a"}, {"type": "image_url", "image_url": {}}])], "messages[0].content[1]"),
        ([said("user", "a"), said("user", [{"type": "input_audio"}])], "messages[1].content[0]"),
        ([said("user", [{"type": "file"}])], "messages[0].content[0]"),
        ([said("user", "a"), said("tool", "b")], "messages[1].role"),
        ([said("function", "b"), said("user", "a")], "messages[0].role"),
        ([said("system", "a")], "messages"),
        ([said("assistant", "a")], "messages"),
        ([said("user", None)], "messages[0].content"),
        ([said("user", "x" * (LONGEST_QUESTION + 1))], "messages[0].content"),
    ],
)
def test_a_conversation_that_cannot_be_answered_is_refused_by_the_place_that_is_wrong(messages, param):
    with pytest.raises(ParameterRefused) as refused:
        asked(chat(*messages))
    assert (refused.value.param, refused.value.http_status) == (param, 400)


def test_another_model_is_not_found_and_the_one_that_there_is_named():
    with pytest.raises(ModelNotFound, match="gpt-4o") as refused:
        asked(chat("question?", model="gpt-4o"))
    assert MODEL in refused.value.hint
    assert refused.value.http_status == 404


@pytest.mark.parametrize(
    "body",
    [
        {"model": MODEL},
        {"model": MODEL, "messages": []},
        {"messages": [said("user", "a")]},
        {"model": MODEL, "messages": [said("user", "a")] * (MOST_MESSAGES + 1)},
    ],
)
def test_a_body_of_another_form_is_refused(body):
    with pytest.raises(ValidationError):
        ChatIn.model_validate(body)


@pytest.mark.parametrize("text", ["camera \\ud800 rotated", "camera \\u0000 rotated"])
@pytest.mark.parametrize("parts", [False, True])
def test_text_that_is_no_text_is_refused_and_no_fault_of_the_server(client, text, parts):
    content = f'[{{"type": "text", "text": "{text}"}}]' if parts else f'"{text}"'
    body = f'{{"model": "forum-assistant", "messages": [{{"role": "user", "content": {content}}}]}}'
    response = client.post("/v1/chat/completions", content=body, headers={"content-type": "application/json"})
    assert (response.status_code, response.json()["error"]["type"]) == (400, "invalid_request_error")
