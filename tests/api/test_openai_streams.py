"""What goes wrong during an answer: failures before and after the first words, silence, and clients that hang up."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from contextlib import aclosing, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx2
import openai
import pytest
from scripted_model import Scripted

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


class Slow(ThreadingHTTPServer):
    """A model's server that sends so many pieces, then nothing; `dropped` is set when its client goes away."""

    def __init__(self, *pieces):
        super().__init__(("127.0.0.1", 0), SlowHandler)
        self.pieces = pieces
        self.asked, self.dropped, self.closing = threading.Event(), threading.Event(), threading.Event()
        self.url = f"http://127.0.0.1:{self.server_port}/v1"

    def shutdown(self):
        self.closing.set()
        super().shutdown()


class SlowHandler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_error(404)

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        if self.server.pieces:
            self.send_response(200)
            self.send_header("content-type", "text/event-stream")
            self.end_headers()
            for piece in self.server.pieces:
                choice = {"index": 0, "delta": {"content": piece}, "finish_reason": None}
                self.wfile.write(b"data: " + json.dumps({"id": "1", "choices": [choice]}).encode() + b"\n\n")
        self.server.asked.set()
        self.connection.settimeout(0.05)
        while not self.server.closing.is_set():
            with suppress(TimeoutError):
                try:
                    if self.connection.recv(1):
                        continue
                except ConnectionError:
                    pass
                self.server.dropped.set()
                return

    def log_message(self, *arguments):
        pass


@pytest.fixture
def slow(serving):
    """Makes a slow model's server."""
    return lambda *pieces: serving(Slow(*pieces))


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


@pytest.mark.parametrize("stream", [False, True])
def test_a_failure_before_the_first_word_is_a_status(serve_with, stream):
    url = serve_with(model=Scripted(PROSE, fails_after=0))
    with client_of(url) as client, pytest.raises(openai.InternalServerError) as raised:
        client.chat.completions.create(**asking(stream=stream, **QUESTION))
    assert raised.value.status_code == 502
    assert raised.value.type == "server_error"


@pytest.mark.parametrize("stream", [False, True])
def test_a_model_that_takes_too_long_to_begin_is_a_time_out(serve_with, slow, stream):
    script = slow()
    url = serve_with({"generator": "openai:m", "base_url": script.url, "first_token_seconds": 0.4, "retries": 0})
    with client_of(url) as client, pytest.raises(openai.InternalServerError) as raised:
        client.chat.completions.create(**asking(stream=stream, **QUESTION))
    assert raised.value.status_code == 504


@pytest.mark.parametrize("stream", [False, True])
def test_the_time_of_the_server_is_up_after_the_first_words(serve_with, slow, stream):
    script = slow(*PROSE[:2])
    url = serve_with({"generator": "openai:m", "base_url": script.url, "request_seconds": 1.5})
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


def hang_up_on(url, *, stream, after):
    """Asks, hangs up once `after` says so."""
    address = url.removeprefix("http://")
    host, _, port = address.partition(":")
    body = json.dumps(asking(stream=stream, **QUESTION)).encode()
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(
            f"POST /v1/chat/completions HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\n\r\n".encode()
            + body
        )
        after(connection)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("pieces", [(), PROSE[:2]], ids=["before the first word", "after it"])
def test_a_client_that_hangs_up_ends_the_request_to_the_model(serve_with, slow, stream, pieces):
    def until_asked(connection):
        assert script.asked.wait(10)
        if stream and pieces:
            got = b""
            while b"external camera" not in got:
                got += connection.recv(4096)
        time.sleep(0.2)
        assert not script.dropped.is_set()

    script = slow(*pieces)
    url = serve_with({"generator": "openai:m", "base_url": script.url, "concurrent": 1, "waiting": 0})
    hang_up_on(url, stream=stream, after=until_asked)
    assert script.dropped.wait(SECONDS)


@pytest.mark.parametrize("stream", [False, True])
def test_a_client_that_hangs_up_gives_its_place_to_the_next(serve_with, stream):
    model = Scripted(PROSE, wait=0.2)
    url = serve_with({"concurrent": 1, "waiting": 0}, model)
    hang_up_on(url, stream=stream, after=lambda _: time.sleep(0.5))
    deadline = time.monotonic() + SECONDS
    while not model.closed and time.monotonic() < deadline:
        time.sleep(0.01)
    assert model.closed == 1
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
