"""The official client for Python, unchanged, against a running server: whole answers, streams, models, errors."""

from __future__ import annotations

import asyncio
import json
import secrets
import time

import httpx2
import openai
import pytest
from scripted_model import Scripted

from assistant.api.openai.described import CompletionOut, ErrorOut, asking
from assistant.api.openai.request import MODEL
from assistant.api.telling import answer_json

QUESTIONS = (
    "Why does the camera preview rotate?",
    "Which thread has the most replies?",
    "How do I bake sourdough bread?",
    "RMRotationCoordinator",
)
PROSE = (
    "The external camera has no rotation of its own [1]. ",
    "Set `rotationSource` to `.none` [2].",
    " It is magic [7].",
    " Done",
)


def client_of(url, **more):
    return openai.OpenAI(base_url=f"{url}/v1", max_retries=0, timeout=30, **{"api_key": "unused", **more})


@pytest.fixture
def ai(server):
    with client_of(server.url) as client:
        yield client


@pytest.fixture
def prose(serve_with):
    """A client of a server whose model writes prose, some of it unsupported."""
    with client_of(serve_with(model=Scripted(PROSE))) as client:
        yield client


def ask(client, question, **more):
    return client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": question}], **more)


def streamed(client, question, **more):
    """The content that a stream adds up to, and its chunks."""
    chunks = list(ask(client, question, stream=True, **more))
    return "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices), chunks


def ranges(message):
    """What stands at each annotation's place, and the marker that should."""
    places = [(annotation.url_citation, annotation.label) for annotation in message.annotations]
    return [(message.content[place.start_index : place.end_index], f"[{label}]") for place, label in places]


def native(client, url, question):
    answer = client.post(f"{url}/ask", json={"question": question}).json()
    return {name: value for name, value in answer.items() if name != "timings_ms"}


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_pieces_of_a_stream_joined_are_the_whole_answer(ai, question):
    whole = ask(ai, question)
    content, chunks = streamed(ai, question)
    last = chunks[-1]
    assert content == whole.choices[0].message.content
    assert last.choices[0].finish_reason == whole.choices[0].finish_reason == "stop"
    assert last.choices[0].delta.annotations == [item.model_dump() for item in whole.choices[0].message.annotations]
    assert last.search_results == whole.search_results
    assert last.citations == whole.citations
    assert {**last.forum, "timings_ms": None} == {**whole.forum, "timings_ms": None}


def test_the_same_holds_for_a_models_prose(prose):
    whole = ask(prose, QUESTIONS[0])
    content, chunks = streamed(prose, QUESTIONS[0])
    message = whole.choices[0].message
    assert content == message.content
    assert len([chunk for chunk in chunks if chunk.choices[0].delta.content]) > 2
    assert message.annotations
    assert all(found == marker for found, marker in ranges(message))
    assert "names no post that was found" in message.content


def test_what_a_model_read_and_wrote_is_the_usage_and_zeros_where_none_was_asked(ai, prose):
    told = ask(prose, QUESTIONS[0]).usage
    assert (told.prompt_tokens, told.completion_tokens, told.total_tokens) == (100, 20, 120)
    _, chunks = streamed(prose, QUESTIONS[0], stream_options={"include_usage": True})
    assert chunks[-1].choices == []
    assert chunks[-1].usage == told
    assert all(chunk.usage is None for chunk in chunks[:-1])
    assert ask(ai, QUESTIONS[0]).usage.total_tokens == 0
    assert all(chunk.usage is None and chunk.choices for chunk in streamed(ai, QUESTIONS[0])[1])


def test_annotations_stand_at_the_markers_of_the_content(ai):
    message = ask(ai, QUESTIONS[0]).choices[0].message
    assert message.annotations
    assert all(found == marker for found, marker in ranges(message))


def test_sources_are_listed_in_the_text_and_beside_it(ai, server):
    told = ask(ai, QUESTIONS[0])
    content = told.choices[0].message.content
    text, _, listed = content.partition("\n\n**Sources**\n\n")
    assert text == told.forum["text"]
    assert [line.split(" ")[1] for line in listed.splitlines()] == [f"[{item['label']}]" for item in told.search_results]
    assert told.citations == [item["url"] for item in told.search_results]
    for item, cited in zip(told.search_results, told.forum["citations"], strict=True):
        assert (item["snippet"], item["post_id"], item["start"], item["end"]) == (
            cited["quote"], cited["post_id"], cited["start"], cited["end"],
        )  # fmt: skip
        assert item["url"] == f"{server.url}/#post={item['post_id']}&start={item['start']}&end={item['end']}"


def test_sources_are_linked_at_the_address_that_people_reach_the_server_by(serve_with):
    with client_of(serve_with({"public_url": "https://forum.example/ask/"})) as client:
        told = ask(client, QUESTIONS[0])
    (first, *_) = told.search_results
    assert first["url"] == f"https://forum.example/ask/#post={first['post_id']}&start={first['start']}&end={first['end']}"
    assert told.citations[0] == first["url"]


def test_the_answer_is_that_of_our_own_api(ai, client, server):
    for question in QUESTIONS:
        told = dict(ask(ai, question).forum)
        del told["timings_ms"]
        assert told == native(client, server.url, question)


def test_a_refusal_is_an_answer_with_its_status(ai):
    told = ask(ai, QUESTIONS[2])
    assert told.status == told.forum["status"] == "refused"
    assert told.choices[0].message.content == told.forum["text"]
    assert told.choices[0].message.annotations == told.search_results == []


def test_a_follow_up_leans_on_the_conversation(ai):
    first = ask(ai, QUESTIONS[0]).choices[0].message
    turns = [{"role": "user", "content": QUESTIONS[0]}, {"role": "assistant", "content": first.content}]
    told = ai.chat.completions.create(model=MODEL, messages=[*turns, {"role": "user", "content": "Why does it do that?"}])
    assert told.forum["question"] == "Why does it do that?"
    assert "camera" in told.forum["standalone_question"]


def test_filters_go_in_the_extra_body(ai):
    told = ask(ai, QUESTIONS[0], extra_body={"forum": {"filters": {"since": "2999"}}})
    assert told.status == "refused"
    assert told.forum["nearest"] == []


def test_models_can_be_listed_and_retrieved(ai, server):
    (listed,) = ai.models.list().data
    assert listed.id == MODEL
    assert listed == ai.models.retrieve(MODEL)
    assert 0 < time.time() - listed.created < 3600


def test_raw_and_streaming_responses_can_be_read(ai):
    raw = ai.chat.completions.with_raw_response.create(model=MODEL, messages=asking()["messages"])
    assert raw.http_response.headers["content-type"] == "application/json"
    CompletionOut.model_validate_json(raw.text, strict=True, extra="forbid")
    with ai.chat.completions.with_streaming_response.create(**asking(stream=True)) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        lines = [line for line in response.iter_lines() if line]
    assert lines[-1] == "data: [DONE]"
    assert all(line.startswith("data: ") for line in lines)


def test_the_examples_of_the_openapi_document_are_of_the_form_that_it_describes(client, ai):
    paths = client.get("/openapi.json").json()["paths"]

    def example(path, method="get"):
        return paths[path][method]["responses"]["200"]["content"]["application/json"]["example"]

    told = CompletionOut.model_validate_json(json.dumps(example("/v1/chat/completions", "post")), strict=True, extra="forbid")
    message = told.choices[0].message
    assert all(found == marker for found, marker in ranges(message))
    assert [example("/v1/models/{model}")] == example("/v1/models")["data"]
    assert example("/v1/models/{model}").keys() == ai.models.retrieve(MODEL).model_dump(exclude_unset=True).keys()
    asked = paths["/v1/chat/completions"]["post"]["requestBody"]["content"]["application/json"]["examples"]
    assert {client.post("/v1/chat/completions", json=item["value"]).status_code for item in asked.values()} == {200}


def test_the_helper_of_the_client_puts_a_stream_together(ai):
    with ai.chat.completions.stream(**asking()) as events:
        put = events.get_final_completion()
    assert put.choices[0].message.content == ask(ai, asking()["messages"][0]["content"]).choices[0].message.content


def test_the_asynchronous_client_does_the_same(server, ai):
    async def both():
        async with openai.AsyncOpenAI(base_url=f"{server.url}/v1", api_key="unused", max_retries=0) as client:
            whole = await client.chat.completions.create(**asking())
            pieces = [chunk async for chunk in await client.chat.completions.create(**asking(stream=True))]
            return whole.choices[0].message.content, "".join(chunk.choices[0].delta.content or "" for chunk in pieces)

    whole, joined = asyncio.run(both())
    assert whole == joined == ask(ai, asking()["messages"][0]["content"]).choices[0].message.content


def test_an_unknown_model_is_not_found(ai):
    for stream in (False, True):
        with pytest.raises(openai.NotFoundError) as raised:
            ai.chat.completions.create(**{**asking(stream=stream), "model": "gpt-4o"})
        assert (raised.value.code, raised.value.param) == ("model_not_found", "model")
        assert MODEL in raised.value.message
    with pytest.raises(openai.NotFoundError):
        ai.models.retrieve("gpt-4o")


def test_what_cannot_be_met_is_a_bad_request_that_names_the_parameter(ai, server):
    with pytest.raises(openai.BadRequestError) as raised:
        ask(ai, "question?", n=2)
    assert (raised.value.param, raised.value.code) == ("n", "unsupported_value")
    with pytest.raises(openai.BadRequestError) as raised:
        ask(ai, "question?", extra_body={"forum": {"filters": {"colour": "red"}}})
    assert raised.value.param == "forum.filters.colour"
    answer = httpx2.post(f"{server.url}/v1/chat/completions", content="{", headers={"content-type": "application/json"})
    assert answer.status_code == 400
    assert ErrorOut.model_validate_json(answer.text).error.param is None


def test_a_key_that_is_missing_or_wrong_is_an_authentication_error(serve_with):
    key = secrets.token_urlsafe(24)
    url = serve_with({"api_key": key})
    with client_of(url) as client:
        for call in (lambda: ask(client, "question?"), client.models.list, lambda: list(ask(client, "question?", stream=True))):
            with pytest.raises(openai.AuthenticationError) as raised:
                call()
            assert key not in str(raised.value)
    with client_of(url, api_key=key) as client:
        assert ask(client, QUESTIONS[0]).status == "grounded"


def test_one_question_too_many_is_a_rate_limit_error_with_a_time_to_wait(serve_with):
    url = serve_with({"concurrent": 1, "waiting": 0}, Scripted(PROSE, wait=0.5))
    with client_of(url) as client:
        held = ask(client, QUESTIONS[0], stream=True)
        next(iter(held))
        for stream in (False, True):
            with pytest.raises(openai.RateLimitError) as raised:
                ask(client, QUESTIONS[0], stream=stream)
            assert int(raised.value.response.headers["retry-after"]) >= 1
        held.close()


def test_a_limit_of_tokens_is_the_finish_reason_length(serve_with):
    with client_of(serve_with(model=Scripted(PROSE, reason="length"))) as client:
        assert ask(client, QUESTIONS[0]).choices[0].finish_reason == "length"
        assert streamed(client, QUESTIONS[0])[1][-1].choices[0].finish_reason == "length"


def test_forum_of_a_completion_is_the_answers_own_json(ai, server):
    told = ask(ai, QUESTIONS[0])
    answer = asyncio.run(_answer(server.service, QUESTIONS[0]))
    expected = json.loads(json.dumps(answer_json(answer)))
    assert {**told.forum, "timings_ms": None} == {**expected, "timings_ms": None}


async def _answer(service, question):
    from assistant.pipeline import answer_of

    return await answer_of(service.assistant, question)
