"""Errors as responses: OpenAI's shape below /v1, problem+json (RFC 9457) elsewhere. No traceback, no path, no key in either."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from starlette.responses import JSONResponse

from assistant.errors import AssistantError, KeyNeeded, Overloaded

OPENAI_PREFIX = "/v1/"
PROBLEM = "application/problem+json"
CLIENT_ERRORS = range(400, 500)


def problem(error: AssistantError, request_id: str) -> dict[str, Any]:
    """A problem document: `title` is the status' name, `detail` what happened, `hint` what mends it, `code` which error."""
    return {
        "type": "about:blank", "title": HTTPStatus(error.http_status).phrase, "status": error.http_status,
        "detail": error.message, "hint": error.hint, "code": type(error).__name__, "request_id": request_id,
    }  # fmt: skip


def openai_error(error: AssistantError, request_id: str, param: str | None = None) -> dict[str, Any]:
    """The same as OpenAI's clients read it."""
    status = error.http_status
    kind = {401: "authentication_error", 429: "rate_limit_error"}.get(
        status, "invalid_request_error" if status in CLIENT_ERRORS else "server_error"
    )
    return {"error": {
        "message": f"{error.message} ({error.hint})", "type": kind, "param": param, "code": type(error).__name__,
        "request_id": request_id,
    }}  # fmt: skip


def headers_of(error: AssistantError) -> dict[str, str]:
    """Headers that a status asks for."""
    if isinstance(error, Overloaded):
        return {"retry-after": str(error.retry_after)}
    return {"www-authenticate": "Bearer"} if isinstance(error, KeyNeeded) else {}


def error_response(error: AssistantError, path: str, request_id: str, **more: Any) -> JSONResponse:
    """The response to a request for `path` that ended in `error`; `more` is added to a problem document."""
    headers = headers_of(error)
    if path.startswith(OPENAI_PREFIX):
        return JSONResponse(openai_error(error, request_id), error.http_status, headers)
    return JSONResponse({**problem(error, request_id), **more}, error.http_status, headers, media_type=PROBLEM)
