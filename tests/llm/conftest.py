"""A server that plays a script, in OpenAI's protocol and in Ollama's own, and a real one.

The script for Ollama is a stand-in: no Ollama is run here. `test_ollama_script.py` holds it to the official client as it comes.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import threading
from contextlib import aclosing, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from assistant.errors import AssistantError
from assistant.llm.choosing import model_from
from assistant.llm.model import Ended, Message
from assistant.settings import Settings

SERVE = Path(__file__).with_name("serve_smollm2.py")
REQUIRE_MODEL = os.environ.get("ASSISTANT_REQUIRE_MODEL") == "1"
QUESTION = [Message("user", "How is the preview rotated?")]
DONE = object()


class OpenAiWire:
    """What a server of OpenAI's protocol sends."""

    protocol, base, chat, kind = "openai", "/v1", "/v1/chat/completions", "text/event-stream"

    def chunk(self, delta, reason=None, **more):
        choice = {"index": 0, "delta": delta, "finish_reason": reason}
        return self.line({"object": "chat.completion.chunk", "id": "1", "model": "m", "choices": [choice], **more})

    def line(self, document):
        return b"data: " + (document if isinstance(document, bytes) else json.dumps(document).encode()) + b"\n\n"

    def opening(self):
        return self.chunk({"role": "assistant", "content": ""})

    def text(self, text):
        return self.chunk({"content": text})

    def thought(self, text):
        return self.chunk({"reasoning_content": text, "content": None})

    def end(self, reason="stop", usage=(7, 3)):
        counted = {"usage": {"prompt_tokens": usage[0], "completion_tokens": usage[1], "total_tokens": 0}} if usage else {}
        return self.chunk({}, reason) + (self.line({"choices": [], **counted}) if usage else b"") + self.line(b"[DONE]")

    def error(self, message):
        return self.line({"error": {"message": message, "type": "server_error"}})

    def refusal(self, message, **more):
        return {"error": {"message": message, **more}}


class OllamaWire:
    """What Ollama sends: documents, one a line."""

    protocol, base, chat, kind = "ollama", "", "/api/chat", "application/x-ndjson"

    def part(self, **fields):
        return json.dumps({"model": "m", "created_at": "2025-01-01T00:00:00Z", **fields}).encode() + b"\n"

    def opening(self):
        return self.text("")

    def text(self, text):
        return self.part(message={"role": "assistant", "content": text}, done=False)

    def thought(self, text):
        return self.part(message={"role": "assistant", "content": "", "thinking": text}, done=False)

    def end(self, reason="stop", usage=(7, 3)):
        counted = {"prompt_eval_count": usage[0], "eval_count": usage[1]} if usage else {}
        return self.part(message={"role": "assistant", "content": ""}, done=True, done_reason=reason, **counted)

    def error(self, message):
        return json.dumps({"error": message}).encode() + b"\n"

    def refusal(self, message, **more):
        return {"error": message}


class Script(ThreadingHTTPServer):
    """Answers each request for a chat with the next of `acts` (the last again and again), other paths from `documents`.

    An act is a function of the handler. `dropped` is set when a client goes away while an act waits for that.
    """

    def __init__(self, wire):
        super().__init__(("127.0.0.1", 0), Handler)
        self.wire, self.acts, self.documents = wire, [], {}
        self.requests, self.headers, self.paths = [], [], []
        self.dropped, self.closing = threading.Event(), threading.Event()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}{self.wire.base}"

    def plays(self, *acts):
        self.acts = list(acts)

    def model(self, **settings):
        """A model of ours at this server, quick to lose patience."""
        quick = {"first_token_seconds": 5, "idle_seconds": 5, "total_seconds": 20, "connect_seconds": 2}
        named = {"generator": f"{self.wire.protocol}:m", "base_url": self.url}
        return model_from(Settings(**{**quick, **named, **settings}))

    def shutdown(self):
        self.closing.set()
        super().shutdown()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.answer(None)

    def do_POST(self):
        self.answer(json.loads(self.rfile.read(int(self.headers["content-length"]))))

    def answer(self, body):
        server = self.server
        server.paths.append(self.path)
        server.headers.append({name.lower(): value for name, value in self.headers.items()})
        self.close_connection = True
        with suppress(BrokenPipeError, ConnectionResetError):
            if self.path == server.wire.chat:
                server.requests.append(body)
                (server.acts.pop(0) if len(server.acts) > 1 else server.acts[0])(self)
            else:
                document, status = server.documents.get(self.path, ({"error": "there is nothing here"}, 404))
                self.whole(status, document)

    def whole(self, status, document, **headers):
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        self.send_response(status)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        for name, value in {"content-type": "application/json", "content-length": str(len(body)), **named}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def begin(self):
        self.send_response(200)
        self.send_header("content-type", self.server.wire.kind)
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()

    def send(self, data):
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    def wait_for_drop(self):
        self.connection.settimeout(0.05)
        while not self.server.closing.is_set():
            try:
                if not self.connection.recv(1):
                    break
            except TimeoutError:
                continue
            except OSError:
                break
        else:
            return
        self.server.dropped.set()

    def log_message(self, *arguments):
        pass


class Acts:
    """Acts for a wire. Text is said in pieces; bytes are sent as they are; a number is a pause in seconds."""

    def __init__(self, wire):
        self.wire = wire

    def says(self, *items, end=DONE, chunked=True):
        def act(handler):
            self._send(handler, items, self.wire.end() if end is DONE else end)
            handler.wfile.write(b"0\r\n\r\n")

        return act

    def stalls(self, *items):
        """Says so much, then nothing, until the client goes away."""

        def act(handler):
            self._send(handler, items, b"")
            handler.wait_for_drop()

        return act

    def hangs(self, handler):
        """Takes the request and does not answer."""
        handler.wait_for_drop()

    def cuts(self, *items):
        """Says so much, announces a hundred bytes, sends ten of them and hangs up."""

        def act(handler):
            self._send(handler, items, b"")
            handler.wfile.write(b"64\r\n" + self.wire.text("never read")[:10])

        return act

    def hangs_up(self, handler):
        """Hangs up without a word."""
        handler.connection.shutdown(socket.SHUT_RDWR)

    def replies(self, status, message, headers=None, **more):
        """Answers with a status and a message of the wire's form."""
        return lambda handler: handler.whole(status, self.wire.refusal(message, **more), **(headers or {}))

    def _send(self, handler, items, end):
        handler.begin()
        handler.send(self.wire.opening())
        for item in items:
            if isinstance(item, (int, float)):
                handler.server.closing.wait(item)
            else:
                handler.send(item if isinstance(item, bytes) else self.wire.text(item))
        if end:
            handler.send(end)


@pytest.fixture
def script_of(serving):
    """Makes a scripted server for a wire."""

    def make(wire):
        script = serving(Script(wire))
        script.documents = {"/api/show": ({"model_info": {"llama.context_length": 4096}, "capabilities": ["completion"]}, 200)}
        return script

    return make


@pytest.fixture(params=[OpenAiWire, OllamaWire], ids=["openai", "ollama-script"])
def script(request, script_of):
    """A scripted server, once for each protocol."""
    return script_of(request.param())


@pytest.fixture
def openai_script(script_of):
    return script_of(OpenAiWire())


@pytest.fixture
def ollama_script(script_of):
    return script_of(OllamaWire())


@pytest.fixture
def acts(script):
    return Acts(script.wire)


@pytest.fixture
def openai_acts(openai_script):
    return Acts(openai_script.wire)


@pytest.fixture
def ollama_acts(ollama_script):
    return Acts(ollama_script.wire)


@pytest.fixture
def question():
    return QUESTION


@pytest.fixture
def heard():
    """Streams a question to a model: the pieces that came, and how it ended or the error that it raised."""

    def ask(model, **options):
        pieces = []

        async def listen():
            async with aclosing(model.stream(QUESTION, 50, **options)) as stream:
                async for item in stream:
                    pieces.append(item)

        try:
            asyncio.run(listen())
        except AssistantError as error:
            return pieces, error
        assert isinstance(pieces[-1], Ended)
        return pieces[:-1], pieces[-1]

    return ask


@pytest.fixture
def serve_smollm2():
    """The program that serves the real model; skips, or fails with ASSISTANT_REQUIRE_MODEL=1, where that cannot be."""
    return _program()


def _program():
    import importlib.util

    spec = importlib.util.spec_from_file_location("serve_smollm2", SERVE)
    program = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(program)
    if reason := program.missing():
        if REQUIRE_MODEL:
            pytest.fail(reason)
        print(reason)
        pytest.skip(reason)
    return [sys.executable, str(SERVE)]


@pytest.fixture(scope="session")
def model_server():
    """The address of a real model server with OpenAI's protocol, without its /v1. One for all tests of a session."""
    command = [*_program(), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            address = process.stdout.readline().strip()
            assert address, f"{SERVE.name} ended before it served"
            yield address
        finally:
            process.terminate()
