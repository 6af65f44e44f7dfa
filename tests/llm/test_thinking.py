"""What a model thinks is never part of its text, however it is sent and wherever it is cut."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.errors import ServerTimedOut
from assistant.llm.thinking import Thoughts

PARTS = ["<think>", "</think>", "<thi", "nk>", "</", ">", "<", " ", "\n", "a", "word", "<think", "</think", "think>"]
texts = st.lists(st.sampled_from(PARTS), max_size=12).map("".join)


@st.composite
def cut_texts(draw):
    text = draw(texts)
    cuts = sorted(draw(st.sets(st.integers(1, max(1, len(text) - 1)))))
    return text, [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True) if start < end]


def without_thoughts(text):
    """The rule, on the whole text."""
    if not re.match(r"\s*<think>", text):
        return text
    return text.partition("<think>")[2].partition("</think>")[2].lstrip()


@given(cut_texts())
def test_the_text_hangs_on_what_was_said_not_on_how_it_was_cut(cut):
    text, pieces = cut
    thoughts = Thoughts()
    assert "".join(map(thoughts.feed, pieces)) + thoughts.end() == without_thoughts(text)


@given(texts.filter(lambda text: not "<think>".startswith(text.lstrip()[:7])))
def test_a_text_without_thoughts_is_held_back_nowhere(text):
    thoughts = Thoughts()
    given_so_far = ""
    for number, char in enumerate(text, start=1):
        given_so_far += thoughts.feed(char)
        if not "<think>".startswith(text[:number].lstrip()):
            assert given_so_far == text[:number]


@pytest.mark.parametrize("pieces", [["<think>a</think>", "text"], ["\n<th", "ink>a", "</thi", "nk>\n\n", "te", "xt"]])
def test_thoughts_in_front_of_the_text_are_left_out(script, acts, heard, pieces):
    script.plays(acts.says(*pieces))
    said, _ended = heard(script.model())
    assert "".join(said) == "text"
    assert "" not in said


def test_a_mark_further_on_is_text(script, acts, heard):
    script.plays(acts.says("Use ", "<think>", " tags</think>"))
    assert "".join(heard(script.model())[0]) == "Use <think> tags</think>"


def test_a_mark_that_only_closes_is_text(script, acts, heard):
    script.plays(acts.says("Let me see.", "</think>", "Use tags"))
    assert heard(script.model())[0] == ["Let me see.", "</think>", "Use tags"]


def test_a_text_that_only_begins_like_a_mark_is_given_whole(script, acts, heard):
    script.plays(acts.says(" <th"))
    assert heard(script.model())[0] == [" <th"]


def test_a_model_that_only_thinks_says_nothing(script, acts, heard):
    script.plays(acts.says(script.wire.thought("hm"), "<think>and so on", end=script.wire.end("length")))
    pieces, ended = heard(script.model())
    assert (pieces, ended.reason) == ([], "length")


@pytest.mark.parametrize("inline", [False, True])
def test_thinking_is_a_sign_of_life(script, acts, heard, inline):
    hm = "hm " if inline else script.wire.thought("hm")
    script.plays(acts.says("<think>" if inline else hm, *[0.15, hm] * 6, "</think>" if inline else hm, "text"))
    model = script.model(first_token_seconds=0.5, idle_seconds=0.5)
    assert "".join(heard(model)[0]) == "text"


def test_a_model_that_falls_silent_while_it_thinks_is_given_up(script, acts, heard):
    script.plays(acts.stalls(script.wire.thought("hm")), acts.says("never"))
    pieces, error = heard(script.model(idle_seconds=0.3))
    assert (pieces, type(error)) == ([], ServerTimedOut)
    assert "idle_seconds" in error.hint
    assert len(script.requests) == 1


def test_thoughts_of_vllm_and_mistral_are_left_out(openai_script, openai_acts, heard):
    chunk = openai_script.wire.chunk
    listed = [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}]
    openai_script.plays(openai_acts.says(chunk({"reasoning": "hm"}), chunk({"content": listed}), "text"))
    assert heard(openai_script.model())[0] == ["text"]


def test_ollama_is_told_not_to_think_only_where_the_model_can(ollama_script, ollama_acts, heard):
    ollama_script.plays(ollama_acts.says("text"))
    heard(ollama_script.model())
    ollama_script.documents["/api/show"] = {"model_info": {}, "capabilities": ["completion", "thinking"]}, 200
    heard(ollama_script.model())
    assert ["think" in request for request in ollama_script.requests] == [False, True]
    assert ollama_script.requests[1]["think"] is False


def test_ollama_refusing_to_be_told_is_asked_again_without_and_remembered(ollama_script, ollama_acts, heard):
    ollama_script.documents["/api/show"] = {"model_info": {}, "capabilities": ["thinking"]}, 200
    refused = ollama_acts.replies(400, '"m" does not support thinking')
    ollama_script.plays(refused, ollama_acts.says("text"))
    model = ollama_script.model(retries=0)
    assert [heard(model)[0], heard(model)[0]] == [["text"], ["text"]]
    assert ["think" in request for request in ollama_script.requests] == [True, False, False]
