"""How large the window is: the setting, what servers say in their own words, or a cautious guess."""

from __future__ import annotations

import asyncio

import pytest

from assistant.errors import ServerUnreachable
from assistant.llm.choosing import model_from
from assistant.llm.model import DEFAULT_WINDOW
from assistant.settings import Settings

LLAMA = {"id": "other-name.gguf", "owned_by": "llamacpp", "meta": {"n_ctx_train": 131072}}


def window(script, **settings):
    return asyncio.run(script.model(**settings).window())


@pytest.mark.parametrize(
    ("entries", "tokens"),
    [
        ([{**LLAMA, "meta": {"n_ctx": 2048, "n_ctx_train": 131072}}], 2048),
        ([{"id": "m", "max_model_len": 32768}], 32768),
        ([{"id": "another", "max_model_len": 1024}, {"id": "m", "max_model_len": 32768}], 32768),
        ([{"id": "m", "context_length": 200000}], 200000),
        ([{"id": "m", "max_context_length": 65536}], 65536),
        ([{"id": "m", "max_context_length": 131072, "loaded_context_length": 4096}], 4096),
        ([{"id": "m", "context_length": None, "meta": None}], DEFAULT_WINDOW),
        ([{"id": "m", "context_length": "much", "max_model_len": -1}], DEFAULT_WINDOW),
        ([{"id": "a", "max_model_len": 1024}, {"id": "b", "max_model_len": 2048}], DEFAULT_WINDOW),
        ([], DEFAULT_WINDOW),
        (None, DEFAULT_WINDOW),
    ],
)
def test_a_window_is_read_from_the_list_of_models(openai_script, entries, tokens):
    openai_script.documents["/v1/models"] = {"object": "list", "data": entries}, 200
    assert window(openai_script) == tokens


def test_llama_cpp_is_asked_for_its_properties_where_its_list_does_not_say(openai_script):
    openai_script.documents["/v1/models"] = {"data": [LLAMA]}, 200
    openai_script.documents["/props"] = {"default_generation_settings": {"n_ctx": 3072}}, 200
    assert window(openai_script) == 3072


@pytest.mark.parametrize(
    ("shown", "tokens"),
    [
        ({"model_info": {"llama.context_length": 4096}}, 4096),
        ({"model_info": {"qwen3.context_length": 262144}}, 8192),
        ({"model_info": {"qwen3.context_length": 262144}, "parameters": 'stop "<|x|>"\nnum_ctx    16384'}, 16384),
        ({"model_info": {"general.architecture": "llama"}}, DEFAULT_WINDOW),
        ({"no": "protocol"}, DEFAULT_WINDOW),
    ],
)
def test_a_window_is_read_from_what_ollama_shows_and_is_the_one_that_is_asked_for(
    ollama_script, ollama_acts, heard, shown, tokens
):
    ollama_script.documents["/api/show"] = shown, 200
    ollama_script.plays(ollama_acts.says("fine"))
    assert window(ollama_script) == tokens
    heard(ollama_script.model())
    assert ollama_script.requests[0]["options"]["num_ctx"] == tokens


def test_the_setting_comes_before_what_a_server_says(script, acts, heard):
    script.documents["/v1/models"] = {"data": [{"id": "m", "context_length": 200000}]}, 200
    script.plays(acts.says("fine"))
    assert window(script, context_tokens=3000) == 3000
    assert script.paths == []
    heard(script.model(context_tokens=3000))
    assert script.requests[0].get("options", {}).get("num_ctx", 3000) == 3000


def test_a_server_is_asked_once(script):
    async def twice(model):
        return [await model.window(), await model.window()]

    script.documents["/v1/models"] = {"data": [{"id": "m"}]}, 200
    asyncio.run(twice(script.model()))
    assert len(script.paths) == 1


@pytest.mark.parametrize("status", [401, 404, 500])
def test_a_server_that_will_not_say_is_no_error(script, status):
    for path in ("/v1/models", "/api/show"):
        script.documents[path] = {"error": "no"}, status
    assert window(script, retries=0) == DEFAULT_WINDOW


@pytest.mark.parametrize("document", [b"<html>", b"[]", b'{"data": 5}', b'{"data": [5]}', b""])
def test_an_answer_that_makes_no_sense_is_no_error(script, document):
    for path in ("/v1/models", "/api/show"):
        script.documents[path] = document, 200
    assert window(script, retries=0) == DEFAULT_WINDOW


@pytest.mark.parametrize("generator", ["openai:m", "ollama:m"])
def test_a_server_that_is_not_there_is_an_error(generator, closed_port):
    model = model_from(Settings(generator=generator, base_url=f"http://127.0.0.1:{closed_port}", retries=0))
    with pytest.raises(ServerUnreachable):
        asyncio.run(model.window())
