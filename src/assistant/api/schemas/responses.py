"""Responses as the OpenAPI document lists them: what succeeds by route, what fails by status."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from assistant.api.problems import PROBLEM, described
from assistant.api.schemas.answers import Answer, Health, Hits, Post, Problem, Readiness
from assistant.api.schemas.examples import ANSWER_EXAMPLE, EVENTS_EXAMPLE, HITS_EXAMPLE, METRICS_EXAMPLE, POST_EXAMPLE

Described = dict[str, Any]
REQUEST_ID = {"x-request-id": {"description": "names the request in the server's log", "schema": {"type": "string"}}}
RETRY_AFTER = {"retry-after": {"description": "seconds", "schema": {"type": "integer", "minimum": 1}}}
_FAILURES = {
    400: ("RequestRefused", "The request cannot be read", "the body is not JSON: Expecting value at character 0"),
    401: ("KeyNeeded", "A key is needed", "the request carries no key"),
    403: ("ForeignOrigin", "Another site's page sent it", "the request comes from http://elsewhere.example"),
    404: ("PostNotFound", "There is no such post", "no post goes by the id 'p0'"),
    408: ("BodyTooSlow", "The body comes too slowly", "only 17 bytes of the body came within 20 s"),
    409: ("IndexMismatch", "The index was built otherwise", "the index was built with another embedder"),
    410: ("CursorExpired", "The list has changed", "the cursor belongs to another search, or the index has changed since"),
    413: ("BodyTooLarge", "The body is too long", "the body is longer than 1 MiB"),
    415: ("NotJson", "The body is not said to be JSON", "the body is not said to be JSON"),
    421: ("ForeignHost", "Another host is addressed", "the request is addressed to elsewhere.example"),
    422: ("FieldsRefused", "The body is not what is asked for", "question: Field required"),
    429: ("Overloaded", "Too much to do", "4 questions are being worked on and 4 wait, which is as many as may now"),
    500: ("Fault", "A fault of the server", "something went wrong in the server"),
    502: ("ServerUnreachable", "The model server fails", "the model server does not answer"),
    503: ("IndexMissing", "There is nothing to answer from now", "there is no index"),
    504: ("TookTooLong", "It takes too long", "there was no answer within 310 s"),
}
_ALWAYS = (400, 401, 403, 408, 413, 421, 429, 500)
"""What the guards may answer at any route, and what nobody foresaw."""


def ok(description: str, model: type[Any], example: Any, **content: Described) -> Described:
    """A success whose JSON is described by `model`; `content` holds further media types."""
    return {
        "description": description, "model": model, "headers": REQUEST_ID,
        "content": {"application/json": {"example": example}, **content},
    }  # fmt: skip


def problems_of(*statuses: int) -> dict[int | str, Described]:
    """The failures of a route besides those that any may have."""
    return {status: _failure(status) for status in sorted({*statuses, *_ALWAYS})}


def _failure(status: int) -> Described:
    code, description, detail = _FAILURES[status]
    example = described(status, code, detail, "what mends it, as a command or a setting where there is one", "6f1c9e0a")
    return {
        "description": f"{HTTPStatus(status).phrase}. {description}.",
        "headers": REQUEST_ID | (RETRY_AFTER if status == HTTPStatus.TOO_MANY_REQUESTS else {}),
        "content": {PROBLEM: {"schema": {"$ref": f"#/components/schemas/{Problem.__name__}"}, "example": example}},
    }


_EVENT = {
    "type": "object",
    "required": ["event", "data"],
    "properties": {
        "event": {"enum": ["retrieved", "delta", "answer", "error"]},
        "data": {"type": "string", "contentMediaType": "application/json"},
    },
}
ASKED = ok("The answer, or a refusal", Answer, ANSWER_EXAMPLE, **{
    "text/event-stream": {"itemSchema": _EVENT, "example": EVENTS_EXAMPLE},
})  # fmt: skip
SEARCHED = ok("A page of hits", Hits, HITS_EXAMPLE)
POSTED = ok("The post", Post, POST_EXAMPLE)
SHOWN = {
    "description": "A browser is sent to the page that shows the post",
    "headers": {"location": {"schema": {"type": "string"}}},
}
HEALTHY = ok("It runs", Health, {"status": "ok"})
READY = ok("It is", Readiness, {"ready": True, "generation": "gen-000001-8c41f0aa", "busy": 0})
METRICS = {
    "description": "The metrics", "headers": REQUEST_ID,
    "content": {"text/plain": {"schema": {"type": "string"}, "example": METRICS_EXAMPLE}},
}  # fmt: skip
