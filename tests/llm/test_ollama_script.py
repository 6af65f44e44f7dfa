"""The script that stands in for Ollama, held to Ollama's official client as it comes, with its own HTTP library: what our
tests play is what that client takes for Ollama."""

from __future__ import annotations

import asyncio

import ollama
import pytest


def chatted(script, **options):
    async def chat():
        client = ollama.AsyncClient(script.url, timeout=5)
        async with client:
            return [part async for part in await client.chat("m", [{"role": "user", "content": "?"}], stream=True, **options)]

    return asyncio.run(chat())


def test_the_official_client_reads_an_answer_of_the_script(ollama_script, ollama_acts):
    ollama_script.plays(ollama_acts.says(ollama_script.wire.thought("hm"), "one", " two"))
    parts = chatted(ollama_script, options={"num_ctx": 4096})
    assert "".join(part.message.content for part in parts) == "one two"
    assert [part.message.thinking for part in parts if part.message.thinking] == ["hm"]
    assert (parts[-1].done, parts[-1].done_reason, parts[-1].prompt_eval_count, parts[-1].eval_count) == (True, "stop", 7, 3)
    assert ollama_script.requests[0]["options"] == {"num_ctx": 4096}


def test_the_official_client_reads_what_the_script_shows_of_a_model(ollama_script):
    async def show():
        async with ollama.AsyncClient(ollama_script.url, timeout=5) as client:
            return await client.show("m")

    shown = asyncio.run(show())
    assert shown.modelinfo == {"llama.context_length": 4096}
    assert shown.capabilities == ["completion"]


def test_the_official_client_takes_the_scripts_error_line_for_an_error(ollama_script, ollama_acts):
    ollama_script.plays(ollama_acts.says("one", ollama_script.wire.error("the GPU is gone"), end=b""))
    with pytest.raises(ollama.ResponseError, match="the GPU is gone"):
        chatted(ollama_script)


def test_the_official_client_takes_the_scripts_refusal_for_one(ollama_script, ollama_acts):
    ollama_script.plays(ollama_acts.replies(404, "model 'm' not found"))
    with pytest.raises(ollama.ResponseError, match="model 'm' not found") as raised:
        chatted(ollama_script)
    assert raised.value.status_code == 404


def test_the_official_client_sends_what_ours_sends(ollama_script, ollama_acts, heard, question):
    ollama_script.plays(ollama_acts.says("fine"))
    heard(ollama_script.model())
    ours = ollama_script.requests[0]
    chatted(ollama_script, options=ours["options"])
    assert {**ollama_script.requests[1], "messages": ours["messages"]} == ours
