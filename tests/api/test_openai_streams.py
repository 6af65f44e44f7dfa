"""What goes wrong during an answer: failures before and after the first words, silence, and clients that hang up."""

from __future__ import annotations

import asyncio
import json
from contextlib import aclosing

import httpx2
import openai
import pytest
from hanging_up import hung_up, waited
from scripted_model import Scripted
from silent_model import SilentModel

from assistant.answering.wording import CUT_OFF
from assistant.api import streaming
from assistant.api.openai.completion import Envelope, chunks
from assistant.api.openai.described import asking

QUESTION = {"messages": [{"role": "user", "content": "Why does the camera preview rotate?"}]}
PROSE = ("The external camera has no rotation of its own [1].", " Set the source", " to none.")
SECONDS = 2


def client_of(url, **more):
    return openai.OpenAI(base_url=f"{url}/v1", api_key="unused", max_retries=0, timeout=30, **more)


def heard(url):
    """What a client hears of a stream until it raises: the content, the error, and the lines as they came."""
    content = ""
    with client_of(url) as client:
        try:
            for chunk in client.chat.completions.create(**asking(stream=True, **QUESTION)):
                content += chunk.choices[0].delta.content or ""
        except openai.APIError as error:
            return content, error
    return content, None


def lines_of(url):
    with httpx2.Client(trust_env=False, timeout=30) as client:
        return client.post(f"{url}/v1/chat/completions", json=asking(stream=True, **QUESTION)).text.split("\n\n")


@pytest.fixture
def silent(serving):
    """Makes the server of a model that falls silent."""
    return lambda *pieces: serving(SilentModel(*pieces))


def test_a_failure_after_the_first_words_raises_in_the_client(serve_with):
    content, error = heard(serve_with(model=Scripted(PROSE, breaks_off=True)))
    assert content.startswith("The external camera has no rotation")
    assert content.endswith(CUT_OFF)
    assert "broke off" in error.message
    assert (error.type, error.code) == ("server_error", "ServerUnreachable")


def test_nothing_follows_a_failure_in_the_stream(serve_with):
    *told, last = [line for line in lines_of(serve_with(model=Scripted(PROSE, breaks_off=True))) if line]
    assert json.loads(last.removeprefix("data: ")).keys() == {"error"}
    assert all("error" not in json.loads(line.removeprefix("data: ")) for line in told)
    assert "**Sources**" not in "".join(told)


def test_a_failure_after_the_first_words_is_a_status_where_nothing_is_streamed(serve_with):
    url = serve_with(model=Scripted(PROSE, breaks_off=True))
    with client_of(url) as client, pytest.raises(openai.InternalServerError) as raised:
        client.chat.completions.create(**asking(**QUESTION))
    assert raised.value.status_code == 502
    assert "broke off" in raised.value.message


def test_a_fault_after_the_first_words_raises_in_the_client_without_a_detail(serve_with):
    content, error = heard(serve_with(model=Scripted(PROSE, faults_after=2)))
    assert content.startswith("The external camera has no rotation")
    assert (error.type, error.code) == ("server_error", "Fault")
    assert "of the test's own" not in str(error.body)


def test_a_fault_before_the_first_word_is_a_status(serve_with):
    url = serve_with(model=Scripted(PROSE, faults_after=0))
    with client_of(url) as client, pytest.raises(openai.InternalServerError) as raised:
        client.chat.completions.create(**asking(stream=True, **QUESTION))
    assert (raised.value.status_code, raised.value.code) == (500, "Fault")


@pytest.mark.parametrize("stream", [False, True])
def test_a_failure_before_the_first_word_is_a_status(serve_with, stream):
    url = serve_with(model=Scripted(PROSE, fails_after=0))
    with client_of(url) as client, pytest.raises(openai.InternalServerError) as raised:
        client.chat.completions.create(**asking(stream=stream, **QUESTION))
    assert raised.value.status_code == 502
    assert raised.value.type == "server_error"


@pytest.mark.parametrize("stream", [False, True])
def test_a_model_that_takes_too_long_to_begin_is_a_time_out(serve_with, silent, stream):
    script = silent()
    url = serve_with({"generator": "openai:m", "base_url": script.base_url, "first_token_seconds": 0.4, "retries": 0})
    with client_of(url) as client, pytest.raises(openai.InternalServerError) as raised:
        client.chat.completions.create(**asking(stream=stream, **QUESTION))
    assert raised.value.status_code == 504


@pytest.mark.parametrize("stream", [False, True])
def test_the_time_of_the_server_is_up_after_the_first_words(serve_with, silent, stream):
    script = silent(*PROSE[:2])
    url = serve_with({"generator": "openai:m", "base_url": script.base_url, "request_seconds": 1.5})
    if stream:
        content, error = heard(url)
        assert content.startswith("The external camera")
        assert error.code == "TookTooLong"
        return
    with client_of(url) as client, pytest.raises(openai.InternalServerError) as raised:
        client.chat.completions.create(**asking(**QUESTION))
    assert (raised.value.status_code, raised.value.code) == (504, "TookTooLong")


def test_a_silent_model_does_not_make_a_silent_stream(serve_with, monkeypatch):
    monkeypatch.setattr(streaming, "PING_SECONDS", 0.05)
    told = lines_of(serve_with(model=Scripted(PROSE, wait=0.3)))
    first = next(number for number, line in enumerate(told) if "external camera" in line)
    assert ": ping" in told[first:]
    assert told[-2:] == ["data: [DONE]", ""]


def asked(url, until, *, stream):
    hung_up(f"{url}/v1/chat/completions", asking(stream=stream, **QUESTION), until)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("pieces", [(), PROSE[:2]], ids=["before the first word", "after it"])
def test_a_client_that_hangs_up_ends_the_request_to_the_model(serve_with, silent, stream, pieces):
    got = b""

    def until(connection):
        nonlocal got
        if stream and pieces and b"external camera" not in got:
            got += connection.recv(4096)
            return False
        return script.asked.wait(10) and not script.dropped.is_set()

    script = silent(*pieces)
    url = serve_with({"generator": "openai:m", "base_url": script.base_url, "concurrent": 1, "waiting": 0})
    asked(url, until, stream=stream)
    assert script.dropped.wait(SECONDS)


@pytest.mark.parametrize("stream", [False, True])
def test_a_client_that_hangs_up_gives_its_place_to_the_next(serve_with, stream):
    model = Scripted(PROSE, wait=0.2)
    url = serve_with({"concurrent": 1, "waiting": 0}, model)
    asked(url, lambda _: model.asked, stream=stream)
    assert waited(lambda: model.closed, SECONDS) == 1
    with client_of(url) as client:
        assert client.chat.completions.create(**asking(**QUESTION)).choices[0].message.content


def test_closing_the_pieces_closes_the_answer(sample):
    closed = []

    async def events():
        try:
            async with aclosing(sample.ask("Why does the camera preview rotate?")) as told:
                async for event in told:
                    yield event
        finally:
            closed.append(True)

    async def first():
        async with aclosing(chunks(events(), Envelope("1", 0, "http://here"), wants_usage=False)) as pieces:
            return await anext(pieces), list(closed)

    piece, before = asyncio.run(first())
    assert b'"role":"assistant"' in piece
    assert (before, closed) == ([], [True])
