"""Embeddings of a server that speaks /v1/embeddings, against a real one on loopback that can misbehave."""

from __future__ import annotations

import json
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from assistant.errors import AssistantError, EmbedderError, ServerUnreachable, SettingsError
from assistant.indexing import embedders
from assistant.indexing.embedders import TEXTS_A_REQUEST, ServerEmbedder, embedder_from
from assistant.settings import Settings


class Server(ThreadingHTTPServer):
    """Gives each text a vector of its length; `twist` changes the answer's rows, `status` and `raw` the answer itself."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests, self.headers = [], []
        self.twist = lambda rows: rows
        self.status, self.raw, self.delay = 200, None, 0.0

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/v1"


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.requests.append(request)
        self.server.headers.append(dict(self.headers))
        time.sleep(self.server.delay)
        rows = [{"object": "embedding", "index": i, "embedding": [3.0, float(len(text))]}
                for i, text in enumerate(request["input"])]  # fmt: skip
        usage = {"prompt_tokens": 1, "total_tokens": 1}
        answer = {"object": "list", "model": "m", "data": self.server.twist(rows), "usage": usage}
        body = self.server.raw if self.server.raw is not None else json.dumps(answer).encode()
        self.send_response(self.server.status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def server(serving):
    return serving(Server())


@pytest.fixture
def closed_url(closed_port):
    return f"http://127.0.0.1:{closed_port}/v1"


@pytest.fixture
def remote(server):
    embedder = ServerEmbedder("openai", "some-model", server.url, "sk-secret")
    yield embedder
    embedder._client.close()


def test_vectors_have_length_one(remote):
    vectors = remote.embed(["a", "four"])
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1)
    assert np.allclose(vectors[1], [0.6, 0.8])


def test_vectors_come_in_the_order_of_the_texts_whatever_the_servers_order(remote, server):
    straight = remote.embed(["a", "four", "eighteen"])
    server.twist = lambda rows: rows[::-1]
    assert (remote.embed(["a", "four", "eighteen"]) == straight).all()


def test_many_texts_go_in_requests_of_bounded_size(remote, server):
    texts = ["x" * (number % 9) for number in range(2 * TEXTS_A_REQUEST + 3)]
    vectors = remote.embed(texts)
    assert [len(request["input"]) for request in server.requests] == [TEXTS_A_REQUEST, TEXTS_A_REQUEST, 3]
    assert np.allclose(vectors[:, 1] / vectors[:, 0], [max(1, len(text)) / 3 for text in texts])


def test_an_empty_text_is_sent_as_a_space(remote, server):
    remote.embed(["", "a"])
    assert server.requests[0]["input"] == [" ", "a"]


def test_the_request_names_model_and_key(remote, server):
    remote.embed(["a"])
    assert server.requests[0]["model"] == "some-model"
    assert {name.lower(): value for name, value in server.headers[0].items()}["authorization"] == "Bearer sk-secret"


def test_the_key_is_not_in_the_fingerprint(remote):
    assert remote.fingerprint.startswith("openai:some-model@http://127.0.0.1:")


@pytest.mark.parametrize(
    ("twist", "words"),
    [
        (lambda rows: rows[:-1], "1 vectors for 2 texts"),
        pytest.param(lambda rows: [*rows, rows[0]], "3 vectors for 2 texts"),
        (lambda rows: [], "0 vectors for 2 texts"),
        (lambda rows: [row | {"embedding": [0.0, 0.0]} for row in rows], "zero or not a number"),
        (lambda rows: [row | {"embedding": [float("nan"), 1.0]} for row in rows], "zero or not a number"),
        (lambda rows: [row | {"embedding": [float("inf"), 1.0]} for row in rows], "zero or not a number"),
        (lambda rows: [row | {"embedding": []} for row in rows], "zero or not a number"),
    ],
    ids=["one too few", "one too many", "none", "zero", "nan", "inf", "no numbers"],
)
def test_what_is_no_vector_for_each_text_is_an_embedder_error(remote, server, twist, words):
    server.twist = twist
    with pytest.raises(EmbedderError, match=words):
        remote.embed(["a", "b"])


@pytest.mark.parametrize(
    "twist",
    [
        pytest.param(lambda rows: [rows[0], rows[1] | {"embedding": [1.0]}]),
        lambda rows: None,
        lambda rows: [{"nothing": 1}, {"nothing": 2}],
    ],
    ids=["unlike lengths", "no data", "other objects"],
)
def test_an_answer_of_another_shape_is_an_embedder_error(remote, server, twist):
    server.twist = twist
    with pytest.raises(EmbedderError):
        remote.embed(["a", "b"])


@pytest.mark.parametrize("index", [[0, 0], [5, 9]])
def test_indexes_that_are_not_those_of_the_texts_are_an_embedder_error(remote, server, index):
    server.twist = lambda rows: [row | {"index": number} for row, number in zip(rows, index, strict=True)]
    with pytest.raises(EmbedderError):
        remote.embed(["a", "b"])


@pytest.mark.parametrize("raw", [b"", b"<html>hello</html>", b"[]", b'"text"'])
def test_an_answer_that_is_no_object_is_an_embedder_error(remote, server, raw):
    server.raw = raw
    with pytest.raises(EmbedderError):
        remote.embed(["a"])


@pytest.mark.parametrize("status", [400, 401, 404])
def test_a_refusal_of_the_server_is_an_embedder_error_without_the_key(remote, server, status):
    server.status, server.raw = status, b'{"error": {"message": "no such model"}}'
    with pytest.raises(EmbedderError, match="no such model") as error:
        remote.embed(["a"])
    assert "sk-secret" not in error.value.message + error.value.hint
    assert len(server.requests) == 1


def test_a_server_that_fails_is_asked_again_a_bounded_number_of_times(remote, server):
    server.status, server.raw = 500, b"{}"
    with pytest.raises(AssistantError):
        remote.embed(["a"])
    assert len(server.requests) == 3


def test_a_refused_connection_is_unreachable_in_bounded_time(closed_url):
    embedder = ServerEmbedder("openai", "m", closed_url, None)
    started = time.perf_counter()
    with pytest.raises(ServerUnreachable) as error:
        embedder.embed(["a"])
    assert time.perf_counter() - started < 10
    assert error.value.exit_code == 6
    assert closed_url in error.value.message
    embedder._client.close()


def test_a_server_that_never_answers_is_unreachable(server, monkeypatch):
    monkeypatch.setattr(embedders, "READ_SECONDS", 0.2)
    server.delay = 0.6
    embedder = ServerEmbedder("ollama", "m", server.url, None)
    with pytest.raises(ServerUnreachable):
        embedder.embed(["a"])
    embedder._client.close()


def test_the_command_exits_with_6_when_no_server_answers(closed_url, run, jsonl, tmp_path, monkeypatch):
    monkeypatch.setenv("ASSISTANT_EMBEDDER", "openai:some-model")
    monkeypatch.setenv("ASSISTANT_EMBEDDER_BASE_URL", closed_url)
    result = run("index", jsonl("a.jsonl", {"id": "1", "body": "It fails on boot."}), "--index", tmp_path / "index")
    assert result.exit_code == 6
    assert "hint: start the server" in result.stderr


@pytest.mark.parametrize("name", ["", "minilm:x", "openai:", "openai", "other:model", "ollama:"])
def test_an_unknown_embedder_is_a_settings_error(name):
    with pytest.raises(SettingsError) as error:
        embedder_from(Settings(embedder=name))
    assert "minilm" in error.value.hint


def test_ollama_needs_no_address_and_sends_no_key_of_another(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    embedder = embedder_from(Settings(embedder="ollama:nomic-embed-text"))
    assert embedder._base_url == embedders.OLLAMA_URL
    assert embedder._api_key is None


def test_the_token_count_of_a_text_is_no_less_than_its_words(remote):
    text = "A sentence of several plain words, said here."
    assert remote.count_tokens(text) >= len(text.split())
    assert remote.count_tokens("") == 0
