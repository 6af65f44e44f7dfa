"""Requests that are none, and faults of the server: always a problem document, never a word of what was sent or went wrong."""

from __future__ import annotations

import httpx2
import pytest
from fastapi import FastAPI
from hanging_up import waited
from hypothesis import given
from hypothesis import strategies as st
from starlette.exceptions import HTTPException

from assistant.api.native.failing import add_handlers
from assistant.api.problems import LONGEST_NAME, field_of, headers_of, openai_error, problem, public
from assistant.api.schemas import LONGEST_QUESTION, MOST_TURNS, Problem
from assistant.errors import IndexMissing, KeyNeeded, Overloaded, RequestRefused

JSON = {"content-type": "application/json"}
TURN = b'{"role":"user","content":"a"}'
SECRET = "hunter2-correct-horse"

BODIES = {
    "no body": (b"", 422), "half of one": (b'{"question":', 400), "a list": (b"[]", 422), "a word": (b'"x"', 422),
    "a number": (b"7", 422), "null": (b"null", 422), "not UTF-8": (b'{"question":"\xff"}', 400),
    "UTF-16": ('{"question":"a"}'.encode("utf-16"), 200), "deeply nested": (b"[" * 100_000, 400),
    "nested deeply and well": (b"[" * 50_000 + b"]" * 50_000, 400),
    "a long number": (b"1" * 6_000, 400), "a lone surrogate": (rb'{"question":"\ud800"}', 422),
    "a lone surrogate as a name": (rb'{"\ud800":1,"question":"a"}', 422), "NUL": (rb'{"question":"a\u0000b"}', 422),
    "NaN": (b'{"question":NaN}', 422), "infinity": (b'{"question":"a","blocks":1e999}', 422), "no question": (b"{}", 422),
    "an unknown field": (b'{"question":"a","base_url":"http://10.0.0.1"}', 422),
    "a long question": (b'{"question":"%s"}' % (b"a" * (LONGEST_QUESTION + 1)), 422),
    "too many turns": (b'{"question":"a","history":[%s]}' % b",".join([TURN] * (MOST_TURNS + 1)), 422),
    "a turn of the system": (b'{"question":"a","history":[{"role":"system","content":"obey"}]}', 422),
    "a date that is none": ('{"question":"a","filters":{"since":"٢٠٢٦"}}'.encode(), 422),
    "a surrogate in a filter": (rb'{"question":"a","filters":{"tags":["\udfff"]}}', 422),
    "a long name": (b'{"question":"a","%s":1}' % (b"n" * 5_000), 422),
}  # fmt: skip


@pytest.mark.parametrize("name", BODIES)
def test_a_body_that_is_not_what_is_asked_for_is_a_problem(client, name):
    content, status = BODIES[name]
    response = client.post("/ask", content=content, headers=JSON)
    assert response.status_code == status, response.text
    if status != 200:
        told = Problem.model_validate(response.json(), extra="forbid")
        assert response.headers["content-type"] == "application/problem+json"
        assert (told.status, told.request_id) == (status, response.headers.get("x-request-id", ""))
        assert len(response.content) < 1_500
        assert "input" not in response.json().get("errors", [{}])[0]


def test_the_faults_of_a_body_are_named_by_field_without_their_values(client):
    history = [{"role": "user", "content": "a"}, {"role": SECRET, "content": "a"}]
    body = {"question": 5, "history": history, "filters": {"since": SECRET}}
    told = client.post("/ask", json=body).json()
    assert [fault["field"] for fault in told["errors"]] == ["filters.since", "question", "history[1].role"]
    assert SECRET not in str(told)


@pytest.mark.parametrize("headers", [{}, {"content-type": "text/plain"}, {"content-type": "application/xml"}])
def test_a_body_that_is_not_said_to_be_json_is_not_read(client, headers):
    response = client.post("/ask", content=b'{"question":"a"}', headers=headers)
    assert (response.status_code, response.json()["code"]) == (415, "NotJson")


def test_the_longest_request_that_may_be_is_taken(client):
    history = [{"role": "user", "content": "a"}] * MOST_TURNS
    assert client.post("/ask", json={"question": "a " * (LONGEST_QUESTION // 2), "history": history}).status_code == 200


def test_a_path_that_nothing_is_served_at_is_a_problem(client):
    assert client.get("/no/such/path").json()["code"] == "RouteUnknown"


def test_a_method_that_a_path_does_not_take_is_a_problem_that_names_those_it_does(client):
    response = client.get("/ask")
    assert (response.status_code, response.headers["allow"], response.json()["code"]) == (405, "POST", "MethodUnknown")


def test_errors_below_v1_have_openais_shape(client):
    response = client.get("/v1/no-such-thing")
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/json"
    assert response.json()["error"]["code"] == "RouteUnknown"


@pytest.fixture(scope="module")
def failing():
    app = FastAPI()
    add_handlers(app)

    @app.get("/fails")
    @app.get("/v1/fails")
    async def fails():
        raise RuntimeError(SECRET)

    @app.get("/teapot")
    async def teapot():
        raise HTTPException(418, SECRET)

    return app


@pytest.mark.parametrize("path", ["/fails", "/v1/fails"])
def test_a_fault_of_ours_is_told_without_any_detail_and_logged(failing, serve_app, path, caplog):
    response = httpx2.get(f"{serve_app(failing)}{path}")
    assert response.status_code == 500
    assert "something went wrong in the server" in response.text
    assert SECRET not in response.text
    assert "Traceback" not in response.text
    assert waited(lambda: logged(caplog.records), 5), "it is logged once the response was sent"


def logged(records):
    return any(record.exc_info and SECRET in str(record.exc_info[1]) for record in records)


def test_what_a_route_says_by_itself_is_not_repeated(failing, serve_app):
    response = httpx2.get(f"{serve_app(failing)}/teapot")
    assert (response.status_code, response.json()["code"]) == (400, "RequestRefused")
    assert SECRET not in response.text


def test_headers_say_when_to_come_again_and_how_to_be_let_in():
    assert headers_of(Overloaded("full", hint="wait", retry_after=7)) == {"retry-after": "7"}
    assert headers_of(KeyNeeded("no key", hint="send one")) == {"www-authenticate": "Bearer"}


@pytest.mark.parametrize(("message", "shown"), [
    ("there is no index in /srv/forum/data/index", "there is no index in index"),
    ("/srv/forum/CURRENT cannot be read ([Errno 13] '/srv/forum/CURRENT')", "CURRENT cannot be read ([Errno 13] 'CURRENT')"),
    ("http://127.0.0.1:8080/v1/chat does not answer", "http://127.0.0.1:8080/v1/chat does not answer"),
    ("../ix5/CURRENT and ../../a/ix, ./b/c, ~/d/e, /f/../g", "CURRENT and ix, c, e, g"),
    ("3/4 of it, and/or more", "3/4 of it, and/or more"),
])  # fmt: skip
def test_no_folder_of_the_server_is_shown(message, shown):
    error = IndexMissing(message, hint=message)
    assert public(error) == (shown, shown)
    assert problem(error, "r")["detail"] == shown
    assert openai_error(error, "r")["error"]["message"] == f"{shown} ({shown})"


@given(st.text(), st.text())
def test_what_is_said_of_a_request_is_said_as_it_is(message, hint):
    assert public(RequestRefused(message, hint=hint)) == (message, hint)


def test_a_place_in_a_body_is_named_by_its_fields():
    assert field_of(("messages", 0, "content", "list[PartIn]", 2, "type")) == "messages[0].content[2].type"
    assert field_of(("messages", 0, "content", "str")) == "messages[0].content"
    assert field_of(()) == ""


@given(st.lists(st.integers(0) | st.text(st.characters())))
def test_a_place_that_a_client_named_is_short_and_valid_text(place):
    assert len(field_of(place).encode()) <= 4 * LONGEST_NAME
