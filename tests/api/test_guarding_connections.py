"""Connections that a client opens and does not use, to a real server with little patience."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import threading
import time
from types import SimpleNamespace

import httpx2
import pytest
from live_server import listening, running

from assistant.api.guarding import bodies, guarded
from assistant.api.guarding.connections import HEAD_BYTES, PAUSE_SECONDS, BoundedConnection
from assistant.api.observing.observer import Observer
from assistant.api.serving import config_of
from assistant.settings import Settings

HEAD = b"GET / HTTP/1.1\r\nhost: localhost\r\n"
SECONDS = 0.6


class Impatient(BoundedConnection):
    head_seconds, idle_seconds, busy_seconds, most = SECONDS, SECONDS, SECONDS, 60


class App:
    """Answers 10 MB at /long, in pieces, and notes when its client is gone; else a word."""

    def __init__(self):
        self.gone = threading.Event()

    async def __call__(self, scope, receive, send):
        if scope["type"] == "lifespan":
            for event in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{event}.complete"})
            return
        await send({"type": "http.response.start", "status": 200, "headers": []})
        pieces = 160 if scope["path"] == "/long" else 0
        for _ in range(pieces):
            await send({"type": "http.response.body", "body": b"x" * 65_536, "more_body": True})
        if pieces and (await asyncio.wait_for(receive(), 5))["type"] == "http.disconnect":
            self.gone.set()
        await send({"type": "http.response.body", "body": b"well"})


@pytest.fixture
def app():
    return App()


@pytest.fixture
def url(app, tmp_path, monkeypatch):
    settings = Settings(api_keys=tmp_path / "no-keys.json")
    service = SimpleNamespace(settings=settings, observer=Observer(settings))
    monkeypatch.setattr(bodies, "MOST_SECONDS", SECONDS)
    listener, url = listening()
    with listener, running(guarded(app, service), listener, Impatient):
        yield url


@pytest.fixture
def connect(url):
    """Opens a connection that ends with the test."""
    with contextlib.ExitStack() as opened:

        def open_one():
            return opened.enter_context(socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])), timeout=10))

        yield open_one


def closed_after(connections, since, trickle=b""):
    """Seconds until the server has closed all, each sent a byte every now and then; what else came is left unread."""
    open_still = set(connections)
    while open_still and time.monotonic() - since < 10:
        for connection in list(open_still):
            try:
                if trickle:
                    connection.send(trickle)
                connection.settimeout(0.001)
                if not connection.recv(4096):
                    open_still.discard(connection)
            except TimeoutError:
                continue
            except OSError:
                open_still.discard(connection)
        time.sleep(0.02)
    assert not open_still
    return time.monotonic() - since


def test_fifty_connections_that_send_no_whole_head_are_dropped_and_others_answered_meanwhile(url, connect):
    since = time.monotonic()
    idle, trickling = [connect() for _ in range(25)], [connect() for _ in range(25)]
    for connection in trickling:
        connection.sendall(HEAD)
    answered = time.monotonic()
    assert httpx2.get(url, trust_env=False).text == "well"
    assert time.monotonic() - answered < 6 * SECONDS
    assert SECONDS * 0.9 < closed_after(trickling, since, trickle=b"a") < 6 * SECONDS
    assert closed_after(idle, since) < 6 * SECONDS


def test_the_next_request_of_a_connection_is_waited_for_no_longer(connect):
    connection = connect()
    connection.sendall(HEAD + b"\r\n")
    assert b"well" in read_all_but_end(connection)
    since = time.monotonic()
    connection.sendall(HEAD)
    assert SECONDS * 0.9 < closed_after([connection], since, trickle=b"a") < 6 * SECONDS


def test_no_proxy_keeps_a_connection_longer_than_the_server():
    assert config_of(None, Settings()).timeout_keep_alive == PAUSE_SECONDS > 60


def test_a_connection_waits_for_a_next_request_as_long_as_there_is_room(connect):
    calm = connect()
    calm.sendall(HEAD + b"\r\n")
    assert b"well" in read_all_but_end(calm)
    others = [connect() for _ in range(Impatient.most // 2)]
    crowded, since = connect(), time.monotonic()
    crowded.sendall(HEAD + b"\r\n")
    assert b"well" in read_all_but_end(crowded)
    assert SECONDS * 0.9 < closed_after([crowded], since) < 6 * SECONDS
    closed_after(others, since)
    calm.sendall(HEAD + b"\r\n")
    assert b"well" in read_all_but_end(calm)


def read_all_but_end(connection):
    read = b""
    while not read.endswith(b"0\r\n\r\n"):
        read += connection.recv(4096)
    return read


def read_to_the_end(connection):
    return b"".join(iter(lambda: connection.recv(4096), b""))


def test_a_body_that_does_not_come_is_408_and_the_connection_is_closed(connect):
    connection, since = connect(), time.monotonic()
    connection.sendall(HEAD + b"content-length: 100\r\n\r\nx")
    head, _, body = read_to_the_end(connection).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 408 ") and json.loads(body)["code"] == "BodyTooSlow"
    assert SECONDS * 0.9 < time.monotonic() - since < 6 * SECONDS


def test_a_long_body_that_is_all_sent_before_the_answer_is_read_is_413(url):
    refused = httpx2.post(url, content=b"x" * (8 << 20), trust_env=False)
    assert (refused.status_code, refused.headers["connection"]) == (413, "close")


@pytest.mark.parametrize("host", [b"localhost", b"evil.example"])
def test_a_body_whose_length_is_said_in_two_ways_is_400_and_what_follows_is_no_request(app, connect, host):
    connection = connect()
    both = b"content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"
    connection.sendall(HEAD.replace(b"localhost", host) + both + b"GET /second HTTP/1.1\r\nhost: localhost\r\n\r\n")
    answers = read_to_the_end(connection)
    assert answers.startswith(b"HTTP/1.1 400 ") and answers.count(b"HTTP/1.1") == 1
    assert b"Content-Length and Transfer-Encoding" in answers and b"connection: close" in answers


@pytest.mark.parametrize("target", [b"http://localhost/ask", b"http://evil.example/ask", b"*", b"evil.example:80"])
def test_a_target_that_is_no_path_is_refused(connect, target):
    connection = connect()
    connection.sendall(b"GET " + target + b" HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
    assert read_to_the_end(connection).startswith(b"HTTP/1.1 421 ")


def test_a_body_that_nobody_waits_for_does_not_keep_a_connection_open(connect):
    connection = connect()
    connection.sendall(HEAD.replace(b"localhost", b"evil.example") + b"content-length: 100000\r\n\r\nx")
    assert b"421 Misdirected" in connection.recv(4096)
    assert closed_after([connection], time.monotonic(), trickle=b"x") < 6 * SECONDS


def test_a_client_that_does_not_read_its_answer_is_dropped(app, connect):
    connection = connect()
    connection.sendall(b"GET /long HTTP/1.1\r\nhost: localhost\r\n\r\n")
    assert app.gone.wait(10 * SECONDS)


def test_an_answer_that_is_read_may_be_long(url):
    assert len(httpx2.get(f"{url}/long", trust_env=False, timeout=20).content) == 160 * 65_536 + 4


def test_more_connections_than_the_server_takes_are_told_to_come_again(url, connect):
    waiting = [connect() for _ in range(Impatient.most)]
    refused = httpx2.get(url, trust_env=False)
    assert (refused.status_code, refused.headers["retry-after"], refused.json()["code"]) == (429, "5", "Overloaded")
    assert refused.headers["connection"] == "close" and "default-src 'none'" in refused.headers["content-security-policy"]
    more = [connect() for _ in range(Impatient.most + 1)]
    with pytest.raises(httpx2.TransportError):
        httpx2.get(url, trust_env=False)
    closed_after([*waiting, *more], time.monotonic())
    assert httpx2.get(url, trust_env=False).text == "well"


@pytest.mark.parametrize("sent", [
    b"nonsense\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", HEAD + b"host: evil.example\r\n\r\n", HEAD + b"x: a\x00\r\n\r\n",
    HEAD + b"x: " + b"a" * HEAD_BYTES, HEAD + b"content-length: 3\r\ncontent-length: 4\r\n\r\n",
], ids=["no HTTP", "no host", "two hosts", "control character", "long head", "two lengths"])  # fmt: skip
def test_what_is_no_http_is_a_problem_document_with_the_same_headers(connect, sent):
    connection = connect()
    connection.sendall(sent)
    head, _, body = read_to_the_end(connection).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert b"application/problem+json" in head and b"default-src 'none'" in head and b"server:" not in head.lower()
    assert json.loads(body)["code"] == "RequestRefused"
