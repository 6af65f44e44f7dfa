"""The OpenAPI document: whole, with examples that work, and true of what is served."""

from __future__ import annotations

import json

import httpx2
import pytest
from jsonschema import Draft202012Validator

from assistant.api.schemas import Answer, Hits, Post
from assistant.api.schemas.examples import ANSWER_EXAMPLE, EVENTS_EXAMPLE, HITS_EXAMPLE, POST_EXAMPLE

METHODS = {"get", "post", "put", "patch", "delete"}


@pytest.fixture(scope="module")
def document(server):
    return httpx2.get(f"{server.url}/openapi.json").json()


@pytest.fixture(scope="module")
def operations(document):
    """(path, method, operation) of everything in the document."""
    return [
        (path, method, operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    ]


def examples_of(content):
    """Examples of one media type, by name."""
    named = {name: example["value"] for name, example in content.get("examples", {}).items()}
    return named | ({"": content["example"]} if "example" in content else {})


def test_it_names_every_route_of_the_contract(document):
    named = {"/ask", "/search", "/posts/{post_id}", "/healthz", "/readyz", "/metrics", "/v1/chat/completions", "/v1/models"}
    assert named <= document["paths"].keys()


def test_it_resolves_and_its_schemas_are_schemas(document):
    def references(node):
        if isinstance(node, dict):
            yield from ([node["$ref"]] if isinstance(node.get("$ref"), str) else [])
            for value in node.values():
                yield from references(value)
        elif isinstance(node, list):
            for value in node:
                yield from references(value)

    for reference in set(references(document)):
        place = document
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]
    assert document["openapi"].startswith("3.1")
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_every_operation_says_what_it_does_under_a_name_of_its_own(operations):
    for path, method, operation in operations:
        for field in ("summary", "description", "operationId", "tags"):
            assert operation.get(field), (method, path, field)
    names = [operation["operationId"] for _, _, operation in operations]
    assert len(names) == len(set(names))


def test_every_operation_has_an_example_of_what_is_sent_and_of_what_comes_back(operations):
    for path, method, operation in operations:
        if body := operation.get("requestBody"):
            assert all(examples_of(content) for content in body["content"].values()), (method, path)
        for parameter in operation.get("parameters", []):
            shown = parameter.get("examples") or parameter.get("example") or parameter["schema"].get("examples")
            assert shown, (method, path, parameter["name"])
        contents = [content for status, response in operation["responses"].items() if status == "200"
                    for content in response["content"].values()]  # fmt: skip
        assert contents, (method, path)
        assert all(examples_of(content) for content in contents), (method, path)


def test_examples_are_what_their_schemas_say(document, operations):
    for path, method, operation in operations:
        shapes = [operation["requestBody"]] if "requestBody" in operation else []
        for shape in [*shapes, *operation["responses"].values()]:
            for kind, content in shape.get("content", {}).items():
                if not kind.endswith("json"):
                    continue
                schema = {**content["schema"], "components": document["components"]}
                for name, example in examples_of(content).items():
                    faults = [error.message for error in Draft202012Validator(schema).iter_errors(example)]
                    assert not faults, (method, path, name)


def test_examples_of_requests_can_be_sent_as_they_are(client, operations):
    for path, method, operation in operations:
        for kind, content in operation.get("requestBody", {}).get("content", {}).items():
            assert kind == "application/json"
            for name, example in examples_of(content).items():
                response = client.request(method, path, json=example)
                assert response.status_code == 200, (method, path, name, response.text)


def test_every_failure_is_described_in_the_shape_that_it_has(operations):
    for path, method, operation in operations:
        failures = {status: response for status, response in operation["responses"].items() if status[0] in "45"}
        assert failures, (method, path)
        kind = "application/json" if path.startswith("/v1/") else "application/problem+json"
        for status, response in failures.items():
            assert set(response["content"]) == {kind}, (method, path, status)


def test_examples_have_every_field_that_there_is_and_none_besides():
    for model, example in ((Answer, ANSWER_EXAMPLE), (Hits, HITS_EXAMPLE), (Post, POST_EXAMPLE)):
        model.model_validate(example, extra="forbid")
    citation = ANSWER_EXAMPLE["citations"][0]
    assert POST_EXAMPLE["body"][citation["start"] : citation["end"]] == citation["quote"]


def test_the_example_of_events_reads_as_events():
    lines = EVENTS_EXAMPLE.splitlines()
    assert [line for line in lines if line.startswith("event:")] == ["event: retrieved", "event: delta", "event: answer"]
    assert json.loads(lines[-2].removeprefix("data: ")) == ANSWER_EXAMPLE


def test_streams_are_described_event_by_event(operations):
    streams = [content["text/event-stream"] for _, _, operation in operations for response in operation["responses"].values()
               if "text/event-stream" in (content := response.get("content", {}))]  # fmt: skip
    assert len(streams) == 2
    for stream in streams:
        assert {"data"} <= set(stream["itemSchema"]["required"])
        assert "schema" not in stream


def test_keys_are_described(document):
    schemes = document["components"]["securitySchemes"]
    assert document["security"] == [{}, *({name: []} for name in schemes)]
    assert {(scheme.get("scheme"), scheme.get("name")) for scheme in schemes.values()} == {
        ("bearer", None),
        (None, "X-API-Key"),
    }
