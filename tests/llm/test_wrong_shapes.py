"""What a server sends in another form than the protocol's: passed over beside an answer, an error without one."""

from __future__ import annotations

import json

import pytest

from assistant.errors import ServerRefused, ServerUnreachable
from assistant.llm.model import Ended

PAGE = b"<!doctype html>\n<html><title>Welcome</title>\n<p>data: none</html>\n"
WRONG = [
    {"choices": 5},
    {"choices": "abc"},
    {"choices": {"0": {}}},
    {"choices": [5, None, "a", []]},
    {"choices": [{"delta": 5}]},
    {"choices": [{"delta": "text"}]},
    {"choices": [{"delta": {"content": 5}}]},
    {"choices": [{"delta": {"content": {"text": "a"}}}]},
    {"choices": [{"delta": {"content": 5, "reasoning": 5}, "finish_reason": 5}]},
    {"choices": [{"delta": [["content", "text"]]}], "usage": 5},
    [{"choices": []}],
    [],
    5,
    "text",
]
HARMLESS = [
    {"choices": [{"delta": None}]},
    {"choices": [{"delta": {"content": None}, "index": None}]},
    {"choices": None},
    {"choices": [], "usage": [1, 2]},
    {},
    None,
]
DONE = b"data: [DONE]\n\n"
STOPPED = b'data: {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}\n\n'
NO_PLACE = [{"error": {"message": "no such place"}}, {"error": "no such place"}, {"detail": "no such place"}]


def whole(content, reason="stop", **more):
    choice = {"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": reason}
    usage = {"prompt_tokens": 7, "completion_tokens": 3}
    return {"object": "chat.completion", "id": "1", "model": "m", "choices": [choice], "usage": usage, **more}


def sends(document, **headers):
    return lambda handler: handler.whole(200, document, **headers)


@pytest.mark.parametrize("shape", WRONG + HARMLESS, ids=json.dumps)
def test_a_wrong_shape_beside_an_answer_is_passed_over(openai_script, openai_acts, heard, shape):
    wrong = openai_script.wire.line(shape)
    openai_script.plays(openai_acts.says(wrong, "one", wrong, " two", wrong))
    pieces, ended = heard(openai_script.model())
    assert (pieces, ended.reason, ended.usage.completion_tokens) == (["one", " two"], "stop", 3)


@pytest.mark.parametrize("ending", [b"", DONE, STOPPED + DONE])
@pytest.mark.parametrize("shape", WRONG, ids=json.dumps)
def test_a_stream_of_nothing_but_wrong_shapes_is_broken(openai_script, openai_acts, heard, shape, ending):
    openai_script.plays(openai_acts.says(openai_script.wire.line(shape), end=ending))
    pieces, error = heard(openai_script.model(retries=0))
    assert (pieces, type(error)) == ([], ServerUnreachable)
    assert "broke off" in error.message


@pytest.mark.parametrize("part", [{"message": 5}, {"message": {"role": "assistant", "content": 5}}, {"message": None}, {}])
def test_a_wrong_shape_from_ollama_is_an_error_not_a_crash(ollama_script, ollama_acts, heard, part):
    ollama_script.plays(ollama_acts.says("one", ollama_script.wire.part(done=False, **part)))
    pieces, error = heard(ollama_script.model())
    assert (pieces, type(error)) == (["one"], ServerUnreachable)
    assert error.message.isprintable()


def test_json_nested_without_end_is_an_error_not_a_crash(script, acts, heard):
    deep = b"[" * 200_000
    script.plays(acts.says("one", b"data: " + deep + b"\n\n" if script.wire.protocol == "openai" else deep + b"\n"))
    pieces, error = heard(script.model())
    assert (pieces, type(error)) == (["one"], ServerUnreachable)
    assert len(error.message) < 500


@pytest.mark.parametrize("kind", ["text/html; charset=utf-8", "text/plain", "application/json", ""])
def test_a_web_page_is_a_refusal_at_once_and_the_hint_names_the_address(script, acts, heard, kind):
    script.plays(sends(PAGE, content_type=kind), acts.says("never"))
    pieces, error = heard(script.model())
    assert (pieces, type(error), len(script.requests)) == ([], ServerRefused, 1)
    assert (kind or "no content type") in error.message
    assert "is --base-url right" in error.hint
    assert ("with its /v1" if script.wire.protocol == "openai" else "without /v1") in error.hint


@pytest.mark.parametrize("document", NO_PLACE)
def test_a_document_of_another_service_is_a_refusal_and_what_it_says_is_shown(openai_script, openai_acts, heard, document):
    openai_script.plays(sends(document), openai_acts.says("never"))
    pieces, error = heard(openai_script.model())
    assert (pieces, type(error), len(openai_script.requests)) == ([], ServerRefused, 1)
    assert "application/json" in error.message
    assert "no such place" in error.message
    assert "with its /v1" in error.hint


def test_an_error_in_place_of_ollamas_stream_is_a_refusal_and_shown(ollama_script, ollama_acts, heard):
    ollama_script.plays(sends({"error": "no such place"}), ollama_acts.says("never"))
    pieces, error = heard(ollama_script.model())
    assert (pieces, type(error), len(ollama_script.requests)) == ([], ServerRefused, 1)
    assert "no such place" in error.message


@pytest.mark.parametrize("body", [b"", b"\n", b": waiting\n\n"])
def test_an_event_stream_without_events_is_broken_and_asked_for_again(openai_script, openai_acts, heard, body):
    openai_script.plays(sends(body, content_type="text/event-stream"), openai_acts.says("fine"))
    assert heard(openai_script.model())[0] == ["fine"]
    assert len(openai_script.requests) == 2


@pytest.mark.parametrize("indent", [None, 2])
def test_a_whole_completion_is_taken_for_the_answer(openai_script, heard, indent):
    openai_script.plays(sends(json.dumps(whole("one\n\ntwo", "length"), indent=indent).encode()))
    pieces, ended = heard(openai_script.model())
    assert (pieces, ended.reason, ended.usage.prompt_tokens) == (["one\n\ntwo"], "length", 7)


@pytest.mark.parametrize("document", [whole(5), whole("", choices=5), whole("", None)])
def test_a_whole_completion_of_a_wrong_shape_is_broken(openai_script, heard, document):
    openai_script.plays(sends(document))
    pieces, error = heard(openai_script.model(retries=0))
    assert (pieces, type(error)) == ([], ServerUnreachable)


def test_a_stream_under_another_content_type_is_read(openai_script, openai_acts, heard):
    wire = openai_script.wire
    openai_script.plays(sends(wire.text("one") + wire.text(" two") + wire.end(), content_type="text/plain"))
    pieces, ended = heard(openai_script.model())
    assert (pieces, ended.reason) == (["one", " two"], "stop")


def test_done_is_an_end_where_no_reason_is_given(openai_script, openai_acts, heard):
    openai_script.plays(openai_acts.says("one", end=DONE))
    assert heard(openai_script.model()) == (["one"], Ended("stop"))


def test_done_is_no_end_where_the_model_has_said_nothing(openai_script, openai_acts, heard):
    openai_script.plays(openai_acts.says(end=DONE))
    pieces, error = heard(openai_script.model(retries=0))
    assert (pieces, type(error)) == ([], ServerUnreachable)


def test_nothing_behind_done_is_read_or_waited_for(openai_script, openai_acts, heard):
    openai_script.plays(openai_acts.stalls("one", openai_script.wire.end() + openai_script.wire.text("never")))
    pieces, ended = heard(openai_script.model(idle_seconds=1))
    assert (pieces, ended.reason) == (["one"], "stop")
    assert openai_script.dropped.wait(2)


def test_of_several_answers_the_first_is_read(openai_script, openai_acts, heard):
    def both(first, second, reasons=(None, None)):
        texts = enumerate(zip((first, second), reasons, strict=True))
        choices = [{"index": index, "delta": {"content": text}, "finish_reason": why} for index, (text, why) in texts]
        return openai_script.wire.line({"choices": choices[::-1]})

    openai_script.plays(openai_acts.says(both("one", "uno"), both(" two", " dos", ("length", "stop")), end=DONE))
    assert heard(openai_script.model()) == (["one", " two"], Ended("length"))


@pytest.mark.parametrize("reason", ["stop", "length", "tool_calls", "content_filter", "load", "of its own"])
@pytest.mark.parametrize("items", [(), ("one",)])
def test_why_the_model_ended_is_handed_on_as_it_was_said(script, acts, heard, reason, items):
    script.plays(acts.says(*items, end=script.wire.end(reason)))
    pieces, ended = heard(script.model())
    assert (pieces, ended.reason) == (list(items), reason)
