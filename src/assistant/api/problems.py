"""Errors as responses: OpenAI's shape below /v1, problem+json (RFC 9457) elsewhere. No traceback, no path, no key in either."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any

from starlette.responses import JSONResponse

from assistant.errors import AssistantError, KeyNeeded, Overloaded, PostNotFound, RequestRefused

OPENAI_PREFIX = "/v1/"
PROBLEM = "application/problem+json"
CLIENT_ERRORS = range(400, 500)
SAY_WHAT_WAS_ASKED = (RequestRefused, PostNotFound)
"""Errors that speak of the request alone; others may name files of the server."""
_PATH = re.compile(r"(?<![\w./:-])/(?:[^\s/'\"]+/)+(?=[^\s/'\"])")


class RouteUnknown(RequestRefused):
    """Nothing is served at this path."""

    http_status = 404


class MethodUnknown(RequestRefused):
    """What is served at this path is not asked for by this method."""

    http_status = 405


class NotJson(RequestRefused):
    """The body is said to be something else than JSON, or is not said to be JSON."""

    http_status = 415


class FieldsRefused(RequestRefused):
    """The body is JSON, but not what is asked for."""

    http_status = 422


class Fault(AssistantError):
    """A fault of ours. What it was is in the log, not in the response."""


class NotReady(AssistantError):
    """The server is to get no requests now."""

    http_status = 503


def described(status: int, code: str, detail: str, hint: str, request_id: str) -> dict[str, Any]:
    """A problem document: `title` is the status' name, `detail` what happened, `hint` what mends it, `code` which error."""
    return {
        "type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail, "hint": hint,
        "code": code, "request_id": request_id,
    }  # fmt: skip


def problem(error: AssistantError, request_id: str) -> dict[str, Any]:
    """The problem document of an error."""
    message, hint = public(error)
    return described(error.http_status, type(error).__name__, message, hint, request_id)


def public(error: AssistantError) -> tuple[str, str]:
    """Message and hint as they may leave the server: of a file's path the last name only."""
    if isinstance(error, SAY_WHAT_WAS_ASKED):
        return error.message, error.hint
    return _PATH.sub("", error.message), _PATH.sub("", error.hint)


def openai_error(error: AssistantError, request_id: str, param: str | None = None) -> dict[str, Any]:
    """The same as OpenAI's clients read it."""
    status = error.http_status
    kind = {401: "authentication_error", 429: "rate_limit_error"}.get(
        status, "invalid_request_error" if status in CLIENT_ERRORS else "server_error"
    )
    message, hint = public(error)
    return {"error": {
        "message": f"{message} ({hint})", "type": kind, "param": param, "code": type(error).__name__, "request_id": request_id,
    }}  # fmt: skip


def headers_of(error: AssistantError) -> dict[str, str]:
    """Headers that a status asks for."""
    if isinstance(error, Overloaded):
        return {"retry-after": str(error.retry_after)}
    return {"www-authenticate": "Bearer"} if isinstance(error, KeyNeeded) else {}


def error_response(error: AssistantError, path: str, request_id: str, **more: Any) -> JSONResponse:
    """The response to a request for `path` that ended in `error`; `more` is added to a problem document."""
    headers = {"cache-control": "no-store", **headers_of(error)}
    if path.startswith(OPENAI_PREFIX):
        return JSONResponse(openai_error(error, request_id), error.http_status, headers)
    return JSONResponse({**problem(error, request_id), **more}, error.http_status, headers, media_type=PROBLEM)
