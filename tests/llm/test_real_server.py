"""A real server, llama.cpp with a tiny model: that the protocol works. What the model says is not looked at.

Not shown here: that it stops within two seconds while it still reads a long prompt. It looks whether its client is there
between two batches only, and was seen to take longer on a slow machine. Our end is closed in time then too, which
`test_cancelling.py` shows.
"""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import time
from contextlib import aclosing
from urllib.request import urlopen

import pytest

from assistant.errors import ServerRefused
from assistant.llm.choosing import model_from
from assistant.llm.model import Ended, Message, complete
from assistant.settings import Settings

pytestmark = pytest.mark.alone

PLEASE = [Message("system", "You are helpful."), Message("user", "Tell me a long story about a camera.")]
SCHEMA = {
    "type": "object",
    "properties": {"standalone": {"type": "boolean"}, "question": {"type": "string", "maxLength": 20}},
    "required": ["standalone", "question"],
    "additionalProperties": False,
}


@pytest.fixture
def model(model_server):
    return model_from(Settings(generator="openai:smollm2", base_url=f"{model_server}/v1"))


def busy_slots(address):
    with urlopen(f"{address}/slots", timeout=5) as reply:
        return sum(slot["is_processing"] for slot in json.load(reply))


def idle_within(address, seconds):
    until = time.monotonic() + seconds
    while busy_slots(address) and time.monotonic() < until:
        time.sleep(0.05)
    return not busy_slots(address)


def test_a_real_server_streams_pieces_and_counts_tokens(model):
    async def listen():
        return [item async for item in model.stream(PLEASE, 12)]

    *pieces, ended = asyncio.run(listen())
    assert len(pieces) > 3
    assert all(isinstance(piece, str) and piece for piece in pieces)
    assert isinstance(ended, Ended)
    assert (ended.reason, ended.usage.completion_tokens) == ("length", 12)
    assert ended.usage.prompt_tokens > 10


def test_a_real_server_says_how_large_its_window_is(model):
    assert asyncio.run(model.window()) == 4096


def test_a_real_server_lists_its_model(model_server):
    with urlopen(f"{model_server}/v1/models", timeout=5) as reply:
        assert [entry["id"] for entry in json.load(reply)["data"]] == ["smollm2"]


def test_at_temperature_0_a_real_server_says_the_same_twice(model):
    first, second = (asyncio.run(complete(model, PLEASE, 8)) for _ in range(2))
    assert first[0] == second[0]


def test_a_real_server_holds_the_model_to_a_schema(model):
    text, _ended = asyncio.run(complete(model, PLEASE, 60, SCHEMA))
    document = json.loads(text)
    assert set(document) == {"standalone", "question"}
    assert isinstance(document["standalone"], bool)


def test_a_real_server_refuses_what_does_not_fit_and_the_hint_says_so(model):
    with pytest.raises(ServerRefused) as raised:
        asyncio.run(complete(model, [Message("user", "word " * 5000)], 10))
    assert "context_tokens" in raised.value.hint


def test_a_real_server_stops_when_the_stream_is_closed(model, model_server):
    async def leave():
        async with aclosing(model.stream(PLEASE, 2000)) as stream:
            await anext(stream)
            assert await asyncio.to_thread(busy_slots, model_server) == 1

    asyncio.run(leave())
    assert idle_within(model_server, 2)


def test_a_real_server_stops_when_who_waits_for_the_whole_is_cancelled(model, model_server):
    async def cancelled():
        task = asyncio.ensure_future(complete(model, PLEASE, 2000))
        while not await asyncio.to_thread(busy_slots, model_server):
            await asyncio.sleep(0.02)
        await asyncio.sleep(0.3)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())
    assert idle_within(model_server, 2)


def listens(port):
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0


def test_a_real_server_that_loads_its_model_is_waited_for(serve_smollm2, closed_port, caplog):
    command = [*serve_smollm2, "--port", str(closed_port), "--context", "1024", "--slots", "1"]
    settings = Settings(generator="openai:smollm2", base_url=f"http://127.0.0.1:{closed_port}/v1", retries=0)
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            until = time.monotonic() + 30
            while not listens(closed_port) and time.monotonic() < until:
                time.sleep(0.005)
            text, _ = asyncio.run(complete(model_from(settings), PLEASE, 4))
        finally:
            process.terminate()
    assert text
    assert "503: Loading model" in str([vars(record) for record in caplog.records])
