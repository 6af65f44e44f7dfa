"""Errors as responses: OpenAI's shape below /v1, problem+json (RFC 9457) elsewhere. No traceback, no path, no key in either."""

from __future__ import annotations

import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from starlette.responses import JSONResponse
from starlette.types import Scope

from assistant.errors import AssistantError, KeyNeeded, NotReady, Overloaded, PostNotFound, RequestRefused

OPENAI_PREFIX = "/v1/"
PROBLEM = "application/problem+json"
CLIENT_ERRORS = range(400, 500)
LONGEST_NAME = 100
RESTARTED_WITHIN = 5
"""Seconds after which a server that stops, or has no index yet, is worth asking again."""
SAY_WHAT_WAS_ASKED = (RequestRefused, PostNotFound)
"""Errors that speak of the request alone; others may name files of the server."""
# What pydantic puts into a place for a type of several that it tried.
_TRIED = re.compile(r"str|(?:list|dict)\[.*")
_FOLDERS = re.compile(r"(?<![\w./:~-])(?:/[^\s/'\"]+/|(?:\.\.?|~)/)(?:[^\s/'\"]+/)*(?=[^\s/'\"])")


def request_id_of(scope: Scope) -> str:
    """The id that the guards gave a request, empty without them."""
    return str(scope.get("state", {}).get("request_id", ""))


def field_of(place: Sequence[int | str]) -> str:
    """A place in a body as `history[3].content`, empty for the body as a whole; `place` is pydantic's, after its first part.

    A client may have named it, so it is short and valid text. Which of several types was tried is no part of it.
    """
    path = ""
    for part in place:
        if isinstance(part, int):
            path += f"[{part}]"
        elif not _TRIED.fullmatch(part):
            path += f".{part}" if path else part
    return path[:LONGEST_NAME].encode(errors="replace").decode()


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
    return without_folders(error.message), without_folders(error.hint)


def without_folders(text: str) -> str:
    """Of each path in a text that begins with `/`, `./`, `../` or `~/` the last name only."""
    return _FOLDERS.sub("", text)


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
    if isinstance(error, NotReady):
        return {"retry-after": str(RESTARTED_WITHIN)}
    return {"www-authenticate": "Bearer"} if isinstance(error, KeyNeeded) else {}


def error_response(error: AssistantError, path: str, request_id: str, **more: Any) -> JSONResponse:
    """The response to a request for `path` that ended in `error`; `more` is added to a problem document."""
    headers = {"cache-control": "no-store", **headers_of(error)}
    if path.startswith(OPENAI_PREFIX):
        return JSONResponse(openai_error(error, request_id), error.http_status, headers)
    return JSONResponse({**problem(error, request_id), **more}, error.http_status, headers, media_type=PROBLEM)
