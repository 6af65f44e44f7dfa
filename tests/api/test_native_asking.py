"""POST /ask: the Answer as JSON and as events, what it refuses, what it says when a model server fails."""

from __future__ import annotations

import asyncio
import json

import httpx2
import pytest
from promises import broken
from scripted_model import Scripted

from assistant.api.outline import blocks_of
from assistant.api.schemas import Answer, Hit, Problem
from assistant.api.telling import answer_json
from assistant.pipeline import answer_of

ANSWERED = "Why is the preview of my external camera rotated by 90 degrees?"
REFUSED = "Which flour did Zanzibar Quux of Utrecht buy for the wedding cake in 1911?"
FOLLOW_UP = "And how slow is it over the network?"
BEFORE = [{"role": "user", "content": "What does Roost leave out of a backup?"}, {"role": "assistant", "content": "Caches."}]
ASKED = [
    {"question": ANSWERED},
    {"question": REFUSED},
    {"question": ""},
    {"question": "which post has the most replies?"},
    {"question": FOLLOW_UP, "history": BEFORE},
    {"question": ANSWERED, "filters": {"sources": ["camera"], "since": "2020"}},
]
EVENTS = {"accept": "text/event-stream, application/json;q=0.5"}
SENTENCES = [f"Bananas ripen in the sun of day {number} [1]. " for number in range(9)]


def events_of(client, body, headers=EVENTS):
    with client.stream("POST", "/ask", json=body, headers=headers) as response:
        assert response.headers["content-type"].startswith("text/event-stream"), response.read()
        return [(event.event, json.loads(event.data)) for event in httpx2.EventSource(response)]


def lasting(answer):
    """What of an answer does not change from one run to the next."""
    return {name: value for name, value in answer.items() if name != "timings_ms"}


@pytest.mark.parametrize("body", ASKED, ids=lambda body: body["question"][:20])
def test_an_answer_is_that_of_the_pipeline_and_is_as_described(client, server, sample, body):
    response = client.post("/ask", json=body)
    assert response.status_code == 200
    told = response.json()
    Answer.model_validate(told, extra="forbid")
    if "history" not in body and "filters" not in body:
        assert lasting(told) == lasting(answer_json(asyncio.run(answer_of(sample, body["question"]))))


@pytest.mark.parametrize("body", ASKED[:3], ids=lambda body: body["question"][:20])
def test_the_events_of_an_answer_are_its_hits_its_text_in_pieces_and_the_whole(client, body):
    events = events_of(client, body)
    names = [name for name, _ in events]
    assert names == ["retrieved", *["delta"] * (len(names) - 2), "answer"]
    assert "".join(data["text"] for name, data in events if name == "delta") == events[-1][1]["text"]
    assert lasting(events[-1][1]) == lasting(client.post("/ask", json=body).json())
    for hit in events[0][1]["hits"]:
        Hit.model_validate(hit, extra="forbid")
    assert events[0][1]["standalone_question"] == events[-1][1]["standalone_question"]


def test_a_follow_up_is_understood_by_the_conversation_before_it(client):
    told = client.post("/ask", json={"question": FOLLOW_UP, "history": BEFORE}).json()
    assert "Roost" in told["standalone_question"]


def test_filters_decide_which_posts_are_read(client):
    told = client.post("/ask", json={"question": ANSWERED, "filters": {"sources": ["no such source"]}}).json()
    assert (told["status"], told["nearest"]) == ("refused", [])


@pytest.mark.parametrize(("accept", "kind"), [
    ("*/*", "application/json"), ("application/json, text/event-stream", "application/json"), ("image/png", "application/json"),
    ("text/event-stream", "text/event-stream"), ("text/event-stream;q=0.1, application/json;q=0", "text/event-stream"),
])  # fmt: skip
def test_the_accept_header_decides_between_one_document_and_events(client, accept, kind):
    with client.stream("POST", "/ask", json={"question": ""}, headers={"accept": accept}) as response:
        response.read()
    assert response.headers["content-type"].startswith(kind)
    assert (response.headers["cache-control"], response.headers["vary"].lower()) == ("no-store", "accept")


def test_events_are_not_held_back_by_a_proxy(client):
    with client.stream("POST", "/ask", json={"question": ""}, headers=EVENTS) as response:
        response.read()
    assert response.headers["x-accel-buffering"] == "no"
    assert "content-length" not in response.headers


@pytest.mark.parametrize("headers", [{}, EVENTS])
def test_a_model_server_that_fails_before_the_first_word_gives_its_status(serve_with, headers):
    url = serve_with(model=Scripted(["never"], fails_after=0))
    response = httpx2.post(f"{url}/ask", json={"question": ANSWERED}, headers=headers)
    if headers:  # the hits have been sent by then
        assert response.status_code == 200
        assert "event: error" in response.text
    else:
        assert response.status_code == 502
        assert Problem.model_validate(response.json(), extra="forbid").code == "ServerUnreachable"


@pytest.mark.parametrize("headers", [{}, EVENTS])
def test_what_fails_before_the_first_event_is_a_status_in_both_modes(serve_with, headers):
    url = serve_with({"request_seconds": 1e-6})
    response = httpx2.post(f"{url}/ask", json={"question": ANSWERED}, headers=headers)
    assert (response.status_code, response.headers["content-type"]) == (504, "application/problem+json")
    assert response.json()["code"] == "TookTooLong"


def test_an_answer_that_broke_off_is_a_problem_that_holds_what_there_is(serve_with):
    url = serve_with(model=Scripted(SENTENCES, breaks_off=True))
    response = httpx2.post(f"{url}/ask", json={"question": ANSWERED})
    assert (response.status_code, response.headers["content-type"]) == (502, "application/problem+json")
    told = Problem.model_validate(response.json(), extra="forbid")
    assert told.answer.cut_off.message == told.detail
    assert told.answer.text


def test_events_of_an_answer_that_broke_off_end_in_the_answer_and_an_error(serve_with):
    url = serve_with(model=Scripted(SENTENCES, breaks_off=True))
    with httpx2.Client(base_url=url) as client:
        events = events_of(client, {"question": ANSWERED})
    assert [name for name, _ in events[-2:]] == ["answer", "error"]
    assert events[-2][1]["cut_off"]["message"] == events[-1][1]["detail"]
    assert "".join(data["text"] for name, data in events if name == "delta") == events[-2][1]["text"]
    assert events[-1][1]["status"] == 502


def test_a_fault_after_the_first_event_is_said_before_the_connection_breaks_off(serve_with):
    url = serve_with(model=Scripted(SENTENCES, faults_after=5))
    told = []
    with (
        pytest.raises(httpx2.RemoteProtocolError),
        httpx2.Client(base_url=url) as client,
        client.stream("POST", "/ask", json={"question": ANSWERED}, headers=EVENTS) as response,
    ):
        for event in httpx2.EventSource(response):
            told.append((event.event, json.loads(event.data)))
    assert [name for name, _ in told[-2:]] == ["delta", "error"]
    assert (told[-1][1]["status"], told[-1][1]["code"]) == (500, "Fault")


def test_blocks_that_come_with_deltas_are_those_of_the_text_so_far(serve_with):
    url = serve_with(model=Scripted(["It works [1].\n\n", "- one [2]\n- two [1]\n\n", "```\nx = [1]\n```\n", "The end [3]."]))
    with httpx2.Client(base_url=url) as client:
        events = events_of(client, {"question": ANSWERED, "blocks": True})
    text, blocks = "", []
    for name, data in events:
        if name == "delta":
            text += data["text"]
            blocks[data["blocks_from"] :] = data["blocks"]
            assert blocks == blocks_of(text, range(1, 100))
    answer = events[-1][1]
    assert answer["blocks"] == blocks_of(answer["text"], {citation["label"] for citation in answer["citations"]})
    Answer.model_validate(answer, extra="forbid")


def test_promises_of_the_contract_hold_for_what_is_sent(server, client, sample):
    answer = asyncio.run(answer_of(sample, ANSWERED))
    assert broken(sample.generation.posts, answer) == []
    told = client.post("/ask", json={"question": ANSWERED}).json()
    for citation in told["citations"]:
        body = client.get(f"/posts/{citation['post_id']}").json()["body"]
        assert body[citation["start"] : citation["end"]] == citation["quote"]
