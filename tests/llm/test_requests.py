"""What is sent to a model server, and what is not: parameters, schemas, headers, the key."""

from __future__ import annotations

import base64
import subprocess
import sys

import pytest

from assistant.errors import ServerRefused, SettingsError, UsageError
from assistant.llm.choosing import model_from
from assistant.llm.model import complete
from assistant.llm.openai_protocol import Spelling
from assistant.settings import Settings, load

KEY = "sk-test-0123456789abcdefghij"
SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": False}


def test_an_extractive_assistant_has_no_model():
    assert model_from(Settings()) is None


@pytest.mark.parametrize("generator", ["openai:gpt-5-mini", "ollama:llama3.2:3b"])
def test_a_model_goes_by_the_name_that_the_setting_has(generator):
    assert model_from(Settings(generator=generator, openai_api_key="sk-some")).name == generator


def test_openais_own_address_is_not_asked_without_a_key():
    with pytest.raises(SettingsError, match="needs a key"):
        model_from(Settings(generator="openai:some"))
    with pytest.raises(SettingsError, match="base_url"):
        load({"generator": "openai:some", "base_url": ""})


def test_choosing_a_model_loads_no_client():
    loaded = (
        "import sys, assistant.llm.choosing; print([n for n in ('openai', 'ollama', 'stamina', 'httpx2') if n in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


@pytest.mark.parametrize("address", ["127.0.0.1:8080", "ftp://127.0.0.1/v1", "http://", "http://[::1"])
def test_what_is_no_address_is_said(address):
    with pytest.raises(UsageError):
        model_from(Settings(generator="openai:m", base_url=address))


@pytest.mark.parametrize(("generator", "example"), [("openai:m", "/v1"), ("ollama:m", ":11434")])
def test_the_hint_for_what_is_no_address_has_one_of_the_protocols_form(generator, example):
    with pytest.raises(UsageError) as raised:
        model_from(Settings(generator=generator, base_url="127.0.0.1:8080"))
    assert raised.value.hint.endswith(example)


def test_a_key_that_no_request_can_carry_is_said_and_not_shown():
    with pytest.raises(SettingsError) as raised:
        model_from(Settings(generator="openai:m", openai_api_key="sk-one\nsk-two"))
    assert "sk-" not in raised.value.message + raised.value.hint


def test_the_messages_and_limits_are_sent_in_openais_words(openai_script, openai_acts, heard):
    openai_script.plays(openai_acts.says("fine"))
    heard(openai_script.model(temperature=0.3), schema=SCHEMA)
    assert openai_script.requests[0] == {
        "model": "m",
        "messages": [{"role": "user", "content": "How is the preview rotated?"}],
        "max_tokens": 50,
        "temperature": 0.3,
        "stream": True,
        "stream_options": {"include_usage": True},
        "response_format": {"type": "json_schema", "json_schema": {"name": "answer", "schema": SCHEMA, "strict": True}},
    }


def test_the_messages_and_limits_are_sent_in_ollamas_words(ollama_script, ollama_acts, heard):
    ollama_script.plays(ollama_acts.says("fine"))
    heard(ollama_script.model(temperature=0.3), schema=SCHEMA)
    assert ollama_script.requests[0] == {
        "model": "m",
        "messages": [{"role": "user", "content": "How is the preview rotated?"}],
        "tools": [],
        "stream": True,
        "format": SCHEMA,
        "options": {"num_ctx": 4096, "num_predict": 50, "temperature": 0.3},
    }


@pytest.mark.parametrize("ending", ["", "/", "/v1", "/v1/", "/api", "/api/"])
def test_ollama_is_found_by_any_of_its_addresses(ollama_script, ollama_acts, heard, ending):
    ollama_script.plays(ollama_acts.says("fine"))
    heard(ollama_script.model(base_url=ollama_script.url + ending))
    assert ollama_script.paths == ["/api/show", "/api/chat"]


def test_openai_itself_is_told_max_completion_tokens():
    for url, name in [
        ("https://api.openai.com/v1", "max_completion_tokens"),
        ("https://eu.api.openai.com/v1", "max_completion_tokens"),
        ("https://api.openai.com.evil.example/v1", "max_tokens"),
        ("http://127.0.0.1:8080/v1", "max_tokens"),
    ]:
        assert name in Spelling.of(url).parameters(50, 0.0)


def test_a_parameter_that_is_refused_by_name_is_put_otherwise_once_and_remembered(openai_script, openai_acts, heard):
    def refuses(name, other=""):
        return openai_acts.replies(400, f"Unsupported parameter: {name!r} is not supported. {other}", param=name)

    openai_script.plays(
        refuses("max_tokens", "Use 'max_completion_tokens' instead."), refuses("temperature"), refuses("stream_options"),
        openai_acts.says("fine"),
    )  # fmt: skip
    model = openai_script.model(retries=0)
    assert [heard(model)[0], heard(model)[0]] == [["fine"], ["fine"]]
    said = [
        {"max_tokens", "max_completion_tokens", "temperature", "stream_options"} & set(body) for body in openai_script.requests
    ]
    assert said == [
        {"max_tokens", "temperature", "stream_options"},
        {"max_completion_tokens", "temperature", "stream_options"},
        {"max_completion_tokens", "stream_options"},
        {"max_completion_tokens"},
        {"max_completion_tokens"},
    ]


def test_a_parameter_named_in_words_only_is_understood(openai_script, openai_acts, heard):
    refused = openai_acts.replies(422, "body.stream_options: extra fields not permitted")
    openai_script.plays(refused, openai_acts.says("fine"))
    assert heard(openai_script.model())[0] == ["fine"]
    assert "stream_options" not in openai_script.requests[1]


def test_a_refusal_of_both_names_is_a_refusal(openai_script, openai_acts, heard):
    openai_script.plays(openai_acts.replies(400, "neither max_tokens nor max_completion_tokens may be so large"))
    _pieces, error = heard(openai_script.model())
    assert isinstance(error, ServerRefused)
    assert len(openai_script.requests) == 2


def test_a_prompt_that_is_too_long_is_not_taken_for_a_refused_parameter(openai_script, openai_acts, heard):
    said = "'max_tokens' is too large: 50. This model's maximum context length is 40 tokens."
    openai_script.plays(openai_acts.replies(400, said))
    _pieces, error = heard(openai_script.model())
    assert isinstance(error, ServerRefused)
    assert "context_tokens" in error.hint
    assert len(openai_script.requests) == 1


ENVIRONMENT = {
    "OPENAI_BASE_URL": "http://127.0.0.1:9/v1",
    "OPENAI_API_KEY": "",
    "OPENAI_ADMIN_KEY": "sk-admin-of-somebody",
    "OPENAI_ORG_ID": "org-of-somebody",
    "OPENAI_PROJECT_ID": "project-of-somebody",
    "OPENAI_CUSTOM_HEADERS": "X-Of: somebody\nAuthorization: Bearer somebody",
    "OLLAMA_HOST": "http://127.0.0.1:9",
    "OLLAMA_API_KEY": "key-of-somebody",
    **{name: "http://127.0.0.1:9" for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "HTTPS_PROXY")},
}


def test_variables_of_the_client_libraries_and_proxies_take_no_part(script, acts, heard, monkeypatch):
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    script.plays(acts.says("fine"))
    assert heard(script.model())[0] == ["fine"]
    for headers in script.headers:
        assert "authorization" not in headers
        assert "somebody" not in str(headers)


def test_the_key_goes_to_openais_protocol_only(script, acts, heard):
    script.plays(acts.says("fine"))
    heard(script.model(openai_api_key=KEY))
    expected = f"Bearer {KEY}" if script.wire.protocol == "openai" else None
    assert {headers.get("authorization") for headers in script.headers} == {expected}


def test_a_user_in_the_address_is_sent_and_never_shown(script, acts, heard):
    script.plays(acts.replies(404, "nothing"))
    _pieces, error = heard(script.model(base_url=script.url.replace("://", "://me:se%20cret@")))
    sent = base64.b64decode(script.headers[-1]["authorization"].removeprefix("Basic ")).decode()
    assert sent == "me:se cret"
    assert "se" + "%20cret" not in error.message + error.hint
    assert f"m at {script.url}" in error.message


def test_headers_are_the_needed_ones(script, acts, heard):
    needed = {"host", "accept", "accept-encoding", "connection", "user-agent", "content-length", "content-type"}
    script.plays(acts.says("fine"))
    heard(script.model())
    assert set().union(*script.headers) <= needed


@pytest.mark.parametrize(
    ("prices", "cost"), [((2.0, 10.0), 44e-6), ((0.0, 0.0), 0.0), ((2.0, None), None), ((None, 2.0), None)]
)
def test_the_cost_follows_the_prices_of_a_million_tokens(script, acts, heard, prices, cost):
    script.plays(acts.says("fine"))
    usage = heard(script.model(price_in=prices[0], price_out=prices[1]))[1].usage
    assert usage.cost == (pytest.approx(cost) if cost is not None else None)


def test_a_server_that_does_not_count_gives_no_usage(script, acts, heard):
    script.plays(acts.says("fine", end=script.wire.end("length", usage=None)))
    ended = heard(script.model())[1]
    assert (ended.reason, ended.usage) == ("length", None)


def test_the_whole_text_is_the_pieces_of_the_stream(script, acts, question):
    import asyncio

    script.plays(acts.says("one", " two"))
    text, ended = asyncio.run(complete(script.model(), question, 50))
    assert (text, ended.reason) == ("one two", "stop")
