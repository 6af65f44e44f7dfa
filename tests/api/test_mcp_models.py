"""`ask` over MCP where a model writes: what is said meanwhile, what breaks off, who gives up."""

from __future__ import annotations

import asyncio
import re
import time

import httpx2
import pytest
from mcp_calls import JSON, calling, message, text_of, told
from scripted_model import Scripted

QUESTION = "How do I fix mount code 37?"


def sentences(count):
    return [f"Step {number} is to put the roots into an array [1]. " for number in range(count)]


async def closed_within(model, seconds):
    until = time.monotonic() + seconds
    while not model.closed and time.monotonic() < until:
        await asyncio.sleep(0.02)
    return model.closed


def test_a_call_that_is_cancelled_stops_the_model(serve_with):
    model = Scripted(sentences(600), wait=0.05)
    url = serve_with(model=model)

    async def work(client):
        begun = asyncio.Event()

        async def progress(count, total, words):
            if words == "answering":
                begun.set()

        call = asyncio.create_task(client.call_tool("ask", {"question": QUESTION}, progress_callback=progress))
        await asyncio.wait_for(begun.wait(), 20)
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
        return await closed_within(model, 2)

    assert told(url, work)


def test_an_older_client_that_hangs_up_stops_the_model(serve_with):
    model = Scripted(sentences(600), wait=0.05)
    url = serve_with(model=model)
    call = message("tools/call", name="ask", arguments={"question": QUESTION})
    impatient = httpx2.Client(base_url=url, trust_env=False, timeout=httpx2.Timeout(20, read=1.0))
    with impatient, pytest.raises(httpx2.ReadTimeout):
        impatient.post("/mcp", json=call, headers=JSON)
    assert model.asked
    assert asyncio.run(closed_within(model, 2))


def test_progress_is_told_while_a_model_writes(serve_with):
    url = serve_with(model=Scripted(sentences(5), wait=0.02))
    heard = []

    async def progress(count, total, words):
        heard.append((count, words))

    async def work(client):
        return await client.call_tool("ask", {"question": QUESTION}, progress_callback=progress)

    told(url, work)
    assert heard[0] == (1.0, "posts found")
    assert [count for count, _ in heard] == sorted({count for count, _ in heard})
    assert len(heard) > 2


def test_a_model_server_that_fails_is_an_error_with_its_hint(serve_with):
    url = serve_with(model=Scripted(["never said"], fails_after=0))
    result = told(url, calling("ask", question=QUESTION))
    assert result.is_error
    assert text_of(result) == "error: the scripted model broke off\nhint: write it a longer script"


def test_an_answer_that_breaks_off_is_kept_and_says_so(serve_with):
    url = serve_with(model=Scripted(sentences(3), breaks_off=True))
    result = told(url, calling("ask", question=QUESTION))
    assert result.is_error
    assert result.structured_content["cut_off"]
    assert text_of(result).startswith("Step 0")
    assert "The answer ended early: the scripted model broke off" in text_of(result)


def test_too_many_questions_at_once_are_told_when_to_come_again(serve_with):
    url = serve_with({"concurrent": 1, "waiting": 0}, Scripted(sentences(30), wait=0.05))

    async def work(client):
        calls = [client.call_tool("ask", {"question": QUESTION}) for _ in range(4)]
        return await asyncio.gather(*calls)

    refused = [result for result in told(url, work) if result.is_error]
    assert len(refused) == 3
    assert all(re.search(r"again after \d+ s", text_of(result)) for result in refused)
